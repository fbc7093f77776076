//! The live table: tuple to connection, bounded, with expiry by capture time.

use hashbrown::HashTable;
use prefetch_index::prefetch_index;

use super::key::{Flow, Key};
use super::queues::Queues;
use super::tombstones::Tombstones;
use crate::Limits;
use crate::secret::secret;
use crate::types::{Span, Timestamp};

/// Connections by tuple. Each is in one class, and a class has a time limit.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// Places in `slots`, by the secret hash of the key that stands there.
    index: HashTable<u32>,
    secrets: [u64; 4],
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    /// Who waits in each class, in the order of the last look at them.
    queues: Queues,
    counts: [usize; 3],
    ended: Tombstones,
    limits: Limits,
    /// When to look again for what has expired.
    sweep_at: Timestamp,
}

/// What state a connection is in, as far as forgetting it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A SYN without answer.
    HalfOpen,
    /// Anything that has not ended.
    Open,
    /// Ended; waits for late packets.
    Closed,
}

/// A connection that was taken out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone<T> {
    pub(crate) key: Key,
    pub(crate) value: T,
    /// Whether it had to go before its time.
    pub(crate) evicted: bool,
}

/// What the table needs to know stands in one line of the processor's cache, the connection in the next.
#[derive(Debug)]
#[repr(C, align(64))]
struct Slot<T> {
    key: Key,
    /// By the table's secrets.
    hash: u64,
    last_seen: Timestamp,
    class: Class,
    value: Option<T>,
}

/// Connections for which room is set aside at the start: memory that nobody touches costs nothing, and to move what has grown
/// costs a lot.
const ROOM: usize = 16_384;

/// A system that gets no answer sends again after 0.2, 0.4, 0.8 s and so on: six times within this.
const SETTLED_AFTER: Span = Span::from_secs(15);
/// The longest pause between two SYNs of one attempt is 64 s (Linux with its default of six retries).
const ATTEMPT_OVER_AFTER: Span = Span::from_secs(70);

/// Capture time between two looks for what has expired.
const SWEEP_EVERY: Span = Span::from_millis(500);

impl<T> Table<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        let room = ROOM.min(limits.max_connections.saturating_add(limits.max_closed));
        Self {
            index: HashTable::with_capacity(room),
            // With the highest bit neither factor of a hash is ever 0.
            secrets: std::array::from_fn(|_| secret() | 1 << 63),
            slots: Vec::with_capacity(room),
            free: Vec::new(),
            queues: Queues::new(),
            counts: [0; 3],
            ended: Tombstones::new(&limits),
            limits,
            sweep_at: Timestamp::MIN,
        }
    }

    /// The place of a tuple's connection.
    #[inline(always)]
    pub(crate) fn find(&self, flow: &Flow) -> Option<u32> {
        let slots = &self.slots;
        let is_it = |place: &u32| slots.get(*place as usize).is_some_and(|slot| slot.key == flow.key);
        self.index.find(flow.key.hash_with(&self.secrets), is_it).copied()
    }

    /// Whether a connection of this tuple ended and was written out not long ago.
    pub(crate) fn has_ended(&self, flow: &Flow, now: Timestamp) -> bool {
        self.ended.has(flow.hash, now)
    }

    /// A connection.
    #[inline]
    pub(crate) fn value(&mut self, place: u32) -> Option<&mut T> {
        self.slots.get_mut(place as usize)?.value.as_mut()
    }

    /// Notes that a packet of the connection was seen, and which class it is in now.
    #[inline]
    pub(crate) fn seen(&mut self, place: u32, class: Class, now: Timestamp) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        slot.last_seen = now;
        if slot.class != class {
            self.counts[slot.class as usize] -= 1;
            self.counts[class as usize] += 1;
            slot.class = class;
            self.queues.leave(place);
            self.queues.join(place, class, now);
        }
    }

    /// Adds a connection whose tuple is not here.
    pub(crate) fn insert(&mut self, flow: &Flow, value: T, now: Timestamp) -> u32 {
        let key = flow.key;
        let hash = key.hash_with(&self.secrets);
        let slot = Slot { key, hash, last_seen: now, class: Class::HalfOpen, value: Some(value) };
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place as usize] = slot;
                place
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        let slots = &self.slots;
        self.index.insert_unique(hash, place, |place| slots.get(*place as usize).map_or(0, |slot| slot.hash));
        self.counts[Class::HalfOpen as usize] += 1;
        self.queues.join(place, Class::HalfOpen, now);
        place
    }

    /// Takes a connection out.
    pub(crate) fn remove(&mut self, place: u32) -> Option<Gone<T>> {
        let slot = self.slots.get_mut(place as usize)?;
        let value = slot.value.take()?;
        self.counts[slot.class as usize] -= 1;
        if let Ok(entry) = self.index.find_entry(slot.hash, |known| *known == place) {
            entry.remove();
        }
        let key = slot.key;
        self.queues.leave(place);
        self.free.push(place);
        Some(Gone { key, value, evicted: false })
    }

    /// Takes a connection out before its time.
    #[cold]
    pub(crate) fn evict(&mut self, place: u32) -> Option<Gone<T>> {
        self.give_up(place, true)
    }

    /// How many connections are here.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        let [half_open, open, closed] = self.counts;
        half_open + open + closed
    }

    /// Takes out what has expired or does not fit, oldest first: one connection a call. To be called until it gives `None`.
    #[inline]
    pub(crate) fn expired(&mut self, now: Timestamp) -> Option<Gone<T>> {
        if now < self.sweep_at && self.is_within_limits() { None } else { self.sweep(now) }
    }

    /// Everything that is left, in the order of a number that each has.
    pub(crate) fn drain(&mut self, number: fn(&T) -> u64) -> impl Iterator<Item = Gone<T>> + use<T> {
        self.index.clear();
        self.queues = Queues::new();
        self.free.clear();
        self.counts = [0; 3];
        let mut slots = std::mem::take(&mut self.slots);
        // Places are sorted and not what stands there, which is large.
        let places = slots.iter().enumerate();
        let mut order: Vec<(u64, usize)> =
            places.filter_map(|(place, slot)| Some((number(slot.value.as_ref()?), place))).collect();
        order.sort_unstable();
        order.into_iter().filter_map(move |(_, place)| {
            let slot = slots.get_mut(place)?;
            Some(Gone { key: slot.key, value: slot.value.take()?, evicted: false })
        })
    }

    /// The connection that will be written next, should nothing come between. What it takes to write the one after it is
    /// asked for, so that it is near when its turn comes: these ended long ago, and to wait for memory would be most of it.
    #[inline]
    pub(crate) fn next_to_go(&self) -> Option<&T> {
        let (next, after) = self.queues.first_two(Class::Closed)?;
        self.queues.ask_for(after);
        if let Some(slot) = self.slots.get(after as usize) {
            prefetch_index(std::slice::from_ref(slot), 0);
            prefetch_index(std::slice::from_ref(&slot.value), 0);
        }
        self.slots.get(next as usize)?.value.as_ref()
    }

    const fn is_within_limits(&self) -> bool {
        let [half_open, open, closed] = self.counts;
        closed <= self.limits.max_closed && half_open + open <= self.limits.max_connections
    }

    #[inline(never)]
    fn sweep(&mut self, now: Timestamp) -> Option<Gone<T>> {
        if let Some(gone) = self.over_limit(now) {
            return Some(gone);
        }
        if now < self.sweep_at {
            return None;
        }
        let Limits { half_open_timeout, idle_timeout, closed_linger, .. } = self.limits;
        if let Some(place) = self.oldest(Class::Closed, |at| now.since(at) > closed_linger) {
            return self.bury(place, now);
        }
        for (class, wait) in [(Class::HalfOpen, half_open_timeout), (Class::Open, idle_timeout)] {
            if let Some(place) = self.oldest(class, |at| now.since(at) > wait) {
                return self.give_up(place, false);
            }
        }
        self.sweep_at = now.plus(SWEEP_EVERY);
        None
    }

    /// The next connection of a live stream that goes before its time, because somebody waits for what it tells: one that ended so long
    /// ago that late packets would have come, or an attempt that is not repeated any more.
    pub(crate) fn settled(&mut self, now: Timestamp) -> Option<Gone<T>> {
        let linger = self.limits.closed_linger.min(SETTLED_AFTER);
        if let Some(place) = self.oldest(Class::Closed, |at| now.since(at) > linger) {
            return self.bury(place, now);
        }
        let wait = self.limits.half_open_timeout.min(ATTEMPT_OVER_AFTER);
        let place = self.oldest(Class::HalfOpen, |at| now.since(at) > wait)?;
        self.give_up(place, false)
    }

    fn over_limit(&mut self, now: Timestamp) -> Option<Gone<T>> {
        if self.counts[Class::Closed as usize] > self.limits.max_closed {
            let place = self.oldest(Class::Closed, |_| true)?;
            return self.bury(place, now);
        }
        if self.counts[Class::HalfOpen as usize] + self.counts[Class::Open as usize] <= self.limits.max_connections {
            return None;
        }
        // Attempts are given up before connections: a flood of SYNs must not push real traffic out.
        let class = if self.counts[Class::HalfOpen as usize] > 0 { Class::HalfOpen } else { Class::Open };
        let place = self.oldest(class, |_| true)?;
        self.give_up(place, true)
    }

    /// An ended connection leaves its tuple behind.
    fn bury(&mut self, place: u32, now: Timestamp) -> Option<Gone<T>> {
        let slot = self.slots.get(place as usize)?;
        self.ended.add(slot.key.hash(), now);
        self.remove(place)
    }

    /// A connection that did not end goes, and its tuple is forgotten.
    fn give_up(&mut self, place: u32, evicted: bool) -> Option<Gone<T>> {
        let slot = self.slots.get(place as usize)?;
        self.ended.forget(slot.key.hash());
        Some(Gone { evicted, ..self.remove(place)? })
    }

    /// The connection that was quiet longest, if the time it was last seen passes. One that saw packets since it was queued
    /// goes to the back: each such move is paid for by a packet.
    fn oldest(&mut self, class: Class, passes: impl Fn(Timestamp) -> bool) -> Option<u32> {
        while let Some((place, at)) = self.queues.first(class) {
            if !passes(at) {
                return None;
            }
            match self.slots.get(place as usize) {
                Some(slot) if slot.last_seen > at => {
                    let last_seen = slot.last_seen;
                    self.queues.leave(place);
                    self.queues.join(place, class, last_seen);
                }
                _ => return Some(place),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Endpoint, Tuple};

    fn tuple(port: u16) -> Tuple {
        let end = |port| Endpoint::new(std::net::IpAddr::from([127, 0, 0, 1]), port);
        Tuple { source: end(port), destination: end(80) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn limits() -> Limits {
        Limits {
            max_connections: 2,
            closed_linger: Span::from_secs(10),
            tombstone_linger: Span::from_secs(20),
            ..Limits::default()
        }
    }

    #[test]
    fn both_directions_find_the_same_place() {
        let mut table = Table::new(limits());
        let place = table.insert(&Flow::of(&tuple(1_000)), 7, at(0));
        let back = Tuple { source: tuple(1_000).destination, destination: tuple(1_000).source };
        assert_eq!(table.find(&Flow::of(&back)), Some(place));
    }

    #[test]
    fn whoever_chose_the_tuples_their_places_lie_apart() {
        // These have one place by the fixed hash, which anyone can work out.
        let of = |port: u16, host: u8| Tuple {
            source: Endpoint::new(std::net::IpAddr::from([10, 0, 0, host]), port),
            ..tuple(1)
        };
        let all = (0..=u16::MAX).flat_map(|port| (0..16).map(move |host| Flow::of(&of(port, host))));
        let chosen: Vec<Flow> = all.filter(|flow| flow.hash.is_multiple_of(4_096)).collect();
        assert!(chosen.len() > 128, "{}", chosen.len());
        let [one, other] = [0, 1].map(|_| {
            let table = Table::<()>::new(limits());
            chosen.iter().map(|flow| flow.key.hash_with(&table.secrets) % 4_096).collect::<Vec<u64>>()
        });
        assert_ne!(one, other, "each table has secrets of its own");
        let places: std::collections::BTreeSet<u64> = one.iter().copied().collect();
        assert!(places.len() * 10 > one.len() * 9, "{} places of {}", places.len(), one.len());
    }

    #[test]
    fn an_ended_connection_is_written_and_then_forgotten() {
        let mut table = Table::new(limits());
        let place = table.insert(&Flow::of(&tuple(1_000)), 7, at(0));
        table.seen(place, Class::Closed, at(1));
        assert!(table.expired(at(11)).is_none(), "it still waits for late packets");
        assert_eq!(table.expired(at(12)).map(|gone| (gone.value, gone.evicted)), Some((7, false)));
        let flow = Flow::of(&tuple(1_000));
        assert!(table.find(&flow).is_none() && table.has_ended(&flow, at(30)), "its tuple is remembered");
        assert!(!table.has_ended(&flow, at(40)));
    }

    #[test]
    fn an_attempt_expires_and_a_connection_goes_on() {
        let limits = Limits { half_open_timeout: Span::from_secs(5), idle_timeout: Span::from_secs(50), ..limits() };
        let mut table = Table::new(limits);
        let attempt = table.insert(&Flow::of(&tuple(1)), 1, at(0));
        let open = table.insert(&Flow::of(&tuple(2)), 2, at(0));
        table.seen(open, Class::Open, at(1));
        table.seen(attempt, Class::HalfOpen, at(2));
        assert_eq!(table.expired(at(7)).map(|gone| gone.value), None, "its last retry was 5 s ago");
        assert_eq!(table.expired(at(8)).map(|gone| gone.value), Some(1));
        assert_eq!(table.expired(at(51)).map(|gone| gone.value), None);
        assert_eq!(table.expired(at(52)).map(|gone| gone.value), Some(2));
    }

    #[test]
    fn the_one_that_was_quiet_longest_is_evicted() {
        let mut table = Table::new(limits());
        let places = [1, 2].map(|n| table.insert(&Flow::of(&tuple(n)), n, at(i64::from(n))));
        places.iter().for_each(|place| table.seen(*place, Class::Open, at(3)));
        table.seen(places[0], Class::Open, at(5));
        let third = table.insert(&Flow::of(&tuple(3)), 3, at(6));
        table.seen(third, Class::Open, at(6));
        assert_eq!(table.expired(at(6)).map(|gone| (gone.value, gone.evicted)), Some((2, true)));
        assert_eq!(table.expired(at(6)), None);
    }
}
