//! The time of day, for live streams.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use handshark::types::Timestamp;

/// How long nothing may come before a live stream is told what time it is.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// Now; the beginning of 1970 where the system's clock is before it.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
