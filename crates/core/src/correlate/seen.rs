//! What a point has at all, and which connections of one point come to another: what its silence is worth.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::leg::{Leg, Point};
use crate::types::{Endpoint, Side, Span, Timestamp};

/// After so long without a packet a capture may have been stopped and begun again.
const LONGEST_PAUSE: Span = Span::from_secs(10);
/// A capture lacks packets where more than one of so many connections has holes.
const HOLES_OF: usize = 100;

/// What a point has at all.
#[derive(Debug)]
pub(super) struct Seen {
    clients: bool,
    servers: bool,
    pub(super) payload: bool,
    pub(super) resets: bool,
    /// It is known to lack packets: nothing is said of what it has not.
    pub(super) lacks: bool,
    /// Times of its packets, as far as they are kept, by its own clock and in order.
    times: Vec<Timestamp>,
    tuples: BTreeSet<(Endpoint, Endpoint)>,
    isns: BTreeSet<u32>,
}

impl Seen {
    pub(super) fn of(point: &Point) -> Self {
        let legs = &point.legs;
        let mut times: Vec<Timestamp> = legs.iter().flat_map(Leg::moments).map(|moment| moment.at).collect();
        times.sort_unstable();
        times.dedup();
        let with_holes = legs.iter().filter(|leg| leg.has_holes()).count();
        Self {
            clients: legs.iter().any(|leg| leg.packets.client > 0),
            servers: legs.iter().any(|leg| leg.packets.server > 0),
            payload: legs.iter().any(|leg| leg.bytes.client > 0 || leg.bytes.server > 0),
            resets: legs.iter().any(|leg| leg.reset.is_some()),
            lacks: point.dropped > 0 || (with_holes > 1 && with_holes * HOLES_OF > legs.len()),
            times,
            tuples: legs.iter().map(Leg::tuple).collect(),
            isns: legs.iter().filter_map(|leg| leg.isn.client).map(|isn| isn.0).collect(),
        }
    }

    /// Whether it has packets of a side at all.
    pub(super) const fn sees(&self, side: Side) -> bool {
        match side {
            Side::Client => self.clients,
            Side::Server => self.servers,
        }
    }

    /// Whether it has a connection of these addresses and ports, or of this initial sequence number.
    pub(super) fn has_like(&self, leg: &Leg) -> bool {
        self.tuples.contains(&leg.tuple()) || leg.isn.client.is_some_and(|isn| self.isns.contains(&isn.0))
    }

    /// The time around a time, by its own clock, in which it has no packet, where that is so long that the capture may not have run.
    /// Beyond its first and last packet there is no end.
    pub(super) fn pause_at(&self, own: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let next = self.times.partition_point(|at| *at < own);
        let before = next.checked_sub(1).and_then(|before| self.times.get(before)).copied();
        let (before, behind) =
            (before.unwrap_or(Timestamp::MIN), self.times.get(next).copied().unwrap_or(Timestamp::MAX));
        (behind.since(before) > LONGEST_PAUSE).then_some((before, behind))
    }
}

/// Which connections of one point come to another.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Clients and their services, untranslated, of which the other point has connections too.
    there: BTreeSet<(usize, usize, IpAddr, Endpoint)>,
    /// Services of which the other point lacks connections that were answered: those take another way, or its filter leaves
    /// them out.
    elsewhere: BTreeSet<(usize, usize, Endpoint)>,
}

impl Shared {
    /// A leg of one point, and what another point has of its connection while its capture ran.
    pub(super) fn note(&mut self, (one, leg): (usize, &Leg), other: usize, there: Option<&Leg>) {
        match there {
            Some(there) if there.server == leg.server => {
                self.there.insert((one, other, leg.client.address, leg.server));
            }
            None if leg.syn_ack.is_some() => {
                self.elsewhere.insert((one, other, leg.server));
            }
            _ => {}
        }
    }

    /// Whether connections like this one, as far as can be told, come from one point to another.
    pub(super) fn would_come(&self, near: usize, point: usize, leg: &Leg) -> bool {
        self.there.contains(&(near, point, leg.client.address, leg.server))
            && !self.elsewhere.contains(&(near, point, leg.server))
    }
}
