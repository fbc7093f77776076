//! Failures of one client that follow each other at once: a request and its retries.

use super::thresholds::RETRY_WITHIN;
use crate::types::{Span, Timestamp};

/// How long the runs of attempts are that began right after the one before had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runs {
    /// When the run at hand began.
    began: Timestamp,
    /// When the last attempt ended.
    ended: Timestamp,
    /// Attempts in the run at hand.
    length: u32,
    /// The runs before it: mostly all are of one length.
    before: Vec<OfLength>,
}

/// Runs of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OfLength {
    /// [`LONGER`] for all that are longer than are told apart.
    length: u32,
    count: u32,
    /// How long the shortest and the longest of them took.
    took: (Span, Span),
}

/// Runs up to this length are told apart: who retries more often than that is in a loop.
const LONGEST: u32 = 12;
const LONGER: u32 = LONGEST + 1;

impl Runs {
    pub(super) const fn new() -> Self {
        Self { began: Timestamp::MIN, ended: Timestamp::MIN, length: 0, before: Vec::new() }
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
        if self.length == 0 {
            return;
        }
        let length = self.length.min(LONGER);
        let took = self.ended.since(self.began).max(Span::ZERO);
        match self.before.iter_mut().find(|runs| runs.length == length) {
            Some(runs) => {
                runs.count += 1;
                runs.took = (runs.took.0.min(took), runs.took.1.max(took));
            }
            None => {
                self.before.reserve_exact(1);
                self.before.push(OfLength { length, count: 1, took: (took, took) });
            }
        }
    }

    /// All runs, the one at hand too.
    fn all(&self) -> Vec<OfLength> {
        let mut all = self.clone();
        all.close();
        all.before
    }

    /// The most frequent length, of several the largest, how many runs have it, and how many runs there are.
    pub(super) fn usual(&self) -> Option<(u32, u32, u32)> {
        let all = self.all();
        let told_apart = all.iter().filter(|runs| runs.length <= LONGEST);
        let most = told_apart.max_by_key(|runs| (runs.count, runs.length))?;
        Some((most.length, most.count, all.iter().map(|runs| runs.count).sum()))
    }

    /// How long the runs of that length took: the shortest and the longest, from the first attempt to the end of the last.
    pub(super) fn took(&self, length: u32) -> Option<(Span, Span)> {
        self.all().into_iter().find(|runs| runs.length == length).map(|runs| runs.took)
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
