//! Failures of one client that follow each other at once: a request and its retries.

use super::thresholds::RETRY_WITHIN;
use crate::types::{Span, Timestamp};

/// How long the runs of attempts are that began right after the one before had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    /// When the run at hand began.
    began: Timestamp,
    /// When the last attempt ended.
    ended: Timestamp,
    /// Attempts in the run at hand.
    length: u32,
    /// How many runs of each length there were before it; the first place is for all that are longer.
    lengths: [u32; LONGEST + 1],
    /// How long the shortest and the longest run of each length took.
    took: [(Span, Span); LONGEST + 1],
}

/// Runs up to this length are told apart: who retries more often than that is in a loop.
const LONGEST: usize = 12;

impl Runs {
    pub(super) const fn new() -> Self {
        Self {
            began: Timestamp::MIN,
            ended: Timestamp::MIN,
            length: 0,
            lengths: [0; LONGEST + 1],
            took: [(Span::from_nanos(i64::MAX), Span::ZERO); LONGEST + 1],
        }
    }

    /// The next attempt: when it began and ended.
    pub(super) fn add(&mut self, began: Timestamp, ended: Timestamp) {
        let pause = began.since(self.ended);
        if self.length > 0 && Span::ZERO <= pause && pause <= RETRY_WITHIN {
            self.length += 1;
        } else {
            self.close();
            self.length = 1;
            self.began = began;
        }
        self.ended = ended;
    }

    fn close(&mut self) {
        if self.length > 0 {
            let place = if self.length as usize > LONGEST { 0 } else { self.length as usize };
            self.lengths[place] += 1;
            let took = self.ended.since(self.began).max(Span::ZERO);
            let (shortest, longest) = self.took[place];
            self.took[place] = (shortest.min(took), longest.max(took));
        }
    }

    /// The most frequent length, how many runs have it, and how many runs there are.
    pub(super) fn usual(&self) -> Option<(u32, u32, u32)> {
        let mut all = *self;
        all.close();
        let (length, runs) = all.lengths.iter().enumerate().skip(1).max_by_key(|(_, runs)| **runs)?;
        (*runs > 0).then(|| (length as u32, *runs, all.lengths.iter().sum()))
    }

    /// How long the runs of that length took: the shortest and the longest, from the first attempt to the end of the last.
    pub(super) fn took(&self, length: u32) -> Option<(Span, Span)> {
        let mut all = *self;
        all.close();
        let place = usize::try_from(length).ok()?;
        let took = *all.took.get(place)?;
        (*all.lengths.get(place)? > 0).then_some(took)
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
    fn runs_take_as_long_as_from_the_first_to_the_end_of_the_last() {
        let mut runs = Runs::new();
        for at in [0, 20, 60, 1_000, 1_010, 1_020] {
            runs.add(Timestamp::from_nanos(at * 1_000_000), Timestamp::from_nanos((at + 1) * 1_000_000));
        }
        assert_eq!(runs.took(3), Some((Span::from_millis(21), Span::from_millis(61))));
        assert_eq!(runs.took(2), None);
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
