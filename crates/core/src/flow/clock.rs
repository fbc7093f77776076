//! Capture time as a clock that only goes forward.

use crate::types::{Span, Timestamp};

/// The largest time seen so far; timeouts are measured with it.
///
/// One packet with an absurd time must not expire every connection: a jump of more than an hour is believed when the next
/// packet confirms it.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Timestamp,
    /// Nanoseconds ahead at which a time is no longer believed at once; 0 before the first packet.
    reach: u64,
    doubtful: Option<Timestamp>,
    /// The time of the first packet.
    first: Option<Timestamp>,
    /// The largest time that was not believed.
    disbelieved: Timestamp,
    backwards: u64,
}

const BELIEVED_JUMP: Span = Span::from_secs(3_600);

impl Default for Clock {
    fn default() -> Self {
        Self { now: Timestamp::MIN, reach: 0, doubtful: None, first: None, disbelieved: Timestamp::MIN, backwards: 0 }
    }
}

impl Clock {
    /// Takes a packet's time and says what time it is now.
    #[inline(always)]
    pub(crate) fn tick(&mut self, at: Timestamp) -> Timestamp {
        // Nearly every packet comes a little after the one before it.
        let (from, to) = (self.now.as_nanos(), at.as_nanos());
        if to < from || to.wrapping_sub(from) as u64 >= self.reach {
            return self.odd(at);
        }
        self.doubtful = None;
        self.now = at;
        at
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        if self.first.is_some() { self.now } else { Timestamp::default() }
    }

    /// The time of the first packet.
    pub(crate) const fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// The largest time of a packet, believed or not.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        self.first.map(|_| self.now.max(self.disbelieved))
    }

    /// Packets whose time lies before an earlier packet's.
    pub(crate) const fn backwards(&self) -> u64 {
        self.backwards
    }

    /// The first packet, one with an earlier time than another before it, and one from far ahead.
    #[cold]
    #[inline(never)]
    fn odd(&mut self, at: Timestamp) -> Timestamp {
        if self.first.is_none() {
            self.first = Some(at);
            self.reach = BELIEVED_JUMP.as_nanos() as u64 + 1;
            self.now = at;
        } else if at < self.now {
            self.backwards += 1;
            self.doubtful = None;
        } else if self.doubtful.is_none_or(|doubtful| at.since(doubtful).abs() > BELIEVED_JUMP) {
            self.doubtful = Some(at);
            self.disbelieved = self.disbelieved.max(at);
        } else {
            self.doubtful = None;
            self.now = at;
        }
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_is_the_largest_whether_believed_or_not() {
        let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut clock = Clock::default();
        assert_eq!((clock.first(), clock.last(), clock.now()), (None, None, Timestamp::default()));
        for seconds in [100, 90, 101] {
            clock.tick(at(seconds));
        }
        assert_eq!((clock.first(), clock.last()), (Some(at(100)), Some(at(101))));
        clock.tick(at(900_000));
        assert_eq!((clock.now(), clock.last()), (at(101), Some(at(900_000))));
    }

    #[test]
    fn the_ends_of_time_are_times() {
        let mut clock = Clock::default();
        assert_eq!(clock.tick(Timestamp::MIN), Timestamp::MIN);
        assert_eq!((clock.first(), clock.last()), (Some(Timestamp::MIN), Some(Timestamp::MIN)));
        assert_eq!(clock.tick(Timestamp::MAX), Timestamp::MIN, "not believed");
        assert_eq!(clock.tick(Timestamp::MAX), Timestamp::MAX);
        assert_eq!(clock.tick(Timestamp::MIN), Timestamp::MAX);
        assert_eq!((clock.last(), clock.backwards()), (Some(Timestamp::MAX), 1));
    }

    #[test]
    fn one_packet_from_far_ahead_is_not_believed() {
        let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut clock = Clock::default();
        assert_eq!(clock.tick(at(100)), at(100));
        assert_eq!(clock.tick(at(900_000)), at(100));
        assert_eq!(clock.tick(at(101)), at(101));
        assert_eq!(clock.tick(at(900_000)), at(101));
        assert_eq!(clock.tick(at(900_001)), at(900_001), "a second packet confirms it");
        assert_eq!(clock.tick(at(5)), at(900_001));
        assert_eq!(clock.backwards(), 1);
    }
}
