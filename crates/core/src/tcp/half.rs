//! One direction of a connection.

use super::ranges::Ranges;
use super::timestamps::Stamps;
use super::{Fin, Traffic};
use crate::net::Segment;
use crate::types::{Moment, Seq, Timestamp};

/// What is known of the segments of one side.
#[derive(Debug, Default)]
pub(crate) struct Half {
    /// The facts that go into the record.
    pub(crate) traffic: Traffic,
    /// Its first FIN.
    pub(crate) fin: Option<Fin>,
    /// RSTs.
    pub(crate) resets: u32,
    /// Acknowledged bytes that were never captured: holes.
    pub(crate) gaps: u32,
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
    pub(super) duplicate_acks: u32,
    /// The oldest segment that the peer has not acknowledged, as far as it was captured.
    pub(super) oldest: Option<(Seq, Moment)>,
    /// Its last payload before that segment.
    pub(super) before_oldest: Option<Moment>,
    pub(super) stamps: Stamps,
    /// Packets other than SYN, FIN and RST.
    pub(super) plain_packets: u64,
    /// Whether a segment had SYN and ACK.
    pub(super) accepted: bool,
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
        self.plain_packets == 0
    }

    /// Whether it sent payload at or after this moment.
    pub(super) fn has_sent_payload_at(&self, moment: Moment) -> bool {
        self.traffic.last_payload.is_some_and(|last| last.packet >= moment.packet)
    }

    /// Notes what every segment tells.
    pub(super) fn note(&mut self, segment: &Segment<'_>, at: Moment) {
        let traffic = &mut self.traffic;
        traffic.packets += 1;
        traffic.last_packet = Some(at);
        if self.base.is_none() {
            self.base = Some(if segment.flags.syn() { segment.seq } else { segment.seq.minus(1) });
        }
        if segment.payload_len > 0 {
            traffic.payload_packets += 1;
            traffic.first_payload.get_or_insert(at);
        }
        if segment.flags.syn() {
            traffic.isn.get_or_insert(segment.seq);
            traffic.mss = traffic.mss.or(segment.options.mss);
            traffic.window_scale = traffic.window_scale.or(segment.options.window_scale);
            self.accepted |= segment.flags.ack();
        }
        if segment.flags.0 & 7 == 0 {
            self.plain_packets += 1;
        }
        if !segment.flags.rst() && traffic.ttl.is_none() {
            traffic.ttl = Some(segment.ttl);
        }
        if let Some((value, _)) = segment.options.timestamps {
            self.stamps.note(value, at.at);
        }
    }

    /// One past the last sequence number of a segment: payload, SYN and FIN count (RFC 9293 section 3.4).
    pub(super) fn end_of(segment: &Segment<'_>) -> Seq {
        segment.seq.plus(segment.payload_len + u32::from(segment.flags.syn()) + u32::from(segment.flags.fin()))
    }
}
