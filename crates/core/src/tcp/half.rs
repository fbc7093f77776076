//! One direction of a connection.

use super::ranges::Ranges;
use super::timestamps::Stamps;
use super::zeek::Speaker;
use super::{Fin, Traffic};
use crate::net::Segment;
use crate::types::{Moment, Seq, Side, Timestamp};

/// What is known of the segments of one side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Half {
    /// The facts that go into the record.
    pub(crate) traffic: Traffic,
    /// Its first FIN.
    pub(crate) fin: Option<Fin>,
    /// RSTs.
    pub(crate) resets: u32,
    /// Acknowledged bytes that were never captured: holes.
    pub(crate) gaps: u32,
    /// The first ACK that showed one.
    pub(crate) first_gap: Option<Moment>,
    /// Its last packet with payload, new or sent again: either ends a silence.
    pub(super) last_sent: Option<Moment>,
    pub(super) ranges: Ranges,
    /// The sequence number of the SYN, or what it must have been when the first packet seen directly follows it
    /// (Wireshark's base_seq).
    pub(super) base: Option<Seq>,
    /// One past the highest sequence number sent (Wireshark's nextseq), and when it was sent.
    pub(super) next: Option<Seq>,
    pub(super) next_at: Timestamp,
    /// One past the highest sequence number that the peer may acknowledge without a hole (maxseqtobeacked).
    pub(super) acknowledgeable: Option<Seq>,
    /// The first and the last acknowledgment number that it sent.
    pub(super) first_ack: Option<Seq>,
    pub(super) last_ack: Option<Seq>,
    pub(super) last_ack_at: Timestamp,
    pub(super) window: u16,
    /// Payload bytes of the segment that its stream ends with so far.
    pub(super) last_payload_len: u32,
    pub(super) duplicate_acks: u32,
    /// The largest segment of the peer that its ACKs can have covered.
    pub(super) taken: u32,
    /// The largest block behind the last ACK of which it said that it arrived, and the first packet that said so.
    pub(super) arrived: Option<(Moment, u32)>,
    /// The first packet whose number is beyond what was captured before it, since nothing was missing.
    pub(super) ran_ahead: Option<Moment>,
    /// The oldest segment that the peer has not acknowledged, as far as it was captured.
    pub(super) oldest: Option<(Seq, Moment)>,
    /// Its last payload before that segment; means nothing where there is none.
    pub(super) before_oldest: Option<Moment>,
    pub(super) stamps: Stamps,
    /// Whether there were packets other than SYN, FIN and RST.
    pub(super) plain: bool,
    /// Whether a segment had SYN and ACK.
    pub(super) accepted: bool,
    /// As Zeek sees it.
    pub(super) zeek: Speaker,
}

/// The two ends as a segment sees them.
#[derive(Debug)]
pub(super) struct Ends<'a> {
    /// Which side sent it.
    pub(super) side: Side,
    /// Its sender.
    pub(super) me: &'a mut Half,
    /// Its receiver.
    pub(super) peer: &'a mut Half,
}

impl Half {
    /// The sequence number of the first payload byte, where the SYN was seen.
    pub(crate) fn stream_start(&self) -> Option<Seq> {
        self.traffic.isn.map(|isn| isn.plus(1))
    }

    /// Where the peer's first acknowledgment says that the stream begins or goes on.
    pub(crate) const fn first_ack(&self) -> Option<Seq> {
        self.first_ack
    }

    pub(crate) const fn last_ack(&self) -> Option<Seq> {
        self.last_ack
    }

    /// How far its acknowledgments advanced: the peer's bytes that reached it.
    pub(crate) fn acknowledged(&self) -> u32 {
        match (self.first_ack, self.last_ack) {
            (Some(first), Some(last)) => last.distance_from(first).max(0).unsigned_abs(),
            _ => 0,
        }
    }

    /// The sequence number of its SYN, seen or inferred from its first packet.
    pub(crate) const fn base(&self) -> Option<Seq> {
        self.base
    }

    /// Whether only segments with SYN, FIN or RST were captured of it.
    pub(crate) const fn only_flags(&self) -> bool {
        !self.plain
    }

    /// Whether it sent payload at or after this moment.
    pub(super) fn has_sent_payload_at(&self, moment: Moment) -> bool {
        self.traffic.last_payload.is_some_and(|last| last.packet >= moment.packet)
    }

    /// Notes what every segment tells.
    #[inline]
    pub(super) fn note_packet(&mut self, segment: &Segment<'_>, at: Moment) {
        self.traffic.packets += 1;
        self.traffic.last_packet = Some(at);
        self.plain |= !segment.flags.any_of_three();
        if let Some((value, _)) = segment.options.timestamps {
            self.stamps.note(value, at.at);
        }
    }

    /// Notes what the segments of the opening handshake tell, and the first of a connection without one.
    pub(super) fn note_beginning(&mut self, segment: &Segment<'_>) {
        let traffic = &mut self.traffic;
        if self.base.is_none() {
            self.base = Some(if segment.flags.syn() { segment.seq } else { segment.seq.minus(1) });
        }
        if segment.flags.syn() {
            traffic.isn.get_or_insert(segment.seq);
            traffic.mss = traffic.mss.or(segment.options.mss);
            traffic.window_scale = traffic.window_scale.or(segment.options.window_scale);
            self.accepted |= segment.flags.ack();
        }
        if !segment.flags.rst() && traffic.ttl.is_none() {
            traffic.ttl = Some(segment.ttl);
        }
    }

    /// Notes the payload of a segment. Out of line, so that what every segment goes through stays short.
    #[inline(never)]
    pub(super) fn note_payload(&mut self, segment: &Segment<'_>, at: Moment, max_ranges: usize) {
        self.traffic.payload_packets += 1;
        if self.next.is_none_or(|next| !Self::end_of(segment).is_before(next)) {
            self.last_payload_len = segment.payload_len;
        }
        self.traffic.largest_payload = self.traffic.largest_payload.max(segment.payload_len);
        self.traffic.first_payload.get_or_insert(at);
        self.ranges.add(payload_start(segment), segment.payload_len, max_ranges);
    }

    /// A segment that the peer has not acknowledged: the oldest now. Its own payload is noted after that.
    pub(super) fn set_oldest(&mut self, seq: Seq, at: Moment) {
        if self.oldest.is_none() {
            self.before_oldest = self.traffic.last_payload;
        }
        self.oldest = Some((seq, at));
    }

    /// Whether a segment has sequence numbers of its own: payload, SYN or FIN.
    pub(super) fn takes_space(segment: &Segment<'_>) -> bool {
        segment.payload_len > 0 || segment.flags.syn() || segment.flags.fin()
    }

    /// One past the last sequence number of a segment: payload, SYN and FIN count (RFC 9293 section 3.4).
    pub(super) fn end_of(segment: &Segment<'_>) -> Seq {
        segment.seq.plus(segment.payload_len + u32::from(segment.flags.syn()) + u32::from(segment.flags.fin()))
    }
}

/// The sequence number of a segment's first payload byte: a SYN has one of its own before it.
pub(crate) fn payload_start(segment: &Segment<'_>) -> Seq {
    segment.seq.plus(u32::from(segment.flags.syn()))
}
