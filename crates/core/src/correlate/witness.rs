//! What a point can say of a packet: that it saw it, that it did not although it would have, or nothing.

use super::journeys::Journeys;
use super::leg::{Leg, Point};
use super::seen::{Seen, Shared};
use super::way::Way;
use super::{Event, Place, PointName, Proof, Trace};
use crate::types::{Endpoint, Moment, Side, Span, Timestamp};

/// What a packet may take from one point to another where no handshake tells.
const LEAST_MARGIN: Span = Span::from_millis(5);

/// What a point says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Yes(Moment),
    No,
    Unknown,
}

/// A leg in the order of the way, or the certainty that there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage<'a> {
    pub(super) point: usize,
    /// Its place in the order of the way.
    pub(super) rank: usize,
    pub(super) leg: Option<&'a Leg>,
}

/// The points as witnesses.
#[derive(Debug)]
pub(super) struct Witnesses<'a> {
    points: &'a [Point],
    way: &'a Way,
    shared: Shared,
    seen: Vec<Seen>,
    /// For each point, when others had packets of connections that it has too, by the common clock and in order.
    others: Vec<Vec<(Timestamp, Endpoint)>>,
    /// What a packet may take on the whole way, and clocks may be wrong by.
    pub(super) margin: Span,
}

impl<'a> Witnesses<'a> {
    pub(super) fn new(points: &'a [Point], journeys: &Journeys, way: &'a Way) -> Self {
        let widest = (0..points.len()).filter_map(|point| way.clocks.within(point)).max().unwrap_or_default();
        let mut witnesses = Self {
            points,
            way,
            shared: Shared::default(),
            seen: points.iter().map(Seen::of).collect(),
            others: (0..points.len()).map(|point| others(points, journeys, way, point)).collect(),
            margin: LEAST_MARGIN.plus(widest.times(2)),
        };
        let mut shared = Shared::default();
        for journey in &journeys.all {
            for (one, leg) in journey.each(points) {
                for other in (0..points.len()).filter(|other| *other != one) {
                    let there = journey.leg(points, other);
                    if there.is_some() || witnesses.could_see(other, way.clocks.common(one, leg.first.at), leg.client) {
                        shared.note((one, leg), other, there);
                    }
                }
            }
        }
        witnesses.shared = shared;
        witnesses
    }

    /// What a point says of a packet.
    pub(super) fn sight(&self, stage: Stage<'_>, event: Event, by: Side) -> Sight {
        let Some(seen) = self.seen.get(stage.point).filter(|seen| seen.sees(by)) else { return Sight::Unknown };
        // A point that would have the connection and has it not has none of its packets.
        let Some(leg) = stage.leg else { return Sight::No };
        if let Some(moment) = moment(leg, event, by) {
            return Sight::Yes(moment);
        }
        let blind = seen.lacks || leg.in_part || leg.has_holes() || leg.one_way == Some(by.peer());
        // Of a side that it has nothing of, the packets may take another way.
        let has_end = !blind && !leg.only_opened() && leg.packets[by] > 0;
        let says_no = match event {
            Event::Syn | Event::Payload => false,
            // A server that says something else had sent it, and a client that goes on had it.
            Event::SynAck => {
                let unanswered = !leg.answer_arrived && leg.packets.server == u64::from(leg.resets.server);
                !blind && !leg.mid_stream && unanswered
            }
            Event::Fin => has_end,
            Event::Rst => has_end && (seen.resets || !leg.flags_only),
        };
        if says_no { Sight::No } else { Sight::Unknown }
    }

    /// Whether a leg has all payload of a side that came to its point.
    pub(super) fn has_payload(&self, stage: &Stage<'_>, leg: &Leg, by: Side) -> bool {
        let in_part = leg.mid_stream || leg.in_part || leg.flags_only || leg.has_holes() || leg.only_opened();
        let whole = !in_part && leg.one_way != Some(by.peer());
        whole && self.seen.get(stage.point).is_some_and(|seen| seen.sees(by) && seen.payload && !seen.lacks)
    }

    /// Whether a point would have the connection of this leg, that of a point nearer to the client, had its SYN come so far.
    pub(super) fn would_have(&self, point: usize, near: usize, leg: &Leg) -> bool {
        let came = |syn: Option<Moment>| {
            syn.is_some_and(|syn| self.could_see(point, self.way.clocks.common(near, syn.at), leg.client))
        };
        // Where not all connections were kept it may be among the others, and it may be there in another form.
        let keeps_all = self.points.get(point).is_some_and(|point| point.left_out == 0);
        let has_it_not = self.seen.get(point).is_some_and(|seen| !seen.lacks && !seen.has_like(leg));
        keeps_all && has_it_not && self.shared.would_come(near, point, leg) && (came(leg.syn) || came(leg.last_syn))
    }

    /// Whether a point has packets of a side at all.
    pub(super) fn sees_side(&self, point: usize, side: Side) -> bool {
        self.seen.get(point).is_some_and(|seen| seen.sees(side))
    }

    /// Whether a point's capture ran when a packet of this client's connection would have come to it, at a common time.
    pub(super) fn could_see(&self, point: usize, at: Timestamp, client: Endpoint) -> bool {
        let Some(Point { first: Some(first), last: Some(last), .. }) = self.points.get(point) else { return false };
        // A clock that nothing ties to the others tells nothing.
        if self.way.clocks.ahead(point).is_none() {
            return false;
        }
        let own = self.way.clocks.own(point, at);
        let is_within = *first <= own.plus(self.margin) && own.plus(self.margin) <= *last;
        is_within && !self.was_deaf(point, own, client)
    }

    /// Whether a point was silent for long while others had packets of other connections that it has too.
    fn was_deaf(&self, point: usize, own: Timestamp, client: Endpoint) -> bool {
        let Some((before, behind)) = self.seen.get(point).and_then(|seen| seen.pause_at(own)) else { return false };
        let common = |at: Timestamp| self.way.clocks.common(point, at);
        let (from, to) = (common(before).plus(self.margin), common(behind).plus(self.margin.times(-1)));
        let others = self.others.get(point).map(Vec::as_slice).unwrap_or_default();
        let meanwhile = others.get(others.partition_point(|(at, _)| *at <= from)..).unwrap_or_default();
        meanwhile.iter().take_while(|(at, _)| *at < to).any(|(_, of)| *of != client)
    }
}

/// When other points had packets of connections that a point has too.
fn others(points: &[Point], journeys: &Journeys, way: &Way, point: usize) -> Vec<(Timestamp, Endpoint)> {
    let mut times = Vec::new();
    for journey in journeys.all.iter().filter(|journey| journey.leg(points, point).is_some()) {
        for (other, leg) in journey.each(points).filter(|(other, _)| *other != point) {
            times.extend(leg.moments().map(|moment| (way.clocks.common(other, moment.at), leg.client)));
        }
    }
    times.sort_unstable();
    times
}

impl Stage<'_> {
    /// The point itself, as a place.
    pub(super) const fn own(&self) -> Place {
        let point = Some(PointName(self.point));
        Place { from: point, to: point }
    }

    /// The part of the way between two stages.
    pub(super) const fn to(&self, other: &Self) -> Place {
        let (from, to) = if self.rank < other.rank { (self, other) } else { (other, self) };
        Place { from: Some(PointName(from.point)), to: Some(PointName(to.point)) }
    }
}

/// The packet of an event, where a point has one.
fn moment(leg: &Leg, event: Event, by: Side) -> Option<Moment> {
    match event {
        Event::Syn => leg.syn,
        Event::SynAck => leg.syn_ack,
        Event::Payload => leg.last_payload[by],
        Event::Fin => leg.fin[by],
        Event::Rst if leg.resets[by] == 0 => None,
        Event::Rst => match leg.reset {
            Some((moment, first)) if first == by => Some(moment),
            _ => leg.last_packet[by],
        },
    }
}

/// What each point has of a connection.
pub(super) fn proof(stages: &[Stage<'_>], event: Event, by: Side) -> Proof {
    let trace = |stage: &Stage<'_>| {
        let leg = stage.leg;
        Trace {
            point: PointName(stage.point),
            connection: leg.map(|leg| leg.number),
            packet: leg.and_then(|leg| moment(leg, event, by)).map(|moment| moment.packet),
            last_packet: leg.map(|leg| leg.last.packet),
            bytes: leg.filter(|_| event == Event::Payload).map(|leg| leg.bytes[by]),
        }
    };
    Proof { sightings: stages.iter().map(trace).collect() }
}
