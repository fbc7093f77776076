//! A live stream goes on while it is quiet: what has come to its end is told then, and not with the next packet.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use handshark::types::{Span, Timestamp};
use handshark::{Inspector, Sink};

/// Between two looks at what has come to its end.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How far the packets of such a time may be apart by their own clock: what was captured before comes faster than that.
const SLACK: Duration = Duration::from_secs(2);

/// How far the clock of who captures may be from ours. An older capture only comes slowly: it says nothing of what is going on.
const CLOCKS_APART: Duration = Duration::from_secs(600);

/// How a stream comes in.
#[derive(Debug)]
pub(crate) struct Pace {
    looked: Instant,
    /// The time of the latest packet at the last look.
    latest: Option<Timestamp>,
    /// Since when there is no later one.
    quiet_since: Instant,
}

impl Pace {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { looked: now, latest: None, quiet_since: now }
    }

    /// How long to wait for bytes before the next look.
    pub(crate) fn patience(&self) -> Duration {
        LOOK_AGAIN.saturating_sub(self.looked.elapsed())
    }

    /// To be called whenever there are bytes, or none for a while.
    pub(crate) fn look<S: Sink>(&mut self, inspector: &mut Inspector<S>) {
        let passed = self.looked.elapsed();
        if passed < LOOK_AGAIN {
            return;
        }
        self.looked = Instant::now();
        let latest = inspector.times().map(|(_, latest)| latest);
        let before = std::mem::replace(&mut self.latest, latest);
        if before != latest {
            self.quiet_since = self.looked;
        }
        let (Some(before), Some(latest)) = (before, latest) else { return };
        let quiet = span(self.quiet_since.elapsed());
        // A capture that lies in a file is no live stream, though it is read through a pipe.
        if is_now(latest.plus(quiet)) && latest.since(before) <= span(passed + SLACK) {
            inspector.settle(quiet);
        }
    }
}

fn is_now(time: Timestamp) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(Span::ZERO, span);
    let apart = Timestamp::from_nanos(now.as_nanos()).since(time);
    apart.abs() <= span(CLOCKS_APART)
}

fn span(duration: Duration) -> Span {
    Span::from_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}
