//! What the detectors of this folder ask alike: the last request, whether anything came back for it, and whether heads were read.

use crate::detect::Exam;
use crate::detect::recapture;
use crate::record::{Connection, Protocol};
use crate::types::{Moment, Side, Span};

/// The last request that is known of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The packet with its first byte.
    pub(super) at: Moment,
    /// Whether the server sent anything after it.
    pub(super) answered: bool,
    /// Read in clear, not inferred from the directions of encrypted records.
    pub(super) in_clear: bool,
}

/// Without knowing the protocol a request can not be told from a message that asks for no answer: `None`.
pub(super) fn last_request(c: &Connection) -> Option<Asked> {
    match c.protocol {
        Protocol::Http1 => {
            let http = c.http.as_ref().filter(|http| http.switched.is_none() && !http.incomplete)?;
            // A server that speaks HTTP/2 alone was not asked anything: see alpn-mismatch.
            if http.speaks_http2.is_some() {
                return None;
            }
            let at = http.last_request?;
            let answered = http.last_response.as_ref().is_some_and(|response| response.at.packet > at.packet);
            // A body that follows the response's head is an answer too, as is one that came before the request was whole.
            let spoke_after = c.traffic.server.last_payload.is_some_and(|last| last.packet > at.packet);
            Some(Asked { at, answered: answered || spoke_after, in_clear: true })
        }
        Protocol::Tls => {
            let (at, answered) = c.last_exchange?;
            Some(Asked { at, answered: answered.is_some(), in_clear: false })
        }
        Protocol::None | Protocol::Http2 | Protocol::OpenVpn | Protocol::Other => None,
    }
}

/// How long somebody had waited for the answer to a request when the connection ended: from the last byte of the request, or where the server
/// sent something after it that is no answer (session tickets, an alert) from its first. `None` where it was answered.
pub(super) fn waited(c: &Connection, asked: &Asked, end: Moment) -> Option<Span> {
    match c.ending.idle.filter(|idle| idle.last_by == Some(Side::Client)) {
        Some(idle) => Some(idle.span),
        None => (!asked.answered && got_no_answer_but_records(c)).then(|| end.at.since(asked.at.at)),
    }
}

/// Whether what the server sent after the last request under TLS was no answer: session tickets, or an alert.
pub(in crate::detect) fn got_no_answer_but_records(c: &Connection) -> bool {
    let Some((asked, None)) = c.last_exchange.filter(|_| c.protocol == Protocol::Tls) else { return false };
    c.traffic.server.last_payload.is_some_and(|last| last.packet > asked.packet)
}

/// The same in a protocol that is not read: the client's first words, where the client spoke first. Of what follows it can not be said
/// whether it asks for an answer.
pub(in crate::detect) fn first_words(c: &Connection) -> Option<Moment> {
    let words = c.traffic.client.first_payload.filter(|_| c.protocol == Protocol::Other && !c.visibility.mid_stream);
    words.filter(|words| c.traffic.server.first_payload.is_none_or(|answer| answer.packet > words.packet))
}

/// Says that a check could not be made because heads of HTTP/1 could not be read.
pub(super) fn heads_unread(exam: &mut Exam<'_>) {
    exam.not_visible("heads of HTTP are missing from the capture, cut, or could not be read", recapture::ALL_WHOLE);
}

/// Whether something that a side had sent before this did not arrive: that is no slow answer.
pub(super) fn is_stuck_before(c: &Connection, side: Side, end: Moment) -> bool {
    c.traffic[side].unanswered.as_deref().is_some_and(|lost| lost.first.packet < end.packet)
}

/// The first packet of an answer that came when the client had closed, and that its host refused: a client that only has no more
/// to say takes it.
pub(super) fn refused_answer(c: &Connection, end: Moment) -> Option<Moment> {
    let refused = c.ending.reset.is_some_and(|reset| reset.by == Side::Client);
    let write = c.ending.late_write.filter(|write| write.by == Side::Server && refused)?;
    write.at.filter(|at| at.packet > end.packet)
}
