//! In which order connections pass the points, how far the points are from each other, and how far their clocks are apart.
//!
//! Nothing here trusts the clocks of two machines to agree: round trips are differences of times of one clock, and the
//! distance of two clocks comes from both directions of a handshake together.

use serde::Serialize;

use super::journeys::Journeys;
use super::leg::{Leg, Point};
use crate::types::{Side, Sided, Span, Timestamp};

/// How the order of two points on the way is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderFrom {
    /// Routers between them lower the time to live (RFC 9293 section 3.9.2, RFC 791 section 3.2).
    Ttl,
    /// Farther from the server its answers take longer.
    Times,
    /// Nothing tells: as the captures were given.
    Given,
}

/// What two points have in common, from the first to the second.
#[derive(Debug, Default)]
struct Pair {
    connections: u64,
    /// Votes that the first is nearer to the client, by time to live; and that the second is.
    nearer: [u64; 2],
    /// What a handshake takes at the first and not at the second: the round trip between them.
    round_trips: Vec<i64>,
    /// What the second's clock is ahead, by both directions of a handshake.
    offsets: Vec<i64>,
    /// The same by a SYN alone, with its time on the way.
    one_way: Vec<i64>,
    hops: Sided<Vec<i64>>,
}

/// Routers that one way has at the most; a larger difference of time to live was written anew on the way.
const MOST_HOPS: i64 = 30;

/// Handshakes from which times of a pair are reckoned.
const MOST_TIMES: usize = 10_000;

/// The points in the order of the way from the clients to the servers.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) order: Vec<usize>,
    pub(super) order_from: OrderFrom,
    pub(super) clocks: Clocks,
    pairs: Vec<Vec<Pair>>,
}

/// What each point's clock is ahead of the first one's on the way.
#[derive(Debug)]
pub(super) struct Clocks {
    /// `None` where no connection ties the point to the others.
    ahead: Vec<Option<Span>>,
    /// What that can be wrong by: the way there need not take as long as the way back.
    within: Vec<Option<Span>>,
}

impl Clocks {
    /// A point's time by the common clock.
    pub(super) fn common(&self, point: usize, at: Timestamp) -> Timestamp {
        at.plus(self.ahead(point).unwrap_or_default().times(-1))
    }

    /// A common time by a point's own clock.
    pub(super) fn own(&self, point: usize, at: Timestamp) -> Timestamp {
        at.plus(self.ahead(point).unwrap_or_default())
    }

    /// What the point's clock is ahead.
    pub(super) fn ahead(&self, point: usize) -> Option<Span> {
        self.ahead.get(point).copied().flatten()
    }

    /// What [`Self::ahead`] can be wrong by; `None` where no handshake passed both ways.
    pub(super) fn within(&self, point: usize) -> Option<Span> {
        self.within.get(point).copied().flatten()
    }
}

/// The round trip between two points, from the times of handshakes that passed both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RoundTrip {
    /// Handshakes.
    pub count: u64,
    /// The least, in seconds.
    pub least_s: Span,
    /// The median.
    pub p50_s: Span,
    /// Ninety-nine of a hundred are not above it.
    pub p99_s: Span,
    /// The most.
    pub most_s: Span,
}

impl RoundTrip {
    pub(super) fn of(mut times: Vec<i64>) -> Option<Self> {
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied();
        let span = |nanos: Option<i64>| nanos.map(Span::from_nanos);
        Some(Self {
            count: times.len() as u64,
            least_s: span(times.first().copied())?,
            p50_s: span(at(50))?,
            p99_s: span(at(99))?,
            most_s: span(times.last().copied())?,
        })
    }
}

impl Way {
    pub(super) fn of(points: &[Point], journeys: &Journeys) -> Self {
        let pairs = pairs(points, journeys);
        let mut way = Self {
            order: Vec::new(),
            order_from: OrderFrom::Given,
            clocks: Clocks { ahead: vec![None; points.len()], within: vec![None; points.len()] },
            pairs,
        };
        for point in 0..points.len() {
            let goes_before =
                |known: &&usize| way.is_nearer_to_client(point, **known).is_some_and(|(nearer, _)| nearer);
            let place = way.order.iter().position(|known| goes_before(&known)).unwrap_or(way.order.len());
            way.order.insert(place, point);
        }
        let known = way.order.windows(2).map(|two| match *two {
            [one, other] => way.is_nearer_to_client(one, other).map_or(OrderFrom::Given, |(_, from)| from),
            _ => OrderFrom::Given,
        });
        way.order_from = known.max().unwrap_or(OrderFrom::Given);
        way.set_clocks();
        way
    }

    /// Connections that were seen at both points.
    pub(super) fn connections(&self, one: usize, other: usize) -> u64 {
        self.pair(one, other).map_or(0, |(pair, _)| pair.connections)
    }

    /// The round trip from one point to another that is nearer to the server.
    pub(super) fn round_trip(&self, one: usize, other: usize) -> Option<RoundTrip> {
        let (pair, sign) = self.pair(one, other)?;
        RoundTrip::of(pair.round_trips.iter().map(|time| time.saturating_mul(sign)).collect())
    }

    /// Routers between two points, by what each side's packets lost of their time to live.
    pub(super) fn hops(&self, one: usize, other: usize) -> Sided<Option<i64>> {
        let Some((pair, sign)) = self.pair(one, other) else { return Sided::default() };
        let hops =
            |side: Side| median(&pair.hops[side]).map(|hops| hops * sign).filter(|hops| (0..=MOST_HOPS).contains(hops));
        Sided { client: hops(Side::Client), server: hops(Side::Server) }
    }

    /// Both points' facts, with the sign that turns them round.
    fn pair(&self, one: usize, other: usize) -> Option<(&Pair, i64)> {
        let (from, to, sign) = if one < other { (one, other, 1) } else { (other, one, -1) };
        Some((self.pairs.get(from)?.get(to)?, sign))
    }

    /// Whether connections pass the one before the other; `None` where nothing tells.
    fn is_nearer_to_client(&self, one: usize, other: usize) -> Option<(bool, OrderFrom)> {
        let (pair, sign) = self.pair(one, other)?;
        let turned = |is_first: bool| if sign > 0 { is_first } else { !is_first };
        let [first, second] = pair.nearer;
        let most = |a: u64, b: u64| a + b > 0 && a.max(b) * 5 >= (a + b) * 4;
        let longer = pair.round_trips.iter().filter(|time| **time > 0).count() as u64;
        let shorter = pair.round_trips.iter().filter(|time| **time < 0).count() as u64;
        let by_times = most(longer, shorter).then_some(longer > shorter);
        if most(first, second) {
            // Where the two contradict each other something on the way writes one of them anew.
            let by_ttl = first > second;
            return by_times.is_none_or(|by_times| by_times == by_ttl).then(|| (turned(by_ttl), OrderFrom::Ttl));
        }
        by_times.map(|by_times| (turned(by_times), OrderFrom::Times))
    }

    /// Each clock by one that is known already.
    fn set_clocks(&mut self) {
        let Some(&first) = self.order.first() else { return };
        let none = vec![None; self.order.len()];
        let (mut ahead, mut within) = (none.clone(), none);
        let set = |all: &mut Vec<Option<Span>>, point: usize, span: Option<Span>| {
            if let Some(place) = all.get_mut(point) {
                *place = span;
            }
        };
        set(&mut ahead, first, Some(Span::ZERO));
        set(&mut within, first, Some(Span::ZERO));
        for _ in 0..self.order.len() {
            for &point in &self.order {
                let tied = self.order.iter().find_map(|&other| {
                    let known = ahead.get(other).copied().flatten()?;
                    let (pair, sign) = self.pair(other, point).filter(|_| other != point)?;
                    let offset = median(&pair.offsets).or_else(|| median(&pair.one_way))?;
                    let sure = within.get(other).copied().flatten();
                    // Clocks that drift are farther apart at one end of the captures than at the other.
                    let drift = spread(&pair.offsets);
                    let half = median(&pair.round_trips)
                        .map(|time| Span::from_nanos((time.saturating_abs() / 2).saturating_add(drift)));
                    Some((
                        known.plus(Span::from_nanos(offset.saturating_mul(sign))),
                        sure.zip(half).map(|(a, b)| a.plus(b)),
                    ))
                });
                if let (Some((span, wrong_by)), Some(None)) = (tied, ahead.get(point)) {
                    set(&mut ahead, point, Some(span));
                    set(&mut within, point, wrong_by);
                }
            }
        }
        self.clocks = Clocks { ahead, within };
    }
}

fn pairs(points: &[Point], journeys: &Journeys) -> Vec<Vec<Pair>> {
    let none = || (0..points.len()).map(|_| Pair::default()).collect();
    let mut pairs: Vec<Vec<Pair>> = (0..points.len()).map(|_| none()).collect();
    for journey in &journeys.all {
        let legs: Vec<(usize, &Leg)> = journey.each(points).collect();
        for (place, (one, leg)) in legs.iter().enumerate() {
            for (other, further) in legs.iter().skip(place + 1) {
                if let Some(pair) = pairs.get_mut(*one).and_then(|row| row.get_mut(*other)) {
                    pair.add(leg, further);
                }
            }
        }
    }
    pairs
}

impl Pair {
    fn add(&mut self, one: &Leg, other: &Leg) {
        self.connections += 1;
        // Something between that answers in the server's place has a time to live and times of its own.
        let is_whole = one.isn.server.zip(other.isn.server).is_none_or(|(one, other)| one == other);
        // A client's packets have more to live near to it, a server's less.
        for (side, sign) in [(Side::Client, 1), (Side::Server, -1)] {
            if side == Side::Server && !is_whole {
                continue;
            }
            if let (Some(a), Some(b)) = (one.ttl[side], other.ttl[side]) {
                let lost = sign * (i64::from(a) - i64::from(b));
                match lost {
                    1..=MOST_HOPS => self.nearer[0] += 1,
                    0 => {}
                    _ if lost.abs() <= MOST_HOPS => self.nearer[1] += 1,
                    _ => {}
                }
                if self.hops[side].len() < MOST_TIMES {
                    self.hops[side].push(lost);
                }
            }
        }
        if self.one_way.len() >= MOST_TIMES || one.syns != 1 || other.syns != 1 || !is_whole {
            return;
        }
        let Some((a, b)) = one.syn.zip(other.syn) else { return };
        let there = b.at.since(a.at).as_nanos();
        self.one_way.push(there);
        if let (Some(at_one), Some(at_other)) = (one.answered_in(), other.answered_in()) {
            let round_trip = at_one.as_nanos().saturating_sub(at_other.as_nanos());
            self.round_trips.push(round_trip);
            // The SYN took half of it, the SYN-ACK the other half.
            self.offsets.push(there.saturating_sub(round_trip / 2));
        }
    }
}

fn spread(values: &[i64]) -> i64 {
    let (least, most) = (values.iter().min(), values.iter().max());
    least.zip(most).map_or(0, |(least, most)| most.saturating_sub(*least))
}

fn median(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}
