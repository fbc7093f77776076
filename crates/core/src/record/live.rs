//! A connection in the table: only its packets at first, and more once there is something to follow.

use super::notes::{List, Note, Notes};
use super::{Builder, Connection, Sighting};
use crate::Limits;
use crate::flow::{Class, Key};
use crate::net::{Flags, IcmpError, Place, Segment, Tunnel};
use crate::types::{Moment, Seq, Timestamp};

/// A connection that lives.
///
/// Most of those that fail, and all in a capture of SYN, FIN and RST alone, are a few packets without payload. Such a one
/// is kept as notes of its packets, a fraction of what following it takes, and is told from them when it ends: what comes
/// out is the same.
#[derive(Debug)]
pub(crate) enum Live {
    /// A few packets without payload.
    Young(Young),
    /// Followed packet by packet.
    Grown(Box<Builder>),
}

/// A connection that has carried no payload yet.
#[derive(Debug)]
pub(crate) struct Young {
    number: u64,
    vlan: Option<u16>,
    tunnel: Option<Tunnel>,
    notes: List,
    /// What each direction sent, the forward one first.
    sent: [Sent; 2],
}

/// What the packets of one direction say in sum.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    /// The sequence number before that of the first byte, by the first packet (Wireshark's `base_seq`).
    base: Seq,
    kinds: u8,
}

/// There was any packet.
const ANY: u8 = 1;
/// A SYN without ACK.
const OPENING: u8 = 1 << 1;
const FIN: u8 = 1 << 2;
const RST: u8 = 1 << 3;
/// A packet without SYN, FIN and RST.
const PLAIN: u8 = 1 << 4;

/// Packets that are noted before a connection is followed. Handshake, teardown and a few retries are within it.
const MOST_NOTES: u8 = 8;

impl Live {
    /// A connection that begins with this segment.
    pub(crate) fn new(number: u64, sighting: &Sighting<'_>, notes: &mut Notes, limits: &Limits) -> Self {
        if sighting.segment.payload_len > 0 {
            let mut builder = Box::new(Builder::new(number, sighting));
            builder.on_sighting(sighting, limits);
            return Self::Grown(builder);
        }
        let Place { vlan, tunnel, .. } = sighting.segment.place;
        let mut sent = [Sent::default(); 2];
        sent[usize::from(sighting.forward)].note(sighting);
        Self::Young(Young { number, vlan, tunnel, notes: notes.begin(sighting), sent })
    }

    /// The order of connections: that of their first packets.
    pub(crate) const fn number(&self) -> u64 {
        match self {
            Self::Young(young) => young.number,
            Self::Grown(builder) => builder.number(),
        }
    }

    /// What state it is in for the table.
    #[inline]
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Young(young) => young.class(),
            Self::Grown(builder) => builder.class(),
        }
    }

    /// Whether a segment opens another connection on the same tuple.
    pub(crate) fn is_reopened_by(&self, sighting: &Sighting<'_>) -> bool {
        let opens = sighting.segment.flags.opens() && !sighting.is_twin;
        opens
            && match self {
                Self::Young(young) => young.is_reopened_by(sighting),
                Self::Grown(builder) => builder.is_reopened_by(sighting),
            }
    }

    /// The next segment, or another sighting of one.
    #[inline]
    pub(crate) fn on_segment(&mut self, sighting: &Sighting<'_>, key: &Key, notes: &mut Notes, limits: &Limits) {
        match self {
            Self::Young(young) if sighting.segment.payload_len == 0 && young.notes.len() < MOST_NOTES => {
                young.note(sighting, notes);
            }
            Self::Young(young) => {
                let mut builder = young.grow(key, notes, limits);
                builder.on_sighting(sighting, limits);
                *self = Self::Grown(builder);
            }
            Self::Grown(builder) => builder.on_sighting(sighting, limits),
        }
    }

    /// An ICMP error that quotes one of its packets.
    pub(crate) fn on_icmp(&mut self, error: &IcmpError, at: Moment, key: &Key, notes: &mut Notes, limits: &Limits) {
        if let Self::Young(young) = self {
            *self = Self::Grown(young.grow(key, notes, limits));
        }
        if let Self::Grown(builder) = self {
            builder.on_icmp(error, at);
        }
    }

    /// The finished record. `capture_end` is the time of the last packet of the capture so far.
    pub(crate) fn finish(
        self,
        key: &Key,
        notes: &mut Notes,
        evicted: bool,
        capture_end: Timestamp,
        limits: &Limits,
    ) -> Connection {
        match self {
            Self::Young(mut young) => {
                let (first, mut segment) = young.first(key, notes);
                let mut builder = Builder::new(young.number, &first.sighting(&segment));
                young.tell(&mut builder, &mut segment, notes, limits);
                builder.finish(evicted, capture_end, limits)
            }
            Self::Grown(mut builder) => builder.finish(evicted, capture_end, limits),
        }
    }
}

impl Young {
    #[inline]
    fn note(&mut self, sighting: &Sighting<'_>, notes: &mut Notes) {
        self.sent[usize::from(sighting.forward)].note(sighting);
        notes.add(&mut self.notes, sighting);
    }

    /// The same as its [`Builder`] would say.
    #[inline]
    fn class(&self) -> Class {
        let [one, other] = [self.sent[0].kinds, self.sent[1].kinds];
        let attempt = |this: u8, that: u8| that == 0 && this & (OPENING | PLAIN) == OPENING;
        if (one | other) & RST != 0 || one & other & FIN != 0 {
            Class::Closed
        } else if attempt(one, other) || attempt(other, one) {
            Class::HalfOpen
        } else {
            Class::Open
        }
    }

    fn is_reopened_by(&self, syn: &Sighting<'_>) -> bool {
        let sent = self.sent[usize::from(syn.forward)];
        sent.kinds & ANY != 0 && sent.base != syn.segment.seq
    }

    /// Follows it from now on.
    fn grow(&mut self, key: &Key, notes: &mut Notes, limits: &Limits) -> Box<Builder> {
        let (first, mut segment) = self.first(key, notes);
        let mut builder = Box::new(Builder::new(self.number, &first.sighting(&segment)));
        self.tell(&mut builder, &mut segment, notes, limits);
        builder
    }

    /// Its first packet.
    fn first(&self, key: &Key, notes: &Notes) -> (Note, Segment<'static>) {
        let place = Place { vlan: self.vlan, tunnel: self.tunnel, ..Place::default() };
        let first = notes.first(&self.notes);
        (first, first.segment(key.tuple(true), place))
    }

    /// Tells what its packets say; `segment` is its first. The notes are taken out: it is of no use after that.
    ///
    /// The builder is large and is made where it is used: handed from function to function it would be copied.
    fn tell(&mut self, builder: &mut Builder, segment: &mut Segment<'_>, notes: &mut Notes, limits: &Limits) {
        notes.take(&self.notes, |note| {
            note.write_to(segment);
            builder.on_sighting(&note.sighting(segment), limits);
        });
    }
}

impl Sent {
    #[inline]
    fn note(&mut self, sighting: &Sighting<'_>) {
        let s = sighting.segment;
        if self.kinds == 0 {
            self.base = if s.flags.syn() { s.seq } else { s.seq.minus(1) };
        }
        self.kinds |= KINDS[usize::from(s.flags.0) % KINDS.len()];
    }
}

/// What a packet is, by its flags from FIN to ACK.
const KINDS: [u8; 32] = {
    let mut kinds = [ANY; 32];
    let mut at = 0;
    while at < kinds.len() {
        let flags = Flags(at as u8);
        if flags.opens() {
            kinds[at] |= OPENING;
        }
        if flags.fin() {
            kinds[at] |= FIN;
        }
        if flags.rst() {
            kinds[at] |= RST;
        }
        if !flags.syn() && !flags.fin() && !flags.rst() {
            kinds[at] |= PLAIN;
        }
        at += 1;
    }
    kinds
};
