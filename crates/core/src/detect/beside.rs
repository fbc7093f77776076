//! Connections that share an address and port with one that can not be judged alone.

use crate::record::Connection;
use crate::types::{Endpoint, Moment, PacketNo, Seq, Side, Span, Timestamp};

/// What is remembered of a connection, for another one from the same address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its number.
    pub connection: u64,
    /// Who opened it.
    pub client: Endpoint,
    /// Who was listening.
    pub server: Endpoint,
    /// Its first packet.
    pub first: Moment,
    /// Its last SYN by the client.
    pub last_syn: Option<PacketNo>,
    /// The last payload of either side.
    pub last_payload: Option<PacketNo>,
    /// When it was closed by both sides or by a RST.
    pub closed: Option<Timestamp>,
    /// Whether the client had closed first, so that its port stays taken for a while (TIME-WAIT, RFC 9293 section 3.6.1).
    pub client_waits: bool,
    /// The client's initial sequence number.
    pub client_isn: Option<Seq>,
    /// How many bytes the client sent.
    pub client_bytes: u64,
}

impl Beside {
    fn of(c: &Connection) -> Self {
        let fins = c.ending.fin.client.zip(c.ending.fin.server);
        let reset = c.ending.reset.map(|reset| reset.at.at);
        let traffic = &c.traffic.client;
        Self {
            connection: c.number,
            client: c.client,
            server: c.server,
            first: c.first,
            last_syn: c.opening.syn_retries.last().copied().or(c.opening.syn).map(|syn| syn.packet),
            last_payload: c.traffic.client.last_payload.max(c.traffic.server.last_payload).map(|last| last.packet),
            closed: reset.or_else(|| fins.map(|(a, b)| a.at.at.max(b.at.at))),
            client_waits: reset.is_none() && c.ending.closed_by == Some(Side::Client),
            client_isn: traffic.isn,
            client_bytes: traffic.stream_bytes.unwrap_or(0).max(traffic.payload_bytes),
        }
    }

    /// Whether the client's port was taken for this connection at a time.
    pub(super) fn holds_port_at(&self, at: Timestamp) -> bool {
        const TIME_WAIT: Span = Span::from_secs(60);
        let until = self.closed.map(|closed| if self.client_waits { closed.plus(TIME_WAIT) } else { closed });
        self.first.at <= at && until.is_none_or(|until| until > at)
    }
}

/// A connection that waits for the others to be known.
#[derive(Debug)]
pub(crate) struct Held {
    /// The place of the detector in the registry.
    pub(crate) detector: usize,
    /// The row of its service.
    pub(crate) row: usize,
    pub(crate) connection: Connection,
    /// Whether it already counts among those that failed or were found to be hit by something.
    pub(crate) counted: bool,
    pub(crate) beside: Vec<Beside>,
    end: Endpoint,
    /// Whether some of the others may have been forgotten.
    pub(crate) incomplete: bool,
}

/// The connections of late, and those that wait. Bounded; what was forgotten is known.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Once there is no more room, the next takes the place of the oldest.
    recent: Vec<Beside>,
    /// When each of these was last seen: apart, so that who is forgotten need not be read again.
    last_seen: Vec<Timestamp>,
    /// The place of the next one.
    next: usize,
    forgotten: Option<Timestamp>,
    held: Vec<Held>,
}

/// Two lines of the processor's cache each: more would push out what every connection needs.
const RECENT: usize = 1_024;
const HELD: usize = 64;
const BESIDE: usize = 8;

impl Neighbours {
    /// A finished connection.
    #[inline]
    pub(crate) fn note(&mut self, c: &Connection) {
        let brief = Beside::of(c);
        if !self.held.is_empty() {
            self.held.iter_mut().for_each(|held| held.meet(brief));
        }
        if let (Some(oldest), Some(last_seen)) = (self.recent.get_mut(self.next), self.last_seen.get_mut(self.next)) {
            *oldest = brief;
            self.forgotten = self.forgotten.max(Some(std::mem::replace(last_seen, c.last.at)));
        } else {
            self.recent.push(brief);
            self.last_seen.push(c.last.at);
        }
        self.next = (self.next + 1) % RECENT;
    }

    /// Keeps a connection until the others from the address and port of one of its sides are known.
    #[cold]
    pub(crate) fn hold(&mut self, c: &Connection, side: Side, detector: usize, row: usize, counted: bool) {
        if self.held.len() >= HELD {
            return;
        }
        let end = if side == Side::Client { c.client } else { c.server };
        let incomplete = self.forgotten.is_some_and(|last| last >= c.first.at);
        let mut held = Held { detector, row, connection: c.clone(), counted, beside: Vec::new(), end, incomplete };
        let (latest, oldest) = self.recent.split_at(self.next.min(self.recent.len()));
        oldest.iter().chain(latest).for_each(|brief| held.meet(*brief));
        self.held.push(held);
    }

    /// Those that waited.
    pub(crate) fn into_held(self) -> Vec<Held> {
        self.held
    }
}

impl Held {
    fn meet(&mut self, other: Beside) {
        if other.client != self.end || other.connection == self.connection.number {
            return;
        }
        if self.beside.len() < BESIDE {
            self.beside.push(other);
        } else {
            self.incomplete = true;
        }
    }
}
