//! The live table: tuple to connection, bounded, with expiry by capture time.

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::key::{Flow, Key};
use crate::Limits;
use crate::types::{Span, Timestamp};

/// Connections by tuple. Each is in one class, and a class has a time limit.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// Places in `slots`, by the hash of the key that stands there.
    index: HashTable<u32>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    queues: [VecDeque<Ticket>; 4],
    counts: [usize; 4],
    limits: Limits,
    /// When to look again for what has expired.
    sweep_at: Timestamp,
    /// Whether a count grew since all were found to be within the limits.
    grown: bool,
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
    /// Ended and written out; only the tuple is remembered.
    Tombstone,
}

#[derive(Debug)]
struct Slot<T> {
    key: Key,
    hash: u64,
    last_seen: Timestamp,
    ticket: u32,
    class: Class,
    value: Option<Box<T>>,
}

/// A place in a queue, in order of `at`. It is void when the slot has a newer ticket.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    place: u32,
    ticket: u32,
    at: Timestamp,
}

/// Where a tuple was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The place of its connection.
    pub(crate) place: u32,
    /// Whether only the tuple is remembered.
    pub(crate) tombstone: bool,
}

/// Capture time between two looks for what has expired.
const SWEEP_EVERY: Span = Span::from_millis(500);

impl<T> Table<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            queues: Default::default(),
            counts: [0; 4],
            limits,
            sweep_at: Timestamp::MIN,
            grown: false,
        }
    }

    /// The connection of a tuple.
    #[inline]
    pub(crate) fn find(&self, flow: &Flow) -> Option<Found> {
        let slots = &self.slots;
        let is_it = |place: &u32| slots.get(*place as usize).is_some_and(|slot| slot.key == flow.key);
        let place = *self.index.find(flow.hash, is_it)?;
        let tombstone = slots.get(place as usize).is_none_or(|slot| slot.value.is_none());
        Some(Found { place, tombstone })
    }

    /// A connection.
    pub(crate) fn value(&mut self, place: u32) -> Option<&mut T> {
        self.slots.get_mut(place as usize)?.value.as_deref_mut()
    }

    /// Notes that a packet of the connection was seen, and which class it is in now.
    pub(crate) fn seen(&mut self, place: u32, class: Class, now: Timestamp) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        slot.last_seen = now;
        if slot.class != class {
            self.file(place, class);
        }
    }

    /// Adds a connection whose tuple is not here.
    pub(crate) fn insert(&mut self, flow: &Flow, value: Box<T>, now: Timestamp) -> u32 {
        let &Flow { key, hash, .. } = flow;
        let slot = Slot { key, hash, last_seen: now, ticket: 0, class: Class::HalfOpen, value: Some(value) };
        let place = match self.free.pop() {
            Some(place) => {
                let old = &mut self.slots[place as usize];
                *old = Slot { ticket: old.ticket, ..slot };
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
        self.grown = true;
        self.queue(place, Class::HalfOpen);
        place
    }

    /// Takes a connection out and forgets its tuple.
    pub(crate) fn remove(&mut self, place: u32) -> Option<Box<T>> {
        let slot = self.slots.get_mut(place as usize)?;
        self.counts[slot.class as usize] -= 1;
        slot.ticket = slot.ticket.wrapping_add(1);
        if let Ok(entry) = self.index.find_entry(slot.hash, |known| *known == place) {
            entry.remove();
        }
        self.free.push(place);
        slot.value.take()
    }

    /// Takes out what has expired or does not fit, oldest first: one connection a call, and whether it was evicted before
    /// its time. To be called until it gives `None`.
    #[inline]
    pub(crate) fn expired(&mut self, now: Timestamp) -> Option<(Box<T>, bool)> {
        // Most packets end nothing and open nothing.
        if !self.grown && now < self.sweep_at { None } else { self.sweep(now) }
    }

    #[inline(never)]
    fn sweep(&mut self, now: Timestamp) -> Option<(Box<T>, bool)> {
        if let Some(value) = self.over_limit() {
            return Some(value);
        }
        self.grown = false;
        if now < self.sweep_at {
            return None;
        }
        let waits = [
            (Class::HalfOpen, self.limits.half_open_timeout),
            (Class::Open, self.limits.idle_timeout),
            (Class::Closed, self.limits.closed_linger),
            (Class::Tombstone, self.limits.tombstone_linger),
        ];
        for (class, wait) in waits {
            while let Some(place) = self.oldest(class, |slot| now.since(slot.last_seen) > wait) {
                if let Some(value) = self.dismiss(place, class) {
                    return Some((value, false));
                }
            }
        }
        self.sweep_at = now.plus(SWEEP_EVERY);
        None
    }

    /// Everything that is left, in no particular order.
    pub(crate) fn drain(&mut self) -> Vec<Box<T>> {
        self.index.clear();
        self.queues.iter_mut().for_each(VecDeque::clear);
        self.slots.drain(..).filter_map(|slot| slot.value).collect()
    }

    fn over_limit(&mut self) -> Option<(Box<T>, bool)> {
        while self.counts[Class::Tombstone as usize] > self.limits.max_tombstones {
            let place = self.oldest(Class::Tombstone, |_| true)?;
            self.dismiss(place, Class::Tombstone);
        }
        if self.counts[Class::Closed as usize] > self.limits.max_closed {
            let place = self.oldest(Class::Closed, |_| true)?;
            return self.dismiss(place, Class::Closed).map(|value| (value, false));
        }
        if self.counts[Class::HalfOpen as usize] + self.counts[Class::Open as usize] > self.limits.max_connections {
            // Attempts are given up before connections: a flood of SYNs must not push real traffic out.
            let class = if self.counts[Class::HalfOpen as usize] > 0 { Class::HalfOpen } else { Class::Open };
            let place = self.oldest(class, |_| true)?;
            return self.remove(place).map(|value| (value, true));
        }
        None
    }

    /// An expired connection goes; an ended one leaves its tuple behind, so that a late packet opens no new one.
    fn dismiss(&mut self, place: u32, class: Class) -> Option<Box<T>> {
        if class != Class::Closed {
            return self.remove(place);
        }
        let value = self.slots.get_mut(place as usize)?.value.take();
        self.file(place, Class::Tombstone);
        value
    }

    /// The slot that was quiet longest, if it passes. A slot that saw packets since it was queued goes to the back: each
    /// such move is paid for by a packet.
    fn oldest(&mut self, class: Class, passes: impl Fn(&Slot<T>) -> bool) -> Option<u32> {
        let queue = &mut self.queues[class as usize];
        while let Some(&head) = queue.front() {
            match self.slots.get(head.place as usize) {
                Some(slot) if slot.ticket != head.ticket => drop(queue.pop_front()),
                Some(slot) if slot.last_seen > head.at => {
                    queue.pop_front();
                    queue.push_back(Ticket { at: slot.last_seen, ..head });
                }
                Some(slot) if passes(slot) => {
                    queue.pop_front();
                    return Some(head.place);
                }
                Some(_) => return None,
                None => drop(queue.pop_front()),
            }
        }
        None
    }

    fn file(&mut self, place: u32, class: Class) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        self.counts[slot.class as usize] -= 1;
        self.counts[class as usize] += 1;
        self.grown = true;
        slot.class = class;
        self.queue(place, class);
    }

    fn queue(&mut self, place: u32, class: Class) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        slot.ticket = slot.ticket.wrapping_add(1);
        let ticket = Ticket { place, ticket: slot.ticket, at: slot.last_seen };
        let queue = &mut self.queues[class as usize];
        queue.push_back(ticket);
        // Void tickets wait behind a valid one: they are swept out when they are the greater part.
        if queue.len() > 2 * self.counts[class as usize] + 1_024 {
            let slots = &self.slots;
            queue.retain(|ticket| slots.get(ticket.place as usize).is_some_and(|slot| slot.ticket == ticket.ticket));
        }
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
        let place = table.insert(&Flow::of(&tuple(1_000)), Box::new(7), at(0));
        let back = Tuple { source: tuple(1_000).destination, destination: tuple(1_000).source };
        let found = table.find(&Flow::of(&back)).expect("it was inserted");
        assert_eq!((found.place, found.tombstone), (place, false));
    }

    #[test]
    fn an_ended_connection_is_written_and_then_forgotten() {
        let mut table = Table::new(limits());
        let place = table.insert(&Flow::of(&tuple(1_000)), Box::new(7), at(0));
        table.seen(place, Class::Closed, at(1));
        assert!(table.expired(at(11)).is_none(), "it still waits for late packets");
        assert_eq!(table.expired(at(12)), Some((Box::new(7), false)));
        assert!(table.find(&Flow::of(&tuple(1_000))).expect("its tuple is remembered").tombstone);
        assert!(table.expired(at(40)).is_none());
        assert!(table.find(&Flow::of(&tuple(1_000))).is_none());
    }

    #[test]
    fn the_one_that_was_quiet_longest_is_evicted() {
        let mut table = Table::new(limits());
        let places = [1, 2].map(|n| table.insert(&Flow::of(&tuple(n)), Box::new(n), at(i64::from(n))));
        places.iter().for_each(|place| table.seen(*place, Class::Open, at(3)));
        table.seen(places[0], Class::Open, at(5));
        let third = table.insert(&Flow::of(&tuple(3)), Box::new(3), at(6));
        table.seen(third, Class::Open, at(6));
        assert_eq!(table.expired(at(6)), Some((Box::new(2), true)));
        assert_eq!(table.expired(at(6)), None);
    }
}
