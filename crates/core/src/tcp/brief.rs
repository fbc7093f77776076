//! What became of a connection that is SYN, SYN-ACK, FIN and RST alone, each where it is usual.
//!
//! In a capture of these flags nearly all connections are such, and two million of them are no rarity. What a
//! [`Tracker`](super::Tracker) would find out of one is told here at once, without following it, and written where it is to
//! stand; of any other nothing is said. That both say the same is a test.

use super::close::{is_flags_only, late_write_by_reset, stream_bytes};
use super::timestamps::{Stamps, idle};
use super::zeek::{State, conn_state};
use super::{CloseKind, ConnState, Ending, Fin, History, Opening, Reset, Traffic, completeness};
use crate::net::{Bare, Flags};
use crate::types::{Moment, Seq, Side, Sided};

/// Such a connection, packet by packet.
#[derive(Debug)]
pub(crate) struct Brief<'a> {
    told: Told<'a>,
    ends: Sided<End>,
    history: History,
    completeness: u8,
}

/// Where what is told of it goes. Only what such a connection can have is written: the rest must be blank.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) opening: &'a mut Opening,
    pub(crate) traffic: &'a mut Sided<Traffic>,
    pub(crate) ending: &'a mut Ending,
}

/// What became of it, besides what is in [`Told`].
#[derive(Debug)]
pub(crate) struct Became {
    pub(crate) conn_state: ConnState,
    pub(crate) history: History,
    pub(crate) completeness: u8,
    /// Only SYN, FIN and RST of it were captured, and the rest is missing.
    pub(crate) flags_only: bool,
    /// ACKs of what was not captured, by the side that sent it.
    pub(crate) gaps: Sided<u32>,
    /// The first such ACK.
    pub(crate) first_gap: Option<Moment>,
}

/// What is known of one side besides its [`Traffic`].
#[derive(Debug, Default)]
struct End {
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

impl<'a> Brief<'a> {
    /// A connection that begins with this packet, which is the client's; `None` where it is no SYN.
    #[inline]
    pub(crate) fn begin(mut told: Told<'a>, at: Moment, syn: &Bare) -> Option<Self> {
        if flags(syn) != Flags::SYN {
            return None;
        }
        told.blank();
        (told.opening.syn, told.opening.syn_count) = (Some(at), 1);
        let mut brief = Self { told, ends: Sided::default(), history: History::default(), completeness: 0 };
        brief.open(Side::Client, at, syn, b'S');
        Some(brief)
    }

    /// The next packet; `false` if it is not usual, and then nothing can be told.
    #[inline(always)]
    pub(crate) fn takes(&mut self, side: Side, at: Moment, s: &Bare) -> bool {
        let Told { opening, traffic, ending } = &mut self.told;
        // A RST ends it: what comes after that is not usual.
        if ending.reset.is_some() {
            return false;
        }
        let (me, peer) = self.ends.pair(side);
        match flags(s) {
            SYN_ACK if side == Side::Server && traffic.server.packets == 0 && s.ack == peer.next => {
                me.acknowledged = Some(s.ack);
                (opening.syn_ack, opening.syn_ack_count) = (Some(at), 1);
                self.open(side, at, s, b'h');
            }
            FIN_ACK if opening.syn_ack.is_some() && ending.fin[side].is_none() && !s.seq.is_before(me.next) => {
                self.close(side, at, s);
            }
            Flags::RST | RST_ACK => self.reset(side, at, s),
            _ => return false,
        }
        true
    }

    /// A SYN or a SYN-ACK.
    #[inline(always)]
    fn open(&mut self, side: Side, at: Moment, s: &Bare, letter: u8) {
        self.note(side, at, letter, s);
        let (me, traffic) = (&mut self.ends[side], &mut self.told.traffic[side]);
        (me.next, me.acknowledgeable) = (s.seq.plus(1), s.seq.plus(1));
        (traffic.isn, traffic.ttl) = (Some(s.seq), Some(s.ttl));
        (traffic.mss, traffic.window_scale) = (s.options.mss, s.options.window_scale);
        if let Some((value, _)) = s.options.timestamps {
            me.stamps.note(value, at.at);
        }
    }

    /// What every packet tells.
    #[inline(always)]
    fn note(&mut self, side: Side, at: Moment, letter: u8, s: &Bare) {
        let traffic = &mut self.told.traffic[side];
        traffic.packets += 1;
        traffic.last_packet = Some(at);
        self.history.push(letter);
        self.completeness |= completeness::of_flags(s.flags);
    }

    #[inline(always)]
    fn close(&mut self, side: Side, at: Moment, s: &Bare) {
        self.note(side, at, if side == Side::Client { b'F' } else { b'f' }, s);
        self.note_first(side, CloseKind::Fin, at, s);
        let Told { opening, ending, .. } = &mut self.told;
        let (me, peer) = self.ends.pair(side);
        ending.fin[side] = Some(Fin { at, seq: s.seq, acknowledged: None });
        if side == Side::Client {
            opening.ack = Some(at);
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
        me.acknowledge(&mut ending.fin[side.peer()], s, at);
    }

    #[inline(always)]
    fn reset(&mut self, side: Side, at: Moment, s: &Bare) {
        self.note(side, at, if side == Side::Client { b'R' } else { b'r' }, s);
        self.note_first(side, CloseKind::Reset, at, s);
        let Told { traffic, ending, .. } = &mut self.told;
        let (mine, peers) = (&traffic[side], &traffic[side.peer()]);
        // The client's SYN, or nothing but this RST, came before it.
        let answers_syn = match side {
            Side::Client => mine.isn == Some(s.seq.minus(1)) && peers.isn.is_some(),
            Side::Server => mine.packets == 1,
        };
        ending.reset = Some(Reset::new(side, at, s, mine.ttl, answers_syn));
        ending.reset_count[side] = 1;
        if s.flags.ack() {
            self.ends[side].acknowledge(&mut ending.fin[side.peer()], s, at);
        }
    }

    #[inline(always)]
    fn note_first(&mut self, side: Side, kind: CloseKind, at: Moment, s: &Bare) {
        let ending = &mut *self.told.ending;
        if ending.first.is_none() {
            (ending.first, ending.closed_by, ending.kind) = (Some(at), Some(side), kind);
            ending.idle = idle(&self.ends[side.peer()].stamps, &s.options, at.at);
        }
    }

    /// All packets were usual: works out what only the whole tells. `None` where the whole is not usual.
    #[inline]
    pub(crate) fn end(self) -> Option<Became> {
        let Self { told: Told { opening, traffic, ending }, ends, history, completeness } = self;
        let Ending { fin, reset, .. } = *ending;
        let bytes = |side: Side| {
            let (start, peer) = (traffic[side].isn?.plus(1), &ends[side.peer()]);
            stream_bytes(side, start, fin[side], peer.acknowledged, reset)
        };
        let bytes = Sided { client: bytes(Side::Client), server: bytes(Side::Server) };
        let flags_only =
            opening.syn_ack.is_some() && is_flags_only(&fin, reset.is_some(), opening.syn_ack_count, &bytes);
        let gap = |end: &End| u32::from(end.first_gap.is_some());
        let gaps = Sided { client: gap(&ends.client), server: gap(&ends.server) };
        let is_one_way = traffic.server.packets == 0 && traffic.client.packets > 1;
        if is_one_way || (!flags_only && gaps != Sided::default()) {
            return None;
        }
        (traffic.client.stream_bytes, traffic.server.stream_bytes) = (bytes.client, bytes.server);
        if flags_only {
            ending.late_write = late_write_by_reset(&fin, reset);
        } else {
            ending.idle = None;
        }
        Some(Became {
            conn_state: zeek(opening, ending, &history),
            history,
            completeness,
            flags_only,
            gaps,
            first_gap: ends.client.first_gap.into_iter().chain(ends.server.first_gap).min(),
        })
    }
}

/// Zeek's `conn_state`.
fn zeek(opening: &Opening, ending: &Ending, history: &History) -> ConnState {
    let Ending { fin, reset, .. } = ending;
    let both_closed = fin.client.is_some() && fin.server.is_some();
    let state = |side, before| match fin[side] {
        _ if reset.is_some_and(|reset| reset.by == side) && !both_closed => State::Reset,
        Some(_) => State::Closed,
        None if opening.syn_ack.is_some() => State::Established,
        None => before,
    };
    conn_state(state(Side::Client, State::SynSent), state(Side::Server, State::Inactive), true, history)
}

impl Told<'_> {
    /// Takes back what an earlier connection left.
    #[inline]
    fn blank(&mut self) {
        let Opening { syn, syn_count, syn_ack, syn_ack_count, ack, .. } = &mut *self.opening;
        (*syn, *syn_count, *syn_ack, *syn_ack_count, *ack) = (None, 0, None, 0, None);
        for side in [Side::Client, Side::Server] {
            let Traffic { packets, stream_bytes, mss, window_scale, isn, ttl, last_packet, .. } =
                &mut self.traffic[side];
            (*packets, *stream_bytes, *last_packet) = (0, None, None);
            (*mss, *window_scale, *isn, *ttl) = (None, None, None, None);
        }
        *self.ending = Ending::default();
    }
}

impl End {
    /// It acknowledges what the peer sent: at the most its FIN is of interest.
    #[inline(always)]
    fn acknowledge(&mut self, peers: &mut Option<Fin>, s: &Bare, at: Moment) {
        let advanced = self.acknowledged.is_none_or(|last| s.ack.is_after(last));
        if advanced
            && let Some(fin) = peers
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
