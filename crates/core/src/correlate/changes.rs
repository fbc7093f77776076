//! What two neighbours say of the same connections: how far apart they are, and what was changed between them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::journeys::Journeys;
use super::leg::{Leg, Point};
use super::way::{RoundTrip, Way};
use super::{PointName, Stretch, Trace};
use crate::types::{Moment, Side, Sided, Span};

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// The client's address.
    ClientAddress,
    /// The server's address and port.
    Server,
    /// The maximum segment size that a side announced (RFC 9293 section 3.7.1).
    Mss,
    /// The window scale that a side announced (RFC 7323 section 2).
    WindowScale,
    /// The server's initial sequence number: something between answered in its place, or numbers are rewritten.
    ServerIsn,
}

impl Field {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientAddress => "client address",
            Self::Server => "server",
            Self::Mss => "MSS",
            Self::WindowScale => "window scale",
            Self::ServerIsn => "server's initial sequence number",
        }
    }
}

/// A difference between two points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What.
    pub field: Field,
    /// Whose, where each side has one.
    pub by: Option<Side>,
    /// At the point nearer to the clients.
    pub before: String,
    /// At the point nearer to the servers.
    pub after: String,
    /// Connections with this change.
    pub connections: u64,
    /// Connections at both points that show it.
    pub of: u64,
    /// One of them: at the first point, and at the second.
    pub example: [Trace; 2],
}

/// Different changes that are told apart between two points.
const MOST_CHANGES: usize = 64;
/// Handshakes from which the way beyond a point is reckoned.
const MOST_TIMES: usize = 10_000;

/// From each point to the next.
pub(super) fn stretches(points: &[Point], journeys: &Journeys, way: &Way) -> Vec<Stretch> {
    let neighbours = way.order.windows(2).filter_map(|two| match *two {
        [one, other] => Some((one, other)),
        _ => None,
    });
    neighbours.map(|(one, other)| stretch(points, journeys, way, one, other)).collect()
}

fn stretch(points: &[Point], journeys: &Journeys, way: &Way, one: usize, other: usize) -> Stretch {
    let mut found = Changes::default();
    let mut beyond = Vec::new();
    let mut retransmitted = Sided::<[u64; 2]>::default();
    for journey in &journeys.all {
        let Some((before, after)) = journey.leg(points, one).zip(journey.leg(points, other)) else { continue };
        found.add((one, before), (other, after));
        beyond.extend(after.answered_in().filter(|_| beyond.len() < MOST_TIMES).map(Span::as_nanos));
        // A part of one of them has other retransmissions than the whole.
        let whole = |leg: &Leg| !leg.mid_stream && !leg.flags_only && !leg.has_holes() && leg.one_way.is_none();
        if whole(before) && whole(after) {
            for side in [Side::Client, Side::Server] {
                retransmitted[side][0] += u64::from(before.retransmitted[side]);
                retransmitted[side][1] += u64::from(after.retransmitted[side]);
            }
        }
    }
    Stretch {
        from: PointName(one),
        to: PointName(other),
        connections: way.connections(one, other),
        round_trip: way.round_trip(one, other),
        beyond: RoundTrip::of(beyond),
        hops: way.hops(one, other),
        retransmitted,
        changes: found.told(),
    }
}

#[derive(Debug, Default)]
struct Changes {
    found: BTreeMap<Key, Found>,
    of: BTreeMap<(Field, Option<Side>), u64>,
}

/// What was changed, and from what to what.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    field: Field,
    by: Option<Side>,
    before: String,
    after: String,
}

#[derive(Debug)]
struct Found {
    connections: u64,
    example: [Trace; 2],
}

impl Changes {
    fn add(&mut self, before: (usize, &Leg), after: (usize, &Leg)) {
        let (one, other) = (before.1, after.1);
        self.compare(Field::ClientAddress, None, before, after, Some((one.client.address, other.client.address)));
        self.compare(Field::Server, None, before, after, Some((one.server, other.server)));
        for side in [Side::Client, Side::Server] {
            self.compare(Field::Mss, Some(side), before, after, one.mss[side].zip(other.mss[side]));
            let scales = one.window_scale[side].zip(other.window_scale[side]);
            self.compare(Field::WindowScale, Some(side), before, after, scales);
        }
        let isn = one.isn.server.zip(other.isn.server).map(|(one, other)| (one == other, true));
        // The numbers themselves are others each time.
        self.compare(Field::ServerIsn, None, before, after, isn);
    }

    fn compare<T: PartialEq + std::fmt::Display>(
        &mut self,
        field: Field,
        by: Option<Side>,
        before: (usize, &Leg),
        after: (usize, &Leg),
        values: Option<(T, T)>,
    ) {
        let Some((one, other)) = values else { return };
        *self.of.entry((field, by)).or_default() += 1;
        if one == other {
            return;
        }
        let (before_it, after_it) = match field {
            Field::ServerIsn => ("one".to_owned(), "another".to_owned()),
            _ => (one.to_string(), other.to_string()),
        };
        let key = Key { field, by, before: before_it, after: after_it };
        if self.found.len() < MOST_CHANGES || self.found.contains_key(&key) {
            let example = [trace(before, field, by), trace(after, field, by)];
            self.found.entry(key).or_insert(Found { connections: 0, example }).connections += 1;
        }
    }

    /// The most frequent first.
    fn told(self) -> Vec<Change> {
        let Self { found, of } = self;
        let mut changes: Vec<Change> = found
            .into_iter()
            .map(|(Key { field, by, before, after }, Found { connections, example })| Change {
                field,
                by,
                before,
                after,
                connections,
                of: of.get(&(field, by)).copied().unwrap_or(connections),
                example,
            })
            .collect();
        changes.sort_by_key(|change| (change.field, std::cmp::Reverse(change.connections)));
        changes
    }
}

/// The packet that shows the value: the SYN, or the SYN-ACK.
fn trace((point, leg): (usize, &Leg), field: Field, by: Option<Side>) -> Trace {
    let of_server = by == Some(Side::Server) || field == Field::ServerIsn;
    let packet: Option<Moment> = if of_server { leg.syn_ack } else { leg.syn };
    Trace {
        point: PointName(point),
        connection: Some(leg.number),
        packet: Some(packet.unwrap_or(leg.first).packet),
        last_packet: Some(leg.last.packet),
        bytes: None,
    }
}
