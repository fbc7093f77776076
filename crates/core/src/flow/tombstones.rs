//! Tuples of connections that ended and were written out: a late packet of theirs opens no new connection.

use crate::Limits;
use crate::types::{Span, Timestamp};

/// The tuples that ended last, in fixed memory: sets of four places, of which each new tuple takes the oldest.
///
/// A tuple is told by its hash of 64 bits, so that a set is one line of the processor's cache. By chance two tuples never
/// have the same; whoever makes them so hides packets of a connection whose beginning was not captured, which are counted
/// as late.
#[derive(Debug)]
pub(super) struct Tombstones {
    /// Empty until the first connection has ended.
    sets: Vec<Set>,
    /// Which place of each set is written next: so a set is written without being read, and nobody waits for memory.
    next: Vec<u8>,
    most: usize,
    linger: Span,
}

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Set([Tombstone; WAYS]);

#[derive(Clone, Copy, Debug, Default)]
struct Tombstone {
    hash: u64,
    at: Timestamp,
}

/// Places in a set: with one, two busy tuples could go on forgetting each other.
const WAYS: usize = 4;

/// No tuple.
const EMPTY: Tombstone = Tombstone { hash: 0, at: Timestamp::MIN };

impl Tombstones {
    pub(super) const fn new(limits: &Limits) -> Self {
        let sets = limits.max_tombstones.div_ceil(WAYS);
        let most = if sets == 0 { 0 } else { sets.next_power_of_two() };
        Self { sets: Vec::new(), next: Vec::new(), most, linger: limits.tombstone_linger }
    }

    /// Remembers a tuple by its hash.
    pub(super) fn add(&mut self, hash: u64, at: Timestamp) {
        if self.sets.is_empty() {
            self.sets = vec![Set([EMPTY; WAYS]); self.most];
            self.next = vec![0; self.most];
        }
        let place = self.place_of(hash);
        if let (Some(Set(set)), Some(next)) = (self.sets.get_mut(place), self.next.get_mut(place)) {
            set[usize::from(*next) % WAYS] = Tombstone { hash, at };
            *next = next.wrapping_add(1);
        }
    }

    /// Whether a tuple is remembered.
    pub(super) fn has(&self, hash: u64, now: Timestamp) -> bool {
        let set = self.sets.get(self.place_of(hash)).map_or(&[][..], |Set(set)| set);
        let known = |tombstone: &Tombstone| {
            tombstone.hash == hash && tombstone.at != EMPTY.at && now.since(tombstone.at) <= self.linger
        };
        set.iter().any(known)
    }

    /// Forgets a tuple: a later connection on it came to no end.
    pub(super) fn forget(&mut self, hash: u64) {
        let place = self.place_of(hash);
        let Some(Set(set)) = self.sets.get_mut(place) else { return };
        set.iter_mut().filter(|tombstone| tombstone.hash == hash).for_each(|tombstone| *tombstone = EMPTY);
    }

    /// By the upper bits: the table of the living uses the lower ones.
    const fn place_of(&self, hash: u64) -> usize {
        if self.most == 0 { 0 } else { (hash >> 32) as usize & (self.most - 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Flow;
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
        assert!(!tombstones.has(flow(1).hash, at(0)));
        for port in [1, 2] {
            tombstones.add(flow(port).hash, at(0));
        }
        assert!(tombstones.has(flow(1).hash, at(20)) && !tombstones.has(flow(1).hash, at(21)));
        tombstones.forget(flow(1).hash);
        assert!(!tombstones.has(flow(1).hash, at(1)) && tombstones.has(flow(2).hash, at(1)));
    }

    #[test]
    fn memory_is_fixed_and_the_last_ones_are_kept() {
        let mut tombstones = Tombstones::new(&Limits { max_tombstones: 64, ..Limits::default() });
        for port in 0..10_000 {
            tombstones.add(flow(port).hash, at(0));
        }
        assert_eq!(tombstones.sets.len(), 16);
        assert!(tombstones.has(flow(9_999).hash, at(1)) && !tombstones.has(flow(1).hash, at(1)));
        let mut none = Tombstones::new(&Limits { max_tombstones: 0, ..Limits::default() });
        none.add(flow(1).hash, at(0));
        assert!(!none.has(flow(1).hash, at(0)));
    }
}
