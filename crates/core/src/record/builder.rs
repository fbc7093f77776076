//! One connection while it lives: gathers what TCP, TLS and HTTP tell, and becomes a [`Connection`].

mod finished;

use super::circles::Circles;
use super::exchanges::Exchanges;
use super::farewell::{asks_nothing, is_alert};
use super::framing::Framing;
use super::streams::{Learned, Streams};
use super::{Connection, IcmpNote, Means, ProxyHeader, RolesFrom, SeenAt, Sighting, roles};
use crate::flow::Class;
use crate::net::{IcmpError, Segment, Tunnel};
use crate::tcp::{CloseKind, Tracker, Waiting, payload_start};
use crate::tls::Tls;
use crate::types::{Endpoint, Moment, Side};

/// A connection that is still in the table.
#[derive(Debug)]
pub(crate) struct Builder {
    number: u64,
    client: Endpoint,
    server: Endpoint,
    /// Whether the client is the lower end of the table's key.
    client_is_low: bool,
    roles_from: RolesFrom,
    seen_at: SeenAt,
    vlan: Option<u16>,
    tunnel: Option<Tunnel>,
    first: Moment,
    last: Moment,
    tracker: Tracker,
    payload: Payload,
    /// Once there was payload.
    exchanges: Option<Box<Exchanges>>,
    /// Of the server.
    framing: Framing,
    cut_by_snaplen: u32,
    twins: u32,
    /// Hops that the last packet had left.
    last_ttl: u8,
    circles: Option<Box<Circles>>,
    over_limit: bool,
    other_bytes: Option<Moment>,
    /// Bytes of payload that are kept, as of the last packet with any.
    kept: u32,
    icmp: Option<Box<Rejection>>,
    proxy_header: Option<Box<ProxyHeader>>,
}

/// An ICMP error, and what it quotes.
#[derive(Debug)]
struct Rejection {
    note: IcmpNote,
    /// Who sent the packet that it quotes.
    source: Endpoint,
    /// That packet, where it was on its way.
    waits: Option<Waiting>,
}

/// Who looks at the payload.
#[derive(Debug)]
enum Payload {
    /// There was none yet.
    Untouched,
    /// Somebody does.
    Read(Box<Streams>),
    /// Nothing more can be learned: it is not touched again.
    Decided(Learned),
}

impl Builder {
    /// A connection that begins with this segment, which is yet to be given to `on_sighting`.
    pub(super) fn new(number: u64, sighting: &Sighting<'_>) -> Self {
        let &Sighting { segment: s, forward, at, .. } = sighting;
        let (source, destination) = (s.tuple.source, s.tuple.destination);
        let (client_is_source, roles_from) = roles::of_first(s);
        let (client, server) = if client_is_source { (source, destination) } else { (destination, source) };
        Self {
            number,
            client,
            server,
            client_is_low: client_is_source == forward,
            roles_from,
            seen_at: SeenAt::default(),
            vlan: s.place.vlan,
            tunnel: s.place.tunnel,
            first: at,
            last: at,
            tracker: Tracker::default(),
            payload: Payload::Untouched,
            exchanges: None,
            framing: Framing::default(),
            cut_by_snaplen: 0,
            twins: 0,
            last_ttl: 0,
            circles: None,
            over_limit: false,
            other_bytes: None,
            kept: 0,
            icmp: None,
            proxy_header: None,
        }
    }

    /// Which side sends in this direction of the table.
    const fn side(&self, source_is_low: bool) -> Side {
        if source_is_low == self.client_is_low { Side::Client } else { Side::Server }
    }

    /// Whether a SYN opens another connection on the same tuple.
    pub(super) fn is_reopened_by(&self, syn: &Sighting<'_>) -> bool {
        self.tracker.is_reopened_by(self.side(syn.forward), syn.segment.seq)
    }

    /// Bytes of payload that are kept.
    #[inline]
    pub(super) const fn kept(&self) -> usize {
        self.kept as usize
    }

    /// What state it is in for the table.
    pub(super) fn class(&self) -> Class {
        if self.tracker.has_ended() {
            Class::Closed
        } else if self.tracker.is_half_open() {
            Class::HalfOpen
        } else {
            Class::Open
        }
    }

    /// The next segment, or another sighting of one.
    pub(super) fn on_sighting(&mut self, sighting: &Sighting<'_>, limits: &Means) {
        let &Sighting { segment: s, forward, at, interface, is_twin } = sighting;
        let before = (std::mem::replace(&mut self.last, at), std::mem::replace(&mut self.last_ttl, s.ttl));
        self.seen_at.note(interface);
        if is_twin {
            self.twins += 1;
            self.tracker.on_twin(self.side(forward), s);
            self.circles.get_or_insert_default().note(before, (at, s.ttl));
        } else {
            if let Some(circles) = &mut self.circles {
                circles.end();
            }
            if self.roles_from != RolesFrom::Syn {
                self.learn_roles(forward, s);
            }
            self.on_segment(self.side(forward), s, at, limits);
        }
    }

    fn on_segment(&mut self, side: Side, s: &Segment<'_>, at: Moment, limits: &Means) {
        let new_payload = self.tracker.on_segment(side, s, at, limits);
        if s.payload_len > 0 {
            self.on_payload(side, s, new_payload, at, limits);
        }
        if s.flags.fin()
            && let Payload::Read(streams) = &mut self.payload
        {
            streams.on_fin(side);
        }
        if s.flags.ack()
            && let Payload::Read(streams) = &mut self.payload
            && streams.waits(side.peer())
        {
            streams.on_acknowledged(side.peer(), s.ack, at, limits);
            self.kept = streams.kept();
        }
    }

    /// Out of line, so that a segment without payload takes a short way.
    #[inline(never)]
    fn on_payload(&mut self, side: Side, s: &Segment<'_>, is_new: bool, at: Moment, limits: &Means) {
        if (s.payload.len() as u64) < u64::from(s.payload_len) {
            self.cut_by_snaplen += 1;
        }
        let (before, records) = (self.client_records(), self.server_records());
        self.read(side, s, at, limits);
        if is_new {
            let counts = match (side, self.client_records()) {
                (Side::Server, _) => true,
                (Side::Client, Some(now)) => before.is_some_and(|before| now > before),
                // Nobody looks into the records any more.
                (Side::Client, None) => !self.tls().is_some_and(|tls| asks_nothing(s, tls)),
            };
            let tickets = records.zip(self.server_records()).and_then(|(before, now)| only_tickets(before, now));
            let is_tls = self.tls().is_some();
            let exchanges = self.exchanges.get_or_insert_default();
            if is_tls {
                exchanges.on_tls();
                let from = payload_start(s);
                if side == Side::Server && !self.framing.passes_over(from, s.payload_len) {
                    self.framing.read(self.tracker.stream_start(side), from, s.payload, at);
                }
            }
            let goodbye = (is_tls && is_alert(s)).then_some(false);
            let tickets = tickets.filter(|_| exchanges.may_bring_tickets());
            match tickets.or(goodbye).filter(|_| side == Side::Server) {
                Some(one_was_taken_for_data) => exchanges.on_no_answer(at, one_was_taken_for_data),
                None => exchanges.on_payload(side, s.payload_len, at, counts),
            }
            exchanges.pings.on_payload(side, s.payload_len, at);
        }
    }

    /// An ICMP error that quotes one of its packets: the first counts, or a later one if what the first quotes got through.
    pub(super) fn on_icmp(&mut self, error: &IcmpError, at: Moment) {
        let &IcmpError { from, kind, code, v6, quoted, seq } = error;
        let source = quoted.source;
        let waits = seq.and_then(|seq| self.tracker.waiting(self.side_of(source), seq));
        let counts = self.icmp.as_deref().is_none_or(|known| waits.is_some() && self.lost(known).is_none());
        if counts {
            let note = IcmpNote { at, from, kind, code, v6, lost: None };
            self.icmp = Some(Box::new(Rejection { note, source, waits }));
        }
    }

    fn side_of(&self, end: Endpoint) -> Side {
        if end == self.client { Side::Client } else { Side::Server }
    }

    /// Whose packet an error quotes, if that has not got through since.
    fn lost(&self, error: &Rejection) -> Option<Side> {
        let side = self.side_of(error.source);
        error.waits.filter(|waits| self.tracker.is_waiting(side, *waits, error.note.at)).map(|_| side)
    }

    /// The first packet's number: the order of connections.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The tunnel of its first packet.
    pub(super) const fn tunnel(&self) -> Option<Tunnel> {
        self.tunnel
    }

    /// What is known of its TLS so far.
    fn tls(&self) -> Option<&Tls> {
        match &self.payload {
            Payload::Read(streams) => streams.tls(),
            Payload::Decided(Learned::Tls { tls, .. }) => Some(tls),
            Payload::Untouched | Payload::Decided(_) => None,
        }
    }

    fn client_records(&self) -> Option<u32> {
        match &self.payload {
            Payload::Read(streams) => streams.client_data_records(),
            Payload::Untouched | Payload::Decided(_) => None,
        }
    }

    fn server_records(&self) -> Option<(u32, u32)> {
        match &self.payload {
            Payload::Read(streams) => streams.server_records(),
            Payload::Untouched | Payload::Decided(_) => None,
        }
    }

    fn read(&mut self, side: Side, s: &Segment<'_>, at: Moment, limits: &Means) {
        if matches!(self.payload, Payload::Untouched) {
            self.payload = Payload::Read(Box::new(Streams::new(self.client, self.server)));
        }
        let Payload::Read(streams) = &mut self.payload else { return };
        if streams.wants(side) {
            let start = self.tracker.stream_start(side);
            streams.on_payload(side, start, payload_start(s), s.payload, s.payload_len, at, limits);
            self.over_limit |= streams.over_limit;
            self.other_bytes = self.other_bytes.or(streams.other_bytes);
            if streams.proxy_header.is_some() {
                self.proxy_header = streams.proxy_header.take();
            }
        }
        if !streams.wants(Side::Client)
            && !streams.wants(Side::Server)
            && let Payload::Read(streams) = std::mem::replace(&mut self.payload, Payload::Untouched)
        {
            self.payload = Payload::Decided(streams.finish(at, limits));
        }
        self.kept = match &self.payload {
            Payload::Untouched => 0,
            Payload::Read(streams) => streams.kept(),
            Payload::Decided(learned) => learned.kept(),
        };
    }

    /// Corrects a guess of the roles by what a segment says of them.
    #[cold]
    fn learn_roles(&mut self, source_is_low: bool, s: &Segment<'_>) {
        if self.roles_from != RolesFrom::Guess {
            if self.roles_from != RolesFrom::Syn && s.flags.opens() {
                self.set_roles(source_is_low, RolesFrom::Syn);
            }
            return;
        }
        if s.flags.opens() {
            self.set_roles(source_is_low, RolesFrom::Syn);
        } else if s.flags.accepts() {
            self.set_roles(!source_is_low, RolesFrom::SynAck);
        } else if let Some((is_client, from)) = roles::of_payload(s.payload)
            // Bytes in the middle of a stream can look like anything: only a first payload is believed.
            && self.tracker.halves[self.side(source_is_low)].traffic.payload_packets == 0
        {
            self.set_roles(source_is_low == is_client, from);
        }
    }

    fn set_roles(&mut self, client_is_low: bool, from: RolesFrom) {
        self.roles_from = from;
        if client_is_low == self.client_is_low {
            return;
        }
        self.client_is_low = client_is_low;
        std::mem::swap(&mut self.client, &mut self.server);
        self.tracker.swap();
        // What was read so far was read with the sides exchanged.
        self.payload = Payload::Untouched;
        self.kept = 0;
        self.exchanges = None;
        self.framing = Framing::default();
    }
}

/// Whether a segment brought nothing but session tickets, by the records and the tickets among them before it and after; and whether it showed
/// that one was a ticket which came before.
const fn only_tickets(before: (u32, u32), now: (u32, u32)) -> Option<bool> {
    let (records, tickets) = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1));
    if tickets > 0 && records <= tickets { Some(tickets > records) } else { None }
}

impl Connection {
    /// Whether the capture shows that it came to its end.
    pub fn has_ended(&self) -> bool {
        self.ending.kind != CloseKind::Open
    }
}
