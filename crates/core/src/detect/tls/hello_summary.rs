//! What several TLS findings ask of a hello.

use crate::record::Connection;
use crate::types::{Span, Timestamp};

/// How long the server sent no payload after the ClientHello: to its first payload, to the end of the connection, or to the
/// end of the capture. `None` without a hello.
pub(super) fn silence_after_hello(c: &Connection) -> Option<Span> {
    let hello = c.tls.as_ref()?.client_hello.as_ref()?;
    let answered: Option<Timestamp> = c.traffic.server.first_payload.map(|moment| moment.at);
    let ended = c.ending.first().map(|moment| moment.at);
    let watched = c.last.at.plus(c.visibility.capture_went_on);
    let until = [answered, ended, Some(watched)].into_iter().flatten().min()?;
    Some(until.since(hello.completed.at))
}
