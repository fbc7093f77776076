//! How many ports one client uses up within a minute.

use crate::types::{Span, Timestamp};

/// The most connections that one client began within two neighbouring half minutes of the clock, and which of its ports it
/// used. Connections come in the order in which they end: one that began more than a minute before its predecessors is not
/// counted, so that the numbers are too small rather than too large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Minute {
    /// The end of the half minute at hand.
    until: Timestamp,
    now: u32,
    before: u32,
    most: u32,
    total: u32,
    low_port: u16,
    high_port: u16,
}

const HALF: Span = Span::from_secs(30);

impl Default for Minute {
    fn default() -> Self {
        Self { until: Timestamp::MIN, now: 0, before: 0, most: 0, total: 0, low_port: u16::MAX, high_port: 0 }
    }
}

impl Minute {
    /// A connection began at this time from this port.
    #[inline]
    pub(super) fn count(&mut self, at: Timestamp, port: u16) {
        if at >= self.until {
            self.turn(at);
        } else if self.until.since(at) > HALF.plus(HALF) {
            return;
        }
        self.now += 1;
        self.total += 1;
        self.most = self.most.max(self.now + self.before);
        self.low_port = self.low_port.min(port);
        self.high_port = self.high_port.max(port);
    }

    #[cold]
    fn turn(&mut self, at: Timestamp) {
        let half = at.as_nanos().div_euclid(HALF.as_nanos());
        let until = Timestamp::from_nanos(half.saturating_add(1).saturating_mul(HALF.as_nanos()));
        self.before = if until.since(self.until) == HALF { self.now } else { 0 };
        (self.until, self.now) = (until, 0);
    }

    /// The most within a minute.
    pub(super) const fn most(&self) -> u32 {
        self.most
    }

    /// All that were counted.
    pub(super) const fn total(&self) -> u32 {
        self.total
    }

    /// The lowest and the highest port that were used.
    pub(super) const fn ports(&self) -> (u16, u16) {
        (self.low_port, self.high_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(seconds: impl IntoIterator<Item = i64>) -> Minute {
        let mut minute = Minute::default();
        seconds.into_iter().for_each(|at| minute.count(Timestamp::from_nanos(at * 1_000_000_000), 40_000));
        minute
    }

    #[test]
    fn two_neighbouring_halves_count_together() {
        assert_eq!(counted([0, 10, 29, 31, 59]).most(), 5);
        assert_eq!(counted([0, 10, 29, 61, 70]).most(), 3, "a half minute without any lies between");
    }

    #[test]
    fn what_began_long_before_does_not_count() {
        assert_eq!(counted([100, 3, 2, 1]).most(), 1);
        assert_eq!(counted([100, 99, 98]).most(), 3, "order within a minute does not matter");
    }
}
