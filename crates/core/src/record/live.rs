//! A connection in the table: only its packets at first, and more once there is something to follow.

use super::notes::{List, Note, Notes};
use super::{Builder, Connection, Desk, Means, SeenAt, Sighting};
use crate::flow::{Class, Key};
use crate::net::{Flags, IcmpError, Place, Segment, Tunnel};
use crate::tcp::{Brief, Told};
use crate::types::{Moment, Seq, Side, Span, Timestamp, Tuple};

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
    sent: Sent,
}

/// What the packets of each direction say in sum, the forward direction second.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    /// The sequence number before that of the first byte, by the first packet (Wireshark's `base_seq`).
    bases: [Seq; 2],
    kinds: [u8; 2],
}

/// There was any packet.
const ANY: u8 = 1;
/// A SYN without ACK.
const OPENING: u8 = 1 << 1;
const FIN: u8 = 1 << 2;
const RST: u8 = 1 << 3;
/// A packet without SYN, FIN and RST.
const PLAIN: u8 = 1 << 4;

impl Live {
    /// A connection that begins with this segment.
    pub(crate) fn new(number: u64, sighting: &Sighting<'_>, notes: &mut Notes, limits: &Means) -> Self {
        if sighting.segment.payload_len > 0 {
            let mut builder = Box::new(Builder::new(number, sighting));
            builder.on_sighting(sighting, limits);
            return Self::Grown(builder);
        }
        let Place { vlan, tunnel, .. } = sighting.segment.place;
        let mut sent = Sent::default();
        sent.note(sighting);
        Self::Young(Young { number, vlan, tunnel, notes: notes.begin(sighting), sent })
    }

    /// The order of connections: that of their first packets.
    pub(crate) const fn number(&self) -> u64 {
        match self {
            Self::Young(young) => young.number,
            Self::Grown(builder) => builder.number(),
        }
    }

    /// Whether its first packet was a sample.
    #[cold]
    pub(crate) fn is_sampled(&self) -> bool {
        let tunnel = match self {
            Self::Young(young) => young.tunnel,
            Self::Grown(builder) => builder.tunnel(),
        };
        Place { tunnel, ..Place::default() }.is_sample()
    }

    /// Bytes of payload that it keeps.
    #[inline]
    pub(crate) fn kept(&self) -> usize {
        match self {
            Self::Young(_) => 0,
            Self::Grown(builder) => builder.kept(),
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

    /// The next segment, if it only has to be noted: says what state that leads to. Any other goes to `on_segment`.
    #[inline(always)]
    pub(crate) fn on_bare_segment(&mut self, sighting: &Sighting<'_>, notes: &mut Notes) -> Option<Class> {
        match self {
            Self::Young(young) if sighting.segment.payload_len == 0 && young.notes.has_room() => {
                young.note(sighting, notes);
                Some(young.class())
            }
            Self::Young(_) | Self::Grown(_) => None,
        }
    }

    /// The next segment, or another sighting of one, that is not only to be noted.
    pub(crate) fn on_segment(&mut self, sighting: &Sighting<'_>, key: &Key, notes: &mut Notes, limits: &Means) {
        match self {
            Self::Young(young) => {
                let mut builder = young.grow(key, notes, limits);
                builder.on_sighting(sighting, limits);
                *self = Self::Grown(builder);
            }
            Self::Grown(builder) => builder.on_sighting(sighting, limits),
        }
    }

    /// An ICMP error that quotes one of its packets.
    pub(crate) fn on_icmp(&mut self, error: &IcmpError, at: Moment, key: &Key, notes: &mut Notes, limits: &Means) {
        if let Self::Young(young) = self {
            *self = Self::Grown(young.grow(key, notes, limits));
        }
        if let Self::Grown(builder) = self {
            builder.on_icmp(error, at);
        }
    }

    /// It will be finished soon: asks for the memory that this takes.
    #[inline]
    pub(crate) fn ask_for(&self, notes: &Notes) {
        if let Self::Young(young) = self {
            notes.ask_for(&young.notes);
        }
    }

    /// The finished record, on the desk. `capture_end` is the time of the last packet of the capture so far.
    pub(crate) fn finish(
        &mut self,
        key: &Key,
        notes: &mut Notes,
        evicted: bool,
        capture_end: Timestamp,
        limits: &Means,
        desk: &mut Desk,
    ) {
        match self {
            Self::Young(young) => young.finish(key, notes, evicted, capture_end, limits, desk),
            Self::Grown(builder) => finish_grown(builder, evicted, capture_end, limits, desk),
        }
    }
}

/// By itself, so that little stands between the ends of those that did not grow.
#[inline(never)]
fn finish_grown(builder: &mut Builder, evicted: bool, capture_end: Timestamp, limits: &Means, desk: &mut Desk) {
    desk.put(builder.finish(evicted, capture_end, limits));
}

impl Young {
    #[inline(always)]
    fn note(&mut self, sighting: &Sighting<'_>, notes: &mut Notes) {
        self.sent.note(sighting);
        notes.add(&mut self.notes, sighting);
    }

    /// The same as its [`Builder`] would say.
    #[inline]
    fn class(&self) -> Class {
        let [one, other] = self.sent.kinds;
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
        let direction = usize::from(syn.forward);
        self.sent.kinds[direction] & ANY != 0 && self.sent.bases[direction] != syn.segment.seq
    }

    /// The finished record: in brief where that says it all, which it does for nearly every connection of a capture of SYN,
    /// FIN and RST alone.
    fn finish(
        &self,
        key: &Key,
        notes: &mut Notes,
        evicted: bool,
        capture_end: Timestamp,
        limits: &Means,
        desk: &mut Desk,
    ) {
        if !self.in_brief(key, notes, evicted, capture_end, desk.blank()) {
            desk.put(self.at_length(key, notes, evicted, capture_end, limits));
        }
        debug_assert_eq!(*desk.connection(), self.at_length(key, notes, evicted, capture_end, limits));
        notes.free(&self.notes);
    }

    /// The finished record, by following its packets.
    #[inline(never)]
    fn at_length(&self, key: &Key, notes: &Notes, evicted: bool, capture_end: Timestamp, limits: &Means) -> Connection {
        let (first, mut segment) = self.first(key, notes);
        let mut builder = Builder::new(self.number, &first.sighting(&segment));
        self.tell(&mut builder, &mut segment, notes, limits);
        builder.finish(evicted, capture_end, limits)
    }

    /// The finished record, written to `c`, which has nothing else. `false` where its packets are not all as usual: then
    /// it is not right.
    fn in_brief(&self, key: &Key, notes: &Notes, evicted: bool, capture_end: Timestamp, c: &mut Connection) -> bool {
        let mut packets = notes.of(&self.notes);
        let Some(first) = packets.next().filter(|first| !first.is_twin) else { return false };
        let told = Told { opening: &mut c.opening, traffic: &mut c.traffic, ending: &mut c.ending };
        let Some(mut brief) = Brief::begin(told, first.at, &first.bare) else { return false };
        let mut last = first.at;
        for note in packets {
            let is_plain = !note.is_twin && note.interface == first.interface;
            // Two calls, each compiled for its side.
            let is_usual = match note.forward == first.forward {
                true => is_plain && brief.takes(Side::Client, note.at, &note.bare),
                false => is_plain && brief.takes(Side::Server, note.at, &note.bare),
            };
            if !is_usual {
                return false;
            }
            last = note.at;
        }
        let Some(became) = brief.end() else { return false };
        let Tuple { source, destination } = key.tuple(first.forward);
        (c.number, c.client, c.server) = (self.number, source, destination);
        (c.vlan, c.tunnel) = (self.vlan, self.tunnel);
        (c.first, c.last) = (first.at, last);
        c.seen_at = SeenAt::default();
        c.seen_at.note(first.interface);
        (c.conn_state, c.history, c.completeness) = (became.conn_state, became.history, became.completeness);
        let seen = &mut c.visibility;
        (seen.flags_only, seen.gaps, seen.first_gap) = (became.flags_only, became.gaps, became.first_gap);
        (seen.evicted, seen.capture_went_on) = (evicted, capture_end.since(last.at).max(Span::ZERO));
        true
    }

    /// Follows it from now on.
    fn grow(&self, key: &Key, notes: &mut Notes, limits: &Means) -> Box<Builder> {
        let (first, mut segment) = self.first(key, notes);
        let mut builder = Box::new(Builder::new(self.number, &first.sighting(&segment)));
        self.tell(&mut builder, &mut segment, notes, limits);
        notes.free(&self.notes);
        builder
    }

    /// Its first packet.
    fn first(&self, key: &Key, notes: &Notes) -> (Note, Segment<'static>) {
        let place = Place { vlan: self.vlan, tunnel: self.tunnel, ..Place::default() };
        let first = notes.first(&self.notes);
        (*first, first.segment(key.tuple(true), place))
    }

    /// Tells what its packets say; `segment` is its first.
    ///
    /// The builder is large and is made where it is used: handed from function to function it would be copied.
    fn tell(&self, builder: &mut Builder, segment: &mut Segment<'_>, notes: &Notes, limits: &Means) {
        for note in notes.of(&self.notes) {
            note.write_to(segment);
            builder.on_sighting(&note.sighting(segment), limits);
        }
    }
}

impl Sent {
    #[inline]
    fn note(&mut self, sighting: &Sighting<'_>) {
        let (s, direction) = (sighting.segment, usize::from(sighting.forward));
        let kinds = &mut self.kinds[direction];
        if *kinds == 0 {
            self.bases[direction] = if s.flags.syn() { s.seq } else { s.seq.minus(1) };
        }
        *kinds |= KINDS[usize::from(s.flags.0) % KINDS.len()];
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

#[cfg(test)]
mod tests;
