//! Payload for a side that has closed: what a RST or a FIN proves of it.

use super::LAST_WORDS_BYTES;
use crate::net::Segment;
use crate::tcp::half::Ends;
use crate::tcp::{Fin, LateWrite, Reset};
use crate::types::{Moment, Side, Sided, Span};

/// A write to a closed side, as the RST that answered it tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// Its sender had acknowledged the FIN.
    Acknowledged,
    /// It had left before the FIN arrived.
    Crossed,
}

/// What the RST that answered a write to a closed side says of that write.
///
/// RFC 9293 section 3.5.2: a RST in answer to a segment with ACK takes its sequence number from that segment's ACK
/// field. FIN's number + 1 says that the writer had acknowledged the FIN; the FIN's number that it had not seen it.
pub(super) fn answer_to_late_write(fin: &Sided<Option<Fin>>, reset: Option<Reset>, writer: Side) -> Option<Answered> {
    let reset = reset.filter(|reset| !reset.ack && reset.by == writer.peer())?;
    match reset.seq.distance_from(fin[reset.by]?.seq) {
        1 => Some(Answered::Acknowledged),
        // The write may have crossed the last words before the FIN as well, as close_notify.
        before if (0..=LAST_WORDS_BYTES as i32).contains(&-before) => Some(Answered::Crossed),
        _ => None,
    }
}

/// A write that was not captured, proven by the RST that answered it.
pub(in crate::tcp) fn late_write_by_reset(fin: &Sided<Option<Fin>>, reset: Option<Reset>) -> Option<LateWrite> {
    let reset = reset?;
    let closed = fin[reset.by]?;
    let writer = reset.by.peer();
    // The writer's own FIN provokes the same RST where the other socket is gone: then nothing is proven.
    if fin[writer].is_some_and(|own| own.at.packet < reset.at.packet) {
        return None;
    }
    let had_acknowledged = answer_to_late_write(fin, Some(reset), writer)? == Answered::Acknowledged;
    Some(LateWrite {
        by: writer,
        at: None,
        proof: reset.at,
        count: 1,
        bytes: None,
        is_small_talk: true,
        first_byte: None,
        after_fin: reset.at.at.since(closed.at.at),
        had_acknowledged,
    })
}

/// Payload of the peer that was captured before a FIN and that the FIN does not acknowledge: its sender had closed before it
/// arrived. With it the peer's last payload before. RFC 9293 section 3.10.7.4: what arrives in order is acknowledged by
/// every later segment.
pub(super) fn crossed(ends: &Ends<'_>, fin: &Segment<'_>) -> Option<(LateWrite, Option<Moment>)> {
    let writer = &ends.peer;
    let (seq, sent) = writer.oldest?;
    let bytes = writer.next?.distance_from(seq);
    if !fin.flags.ack()
        || fin.ack.is_after(seq)
        || bytes <= 0
        || writer.fin.is_some()
        || !writer.has_sent_payload_at(sent)
    {
        return None;
    }
    let write = LateWrite {
        by: ends.side.peer(),
        at: Some(sent),
        proof: sent,
        count: 1,
        bytes: Some(bytes.unsigned_abs()),
        is_small_talk: true,
        first_byte: None,
        after_fin: Span::ZERO,
        had_acknowledged: false,
    };
    Some((write, writer.before_oldest))
}
