//! The end of life: who closed, how, after how long, and what was written too late.

mod late_write;

pub(super) use self::late_write::late_write_by_reset;
use self::late_write::{Answered, answer_to_late_write, crossed};
use super::half::{Ends, Half};
use super::small_talk::is_small_talk;
use super::traffic::MOST_OPTION_BYTES;
use super::{CloseKind, Ending, Fin, IdleSource, IdleTime, IgnoredReset, LateWrite, Reset, ResetKind, timestamps};
use crate::net::Segment;
use crate::types::{Moment, Seq, Side, Sided, Span};

/// What is known of the end so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Closing {
    pub(super) reset: Option<Reset>,
    first: Option<(Side, CloseKind, Moment)>,
    idle: Option<IdleTime>,
    late_write: Option<Box<LateWrite>>,
    last_words: Option<Box<LastWords>>,
    /// A write that was captured before the FIN which it crossed; counts where a RST shows that it was not taken.
    crossed: Option<Box<LateWrite>>,
    /// Once the side of the RST has sent new payload after it.
    spoke_on: Option<Box<SpokeOn>>,
}

/// What came after a RST in the name of its sender.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SpokeOn {
    /// One past the first new payload: who acknowledges this lives, and heard it from someone who does.
    end: Seq,
    /// That was done: the RST ended nothing.
    ignored: Option<IgnoredReset>,
}

/// Payload of one side after a pause of both: its last words, if its FIN follows at once.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LastWords {
    by: Side,
    began: Moment,
    bytes: u32,
    /// The payload before the pause, and who sent it.
    after: (Side, Moment),
    /// Its side speaks unasked again and again: a stream of events.
    again: bool,
}

/// Last words begin after a pause, are short (TLS close_notify has 24 to 85 bytes, a line of text some more), and the FIN
/// follows at once.
const PAUSE: Span = Span::from_millis(500);
const LAST_WORDS_BYTES: u32 = 120;
/// The same of a server that has not been asked: a database says why it ends the connection.
const UNASKED_BYTES: u32 = 256;
const LAST_WORDS_WITHIN: Span = Span::from_millis(100);

/// RFC 1122 section 4.2.3.5: after R1, at least three retransmissions, a host takes an answer to be missing.
pub(crate) const GIVEN_UP_AFTER: u32 = 3;
impl Closing {
    /// A segment with payload, after its half was noted and before the edges of the half move.
    #[inline(never)]
    pub(super) fn on_payload(&mut self, ends: &Ends<'_>, s: &Segment<'_>, at: Moment, new_payload: bool) {
        if let Some(reset) = &mut self.reset
            && reset.by == ends.side
            && !s.flags.rst()
        {
            reset.followed_by_data += 1;
            if new_payload {
                let end = s.seq.plus(s.payload_len);
                self.spoke_on.get_or_insert_with(|| Box::new(SpokeOn { end, ignored: None }));
            }
        }
        if new_payload {
            self.on_new_payload(ends, s, at);
        }
    }

    /// Payload that was not seen before, of a side that sent no RST.
    #[inline]
    pub(super) fn on_new_payload(&mut self, ends: &Ends<'_>, s: &Segment<'_>, at: Moment) {
        self.note_late_write(ends, s, at);
        self.note_last_words(ends, s, at);
    }

    /// Whether nothing of an end was seen.
    pub(super) const fn has_not_begun(&self) -> bool {
        self.first.is_none() && self.reset.is_none() && self.spoke_on.is_none()
    }

    /// A FIN, after its payload. As all of these it is out of line: most segments are none of them.
    #[inline(never)]
    pub(super) fn on_fin(&mut self, ends: &mut Ends<'_>, s: &Segment<'_>, at: Moment, new_payload: bool) {
        let seq = s.seq.plus(s.payload_len);
        if ends.me.fin.is_none() {
            ends.me.fin = Some(Fin { at, seq, acknowledged: None });
        }
        self.note_first(ends, CloseKind::Fin, s, at, new_payload);
    }

    /// The peer accepts after it had answered a SYN with a challenge ACK: the RST in between cleared an older connection on the
    /// tuple (RFC 5961 section 4.2) and ended nothing of this one.
    #[cold]
    pub(super) fn take_back_reset_of(&mut self, side: Side) {
        if self.reset.is_some_and(|reset| reset.by == side) {
            (self.reset, self.first, self.idle) = (None, None, None);
        }
    }

    /// An acknowledgment, after its segment was noted.
    #[inline]
    pub(super) fn on_ack(&mut self, side: Side, s: &Segment<'_>) {
        if self.spoke_on.is_some() {
            self.take_back_ignored(side, s);
        }
    }

    /// A RST was no end where its receiver acknowledges what its sender sent later: it was out of the window (RFC 5961 section
    /// 3.2), or forged and dropped on the way.
    #[cold]
    fn take_back_ignored(&mut self, side: Side, s: &Segment<'_>) {
        let (Some(spoke_on), Some(reset)) = (&mut self.spoke_on, self.reset) else { return };
        if side == reset.by || s.flags.rst() || spoke_on.end.is_after(s.ack) {
            return;
        }
        spoke_on.ignored.get_or_insert(IgnoredReset { at: reset.at, by: reset.by, kind: reset.kind });
        self.reset = None;
        if self.first.is_some_and(|(_, kind, _)| kind == CloseKind::Reset) {
            (self.first, self.idle) = (None, None);
        }
    }

    /// A RST, after its payload.
    #[inline(never)]
    pub(super) fn on_reset(&mut self, ends: &mut Ends<'_>, s: &Segment<'_>, at: Moment) {
        ends.me.resets += 1;
        if self.reset.is_some_and(|first| !first.overtook(ends.side, s)) {
            return;
        }
        let Ends { side, me, peer } = ends;
        let answers_syn =
            !me.accepted && me.base.is_none_or(|base| base == s.seq.minus(1)) && peer.traffic.isn.is_some();
        let reset = Reset::new(*side, at, &s.bare(), me.traffic.ttl, answers_syn);
        let (nothing_in_flight, message_ended) = (has_taken_all(me, peer, s), has_message_ended(me, peer));
        self.reset = Some(Reset { payload_len: s.payload_len, nothing_in_flight, message_ended, ..reset });
        self.note_first(ends, CloseKind::Reset, s, at, false);
    }

    pub(super) fn swap(&mut self) {
        if let Some(reset) = &mut self.reset {
            reset.by = reset.by.peer();
        }
        if let Some((side, ..)) = &mut self.first {
            *side = side.peer();
        }
        if let Some(SpokeOn { ignored: Some(reset), .. }) = self.spoke_on.as_deref_mut() {
            reset.by = reset.by.peer();
        }
        if let Some(write) = &mut self.late_write {
            write.by = write.by.peer();
        }
        if let Some(write) = &mut self.crossed {
            write.by = write.by.peer();
        }
        if let Some(words) = &mut self.last_words {
            words.by = words.by.peer();
            words.after.0 = words.after.0.peer();
        }
        if let Some(idle) = &mut self.idle {
            idle.last_by = idle.last_by.map(Side::peer);
        }
    }

    pub(super) fn ending(&self, halves: &Sided<Half>, flags_only: bool) -> Ending {
        let given_up = |half: &Half| {
            half.traffic.unanswered.as_ref().is_some_and(|unanswered| unanswered.retransmissions >= GIVEN_UP_AFTER)
        };
        let kind = match self.first {
            Some((_, kind, _)) => kind,
            None if given_up(&halves.client) || given_up(&halves.server) => CloseKind::Timeout,
            None => CloseKind::Open,
        };
        let fin = Sided { client: halves.client.fin, server: halves.server.fin };
        Ending {
            fin,
            reset: self.reset.map(|reset| Reset {
                // An ACK that crossed the RST says what had arrived before it.
                nothing_in_flight: reset.nothing_in_flight
                    && has_all_of(&halves[reset.by], halves[reset.by.peer()].last_ack),
                ..reset
            }),
            reset_count: Sided { client: halves.client.resets, server: halves.server.resets },
            first: self.first.map(|(.., at)| at),
            closed_by: self.first.map(|(side, ..)| side),
            kind,
            idle: self.idle.filter(|idle| flags_only || idle.source == IdleSource::Payload),
            late_write: self
                .crossed
                .as_deref()
                .filter(|write| answer_to_late_write(&fin, self.reset, write.by) == Some(Answered::Crossed))
                .or(self.late_write.as_deref())
                .copied()
                .or_else(|| if flags_only { late_write_by_reset(&fin, self.reset) } else { None }),
            ignored_reset: self.spoke_on.as_deref().and_then(|spoke_on| spoke_on.ignored),
        }
    }

    /// Stream bytes by arithmetic, see [`stream_bytes`].
    pub(super) fn stream_bytes(&self, halves: &Sided<Half>, side: Side) -> Option<u64> {
        let (me, peer) = (&halves[side], &halves[side.peer()]);
        stream_bytes(side, me.stream_start()?, me.fin, peer.last_ack(), self.reset)
    }

    fn note_first(&mut self, ends: &Ends<'_>, kind: CloseKind, s: &Segment<'_>, at: Moment, carries_payload: bool) {
        if self.first.is_some() {
            return;
        }
        let &Ends { side, ref me, ref peer } = ends;
        self.first = Some((side, kind, at));
        let crossed = if kind == CloseKind::Fin { crossed(ends, s) } else { None };
        let seen = |from: (Side, Moment), to: Moment| IdleTime {
            span: to.at.since(from.1.at).max(Span::ZERO),
            source: IdleSource::Payload,
            uncertainty: Span::ZERO,
            last_by: Some(from.0),
        };
        let words = self.last_words.as_deref().filter(|words| {
            // An answer to the other side's request is no goodbye, however short and late it is.
            let answers = words.by == Side::Server && words.after.0 == Side::Client;
            let unasked = words.by == Side::Server && words.after.0 == Side::Server && !words.again;
            let most = if unasked { UNASKED_BYTES } else { LAST_WORDS_BYTES };
            let short = words.bytes <= most && at.at.since(words.began.at) <= LAST_WORDS_WITHIN;
            kind == CloseKind::Fin && words.by == side && short && !answers
        });
        self.idle = if let Some(words) = words {
            Some(seen(words.after, words.began))
        } else if carries_payload {
            Some(seen((side, at), at))
        } else if let Some((_, before)) = crossed {
            // What had not arrived when the FIN was sent did not end the silence.
            let closers = me.traffic.last_payload.map(|moment| (side, moment));
            let writers = before.map(|moment| (side.peer(), moment));
            closers.into_iter().chain(writers).max_by_key(|(_, moment)| moment.packet).map(|last| seen(last, at))
        } else if let Some(last) = last_payload(ends) {
            Some(seen(last, at))
        } else {
            timestamps::idle(&peer.stamps, &s.options, at.at)
        };
        if let Some((write, _)) = crossed {
            self.crossed = Some(Box::new(LateWrite { after_fin: write.proof.at.since(at.at), ..write }));
        }
    }

    /// Payload although the other side had sent its FIN.
    fn note_late_write(&mut self, ends: &Ends<'_>, s: &Segment<'_>, at: Moment) {
        let side = ends.side;
        let Some(fin) = ends.peer.fin else { return };
        if let Some(write) = &mut self.late_write {
            if write.by == side {
                write.count += 1;
                write.bytes = write.bytes.map(|bytes| bytes.saturating_add(s.payload_len));
            }
            return;
        }
        self.late_write = Some(Box::new(LateWrite {
            by: side,
            at: Some(at),
            proof: at,
            count: 1,
            bytes: Some(s.payload_len),
            is_small_talk: is_small_talk(s.payload, s.payload_len),
            first_byte: s.payload.first().copied(),
            after_fin: at.at.since(fin.at.at),
            had_acknowledged: s.flags.ack() && s.ack.is_after(fin.seq),
        }));
    }

    /// Payload after a pause: perhaps the last words of its side.
    fn note_last_words(&mut self, ends: &Ends<'_>, s: &Segment<'_>, at: Moment) {
        let side = ends.side;
        if self.first.is_some() {
            return;
        }
        if let Some(after) = last_payload(ends)
            && at.at.since(after.1.at) >= PAUSE
        {
            let again = self.last_words.as_deref().is_some_and(|before| before.by == side) && after.0 == side;
            self.last_words = Some(Box::new(LastWords { by: side, began: at, bytes: s.payload_len, after, again }));
        } else if let Some(words) = &mut self.last_words {
            if words.by == side {
                words.bytes = words.bytes.saturating_add(s.payload_len);
            } else {
                self.last_words = None;
            }
        }
    }
}

/// Whether only SYN, FIN and RST were captured of a connection that opened, and the rest of it is missing between them.
/// Two FINs are not exchanged without any ACK, and payload leaves its mark in the sequence numbers. A server that sends its SYN-ACK
/// again has no ACK yet: then a FIN may be the first that it gets.
pub(crate) fn is_flags_only(
    fin: &Sided<Option<Fin>>,
    is_reset: bool,
    syn_acks: u32,
    stream_bytes: &Sided<Option<u64>>,
) -> bool {
    let carried = |bytes: Option<u64>| bytes.is_some_and(|bytes| bytes > 0);
    match (fin.client.is_some(), fin.server.is_some()) {
        (true, true) if syn_acks <= 1 => true,
        (false, false) if !is_reset => false,
        _ => carried(stream_bytes.client) || carried(stream_bytes.server),
    }
}

/// Stream bytes by arithmetic: from the `start` of a side, after its SYN, to its FIN or RST, or to what the other side
/// acknowledged last.
pub(super) fn stream_bytes(
    side: Side,
    start: Seq,
    fin: Option<Fin>,
    acknowledged: Option<Seq>,
    reset: Option<Reset>,
) -> Option<u64> {
    let end = match (fin, reset) {
        (Some(fin), _) => fin.seq,
        // A RST with ACK carries the next sequence number of its sender (RFC 9293 section 3.10.7); a bare one that of
        // the segment that it answers, which its sender had acknowledged as its own.
        (None, Some(reset)) if reset.by == side && reset.kind != ResetKind::ClosedPort => reset.seq,
        (None, Some(reset)) if reset.by != side => acknowledged?,
        (None, _) => return None,
    };
    let bytes = end.distance_from(start);
    // Beyond 2 GiB the wrapped difference is still right as an unsigned number, where the end lies after the start.
    Some(u64::from(bytes as u32)).filter(|bytes| *bytes < 1 << 31)
}

/// The last payload of either side, and who sent it.
fn last_payload(ends: &Ends<'_>) -> Option<(Side, Moment)> {
    let mine = ends.me.last_sent.map(|moment| (ends.side, moment));
    let peers = ends.peer.last_sent.map(|moment| (ends.side.peer(), moment));
    mine.into_iter().chain(peers).max_by_key(|(_, moment)| moment.packet)
}

/// Whether the sender of this RST has acknowledged all payload of its peer, where either side had any.
fn has_taken_all(me: &Half, peer: &Half, reset: &Segment<'_>) -> bool {
    let up_to = if reset.flags.ack() { Some(reset.ack) } else { me.last_ack };
    let spoke = me.last_payload_len > 0 || peer.last_payload_len > 0;
    spoke && has_all_of(peer, up_to)
}

/// Whether this acknowledges all that a side has sent.
fn has_all_of(half: &Half, ack: Option<Seq>) -> bool {
    half.next.zip(ack).is_some_and(|(next, ack)| !next.is_after(ack))
}

/// Whether the last segment with payload was not full.
fn has_message_ended(me: &Half, peer: &Half) -> bool {
    let last = if me.last_sent > peer.last_sent { me } else { peer };
    let full = [me.traffic.mss, peer.traffic.mss].into_iter().flatten().min();
    full.is_some_and(|full| last.last_payload_len > 0 && last.last_payload_len + MOST_OPTION_BYTES < u32::from(full))
}
