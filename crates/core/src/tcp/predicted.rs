//! The segment that nearly all are: the next bytes of an open connection, or an ACK of what the peer sent (Van Jacobson's
//! header prediction).
//!
//! What a [`Tracker`] finds out of such a segment is known beforehand, so that it need not be asked. Whether both ways say
//! the same is compared for every segment in debug builds.

use super::completeness;
use super::half::{Ends, Half};
use super::tracker::Tracker;
use crate::Limits;
use crate::net::{Flags, Segment};
use crate::types::{Moment, Side, Sided};

impl Tracker {
    /// The next segment, if it is as predicted: says whether it brought payload. `None` where it has to be looked at; then
    /// nothing is noted.
    #[inline]
    pub(super) fn on_predicted(&mut self, side: Side, s: &Segment<'_>, at: Moment, limits: &Limits) -> Option<bool> {
        if !self.is_steady || !self.predicts(side, s) {
            return None;
        }
        let Self { halves, closing, completeness, .. } = self;
        let (me, peer) = halves.pair(side);
        *completeness |= completeness::of(s, || false);
        me.note_packet(s, at);
        let brings_payload = s.payload_len > 0;
        if brings_payload {
            me.note_payload(s, at, limits.max_ranges);
            closing.on_new_payload(&Ends { side, me, peer }, s, at);
            me.sent_next(s, at);
        }
        me.window = s.window;
        me.last_ack_at = at.at;
        if me.last_ack.is_some_and(|last| s.ack.is_after(last)) {
            me.acknowledge_more(peer, s);
        }
        Some(brings_payload)
    }

    fn predicts(&self, side: Side, s: &Segment<'_>) -> bool {
        let (me, peer) = (&self.halves[side], &self.halves[side.peer()]);
        const WHICH: u8 = Flags::SYN | Flags::FIN | Flags::RST | Flags::ACK;
        let in_order = me.next == Some(s.seq);
        let acknowledges = peer.next.is_some_and(|next| !s.ack.is_after(next));
        let news = s.payload_len > 0 || me.last_ack.is_some_and(|last| s.ack.is_after(last));
        s.flags.0 & WHICH == Flags::ACK
            && in_order
            && acknowledges
            && news
            && s.window > 0
            && s.options.sacked == 0
            && me.zeek.had_letter_of(s.payload_len)
    }

    /// Whether nothing is unusual about the connection: it is open, and what was sent is seen without a hole.
    pub(super) fn looks_steady(&self) -> bool {
        let Self { halves: Sided { client, server }, opening, closing, .. } = self;
        opening.syn_ack.is_some()
            && opening.ack.is_some()
            && closing.has_not_begun()
            && client.is_steady()
            && server.is_steady()
    }
}

impl Half {
    fn is_steady(&self) -> bool {
        self.next.is_some()
            && self.acknowledgeable == self.next
            && self.last_ack.is_some()
            && self.window > 0
            && self.fin.is_none()
            && self.traffic.zero_window.is_none()
            && self.traffic.unanswered.is_none()
            && self.next.is_some_and(|next| self.zeek.ends_at(next))
    }

    /// Its next bytes, after what is sent so far.
    #[inline]
    fn sent_next(&mut self, s: &Segment<'_>, at: Moment) {
        let end = s.seq.plus(s.payload_len);
        if self.oldest.is_none() {
            self.set_oldest(s.seq, at);
        }
        (self.next, self.next_at, self.acknowledgeable) = (Some(end), at.at, Some(end));
        self.zeek.end_at(end);
        (self.traffic.last_payload, self.last_sent) = (Some(at), Some(at));
    }

    /// It acknowledges more than before.
    #[inline]
    fn acknowledge_more(&mut self, peer: &mut Self, s: &Segment<'_>) {
        let gain = self.last_ack.map_or(0, |last| s.ack.distance_from(last).unsigned_abs());
        self.taken = self.taken.max(gain.min(peer.traffic.largest_payload));
        (self.last_ack, self.duplicate_acks, self.arrived) = (Some(s.ack), 0, None);
        if peer.oldest.is_some_and(|(seq, _)| s.ack.is_after(seq)) {
            peer.oldest = None;
        }
    }
}
