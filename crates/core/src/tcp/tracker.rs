//! Both directions of one connection, segment by segment.

mod noted;

use self::noted::{count, note_acknowledged, note_opening, note_sent};
use super::classify::classify;
use super::close::Closing;
use super::half::{Ends, Half};
use super::zeek::Zeek;
use super::{ConnState, Ending, History, Opening, Traffic, completeness};
use crate::Limits;
use crate::net::{Flags, Segment};
use crate::types::{Moment, Seq, Side, Sided};

/// Everything that is known of a connection below its payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tracker {
    pub(crate) halves: Sided<Half>,
    pub(crate) opening: Opening,
    pub(super) closing: Closing,
    zeek: Zeek,
    pub(super) completeness: u8,
    /// Whether the next segment can be predicted.
    pub(super) is_steady: bool,
}

/// A segment that is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiting {
    /// Payload or a FIN: an ACK of more than this number says that it arrived.
    Ack(Seq),
    /// A keep-alive probe: any packet of the other side answers it.
    Probe,
}

impl Opening {
    /// Whether a segment is a challenge ACK (RFC 5961 section 4.2): it answers a SYN, and acknowledges something else.
    fn is_challenged_by(&self, side: Side, client: &Half, s: &Segment<'_>) -> bool {
        self.syn_ack.is_none()
            && self.syn.is_some()
            && side == Side::Server
            && s.flags.0 & (Flags::SYN | Flags::FIN | Flags::RST | Flags::ACK) == Flags::ACK
            && s.payload_len == 0
            && client.only_flags()
            && client.traffic.isn.map(|isn| isn.plus(1)) != Some(s.ack)
    }
}

impl Tracker {
    /// The next segment, and whether it brought payload that was not seen before. Twins must have been sorted out.
    #[inline]
    pub(crate) fn on_segment(&mut self, side: Side, s: &Segment<'_>, at: Moment, limits: &Limits) -> bool {
        #[cfg(debug_assertions)]
        let mut unpredicted = self.clone();
        if let Some(brought_payload) = self.on_predicted(side, s, at, limits) {
            #[cfg(debug_assertions)]
            {
                assert_eq!(unpredicted.on_any_segment(side, s, at, limits), brought_payload, "{at:?}");
                assert_eq!(unpredicted, *self, "{at:?}");
            }
            return brought_payload;
        }
        self.on_any_segment(side, s, at, limits)
    }

    #[inline(never)]
    fn on_any_segment(&mut self, side: Side, s: &Segment<'_>, at: Moment, limits: &Limits) -> bool {
        let Self { halves, opening, closing, zeek, completeness, .. } = self;
        let (me, peer) = halves.pair(side);
        let class = classify(me, peer, s, at.at, opening);
        *completeness |= completeness::of(s, || me.base.is_none() && peer.base.is_none());
        zeek.on_segment(side, &mut me.zeek, &mut peer.zeek, s);
        // It acknowledges what an older connection sent: it says nothing of this one.
        let challenges = opening.is_challenged_by(side, peer, s);
        if !class.is_usual() && !challenges {
            count(zeek, &mut Ends { side, me, peer }, s, class, at);
        }
        if s.flags.accepts() && opening.syn_ack.is_none() && opening.challenge_ack.is_some() {
            closing.take_back_reset_of(side.peer());
        }
        note_opening(opening, side, s, at, challenges);
        me.note_packet(s, at);
        me.note_beginning(s);
        let new_payload = s.payload_len > 0 && {
            let captured = me.ranges.bytes();
            me.note_payload(s, at, limits.max_ranges);
            // What was lost before the place of the capture is new here when it is sent again, though its writer wrote it earlier.
            let is_written_now = !class.is_retransmission() && !class.keep_alive();
            closing.on_payload(&Ends { side, me, peer }, s, at, is_written_now);
            is_written_now || class.is_retransmission() && me.ranges.bytes() > captured
        };
        if s.flags.rst() {
            closing.on_reset(&mut Ends { side, me, peer }, s, at);
        } else if s.flags.fin() {
            closing.on_fin(&mut Ends { side, me, peer }, s, at, new_payload);
        }
        note_sent(me, peer, s, at, class);
        if s.payload_len > 0 {
            if new_payload {
                me.traffic.last_payload = Some(at);
            }
            if !class.is_probe() {
                me.last_sent = Some(at);
            }
        }
        if s.flags.ack() && !challenges {
            note_acknowledged(me, peer, s, at, class);
            closing.on_ack(side, s);
        }
        self.is_steady = self.looks_steady();
        new_payload
    }

    /// Another sighting of a packet: it is captured, and nothing else.
    #[cold]
    pub(crate) fn on_twin(&mut self, side: Side, s: &Segment<'_>) {
        let traffic = &mut self.halves[side].traffic;
        traffic.packets += 1;
        if s.payload_len > 0 {
            traffic.payload_packets += 1;
        }
        if s.flags.opens() {
            self.opening.syn_count += 1;
            self.opening.syn_twins += 1;
        }
    }

    /// Exchanges the sides after a guess of the roles turned out wrong.
    pub(crate) fn swap(&mut self) {
        let halves = std::mem::take(&mut self.halves);
        self.halves = halves.swapped();
        self.closing.swap();
        self.zeek.swap();
        self.is_steady = false;
    }

    /// Whether the connection has come to its end: a RST, or both FINs.
    pub(crate) const fn has_ended(&self) -> bool {
        self.closing.reset.is_some() || (self.halves.client.fin.is_some() && self.halves.server.fin.is_some())
    }

    /// Whether nothing but SYNs was seen.
    pub(crate) fn is_half_open(&self) -> bool {
        self.opening.syn.is_some() && self.halves.server.traffic.packets == 0 && self.halves.client.only_flags()
    }

    /// Whether a SYN with this number opens another connection on the same tuple: it has another initial sequence number.
    /// That is Wireshark's rule, so that connections are numbered as its `tcp.stream`.
    pub(crate) fn is_reopened_by(&self, side: Side, syn: Seq) -> bool {
        self.halves[side].base().is_some_and(|base| base != syn)
    }

    /// Wireshark's `tcp.completeness`: of a conversation that is one packet and no SYN it says nothing.
    pub(crate) const fn completeness(&self) -> u8 {
        let packets = self.halves.client.traffic.packets + self.halves.server.traffic.packets;
        if packets == 1 && self.opening.syn.is_none() { 0 } else { self.completeness }
    }

    /// What a side's segment with this number waits for, if it has been sent and the other side, which was heard, did not acknowledge it.
    #[cold]
    pub(crate) fn waiting(&self, side: Side, seq: Seq) -> Option<Waiting> {
        let (me, peer) = (&self.halves[side], &self.halves[side.peer()]);
        let (next, acknowledged) = (me.next?, peer.last_ack?);
        if !seq.is_before(acknowledged) && seq.is_before(next) {
            Some(Waiting::Ack(seq))
        } else if me.traffic.probes.is_some() && seq.plus(1) == acknowledged {
            Some(Waiting::Probe)
        } else {
            None
        }
    }

    /// Whether it still waits for that; `since` is a packet after it.
    #[cold]
    pub(crate) fn is_waiting(&self, side: Side, waits: Waiting, since: Moment) -> bool {
        let peer = &self.halves[side.peer()];
        match waits {
            Waiting::Ack(seq) => peer.last_ack.is_some_and(|acknowledged| !acknowledged.is_after(seq)),
            Waiting::Probe => peer.traffic.last_packet.is_some_and(|last| last.packet < since.packet),
        }
    }

    /// Zeek's `history`.
    pub(crate) const fn history(&self) -> History {
        self.zeek.history
    }

    /// Zeek's `conn_state`.
    pub(crate) fn conn_state(&self) -> ConnState {
        let no_payload = self.halves.each().iter().all(|(_, half)| half.ranges.bytes() == 0);
        self.zeek.conn_state(&self.halves.client.zeek, &self.halves.server.zeek, no_payload)
    }

    /// The end as far as it was seen.
    pub(crate) fn ending(&self, flags_only: bool) -> Ending {
        self.closing.ending(&self.halves, flags_only)
    }

    /// Stream bytes of each side by arithmetic.
    pub(crate) fn stream_bytes(&self) -> Sided<Option<u64>> {
        if self.opening.challenge_ack.is_some() && self.opening.syn_ack.is_none() {
            // The numbers of the RST that answers a challenge are those of an older connection.
            return Sided::default();
        }
        let of = |side| self.closing.stream_bytes(&self.halves, side);
        Sided { client: of(Side::Client), server: of(Side::Server) }
    }

    /// Bytes of a side that the other acknowledged and no captured packet carries, at the least: bytes that were captured and
    /// not acknowledged can stand in for some of them.
    #[inline]
    pub(crate) fn missing_bytes(&self) -> Sided<u32> {
        let of = |side| {
            if self.halves[side].gaps == 0 { 0 } else { self.halves[side].bytes_in_gaps(&self.halves[side.peer()]) }
        };
        Sided { client: of(Side::Client), server: of(Side::Server) }
    }

    /// Whether there were more holes than [`Limits::max_ranges`](crate::Limits) allows to tell apart.
    pub(crate) fn forgot_ranges(&self) -> bool {
        self.halves.client.ranges.is_folded() || self.halves.server.ranges.is_folded()
    }

    /// How it opened, and what each side sent. What has memory of its own is taken out.
    pub(crate) fn take_facts(&mut self, stream_bytes: Sided<Option<u64>>) -> (Opening, Sided<Traffic>) {
        let of = |half: &mut Half, stream_bytes| {
            let traffic = std::mem::take(&mut half.traffic);
            Traffic { payload_bytes: half.ranges.bytes(), stream_bytes, ..traffic }
        };
        let Sided { client, server } = &mut self.halves;
        if let Some(unanswered) = &mut client.traffic.unanswered {
            unanswered.arrived = server.arrived;
        }
        if let Some(unanswered) = &mut server.traffic.unanswered {
            unanswered.arrived = client.arrived;
        }
        (client.traffic.hole, server.traffic.hole) = (client.hole(server), server.hole(client));
        (client.traffic.unseen, server.traffic.unseen) = (client.unseen(server), server.unseen(client));
        let opening = Opening { syn_retries: std::mem::take(&mut self.opening.syn_retries), ..self.opening };
        (opening, Sided { client: of(client, stream_bytes.client), server: of(server, stream_bytes.server) })
    }

    /// Where the stream of one side begins, as far as it is known.
    pub(crate) fn stream_start(&self, side: Side) -> Option<Seq> {
        self.halves[side].stream_start().or_else(|| {
            // The SYN was not captured, but the SYN-ACK says where it was.
            let peer = &self.halves[side.peer()];
            peer.accepted.then(|| peer.first_ack()).flatten()
        })
    }
}
