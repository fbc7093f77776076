//! How often one client began connections: bursts, and the beat of a clock.

use std::net::IpAddr;

use super::runs::Runs;
use super::thresholds::{CHURN_PER_SECOND, PERIOD_CHECKS, PERIOD_SPREAD};
use crate::types::{Span, Timestamp};

/// When one client began the connections of one kind in a group. Connections come in the order in which they end; one that began
/// before its predecessor counts with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// The client.
    pub client: IpAddr,
    /// The kind of the symptoms.
    pub kind: &'static str,
    /// Connections that it began.
    pub count: u64,
    /// When it began the first.
    pub first: Timestamp,
    /// When it began the last.
    pub last: Timestamp,
    /// The most that it began within one second of the clock.
    pub peak_per_second: u64,
    /// Seconds in which it began at least `CHURN_PER_SECOND`.
    pub busy_seconds: u64,
    /// Connections that it began within those seconds.
    pub busy_count: u64,
    /// Attempts that followed each other at once.
    pub(super) runs: Runs,
    /// Between one and the next; without meaning before the second.
    shortest: Span,
    longest: Span,
    second: Second,
    /// Where the group counts the client, if it does.
    pub(super) client_place: Option<u8>,
    /// Where the group counts the kind.
    pub(super) kind_place: u8,
}

/// The latest second of the clock in which connections began, and how many did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Second {
    /// The last nanosecond of it.
    last: i64,
    count: u64,
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Pace {
    pub(super) fn new(client: IpAddr, kind: &'static str, at: Timestamp, ended: Timestamp) -> Self {
        let mut pace = Self {
            runs: Runs::new(),
            client,
            kind,
            count: 1,
            first: at,
            last: at,
            peak_per_second: 0,
            busy_seconds: 0,
            busy_count: 0,
            shortest: Span::from_nanos(i64::MAX),
            longest: Span::ZERO,
            second: Second::default(),
            client_place: None,
            kind_place: 0,
        };
        pace.note_second(at);
        pace.runs.add(at, ended);
        pace
    }

    /// The same, of a client and a kind that its group counts at these places.
    pub(super) const fn at_places(mut self, client: Option<u8>, kind: u8) -> Self {
        (self.client_place, self.kind_place) = (client, kind);
        self
    }

    #[inline]
    pub(super) fn add(&mut self, at: Timestamp, ended: Timestamp) {
        self.runs.add(at, ended);
        let interval = at.since(self.last).max(Span::ZERO);
        self.count += 1;
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.shortest = self.shortest.min(interval);
        self.longest = self.longest.max(interval);
        self.note_second(at);
    }

    /// The time between two of its connections, where there are at least `PERIOD_CHECKS` and all intervals are nearly
    /// the same: the beat of a clock.
    pub fn period(&self) -> Option<Span> {
        if self.count < PERIOD_CHECKS || self.shortest <= Span::ZERO {
            return None;
        }
        let intervals = i64::try_from(self.count - 1).ok()?;
        let mean = self.last.since(self.first).as_nanos() / intervals;
        let spread = self.longest.as_nanos() - self.shortest.as_nanos();
        (spread as f64 <= mean as f64 * PERIOD_SPREAD).then(|| Span::from_nanos(mean))
    }

    /// Connections per second within its busy seconds.
    pub fn busy_rate(&self) -> f64 {
        if self.busy_seconds == 0 { 0.0 } else { self.busy_count as f64 / self.busy_seconds as f64 }
    }

    fn note_second(&mut self, at: Timestamp) {
        let within = self.second.count(at);
        self.peak_per_second = self.peak_per_second.max(within);
        if within == CHURN_PER_SECOND {
            self.busy_seconds += 1;
            self.busy_count += within;
        } else if within > CHURN_PER_SECOND {
            self.busy_count += 1;
        }
    }
}

impl Second {
    /// One more began; how many that makes. Connections end in nearly the order in which they begin: one that began earlier
    /// counts with its successors.
    #[inline]
    pub(super) fn count(&mut self, at: Timestamp) -> u64 {
        if at.as_nanos() > self.last {
            let first = at.as_nanos().div_euclid(NANOS_PER_SECOND).saturating_mul(NANOS_PER_SECOND);
            *self = Self { last: first.saturating_add(NANOS_PER_SECOND - 1), count: 0 };
        }
        self.count += 1;
        self.count
    }
}

impl Default for Second {
    fn default() -> Self {
        Self { last: i64::MIN, count: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(milliseconds: impl IntoIterator<Item = i64>) -> Pace {
        let mut times = milliseconds.into_iter().map(|at| Timestamp::from_nanos(at * 1_000_000));
        let client = IpAddr::from([10, 0, 0, 9]);
        let first = times.next().expect("a first time");
        let mut pace = Pace::new(client, "", first, first);
        times.for_each(|at| pace.add(at, at));
        pace
    }

    #[test]
    fn a_clock_has_a_period_and_a_person_has_none() {
        assert_eq!(pace([0, 5_010, 10_000, 15_020]).period(), Some(Span::from_nanos(5_006_666_666)));
        assert_eq!(pace([0, 5_000, 10_000]).period(), None, "three are too few");
        assert_eq!(pace([0, 5_000, 7_000, 15_000]).period(), None);
        assert_eq!(pace([0, 0, 0, 0]).period(), None);
    }

    #[test]
    fn only_busy_seconds_make_the_rate() {
        // 20 a second for 2 s, then 1 a second for a minute.
        let burst = (0..40).map(|n| n * 50);
        let calm = (10..70).map(|n| n * 1_000);
        let pace = pace(burst.chain(calm));
        assert_eq!((pace.busy_seconds, pace.busy_count, pace.peak_per_second), (2, 40, 20));
        assert!((pace.busy_rate() - 20.0).abs() < f64::EPSILON);
    }
}
