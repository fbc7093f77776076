//! Which connection of one capture is which of another.
//!
//! A client's initial sequence number goes with its SYN through routers and address translation; what rewrites it, or ends
//! the connection and begins another (a proxy), makes another connection of it, and none is claimed to be the same.

use std::collections::BTreeMap;

use super::leg::{Leg, Point};
use super::way::Clocks;
use crate::types::{Endpoint, Seq, Span};

/// One connection: for each point its leg there, by its place among the point's legs.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    pub(super) legs: Vec<Option<usize>>,
    /// Another leg could have been its own: that it has none at a point says nothing.
    pub(super) is_unsure: bool,
}

impl Journey {
    fn at(points: usize, point: usize, leg: usize) -> Self {
        let mut legs = vec![None; points];
        if let Some(place) = legs.get_mut(point) {
            *place = Some(leg);
        }
        Self { legs, is_unsure: false }
    }

    /// Its leg at a point.
    pub(super) fn leg<'a>(&self, points: &'a [Point], point: usize) -> Option<&'a Leg> {
        points.get(point)?.legs.get((*self.legs.get(point)?)?)
    }

    /// Its legs, with their points.
    pub(super) fn each<'a>(&'a self, points: &'a [Point]) -> impl Iterator<Item = (usize, &'a Leg)> {
        (0..self.legs.len()).filter_map(|point| Some((point, self.leg(points, point)?)))
    }

    fn is_free_at(&self, point: usize) -> bool {
        self.legs.get(point).is_some_and(Option::is_none)
    }
}

/// All connections of all points.
#[derive(Debug)]
pub(super) struct Journeys {
    pub(super) all: Vec<Journey>,
    /// Connections for which two others came into question: they stand alone.
    pub(super) ambiguous: u64,
}

/// Connections whose SYNs have one number; by chance there are two or three. Somebody can make them so, and then nothing is said of them.
const MOST_ALIKE: usize = 64;

/// How well two legs go together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Addresses were translated on the way.
    Translated,
    /// The same addresses and ports.
    Same,
}

impl Journeys {
    /// Puts the legs of all points together: those whose SYN was captured, by its number.
    pub(super) fn of(points: &[Point]) -> Self {
        let mut journeys = Self { all: Vec::new(), ambiguous: 0 };
        let mut by_number: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (point, Point { legs, .. }) in points.iter().enumerate() {
            // What goes together best is taken first: a capture on all interfaces has both sides of a translation.
            let mut later = Vec::new();
            for (place, leg) in legs.iter().enumerate() {
                let known = leg.isn.client.and_then(|isn| by_number.get(&number(isn)));
                match known.map_or(Choice::None, |known| journeys.choose(points, known, point, leg, Fit::Same)) {
                    Choice::One(journey) => journeys.add(journey, point, place),
                    Choice::None | Choice::Several(_) => later.push(place),
                }
            }
            let mut begun = Vec::new();
            for place in later {
                let Some(leg) = legs.get(place) else { continue };
                let known = leg.isn.client.and_then(|isn| by_number.get(&number(isn)));
                match known.map_or(Choice::None, |known| journeys.choose(points, known, point, leg, Fit::Translated)) {
                    Choice::One(journey) => journeys.add(journey, point, place),
                    choice => {
                        let mut journey = Journey::at(points.len(), point, place);
                        if let Choice::Several(others) = choice {
                            journeys.ambiguous += 1;
                            journey.is_unsure = true;
                            journeys.doubt(&others);
                        }
                        journeys.all.push(journey);
                        begun.extend(leg.isn.client.map(|isn| (number(isn), journeys.all.len() - 1)));
                    }
                }
            }
            for (isn, journey) in begun {
                let alike = by_number.entry(isn).or_default();
                alike.push(journey);
                // With the first that is too many all before it are in doubt.
                match alike.len() - 1 {
                    ..MOST_ALIKE => {}
                    MOST_ALIKE => journeys.doubt(alike),
                    last => journeys.doubt(alike.get(last..).unwrap_or_default()),
                }
            }
        }
        journeys
    }

    /// Joins connections that began before one of the captures did: by their addresses and ports, where no other connection
    /// of one of the points has them and they lived at the same time.
    pub(super) fn join_by_tuple(&mut self, points: &[Point], clocks: &Clocks) {
        let mut by_tuple: BTreeMap<(Endpoint, Endpoint), Vec<usize>> = BTreeMap::new();
        for (number, journey) in self.all.iter().enumerate() {
            if let Some((_, leg)) = journey.each(points).next() {
                by_tuple.entry(leg.tuple()).or_default().push(number);
            }
        }
        for numbers in by_tuple.into_values().filter(|numbers| numbers.len() > 1 && numbers.len() <= points.len()) {
            let parts: Vec<&Journey> = numbers.iter().filter_map(|number| self.all.get(*number)).collect();
            let together = parts.iter().any(|part| part.each(points).all(|(_, leg)| leg.isn.client.is_none()))
                && (0..points.len()).all(|point| parts.iter().filter(|part| !part.is_free_at(point)).count() <= 1)
                && parts.iter().filter(|part| part.each(points).any(|(_, leg)| leg.isn.client.is_some())).count() <= 1
                && live_together(&parts, points, clocks);
            if !together {
                continue;
            }
            let mut joined = Journey { legs: vec![None; points.len()], is_unsure: false };
            for part in parts {
                joined.legs.iter_mut().zip(&part.legs).for_each(|(all, one)| *all = all.or(*one));
            }
            for (place, number) in numbers.into_iter().enumerate() {
                if let Some(journey) = self.all.get_mut(number) {
                    // The others stay as empty places: numbers of journeys are places.
                    journey.legs = if place == 0 { joined.legs.clone() } else { vec![None; points.len()] };
                }
            }
        }
    }

    fn add(&mut self, journey: usize, point: usize, leg: usize) {
        if let Some(place) = self.all.get_mut(journey).and_then(|journey| journey.legs.get_mut(point)) {
            *place = Some(leg);
        }
    }

    /// The journey to which a leg belongs, among those with its number.
    fn choose(&self, points: &[Point], known: &[usize], point: usize, leg: &Leg, least: Fit) -> Choice {
        if known.len() > MOST_ALIKE {
            return Choice::Several(Vec::new());
        }
        let fits = |number: &&usize| {
            self.all.get(**number).is_some_and(|journey| {
                journey.is_free_at(point)
                    && journey.each(points).filter_map(|(_, other)| fit(leg, other)).max() >= Some(least)
            })
        };
        let fitting: Vec<usize> = known.iter().filter(fits).copied().collect();
        match fitting.as_slice() {
            [] => Choice::None,
            [journey] => Choice::One(*journey),
            _ => Choice::Several(fitting),
        }
    }

    /// One of them may have a leg that was given to none.
    fn doubt(&mut self, journeys: &[usize]) {
        for number in journeys {
            if let Some(journey) = self.all.get_mut(*number) {
                journey.is_unsure = true;
            }
        }
    }
}

/// To which journeys a leg may belong.
enum Choice {
    None,
    One(usize),
    Several(Vec<usize>),
}

/// Two legs whose SYNs have the same number. Of 100,000 connections at each of two points two have the same by chance, so
/// that an address must be the same too, or the server's number.
fn fit(leg: &Leg, other: &Leg) -> Option<Fit> {
    if leg.tuple() == other.tuple() {
        return Some(Fit::Same);
    }
    let shares_an_end = leg.client.address == other.client.address || leg.server == other.server;
    let is_one = match (leg.isn.server, other.isn.server) {
        (Some(one), Some(same)) => one == same,
        _ => shares_an_end && leg.window_scale.client.zip(other.window_scale.client).is_none_or(|(a, b)| a == b),
    };
    is_one.then_some(Fit::Translated)
}

fn live_together(parts: &[&Journey], points: &[Point], clocks: &Clocks) -> bool {
    // Clocks that could not be compared are taken to be right within seconds.
    let slack = Span::from_secs(5);
    let lives: Vec<_> = parts
        .iter()
        .flat_map(|part| part.each(points))
        .map(|(point, leg)| (clocks.common(point, leg.first.at), clocks.common(point, leg.last.at)))
        .collect();
    let latest_start = lives.iter().map(|(first, _)| *first).max();
    let earliest_end = lives.iter().map(|(_, last)| *last).min();
    latest_start.zip(earliest_end).is_some_and(|(start, end)| start <= end.plus(slack))
}

const fn number(isn: Seq) -> u32 {
    isn.0
}
