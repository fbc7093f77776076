//! Capture time as a clock that only goes forward.

use crate::types::{Span, Timestamp};

/// The largest time seen so far; timeouts are measured with it.
///
/// One packet with an absurd time must not expire every connection: a jump of more than an hour is believed when the next
/// packet confirms it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Option<Timestamp>,
    doubtful: Option<Timestamp>,
    backwards: u64,
}

const BELIEVED_JUMP: Span = Span::from_secs(3_600);

impl Clock {
    /// Takes a packet's time and says what time it is now.
    #[inline]
    pub(crate) fn tick(&mut self, at: Timestamp) -> Timestamp {
        let Some(now) = self.now else {
            self.now = Some(at);
            return at;
        };
        if at <= now {
            self.backwards += u64::from(at < now);
            self.doubtful = None;
            return now;
        }
        if at.since(now) > BELIEVED_JUMP
            && self.doubtful.is_none_or(|doubtful| at.since(doubtful).abs() > BELIEVED_JUMP)
        {
            self.doubtful = Some(at);
            return now;
        }
        self.doubtful = None;
        self.now = Some(at);
        at
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.unwrap_or_default()
    }

    /// Packets whose time lies before an earlier packet's.
    pub(crate) const fn backwards(&self) -> u64 {
        self.backwards
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
