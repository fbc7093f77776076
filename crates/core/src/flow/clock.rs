//! Capture time as a clock that only goes forward.

use crate::types::{Span, Timestamp};

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// The largest time seen so far.
    pub(crate) at: Timestamp,
    /// The same for what waits to be forgotten. A pause of the whole capture makes nothing older than a minute would: memory
    /// only grows with packets, and a packet after a long silence (a night, or a file that begins again) still finds its
    /// connection, as in Wireshark, which forgets none.
    pub(crate) age: Timestamp,
}

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
    /// Nanoseconds that pauses of the capture had too much: see [`Now::age`].
    skipped: i64,
}

/// The longest that a pause between two packets makes connections older.
const LONGEST_PAUSE: Span = Span::from_secs(60);

const BELIEVED_JUMP: Span = Span::from_secs(3_600);

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Timestamp::MIN,
            reach: 0,
            doubtful: None,
            first: None,
            disbelieved: Timestamp::MIN,
            backwards: 0,
            skipped: 0,
        }
    }
}

impl Clock {
    /// Takes a packet's time and says what time it is now.
    #[inline(always)]
    pub(crate) fn tick(&mut self, at: Timestamp) -> Now {
        // Nearly every packet comes a little after the one before it.
        let (from, to) = (self.now.as_nanos(), at.as_nanos());
        if to < from || to.wrapping_sub(from) as u64 >= self.reach {
            return self.odd(at);
        }
        self.doubtful = None;
        self.now = at;
        self.read()
    }

    #[inline(always)]
    const fn read(&self) -> Now {
        Now { at: self.now, age: Timestamp::from_nanos(self.now.as_nanos().saturating_sub(self.skipped)) }
    }

    /// What time it is that much later, where no packet came since: `None` before the first.
    pub(crate) fn later(&self, quiet: Span) -> Option<Now> {
        self.first.map(|_| self.read()).map(|now| Now { at: now.at.plus(quiet), age: now.age.plus(quiet) })
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
    fn odd(&mut self, at: Timestamp) -> Now {
        if self.first.is_none() {
            self.first = Some(at);
            self.reach = LONGEST_PAUSE.as_nanos() as u64 + 1;
            self.now = at;
        } else if at < self.now {
            self.backwards += 1;
            self.doubtful = None;
        } else if at.since(self.now) <= BELIEVED_JUMP {
            self.pause(at);
        } else if self.doubtful.is_none_or(|doubtful| at.since(doubtful).abs() > BELIEVED_JUMP) {
            self.doubtful = Some(at);
            self.disbelieved = self.disbelieved.max(at);
        } else {
            self.pause(at);
        }
        self.read()
    }

    fn pause(&mut self, until: Timestamp) {
        let too_much = until.since(self.now).as_nanos() - LONGEST_PAUSE.as_nanos();
        self.skipped = self.skipped.saturating_add(too_much.max(0));
        self.doubtful = None;
        self.now = until;
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
        assert_eq!(clock.tick(Timestamp::MIN).at, Timestamp::MIN);
        assert_eq!((clock.first(), clock.last()), (Some(Timestamp::MIN), Some(Timestamp::MIN)));
        assert_eq!(clock.tick(Timestamp::MAX).at, Timestamp::MIN, "not believed");
        assert_eq!(clock.tick(Timestamp::MAX).at, Timestamp::MAX);
        assert_eq!(clock.tick(Timestamp::MIN).at, Timestamp::MAX);
        assert_eq!((clock.last(), clock.backwards()), (Some(Timestamp::MAX), 1));
    }

    #[test]
    fn one_packet_from_far_ahead_is_not_believed() {
        let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut clock = Clock::default();
        assert_eq!(clock.tick(at(100)).at, at(100));
        assert_eq!(clock.tick(at(900_000)).at, at(100));
        assert_eq!(clock.tick(at(101)).at, at(101));
        assert_eq!(clock.tick(at(900_000)).at, at(101));
        assert_eq!(clock.tick(at(900_001)).at, at(900_001), "a second packet confirms it");
        assert_eq!(clock.tick(at(5)).at, at(900_001));
        assert_eq!(clock.backwards(), 1);
    }

    #[test]
    fn a_pause_makes_nothing_older_than_a_minute() {
        let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut clock = Clock::default();
        let mut age = |seconds| clock.tick(at(seconds)).age;
        assert_eq!((age(100), age(150)), (at(100), at(150)));
        assert_eq!((age(3_000), age(3_001)), (at(210), at(211)), "50 minutes of silence");
        assert_eq!((age(900_000), age(900_001)), (at(211), at(271)), "days, once they are believed");
    }
}
