//! What became of a connection that is SYN, SYN-ACK, FIN and RST alone, each where it is usual.
//!
//! In a capture of these flags nearly all connections are such, and two million of them are no rarity. What a
//! [`Tracker`](super::Tracker) would find out of one is told here at once, without following it; of any other nothing is
//! said. That both say the same is a test.

use super::close::{is_flags_only, late_write_by_reset, stream_bytes};
use super::timestamps::{Stamps, idle};
use super::zeek::{State, conn_state};
use super::{CloseKind, ConnState, Ending, Fin, History, IdleTime, Opening, Reset, Traffic, completeness};
use crate::net::{Bare, Flags};
use crate::types::{Moment, Seq, Side, Sided};

/// Such a connection, packet by packet, and then what became of it.
#[derive(Debug, Default)]
pub(crate) struct Brief {
    opening: Opening,
    ends: Sided<End>,
    first: Option<(Side, CloseKind, Moment)>,
    idle: Option<IdleTime>,
    reset: Option<Reset>,
    history: History,
    completeness: u8,
    /// From here on: known when it has ended.
    stream_bytes: Sided<Option<u64>>,
    flags_only: bool,
}

/// One side of it.
#[derive(Debug, Default)]
struct End {
    packets: u64,
    last_packet: Option<Moment>,
    isn: Option<Seq>,
    mss: Option<u16>,
    window_scale: Option<u8>,
    ttl: Option<u8>,
    fin: Option<Fin>,
    /// One past its SYN, or past its FIN.
    next: Seq,
    /// What the peer may acknowledge without a hole.
    acknowledgeable: Seq,
    /// What it acknowledged last.
    acknowledged: Option<Seq>,
    first_gap: Option<Moment>,
    /// Of its SYN or SYN-ACK: all that was seen of it when the first end comes.
    stamps: Stamps,
}

const SYN_ACK: u8 = Flags::SYN | Flags::ACK;
const FIN_ACK: u8 = Flags::FIN | Flags::ACK;
const RST_ACK: u8 = Flags::RST | Flags::ACK;

/// The flags that matter here.
const fn flags(s: &Bare) -> u8 {
    s.flags.0 & (Flags::FIN | Flags::SYN | Flags::RST | Flags::ACK)
}

impl Brief {
    /// Follows a connection of these packets to its end; `false` where they are not the usual ones, and then nothing can be
    /// told. The first packet is the client's.
    #[inline]
    pub(crate) fn follow<'a>(&mut self, mut packets: impl Iterator<Item = (Side, Moment, &'a Bare)>) -> bool {
        let Some((_, at, syn)) = packets.next().filter(|(.., syn)| flags(syn) == Flags::SYN) else { return false };
        (self.opening.syn, self.opening.syn_count) = (Some(at), 1);
        self.open(Side::Client, at, syn, b'S');
        // A RST ends it: what comes after that is not usual.
        packets.all(|(side, at, s)| self.reset.is_none() && self.takes(side, at, s)) && self.end()
    }

    /// The next packet, if it is usual here.
    #[inline]
    fn takes(&mut self, side: Side, at: Moment, s: &Bare) -> bool {
        let (me, peer) = self.ends.pair(side);
        match flags(s) {
            SYN_ACK if side == Side::Server && me.packets == 0 && s.ack == peer.next => {
                me.acknowledged = Some(s.ack);
                (self.opening.syn_ack, self.opening.syn_ack_count) = (Some(at), 1);
                self.open(side, at, s, b'h');
            }
            FIN_ACK if self.opening.syn_ack.is_some() && me.fin.is_none() && !s.seq.is_before(me.next) => {
                self.close(side, at, s);
            }
            Flags::RST | RST_ACK => self.reset(side, at, s),
            _ => return false,
        }
        true
    }

    /// A SYN or a SYN-ACK.
    #[inline]
    fn open(&mut self, side: Side, at: Moment, s: &Bare, letter: u8) {
        self.note(side, at, s, letter);
        let me = &mut self.ends[side];
        (me.isn, me.next, me.acknowledgeable) = (Some(s.seq), s.seq.plus(1), s.seq.plus(1));
        (me.mss, me.window_scale, me.ttl) = (s.options.mss, s.options.window_scale, Some(s.ttl));
        if let Some((value, _)) = s.options.timestamps {
            me.stamps.note(value, at.at);
        }
    }

    /// What every packet tells.
    #[inline]
    fn note(&mut self, side: Side, at: Moment, s: &Bare, letter: u8) {
        let me = &mut self.ends[side];
        me.packets += 1;
        me.last_packet = Some(at);
        self.history.push(letter);
        self.completeness |= completeness::of_flags(s.flags);
    }

    #[inline]
    fn close(&mut self, side: Side, at: Moment, s: &Bare) {
        self.note(side, at, s, if side == Side::Client { b'F' } else { b'f' });
        self.note_first(side, CloseKind::Fin, at, s);
        let (me, peer) = self.ends.pair(side);
        me.fin = Some(Fin { at, seq: s.seq, acknowledged: None });
        if side == Side::Client {
            self.opening.ack = Some(at);
        }
        // What lies between the peer's SYN and FIN was not captured.
        if s.ack.is_after(peer.acknowledgeable) {
            peer.first_gap = Some(at);
            self.history.push(if side == Side::Client { b'g' } else { b'G' });
        }
        if s.seq == me.next {
            me.acknowledgeable = s.seq.plus(1);
        }
        me.next = s.seq.plus(1);
        me.acknowledge(peer, s, at);
    }

    fn reset(&mut self, side: Side, at: Moment, s: &Bare) {
        self.note(side, at, s, if side == Side::Client { b'R' } else { b'r' });
        self.note_first(side, CloseKind::Reset, at, s);
        let (me, peer) = self.ends.pair(side);
        // The client's SYN, or nothing but this RST, came before it.
        let answers_syn = match side {
            Side::Client => me.isn == Some(s.seq.minus(1)) && peer.isn.is_some(),
            Side::Server => me.packets == 1,
        };
        self.reset = Some(Reset::new(side, at, s, me.ttl, answers_syn));
        if s.flags.ack() {
            me.acknowledge(peer, s, at);
        }
    }

    #[inline]
    fn note_first(&mut self, side: Side, kind: CloseKind, at: Moment, s: &Bare) {
        if self.first.is_none() {
            self.first = Some((side, kind, at));
            self.idle = idle(&self.ends[side.peer()].stamps, &s.options, at.at);
        }
    }

    /// All packets were usual: works out what only the whole tells. `false` where the whole is not usual.
    fn end(&mut self) -> bool {
        let Self { opening, ends: Sided { client, server }, reset, .. } = self;
        let bytes = |side, me: &End, peer: &End| stream_bytes(side, me.isn?.plus(1), me.fin, peer.acknowledged, *reset);
        self.stream_bytes.client = bytes(Side::Client, client, server);
        self.stream_bytes.server = bytes(Side::Server, server, client);
        let fin = Sided { client: client.fin, server: server.fin };
        self.flags_only = opening.syn_ack.is_some() && is_flags_only(&fin, reset.is_some(), &self.stream_bytes);
        let has_gap = client.first_gap.is_some() || server.first_gap.is_some();
        let is_one_way = server.packets == 0 && client.packets > 1;
        !is_one_way && (self.flags_only || !has_gap)
    }

    #[inline]
    pub(crate) fn opening(&self) -> Opening {
        Opening { syn_retries: Vec::new(), ..self.opening }
    }

    #[inline]
    pub(crate) fn traffic(&self, side: Side) -> Traffic {
        let &End { packets, last_packet, isn, mss, window_scale, ttl, .. } = &self.ends[side];
        let stream_bytes = self.stream_bytes[side];
        Traffic { packets, stream_bytes, mss, window_scale, isn, ttl, last_packet, ..Traffic::default() }
    }

    #[inline]
    pub(crate) fn ending(&self) -> Ending {
        let Self { ends: Sided { client, server }, first, reset, flags_only, .. } = self;
        let fin = Sided { client: client.fin, server: server.fin };
        Ending {
            fin,
            reset: *reset,
            reset_count: Sided {
                client: u32::from(self.is_reset_by(Side::Client)),
                server: u32::from(self.is_reset_by(Side::Server)),
            },
            first: first.map(|(.., at)| at),
            closed_by: first.map(|(side, ..)| side),
            kind: first.map_or(CloseKind::Open, |(_, kind, _)| kind),
            idle: self.idle.filter(|_| *flags_only),
            late_write: if *flags_only { late_write_by_reset(&fin, *reset) } else { None },
        }
    }

    fn is_reset_by(&self, side: Side) -> bool {
        self.reset.is_some_and(|reset| reset.by == side)
    }

    pub(crate) fn conn_state(&self) -> ConnState {
        let Sided { client, server } = &self.ends;
        let both_closed = client.fin.is_some() && server.fin.is_some();
        let state = |side, end: &End, before| match end.fin {
            _ if self.is_reset_by(side) && !both_closed => State::Reset,
            Some(_) => State::Closed,
            None if self.opening.syn_ack.is_some() => State::Established,
            None => before,
        };
        let client = state(Side::Client, client, State::SynSent);
        let server = state(Side::Server, server, State::Inactive);
        conn_state(client, server, true, &self.history)
    }

    pub(crate) const fn history(&self) -> History {
        self.history
    }

    pub(crate) const fn completeness(&self) -> u8 {
        self.completeness
    }

    /// Whether only SYN, FIN and RST of it were captured, and the rest is missing.
    pub(crate) const fn is_flags_only(&self) -> bool {
        self.flags_only
    }

    /// ACKs of what was not captured, by the side that sent it.
    pub(crate) fn gaps(&self) -> Sided<u32> {
        let of = |end: &End| u32::from(end.first_gap.is_some());
        Sided { client: of(&self.ends.client), server: of(&self.ends.server) }
    }

    /// The first such ACK.
    pub(crate) fn first_gap(&self) -> Option<Moment> {
        self.ends.client.first_gap.into_iter().chain(self.ends.server.first_gap).min()
    }
}

impl End {
    /// It acknowledges what the peer sent: at the most its FIN is of interest.
    fn acknowledge(&mut self, peer: &mut Self, s: &Bare, at: Moment) {
        let advanced = self.acknowledged.is_none_or(|last| s.ack.is_after(last));
        if advanced
            && let Some(fin) = &mut peer.fin
            && s.ack.is_after(fin.seq)
            && fin.acknowledged.is_none()
        {
            fin.acknowledged = Some(at);
        }
        if advanced && !s.flags.rst() {
            self.acknowledged = Some(s.ack);
        }
    }
}
