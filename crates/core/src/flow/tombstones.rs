//! Tuples of connections that ended and were written out: a late packet of theirs opens no new connection.

use crate::Limits;
use crate::types::{Span, Timestamp};

/// The tuples that ended last, in fixed memory: sets of eight places, of which each new tuple takes the oldest.
///
/// A tuple is told by bits of its hash, 32 in its place and those that name its set, so that eight fit into one line of the
/// processor's cache and all of them disturb little else in it. By chance two tuples hardly ever have the same; who makes
/// them so hides packets of a connection whose beginning was not captured, which are counted as late.
#[derive(Debug)]
pub(super) struct Tombstones {
    /// Empty until the first connection has ended.
    sets: Vec<Set>,
    /// Which place of each set is written next: so a set is written without being read, and nobody waits for memory.
    next: Vec<u8>,
    most: usize,
    /// In seconds.
    linger: i32,
}

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Set([Tombstone; WAYS]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tombstone {
    /// Of the hash; never 0, so that an empty place is none.
    mark: u32,
    /// When it ended, in seconds.
    at: u32,
}

/// Places in a set: with one, two busy tuples could go on forgetting each other.
const WAYS: usize = 8;

/// No tuple.
const EMPTY: Tombstone = Tombstone { mark: 0, at: 0 };

impl Tombstones {
    pub(super) fn new(limits: &Limits) -> Self {
        let sets = limits.max_tombstones.div_ceil(WAYS);
        let most = if sets == 0 { 0 } else { sets.next_power_of_two() };
        Self {
            sets: Vec::new(),
            next: Vec::new(),
            most,
            linger: i32::try_from(seconds(limits.tombstone_linger.as_nanos())).unwrap_or(i32::MAX),
        }
    }

    /// Remembers a tuple by its hash.
    pub(super) fn add(&mut self, hash: u64, at: Timestamp) {
        if self.sets.is_empty() {
            self.sets = vec![Set([EMPTY; WAYS]); self.most];
            self.next = vec![0; self.most];
        }
        let place = self.place_of(hash);
        if let (Some(Set(set)), Some(next)) = (self.sets.get_mut(place), self.next.get_mut(place)) {
            set[usize::from(*next) % WAYS] = Tombstone { mark: mark(hash), at: seconds(at.as_nanos()) as u32 };
            *next = next.wrapping_add(1);
        }
    }

    /// Whether a tuple is remembered.
    pub(super) fn has(&self, hash: u64, now: Timestamp) -> bool {
        let set = self.sets.get(self.place_of(hash)).map_or(&[][..], |Set(set)| set);
        let (mark, now) = (mark(hash), seconds(now.as_nanos()) as u32);
        // The clock of a capture can go back.
        let known = |tombstone: &Tombstone| {
            tombstone.mark == mark && now.wrapping_sub(tombstone.at).cast_signed() <= self.linger
        };
        set.iter().any(known)
    }

    /// Forgets a tuple: a later connection on it came to no end.
    pub(super) fn forget(&mut self, hash: u64) {
        let place = self.place_of(hash);
        let Some(Set(set)) = self.sets.get_mut(place) else { return };
        let mark = mark(hash);
        set.iter_mut().filter(|tombstone| tombstone.mark == mark).for_each(|tombstone| *tombstone = EMPTY);
    }

    /// By the upper bits: the table of the living uses the lower ones.
    const fn place_of(&self, hash: u64) -> usize {
        if self.most == 0 { 0 } else { (hash >> 32) as usize & (self.most - 1) }
    }
}

/// What stands for a tuple within its set: bits that do not name the set.
const fn mark(hash: u64) -> u32 {
    hash as u32 | 1
}

const fn seconds(nanos: i64) -> i64 {
    nanos.div_euclid(Span::from_secs(1).as_nanos())
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
        assert_eq!(tombstones.sets.len(), 8);
        assert!(tombstones.has(flow(9_999).hash, at(1)) && !tombstones.has(flow(1).hash, at(1)));
        let mut none = Tombstones::new(&Limits { max_tombstones: 0, ..Limits::default() });
        none.add(flow(1).hash, at(0));
        assert!(!none.has(flow(1).hash, at(0)));
    }
}
