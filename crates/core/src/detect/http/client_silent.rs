//! A server that closes because the client was silent for longer than both had agreed on, in a protocol without words for it.

use super::server_errors::SILENT_KINDS;
use crate::detect::{Confidence, Exam, Severity};
use crate::record::{Connection, Dialogue, Speaks};
use crate::types::{Moment, Side};

/// Quoted: how long the client may be silent.
pub(super) const ALLOWED: &str = "allowed";

/// What ended in a silence.
struct Silence {
    /// The client's last words before it.
    last: Moment,
    /// The server's FIN or RST.
    end: Moment,
    /// What the client wrote into the closed connection.
    after: Option<Moment>,
}

/// Whether that is why the connection ended.
pub(super) fn is_why(c: &Connection, dialogue: &Dialogue) -> bool {
    silence(c, dialogue).is_some()
}

/// The silence in which the server ended the connection, if it was longer than was agreed on.
fn silence(c: &Connection, dialogue: &Dialogue) -> Option<Silence> {
    let bears = dialogue.bears_silence.filter(|_| dialogue.said.is_none() && !dialogue.unread)?;
    let seen_whole = c.visibility.missing_bytes.client == 0 && c.visibility.one_way.is_none();
    let end = c.ending.first.filter(|_| c.ending.closed_by == Some(Side::Server) && seen_whole)?;
    let (last, after) = match (c.traffic.client.last_payload, dialogue.silence) {
        (Some(last), _) if last.packet < end.packet => (last, None),
        (Some(_), Some((last, after))) if last.packet < end.packet && end.packet < after.packet => (last, Some(after)),
        _ => return None,
    };
    (end.at.since(last.at) >= bears).then_some(Silence { last, end, after })
}

pub(super) fn examine(c: &Connection, dialogue: &Dialogue, code: &'static str, exam: &mut Exam<'_>) {
    exam.applies();
    let Some((silence, bears)) = silence(c, dialogue).zip(dialogue.bears_silence) else { return };
    let kind = SILENT_KINDS[usize::from(dialogue.protocol == Speaks::Mqtt)];
    let severity = if silence.after.is_some() { Severity::Error } else { Severity::Warning };
    let reset = silence.after.and(c.ending.reset).map(|reset| reset.at);
    let evidence = [Some(silence.last), Some(silence.end), silence.after, reset];
    exam.symptom(code, kind, severity, Confidence::High, &evidence)
        .span(Some(silence.end.at.since(silence.last.at)))
        .quote(ALLOWED, &bears.to_string());
}
