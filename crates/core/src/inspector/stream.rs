//! Whether a stream is captured while it is read, and how long it has been quiet: by the clock of who reads, who tells the time.

use crate::types::{Span, Timestamp};

/// Between two looks.
const LOOK_AGAIN: Span = Span::from_secs(1);

/// How far the packets of such a time may be apart by their own clock: what was captured before comes faster than that.
const SLACK: Span = Span::from_secs(2);

/// How far the clock of who captures may be from that of who reads. An older capture only comes slowly: it says nothing of what is going
/// on.
const CLOCKS_APART: Span = Span::from_secs(600);

/// How a stream comes in.
#[derive(Debug, Default)]
pub(super) struct Stream {
    last: Option<Look>,
}

/// What was seen when it was last looked at.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: Timestamp,
    /// The time of the latest packet.
    latest: Option<Timestamp>,
    /// Since when there is no later one.
    quiet_since: Timestamp,
}

impl Stream {
    /// How long a live stream has been quiet; `None` where it is none, or was looked at just now. `latest` is the time of the latest packet.
    pub(super) fn quiet(&mut self, now: Timestamp, latest: Option<Timestamp>) -> Option<Span> {
        let Some(before) = self.last.filter(|before| before.at <= now) else {
            self.last = Some(Look { at: now, latest, quiet_since: now });
            return None;
        };
        let passed = now.since(before.at);
        if passed < LOOK_AGAIN {
            return None;
        }
        let quiet_since = if latest == before.latest { before.quiet_since } else { now };
        self.last = Some(Look { at: now, latest, quiet_since });
        let (from, to, quiet) = (before.latest?, latest?, now.since(quiet_since));
        // A capture that lies in a file is no live stream, though it is read through a pipe.
        let is_of_now = now.since(to.plus(quiet)).abs() <= CLOCKS_APART;
        (is_of_now && to.since(from).as_nanos() <= passed.as_nanos() + SLACK.as_nanos()).then_some(quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(1_800_000_000_000_000_000 + millis * 1_000_000)
    }

    /// What is said at each look: milliseconds by the reader's clock, and of the latest packet.
    fn looks(looks: &[(i64, Option<i64>)]) -> Vec<Option<Span>> {
        let mut stream = Stream::default();
        looks.iter().map(|(now, latest)| stream.quiet(at(*now), latest.map(at))).collect()
    }

    #[test]
    fn quiet_is_counted_from_the_look_that_saw_the_latest_packet() {
        let seen = looks(&[(0, None), (1_000, Some(900)), (2_000, Some(900)), (2_500, Some(900)), (17_000, Some(900))]);
        assert_eq!(seen, [None, None, Some(Span::from_secs(1)), None, Some(Span::from_secs(16))]);
    }

    #[test]
    fn a_stream_that_never_rests_is_live_too() {
        let seen = looks(&[(0, Some(0)), (1_000, Some(1_000)), (2_000, Some(1_900))]);
        assert_eq!(seen, [None, Some(Span::ZERO), Some(Span::ZERO)]);
    }

    #[test]
    fn what_comes_faster_than_it_was_captured_is_a_file() {
        assert_eq!(looks(&[(0, Some(-60_000)), (1_000, Some(-30_000)), (2_000, Some(0))]), [None; 3]);
    }

    #[test]
    fn an_old_capture_that_comes_slowly_is_a_file() {
        assert_eq!(looks(&[(0, Some(-900_000)), (1_000, Some(-900_000)), (90_000, Some(-900_000))]), [None; 3]);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let seen = looks(&[(10_000, Some(0)), (0, Some(0)), (1_000, Some(0))]);
        assert_eq!(seen, [None, None, Some(Span::from_secs(1))]);
    }
}
