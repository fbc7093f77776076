//! What became of packets from point to point: lost, born, or missed by a capture.
//!
//! Only neighbours of which both can say something of a packet ([`Witnesses`]) are laid side by side.

use std::collections::BTreeMap;

use super::journeys::{Journey, Journeys};
use super::leg::{Leg, Point};
use super::way::Way;
use super::witness::{Sight, Stage, Witnesses, proof};
use super::{Event, Fate, Observation, Place, PointName, Proof, words};
use crate::detect::Severity;
use crate::record::Outcome;
use crate::types::{Endpoint, Side, Span, Timestamp};

/// Examples of one observation.
const MOST_EXAMPLES: usize = 3;
/// Observations that are told apart.
const MOST_KINDS: usize = 10_000;

/// Sightings of one RST lie no farther apart than this and what the way takes.
const SAME_PACKET: Span = Span::from_millis(500);
/// What an answer may take longer at the nearer point before the order is in doubt.
const SLOWER: Span = Span::from_millis(1);

/// Single packets that are followed; payload is reckoned in bytes.
const EVENTS: [(Event, Side); 6] = [
    (Event::Syn, Side::Client),
    (Event::SynAck, Side::Server),
    (Event::Fin, Side::Client),
    (Event::Fin, Side::Server),
    (Event::Rst, Side::Client),
    (Event::Rst, Side::Server),
];

/// What one observation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) fate: Fate,
    pub(super) event: Event,
    pub(super) by: Side,
    pub(super) place: Place,
    pub(super) service: Endpoint,
}

#[derive(Debug, Default)]
struct Found {
    connections: u64,
    bytes: u64,
    /// Connections that lost payload of the other side in the same place.
    swallowed: u64,
    severity: Option<Severity>,
    examples: Vec<Proof>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Fates {
    found: BTreeMap<Key, Found>,
    /// How many connections of a service passed a place, or would have.
    of: BTreeMap<(Place, Endpoint), u64>,
    /// Attempts without an answer that a farther point does not have, where nothing tells whether it would.
    pub(super) untraced: u64,
    /// Connections that passed the points in another order than the others.
    pub(super) contradicting: u64,
    /// Found past what is told apart.
    pub(super) left_out: u64,
}

/// One connection on its way.
struct Passage<'a> {
    stages: Vec<Stage<'a>>,
    /// As the point nearest to the client knows it.
    service: Endpoint,
    failed: bool,
}

struct Judge<'a> {
    points: &'a [Point],
    way: &'a Way,
    witnesses: Witnesses<'a>,
    fates: Fates,
}

impl Fates {
    pub(super) fn of(points: &[Point], journeys: &Journeys, way: &Way) -> Self {
        let witnesses = Witnesses::new(points, journeys, way);
        let mut judge = Judge { points, way, witnesses, fates: Self::default() };
        journeys.all.iter().for_each(|journey| judge.add(journey));
        judge.fates
    }

    /// In words, the largest harm first.
    pub(super) fn into_observations(self) -> Vec<Observation> {
        let Self { found, of, .. } = self;
        let mut all: Vec<Observation> = found
            .into_iter()
            .map(|(key, found)| {
                let Key { fate, event, by, place, service } = key;
                let of = of.get(&(place, service)).copied().unwrap_or(found.connections);
                let bytes = (event == Event::Payload).then_some(found.bytes);
                Observation {
                    fate,
                    event,
                    by,
                    place,
                    service,
                    severity: found.severity.unwrap_or(Severity::Info),
                    connections: found.connections,
                    of: of.max(found.connections),
                    bytes,
                    summary: words::summary(&key, bytes, found.swallowed),
                    remedy: words::remedy(&key),
                    evidence: found.examples,
                }
            })
            .collect();
        // A made RST and a lost SYN are causes; what follows from them is told behind.
        let is_cause = |one: &Observation| one.fate == Fate::Born && one.place.from.is_some() && one.place.to.is_some();
        all.sort_by_key(|one| (std::cmp::Reverse((one.severity, is_cause(one), one.connections)), one.event));
        all
    }

    fn note(&mut self, key: Key, bytes: u64, severity: Severity, proof: impl FnOnce() -> Proof) {
        if self.found.len() >= MOST_KINDS && !self.found.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        let found = self.found.entry(key).or_default();
        found.connections += 1;
        found.bytes += bytes;
        found.severity = found.severity.max(Some(severity));
        if found.examples.len() < MOST_EXAMPLES {
            found.examples.push(proof());
        }
    }

    fn note_swallowed(&mut self, key: &Key) {
        if let Some(found) = self.found.get_mut(key) {
            found.swallowed += 1;
        }
    }

    fn count(&mut self, place: Place, service: Endpoint) {
        if self.of.len() < MOST_KINDS || self.of.contains_key(&(place, service)) {
            *self.of.entry((place, service)).or_default() += 1;
        }
    }
}

impl<'a> Judge<'a> {
    fn add(&mut self, journey: &Journey) {
        let stages = self.stages(journey);
        let Some(service) = stages.iter().find_map(|stage| Some(stage.leg?.server)) else { return };
        if stages.len() < 2 {
            return;
        }
        if contradicts(&stages) {
            self.fates.contradicting += 1;
            return;
        }
        let legs = || stages.iter().filter_map(|stage| stage.leg);
        let failed = legs().any(|leg| leg.outcome.is_failure());
        // A RST behind the close belongs to no connection any more; how long one is kept depends on the capture.
        let is_closed = legs().any(Leg::reset_after_close);
        // Of a connection that one point alone has nothing more can be said than that point's own report says.
        let has_beyond = failed && !is_closed && legs().count() > 1;
        let passage = Passage { stages, service, failed };
        self.count(&passage);
        let mut lost = Vec::new();
        for by in [Side::Client, Side::Server] {
            self.weigh(&passage, by, &mut lost);
        }
        for (event, by) in EVENTS.into_iter().filter(|(event, _)| !is_closed || *event != Event::Rst) {
            self.follow(&passage, event, by, &lost);
        }
        if has_beyond && lost.is_empty() {
            self.look_beyond(&passage);
        }
    }

    /// The legs in the order of the way; behind the last one the points that would have the connection if it had come to them.
    fn stages(&mut self, journey: &Journey) -> Vec<Stage<'a>> {
        let points = self.points;
        let mut stages: Vec<Stage<'a>> = Vec::new();
        for (rank, &point) in self.way.order.iter().enumerate() {
            let leg = journey.leg(points, point);
            if leg.is_some() {
                // What was not there is known to be on another way.
                stages.retain(|stage| stage.leg.is_some());
                stages.push(Stage { point, rank, leg });
            } else if let Some((near, last)) = stages.iter().rev().find_map(|stage| Some((stage.point, stage.leg?)))
                && last.syn.is_some()
                && last.syn_ack.is_none()
                && !last.mid_stream
            {
                if !journey.is_unsure && self.witnesses.would_have(point, near, last) {
                    stages.push(Stage { point, rank, leg: None });
                } else {
                    self.fates.untraced += u64::from(rank + 1 == self.way.order.len());
                }
            }
        }
        stages
    }

    /// Counts it at every place where something could have been told of it.
    fn count(&mut self, Passage { stages, service, .. }: &Passage<'_>) {
        let service = *service;
        for two in stages.windows(2) {
            let [one, other] = two else { continue };
            self.fates.count(one.to(other), service);
        }
        let (first, last) = (stages.first(), stages.last());
        let before = first.map(|first| Place { from: None, to: Some(PointName(first.point)) });
        let beyond = last.map(|last| Place { from: Some(PointName(last.point)), to: None });
        before.into_iter().chain(beyond).for_each(|place| self.fates.count(place, service));
        for stage in stages {
            self.fates.count(stage.own(), service);
        }
    }

    /// Follows one packet in the direction in which it went. `lost` is whose payload was lost where.
    fn follow(&mut self, passage: &Passage<'a>, event: Event, by: Side, lost: &[(Side, Place)]) {
        let Passage { stages, service, failed } = passage;
        let (service, failed) = (*service, *failed);
        let sights: Vec<(Stage<'a>, Sight)> =
            travelled(stages, by).map(|stage| (stage, self.witnesses.sight(stage, event, by))).collect();
        let seen_at = |(stage, sight): &(Stage<'a>, Sight)| match sight {
            Sight::Yes(moment) => Some(self.way.clocks.common(stage.point, moment.at)),
            Sight::No | Sight::Unknown => None,
        };
        let Some(at) = sights.iter().filter_map(seen_at).min() else { return };
        // Two RSTs that can not be one are told of by nobody.
        if event == Event::Rst && !is_one_packet(sights.iter().filter_map(seen_at), self.witnesses.margin) {
            return;
        }
        let known: Vec<(Stage<'a>, bool)> = sights
            .iter()
            .filter_map(|(stage, sight)| match sight {
                Sight::Yes(_) => Some((*stage, true)),
                // Where there is no leg at all that was asked before.
                Sight::No => {
                    let ran = |leg: &Leg| self.witnesses.could_see(stage.point, at, leg.client);
                    stage.leg.is_none_or(ran).then_some((*stage, false))
                }
                Sight::Unknown => None,
            })
            .collect();
        let (first, last) = (known.iter().position(|(_, seen)| *seen), known.iter().rposition(|(_, seen)| *seen));
        let Some((first, last)) = first.zip(last) else { return };
        let arrived = stages.iter().filter_map(|stage| stage.leg).any(|leg| leg.fin_arrived[by]);
        for (place, two) in known.windows(2).enumerate() {
            let [(one, one_seen), (other, _)] = two else { continue };
            let between = one.to(other);
            let fate = if place == last && *one_seen {
                Fate::Lost
            } else if place + 1 == first {
                Fate::Born
            } else {
                continue;
            };
            let (fate, place) = match fate {
                // What was acknowledged arrived: this capture alone has it not.
                Fate::Lost if event == Event::Fin && arrived => (Fate::Missed, other.own()),
                _ => (fate, between),
            };
            let key = Key { fate, event, by, place, service };
            self.fates.note(key, 0, severity(fate, event, failed), || proof(stages, event, by));
            if (fate, event) == (Fate::Born, Event::Rst) && lost.contains(&(by.peer(), place)) {
                self.fates.note_swallowed(&key);
            }
        }
        for (stage, _) in known.iter().take(last).skip(first).filter(|(_, seen)| !seen) {
            let key = Key { fate: Fate::Missed, event, by, place: stage.own(), service };
            self.fates.note(key, 0, Severity::Info, || proof(stages, event, by));
        }
    }

    /// Lays the payload bytes of neighbours side by side.
    fn weigh(&mut self, passage: &Passage<'a>, by: Side, lost: &mut Vec<(Side, Place)>) {
        let Passage { stages, service, failed } = passage;
        let (service, failed) = (*service, *failed);
        let whole: Vec<(Stage<'a>, &Leg)> = travelled(stages, by)
            .filter_map(|stage| Some((stage, stage.leg?)))
            .filter(|(stage, leg)| self.witnesses.has_payload(stage, leg, by))
            .collect();
        // What comes before a FIN that was acknowledged arrived; where it is longer at one point, it was written anew on the way.
        if whole.iter().any(|(_, leg)| leg.fin_arrived[by]) {
            return;
        }
        for two in whole.windows(2) {
            let [(one, near), (other, far)] = two else { continue };
            let place = one.to(other);
            let (had, got) = (near.bytes[by], far.bytes[by]);
            // Nobody makes payload up: what the farther point alone has, the nearer one's capture missed.
            let (fate, place, blind, from, last) = if had > got {
                (Fate::Lost, place, other, one, near.last_payload[by])
            } else {
                (Fate::Missed, one.own(), one, other, far.last_payload[by])
            };
            let bytes = had.abs_diff(got);
            let Some(last) = last.filter(|_| bytes > 0) else { continue };
            if !self.witnesses.could_see(blind.point, self.way.clocks.common(from.point, last.at), near.client) {
                continue;
            }
            let key = Key { fate, event: Event::Payload, by, place, service };
            if fate == Fate::Lost {
                lost.push((by, place));
            }
            let severity = severity(fate, Event::Payload, failed);
            self.fates.note(key, bytes, severity, || proof(stages, Event::Payload, by));
        }
    }

    /// A failure whose cause did not lie between two points lies before the first one, or behind the last.
    fn look_beyond(&mut self, passage: &Passage<'a>) {
        let stages = &passage.stages;
        let outermost = self.way.order.len().saturating_sub(1);
        let first = stages.first().filter(|stage| stage.rank == 0);
        let last = stages.last().filter(|stage| stage.rank == outermost);
        if let Some(point) = first
            && let Some((_, Side::Client)) = point.leg.and_then(|leg| leg.reset)
        {
            let place = Place { from: None, to: Some(PointName(point.point)) };
            self.note_beyond(passage, Fate::Born, Event::Rst, Side::Client, place);
        }
        let Some((last, leg)) = last.and_then(|last| Some((last, last.leg?))) else { return };
        let place = Place { from: Some(PointName(last.point)), to: None };
        let answers = |leg: &Leg| leg.syn_ack.is_some() || leg.resets.server > 0;
        let answered = stages.iter().filter_map(|stage| stage.leg).any(answers);
        let resets = stages.iter().filter_map(|stage| {
            let (moment, by) = stage.leg?.reset?;
            (by == Side::Server).then(|| self.way.clocks.common(stage.point, moment.at))
        });
        if let Some((_, Side::Server)) = leg.reset {
            if !is_one_packet(resets, self.witnesses.margin) {
                return;
            }
            self.note_beyond(passage, Fate::Born, Event::Rst, Side::Server, place);
        } else if leg.outcome == Outcome::Unanswered && !answered && self.witnesses.sees_side(last.point, Side::Server)
        {
            self.note_beyond(passage, Fate::Lost, Event::Syn, Side::Client, place);
        }
    }

    fn note_beyond(&mut self, passage: &Passage<'a>, fate: Fate, event: Event, by: Side, place: Place) {
        let key = Key { fate, event, by, place, service: passage.service };
        self.fates.note(key, 0, Severity::Error, || proof(&passage.stages, event, by));
    }
}

/// In the direction in which a side's packets go.
fn travelled<'s, 'a>(stages: &'s [Stage<'a>], by: Side) -> Box<dyn Iterator<Item = Stage<'a>> + 's> {
    match by {
        Side::Client => Box::new(stages.iter().copied()),
        Side::Server => Box::new(stages.iter().rev().copied()),
    }
}

/// Whether sightings, in the order in which a packet comes to them, can be of one packet.
fn is_one_packet(times: impl Iterator<Item = Timestamp>, margin: Span) -> bool {
    let times: Vec<Timestamp> = times.collect();
    let first = times.iter().min();
    let last = times.iter().max();
    first.zip(last).is_none_or(|(first, last)| last.since(*first) <= margin.times(2).plus(SAME_PACKET))
}

/// Whether a connection passes the points in another order than that of the way: one that goes the other way round, or that
/// something on the way answers.
fn contradicts(stages: &[Stage<'_>]) -> bool {
    let legs: Vec<&Leg> = stages.iter().filter_map(|stage| stage.leg).collect();
    legs.windows(2).any(|two| {
        let [near, far] = two else { return false };
        let lower = |one: Option<u8>, other: Option<u8>| one.zip(other).is_some_and(|(one, other)| one < other);
        let turned = lower(near.ttl.client, far.ttl.client) || lower(far.ttl.server, near.ttl.server);
        let times = near.answered_in().zip(far.answered_in());
        turned || times.is_some_and(|(near, far)| near.plus(SLOWER) < far)
    })
}

const fn severity(fate: Fate, event: Event, failed: bool) -> Severity {
    match (fate, event) {
        (Fate::Missed, _) | (Fate::Lost, Event::Rst) => Severity::Info,
        (Fate::Lost, Event::Fin) => Severity::Warning,
        _ if failed => Severity::Error,
        (_, Event::Fin) => Severity::Info,
        _ => Severity::Warning,
    }
}
