//! Services of two captures side by side: which is which, and how they fared.

use std::collections::BTreeMap;

use serde::Serialize;

use super::hellos::{self, HelloChange};
use super::profile::{Counted, Dealings, Example, Profile};
use super::{Change, Share};
use crate::record::Outcome;
use crate::types::Endpoint;

/// Why a service of one capture is taken for one of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Address and port are the same.
    Address,
    /// Clients asked for the same server name at the same port; the address is another.
    Name,
    /// Each capture has one more service at this port: they may be the same, or not.
    Port,
    /// The other capture has none that could be the same.
    None,
}

/// Which service of A is which of B.
#[derive(Debug)]
pub(super) struct Pairs {
    to_b: BTreeMap<Endpoint, (Endpoint, MatchedBy)>,
    to_a: BTreeMap<Endpoint, Endpoint>,
}

impl Pairs {
    pub(super) fn of(a: &Profile, b: &Profile) -> Self {
        let mut pairs = Self { to_b: BTreeMap::new(), to_a: BTreeMap::new() };
        for (endpoint, _) in &a.services {
            if b.service(*endpoint).is_some() {
                pairs.add(*endpoint, *endpoint, MatchedBy::Address);
            }
        }
        let by_name = |profile: &Profile, is_free: &dyn Fn(Endpoint) -> bool| {
            keyed(profile, is_free, |endpoint, dealings| {
                dealings.names.iter().map(|name| (name.clone(), endpoint.port)).collect()
            })
        };
        pairs.add_unique(a, b, MatchedBy::Name, by_name);
        let by_port = |profile: &Profile, is_free: &dyn Fn(Endpoint) -> bool| {
            keyed(profile, is_free, |endpoint, _| vec![(String::new(), endpoint.port)])
        };
        pairs.add_unique(a, b, MatchedBy::Port, by_port);
        pairs
    }

    /// Pairs those whose key nobody else has, among those that are not paired yet.
    fn add_unique(
        &mut self,
        a: &Profile,
        b: &Profile,
        by: MatchedBy,
        keyed: impl Fn(&Profile, &dyn Fn(Endpoint) -> bool) -> BTreeMap<(String, u16), Vec<Endpoint>>,
    ) {
        let in_a = keyed(a, &|endpoint| !self.to_b.contains_key(&endpoint));
        let in_b = keyed(b, &|endpoint| !self.to_a.contains_key(&endpoint));
        for (key, here) in in_a {
            if let ([one], Some([other])) = (here.as_slice(), in_b.get(&key).map(Vec::as_slice))
                && !self.to_b.contains_key(one)
                && !self.to_a.contains_key(other)
            {
                self.add(*one, *other, by);
            }
        }
    }

    fn add(&mut self, a: Endpoint, b: Endpoint, by: MatchedBy) {
        self.to_b.insert(a, (b, by));
        self.to_a.insert(b, a);
    }

    pub(super) fn in_b(&self, a: Endpoint) -> Option<Endpoint> {
        self.to_b.get(&a).map(|(b, _)| *b)
    }

    pub(super) fn in_a(&self, b: Endpoint) -> Option<Endpoint> {
        self.to_a.get(&b).copied()
    }
}

fn keyed(
    profile: &Profile,
    is_free: &dyn Fn(Endpoint) -> bool,
    keys: impl Fn(&Endpoint, &Dealings) -> Vec<(String, u16)>,
) -> BTreeMap<(String, u16), Vec<Endpoint>> {
    let mut found: BTreeMap<(String, u16), Vec<Endpoint>> = BTreeMap::new();
    for (endpoint, dealings) in profile.services.iter().filter(|(endpoint, _)| is_free(*endpoint)) {
        for key in keys(endpoint, dealings) {
            found.entry(key).or_default().push(*endpoint);
        }
    }
    found
}

/// A share of connections in both captures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// `failed`, `syn-lost` (of attempts: the SYN was sent again or never answered), or an outcome.
    pub name: &'static str,
    /// What became of it.
    pub change: Change,
    /// In the first capture.
    pub a: Share,
    /// In the second.
    pub b: Share,
    /// The probability that chance alone makes such a difference.
    pub chance: Option<f64>,
    /// The first in A, with a packet that shows it.
    pub example_a: Option<Example>,
    /// The first in B.
    pub example_b: Option<Example>,
}

/// How one service fared in both captures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceChange {
    /// It in the first capture; `None` where that has no connection to it, and for all services together.
    pub a: Option<Endpoint>,
    /// It in the second.
    pub b: Option<Endpoint>,
    /// Server names that clients asked for in either, at most 8. Escaped.
    pub server_names: Vec<String>,
    /// Why the two are taken for one.
    pub matched_by: MatchedBy,
    /// Connections in the first and in the second capture.
    pub connections: (u64, u64),
    /// Attempts (connections that begin with a SYN) for each second of the capture; `None` for captures of less than one.
    pub attempts_per_s: (Option<f64>, Option<f64>),
    /// Turns of request and answer for each connection that has any; counted by direction where the content is not seen.
    pub exchanges_per_connection: (Option<f64>, Option<f64>),
    /// Shares of connections that are not nought in both.
    pub measures: Vec<Measure>,
    /// How the ClientHellos differ, where both have some.
    pub hellos: Option<HelloChange>,
}

impl ServiceChange {
    /// Whether anything in it is more than chance.
    pub fn is_changed(&self) -> bool {
        self.measures.iter().any(|measure| !matches!(measure.change, Change::Alike | Change::Unclear))
            || self.hellos.as_ref().is_some_and(|hellos| !hellos.only.is_empty())
    }
}

/// All services of either capture: changed ones first, then by connections.
pub(super) fn changes(a: &Profile, b: &Profile, pairs: &Pairs) -> Vec<ServiceChange> {
    let nothing = Dealings::default();
    let of_a = a.services.iter().map(|(endpoint, dealings)| {
        let (other, by) = pairs.to_b.get(endpoint).map_or((None, MatchedBy::None), |(other, by)| (Some(*other), *by));
        let there = other.and_then(|other| b.service(other)).unwrap_or(&nothing);
        ServiceChange { a: Some(*endpoint), b: other, matched_by: by, ..side_by_side(dealings, there, a, b) }
    });
    let of_b = b
        .services
        .iter()
        .filter(|(endpoint, _)| pairs.in_a(*endpoint).is_none())
        .map(|(endpoint, dealings)| ServiceChange { b: Some(*endpoint), ..side_by_side(&nothing, dealings, a, b) });
    let mut changes: Vec<ServiceChange> = of_a.chain(of_b).collect();
    changes.sort_by_key(|change| {
        (
            !change.is_changed(),
            change.matched_by == MatchedBy::None,
            std::cmp::Reverse(change.connections.0 + change.connections.1),
        )
    });
    changes
}

/// All connections of both captures.
pub(super) fn whole(a: &Profile, b: &Profile) -> ServiceChange {
    let sum = |profile: &Profile| {
        let mut sum = Dealings::default();
        profile.services.iter().for_each(|(_, dealings)| sum.merge(dealings));
        sum
    };
    ServiceChange { server_names: Vec::new(), ..side_by_side(&sum(a), &sum(b), a, b) }
}

fn side_by_side(here: &Dealings, there: &Dealings, a: &Profile, b: &Profile) -> ServiceChange {
    let names: std::collections::BTreeSet<&String> = here.names.iter().chain(&there.names).collect();
    let all = (here.connections, there.connections);
    let mut measures = Vec::new();
    measures.extend(measure("failed", here.failed, there.failed, all));
    measures.extend(measure("syn-lost", here.syn_lost, there.syn_lost, (here.attempts, there.attempts)));
    let outcomes = Outcome::ALL.iter().zip(here.outcomes.iter().zip(&there.outcomes));
    measures.extend(outcomes.filter_map(|(outcome, (x, y))| measure(outcome.name(), *x, *y, all)));
    let rate = |attempts: u64, duration: Option<f64>| {
        duration.filter(|duration| *duration >= 1.0).map(|duration| attempts as f64 / duration)
    };
    let turns = |dealings: &Dealings| (dealings.used > 0).then(|| dealings.exchanges as f64 / dealings.used as f64);
    ServiceChange {
        a: None,
        b: None,
        server_names: names.into_iter().take(8).cloned().collect(),
        matched_by: MatchedBy::None,
        connections: all,
        attempts_per_s: (rate(here.attempts, a.duration_s), rate(there.attempts, b.duration_s)),
        exchanges_per_connection: (turns(here), turns(there)),
        measures,
        hellos: hellos::change(&here.hellos, &there.hellos),
    }
}

fn measure(name: &'static str, a: Counted, b: Counted, of: (u64, u64)) -> Option<Measure> {
    if a.count == 0 && b.count == 0 {
        return None;
    }
    let (share_a, share_b) = (Share { count: a.count, of: of.0 }, Share { count: b.count, of: of.1 });
    let (change, chance) = Change::of(share_a, share_b);
    Some(Measure { name, change, a: share_a, b: share_b, chance, example_a: a.example, example_b: b.example })
}
