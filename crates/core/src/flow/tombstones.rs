//! Tuples of connections that ended and were written out: a late packet of theirs opens no new connection.

use super::key::{Flow, Key};
use crate::Limits;
use crate::types::{Span, Timestamp};

/// The tuples that ended last, in fixed memory: sets of four places, of which each new tuple takes the oldest.
#[derive(Debug)]
pub(super) struct Tombstones {
    /// Empty until the first connection has ended.
    places: Vec<Option<Tombstone>>,
    /// Which place of each set is written next.
    next: Vec<u8>,
    sets: usize,
    linger: Span,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Tombstone {
    key: Key,
    at: Timestamp,
}

/// Places in a set: with one, two busy tuples could go on forgetting each other.
const WAYS: usize = 4;

impl Tombstones {
    pub(super) fn new(limits: &Limits) -> Self {
        let sets =
            if limits.max_tombstones == 0 { 0 } else { limits.max_tombstones.div_ceil(WAYS).next_power_of_two() };
        Self { places: Vec::new(), next: Vec::new(), sets, linger: limits.tombstone_linger }
    }

    /// Remembers a tuple.
    pub(super) fn add(&mut self, key: Key, hash: u64, at: Timestamp) {
        if self.places.is_empty() {
            self.places = vec![None; self.sets * WAYS];
            self.next = vec![0; self.sets];
        }
        let set = self.set_of(hash);
        let Some(next) = self.next.get_mut(set) else { return };
        let place = set * WAYS + usize::from(*next) % WAYS;
        *next = next.wrapping_add(1);
        if let Some(place) = self.places.get_mut(place) {
            *place = Some(Tombstone { key, at });
        }
    }

    /// Whether a tuple is remembered.
    pub(super) fn has(&self, flow: &Flow, now: Timestamp) -> bool {
        let set = self.set_of(flow.hash) * WAYS;
        let known = self.places.get(set..set + WAYS).unwrap_or_default();
        known.iter().flatten().any(|tombstone| tombstone.key == flow.key && now.since(tombstone.at) <= self.linger)
    }

    /// Forgets a tuple: a later connection on it came to no end.
    pub(super) fn forget(&mut self, key: &Key, hash: u64) {
        let set = self.set_of(hash) * WAYS;
        for place in self.places.get_mut(set..set + WAYS).unwrap_or_default() {
            place.take_if(|tombstone| tombstone.key == *key);
        }
    }

    /// The upper bits: the table of the living uses the lower ones.
    const fn set_of(&self, hash: u64) -> usize {
        if self.sets == 0 { 0 } else { (hash >> 32) as usize & (self.sets - 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Endpoint, Tuple};

    fn flow(port: u16) -> Flow {
        let end = |port| Endpoint::new(std::net::IpAddr::from([10, 0, 0, 1]), port);
        Flow::of(&Tuple { source: end(port), destination: end(443) })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_tuple_is_remembered_for_its_time_and_until_it_is_forgotten() {
        let limits = Limits { tombstone_linger: Span::from_secs(20), ..Limits::default() };
        let mut tombstones = Tombstones::new(&limits);
        assert!(!tombstones.has(&flow(1), at(0)));
        for port in [1, 2] {
            tombstones.add(flow(port).key, flow(port).hash, at(0));
        }
        assert!(tombstones.has(&flow(1), at(20)) && !tombstones.has(&flow(1), at(21)));
        tombstones.forget(&flow(1).key, flow(1).hash);
        assert!(!tombstones.has(&flow(1), at(1)) && tombstones.has(&flow(2), at(1)));
    }

    #[test]
    fn memory_is_fixed_and_the_last_ones_are_kept() {
        let mut tombstones = Tombstones::new(&Limits { max_tombstones: 64, ..Limits::default() });
        for port in 0..10_000 {
            tombstones.add(flow(port).key, flow(port).hash, at(0));
        }
        assert_eq!(tombstones.places.len(), 64);
        assert!(tombstones.has(&flow(9_999), at(1)) && !tombstones.has(&flow(1), at(1)));
        let mut none = Tombstones::new(&Limits { max_tombstones: 0, ..Limits::default() });
        none.add(flow(1).key, flow(1).hash, at(0));
        assert!(!none.has(&flow(1), at(0)));
    }
}
