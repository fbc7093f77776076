//! The clients of one service.

use std::net::IpAddr;

use super::marks::Marks;
use super::minute::Minute;
use crate::record::Connection;
use crate::types::{Side, Sided, Timestamp};

/// Clients that are told apart.
const TOLD_APART: usize = 32;

/// The clients of one service, in bounded memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Clients {
    known: Vec<Client>,
    marks: Marks,
    more: bool,
}

/// A client of one service.
#[derive(Clone, Debug, PartialEq)]
struct Client {
    address: IpAddr,
    /// When it was last heard on any connection of the service.
    heard: Option<Timestamp>,
    /// How fast it used up its ports.
    minute: Minute,
    /// The largest segments of each side of which it is known that they arrived.
    carried: Sided<Option<Carried>>,
}

/// A segment that arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Carried {
    /// Its payload, no more than its receiver takes.
    pub(super) bytes: u32,
    /// The last connection on which one as large arrived, and when that carried payload last.
    pub(super) connection: u64,
    pub(super) at: Timestamp,
}

impl Clients {
    pub(super) const NONE: Self = Self { known: Vec::new(), marks: Marks::new(), more: false };

    /// Notes a finished connection; says where its client stands, if it does.
    #[inline]
    pub(super) fn note(&mut self, c: &Connection) -> usize {
        let now = c.traffic.client.last_packet.map(|moment| moment.at);
        let place = self.place_of(c.client.address).unwrap_or_else(|| self.meet(c.client.address));
        let Some(client) = self.known.get_mut(place) else { return place };
        client.heard = now.max(client.heard);
        // Who closes first keeps the port for a minute (TIME-WAIT, RFC 9293 section 3.6.1).
        if let (Some(syn), Some(Side::Client)) = (c.opening.syn, c.ending.closed_by) {
            client.minute.count(syn.at, c.client.port);
        }
        place
    }

    /// Of a connection that was noted, and whose client stands there: the largest segments that arrived on it.
    #[inline]
    pub(super) fn note_carried(&mut self, place: usize, c: &Connection) {
        let Some(client) = self.known.get_mut(place) else { return };
        for side in [Side::Client, Side::Server] {
            if c.traffic[side].largest_payload >= client.carried[side].map_or(LARGE, |carried| carried.bytes) {
                client.note_carried(c, side);
            }
        }
    }

    #[inline]
    fn place_of(&self, address: IpAddr) -> Option<usize> {
        let is_it = |place: &usize| self.known.get(*place).is_some_and(|client| client.address == address);
        self.marks.places(address).find(is_it)
    }

    /// The place of a client that was not seen before, if there is one.
    #[cold]
    fn meet(&mut self, address: IpAddr) -> usize {
        if self.known.len() < TOLD_APART {
            self.known.push(Client { address, heard: None, minute: Minute::default(), carried: Sided::default() });
            self.marks.push(address);
            return self.known.len() - 1;
        }
        self.more = true;
        usize::MAX
    }

    /// How many there are, at the least.
    pub(super) fn count(&self) -> u64 {
        self.known.len() as u64 + u64::from(self.more)
    }

    /// The first one.
    pub(super) fn first(&self) -> Option<IpAddr> {
        self.known.first().map(|client| client.address)
    }

    /// Those that closed first, and how fast they used up their ports.
    pub(super) fn minutes(&self) -> impl Iterator<Item = (IpAddr, &Minute)> {
        self.known.iter().map(|client| (client.address, &client.minute))
    }

    /// When a packet of one was last seen.
    pub(super) fn heard(&self, client: IpAddr) -> Option<Timestamp> {
        self.find(client).and_then(|known| known.heard)
    }

    /// The largest segment of one side that arrived on any connection of this client.
    pub(super) fn carried(&self, client: IpAddr, by: Side) -> Option<Carried> {
        self.find(client).and_then(|known| known.carried[by])
    }

    fn find(&self, client: IpAddr) -> Option<&Client> {
        self.known.iter().find(|known| known.address == client)
    }
}

impl Client {
    /// What is stuck did not arrive. What the network card joins or splits had the size that its receiver takes: who knows of a narrow link
    /// on the way keeps to it on all connections (RFC 8201 section 5.2).
    #[inline(never)]
    fn note_carried(&mut self, c: &Connection, side: Side) {
        let (one, peer) = (&c.traffic[side], &c.traffic[side.peer()]);
        let heard = peer.last_packet > one.last_payload;
        if one.is_stuck() || one.unseen.is_some() || !heard {
            return;
        }
        if let (Some(last), Some(mss)) = (one.last_payload, peer.mss) {
            let bytes = one.largest_payload.min(u32::from(mss));
            self.carried[side] = Some(Carried { bytes, connection: c.number, at: last.at });
        }
    }
}

/// The least that is worth remembering: every link carries as much (RFC 791, RFC 8200: 576 and 1,280 bytes).
const LARGE: u32 = 512;
