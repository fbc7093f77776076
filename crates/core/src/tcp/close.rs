//! The end of life: who closed, how, after how long, and what was written too late.

use super::half::Half;
use super::{CloseKind, Ending, Fin, IdleSource, IdleTime, LateWrite, Reset, ResetKind, timestamps};
use crate::net::Segment;
use crate::types::{Moment, Side, Sided, Span};

/// What is known of the end so far.
#[derive(Debug, Default)]
pub(super) struct Closing {
    pub(super) reset: Option<Reset>,
    first: Option<(Side, CloseKind, Moment)>,
    idle: Option<IdleTime>,
    late_write: Option<LateWrite>,
}

/// RFC 1122 section 4.2.3.5: after R1, at least three retransmissions, a host takes an answer to be missing.
const GIVEN_UP_AFTER: u32 = 3;
/// A RST from the same host keeps its hop limit; more than this much away, another device sent it. Paths of one host
/// differ by one or two hops now and then.
const SAME_HOST_HOPS: u8 = 2;

impl Closing {
    /// A segment, after its half was noted and before the edges of the half move.
    pub(super) fn on_segment(
        &mut self,
        halves: &mut Sided<Half>,
        side: Side,
        s: &Segment<'_>,
        at: Moment,
        new_payload: bool,
    ) {
        if let Some(reset) = &mut self.reset
            && reset.by == side
            && s.payload_len > 0
            && !s.flags.rst()
        {
            reset.followed_by_data += 1;
        }
        if new_payload {
            self.note_late_write(halves, side, s, at);
        }
        if s.flags.rst() {
            self.note_reset(halves, side, s, at);
        } else if s.flags.fin() {
            let seq = s.seq.plus(s.payload_len);
            if halves[side].fin.is_none() {
                halves[side].fin = Some(Fin { at, seq, acknowledged: None });
            }
            self.note_first(halves, side, CloseKind::Fin, s, at, new_payload);
        }
    }

    pub(super) fn swap(&mut self) {
        if let Some(reset) = &mut self.reset {
            reset.by = reset.by.peer();
        }
        if let Some((side, ..)) = &mut self.first {
            *side = side.peer();
        }
        if let Some(write) = &mut self.late_write {
            write.by = write.by.peer();
        }
    }

    pub(super) fn ending(&self, halves: &Sided<Half>, flags_only: bool) -> Ending {
        let given_up = |half: &Half| {
            half.traffic.unanswered.is_some_and(|unanswered| unanswered.retransmissions >= GIVEN_UP_AFTER)
        };
        let kind = match self.first {
            Some((_, kind, _)) => kind,
            None if given_up(&halves.client) || given_up(&halves.server) => CloseKind::Timeout,
            None => CloseKind::Open,
        };
        Ending {
            fin: Sided { client: halves.client.fin, server: halves.server.fin },
            reset: self.reset,
            reset_count: Sided { client: halves.client.resets, server: halves.server.resets },
            closed_by: self.first.map(|(side, ..)| side),
            kind,
            idle: self.idle.filter(|idle| flags_only || idle.source == IdleSource::Payload),
            late_write: self.late_write.or_else(|| if flags_only { self.late_write_by_reset(halves) } else { None }),
        }
    }

    /// Stream bytes by arithmetic: from the SYN to the FIN or RST of a side, or to what the other side acknowledged last.
    pub(super) fn stream_bytes(&self, halves: &Sided<Half>, side: Side) -> Option<u64> {
        let start = halves[side].stream_start()?;
        let end = match (halves[side].fin, self.reset) {
            (Some(fin), _) => fin.seq,
            // A RST with ACK carries the next sequence number of its sender (RFC 9293 section 3.10.7); a bare one that of
            // the segment that it answers, which its sender had acknowledged as its own.
            (None, Some(reset)) if reset.by == side && reset.kind != ResetKind::ClosedPort => reset.seq,
            (None, Some(reset)) if reset.by != side => halves[side.peer()].last_ack()?,
            (None, _) => return None,
        };
        let bytes = end.distance_from(start);
        // Beyond 2 GiB the wrapped difference is still right as an unsigned number, where the end lies after the start.
        Some(u64::from(bytes as u32)).filter(|bytes| *bytes < 1 << 31)
    }

    fn note_first(
        &mut self,
        halves: &Sided<Half>,
        side: Side,
        kind: CloseKind,
        s: &Segment<'_>,
        at: Moment,
        carries_payload: bool,
    ) {
        if self.first.is_some() {
            return;
        }
        self.first = Some((side, kind, at));
        let last_payload =
            halves.each().iter().filter_map(|(_, half)| half.traffic.last_payload).max_by_key(|m| m.packet);
        self.idle = if carries_payload {
            Some(IdleTime { span: Span::ZERO, source: IdleSource::Payload, uncertainty: Span::ZERO })
        } else if let Some(last) = last_payload {
            let span = at.at.since(last.at).max(Span::ZERO);
            Some(IdleTime { span, source: IdleSource::Payload, uncertainty: Span::ZERO })
        } else {
            s.options
                .timestamps
                .filter(|(_, echoed)| *echoed != 0)
                .and_then(|(_, echoed)| timestamps::idle(&halves[side.peer()].stamps, echoed, at.at))
        };
    }

    fn note_reset(&mut self, halves: &mut Sided<Half>, side: Side, s: &Segment<'_>, at: Moment) {
        halves[side].resets += 1;
        if self.reset.is_some() {
            return;
        }
        let usual_ttl = halves[side].traffic.ttl;
        self.reset = Some(Reset {
            at,
            by: side,
            kind: kind_of(halves, side, s),
            seq: s.seq,
            ttl: s.ttl,
            usual_ttl,
            window: s.window,
            ack: s.flags.ack(),
            payload_len: s.payload_len,
            followed_by_data: 0,
        });
        self.note_first(halves, side, CloseKind::Reset, s, at, false);
    }

    /// Payload of `side` although the other side had sent its FIN.
    fn note_late_write(&mut self, halves: &Sided<Half>, side: Side, s: &Segment<'_>, at: Moment) {
        let Some(fin) = halves[side.peer()].fin else { return };
        if let Some(write) = &mut self.late_write {
            write.count += u32::from(write.by == side);
            return;
        }
        self.late_write = Some(LateWrite {
            by: side,
            at: Some(at),
            proof: at,
            count: 1,
            after_fin: at.at.since(fin.at.at),
            had_acknowledged: s.flags.ack() && s.ack.is_after(fin.seq),
        });
    }

    /// A write that was not captured, proven by the RST that answered it.
    ///
    /// RFC 9293 section 3.5.2: a RST in answer to a segment with ACK takes its sequence number from that segment's ACK
    /// field. FIN's number + 1 says that the writer had acknowledged the FIN; the FIN's number that it had not seen it.
    fn late_write_by_reset(&self, halves: &Sided<Half>) -> Option<LateWrite> {
        let reset = self.reset.filter(|reset| !reset.ack)?;
        let fin = halves[reset.by].fin?;
        let writer = reset.by.peer();
        // The writer's own FIN provokes the same RST where the other socket is gone: then nothing is proven.
        if halves[writer].fin.is_some_and(|own| own.at.packet < reset.at.packet) {
            return None;
        }
        let had_acknowledged = match reset.seq.distance_from(fin.seq) {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(LateWrite {
            by: writer,
            at: None,
            proof: reset.at,
            count: 1,
            after_fin: reset.at.at.since(fin.at.at),
            had_acknowledged,
        })
    }
}

/// What the header of a RST says of its author.
fn kind_of(halves: &Sided<Half>, side: Side, s: &Segment<'_>) -> ResetKind {
    let me = &halves[side];
    let peer = &halves[side.peer()];
    if me.traffic.ttl.is_some_and(|usual| usual.abs_diff(s.ttl) > SAME_HOST_HOPS) {
        return ResetKind::FromThePath;
    }
    let answers_syn = !me.accepted && me.base.is_none_or(|base| base == s.seq.minus(1)) && peer.traffic.isn.is_some();
    if s.flags.ack() && s.seq.0 == 0 && answers_syn {
        return ResetKind::ClosedPort;
    }
    if !s.flags.ack() && s.window == 0 && !s.options.any {
        return ResetKind::NoSuchConnection;
    }
    if s.flags.ack() && s.window > 0 {
        return ResetKind::Abort;
    }
    ResetKind::Unclear
}
