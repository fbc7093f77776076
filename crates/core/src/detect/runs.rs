//! Failures of one client that follow each other at once: a request and its retries.

use super::thresholds::RETRY_WITHIN;
use crate::types::{Span, Timestamp};

/// How long the runs of attempts are that began right after the one before had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    /// When the last attempt ended.
    ended: Timestamp,
    /// Attempts in the run at hand.
    length: u32,
    /// How many runs of each length there were before it; the first place is for all that are longer.
    lengths: [u32; LONGEST + 1],
}

/// Runs up to this length are told apart: who retries more often than that is in a loop.
const LONGEST: usize = 12;

impl Runs {
    pub(super) const fn new() -> Self {
        Self { ended: Timestamp::MIN, length: 0, lengths: [0; LONGEST + 1] }
    }

    /// The next attempt: when it began and ended.
    pub(super) fn add(&mut self, began: Timestamp, ended: Timestamp) {
        let pause = began.since(self.ended);
        if self.length > 0 && Span::ZERO <= pause && pause <= RETRY_WITHIN {
            self.length += 1;
        } else {
            self.close();
            self.length = 1;
        }
        self.ended = ended;
    }

    const fn close(&mut self) {
        if self.length > 0 {
            let place = if self.length as usize > LONGEST { 0 } else { self.length as usize };
            self.lengths[place] += 1;
        }
    }

    /// The most frequent length, how many runs have it, and how many runs there are.
    pub(super) fn usual(&self) -> Option<(u32, u32, u32)> {
        let mut all = *self;
        all.close();
        let (length, runs) = all.lengths.iter().enumerate().skip(1).max_by_key(|(_, runs)| **runs)?;
        (*runs > 0).then(|| (length as u32, *runs, all.lengths.iter().sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(milliseconds: impl IntoIterator<Item = i64>) -> Option<(u32, u32, u32)> {
        let mut runs = Runs::new();
        for at in milliseconds {
            runs.add(Timestamp::from_nanos(at * 1_000_000), Timestamp::from_nanos((at + 1) * 1_000_000));
        }
        runs.usual()
    }

    #[test]
    fn a_request_and_its_retries_are_one_run() {
        assert_eq!(runs([0, 20, 60, 1_000, 1_020, 1_060, 2_000, 2_020, 2_060]), Some((3, 3, 3)));
        assert_eq!(runs([0, 20, 60, 1_000, 2_000]), Some((1, 2, 3)));
        assert_eq!(runs([]), None);
    }

    #[test]
    fn attempts_that_overlap_are_no_retries() {
        assert_eq!(runs([0, 0, 0, 1_000, 1_000, 1_000]), Some((1, 6, 6)));
    }

    #[test]
    fn a_loop_is_one_long_run() {
        assert_eq!(runs((0..100).map(|n| n * 50)), None, "longer than any that is told apart");
    }
}
