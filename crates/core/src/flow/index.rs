//! The places of the live table by the hash of what stands there.
//!
//! In: a hash and a place. Out: the place for which the caller says that it is the one. Looked up for each packet: hash and
//! place lie in one word, so that a look-up touches one line of memory before the place itself, where a general hash table
//! touches two.

/// An open-addressed table: who finds its position taken stands in the next free one behind it.
#[derive(Debug)]
pub(super) struct Index {
    /// A power of two of them, at most half of them taken: whoever goes on from one comes to a free one soon.
    entries: Vec<Entry>,
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The lower half of the hash: it gives the position, and nearly always tells others from the one looked for.
    hash: u32,
    place: u32,
}

/// No place: the table of the living holds fewer.
const FREE: Entry = Entry { hash: 0, place: u32::MAX };

/// Entries to begin with.
const FEWEST: usize = 64;

impl Index {
    pub(super) fn new() -> Self {
        Self { entries: vec![FREE; FEWEST], taken: 0 }
    }

    /// The place with this hash that `is_it`.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = hash as u32;
        let mut at = hash as usize;
        loop {
            let entry = self.entries.get(at & self.mask())?;
            if entry.hash == hash && entry.place != FREE.place && is_it(entry.place) {
                return Some(entry.place);
            }
            if entry.place == FREE.place {
                return None;
            }
            at += 1;
        }
    }

    /// Adds a place that is not here.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, place: u32) {
        if 2 * self.taken >= self.entries.len() {
            self.grow();
        }
        self.taken += 1;
        self.put(Entry { hash: hash as u32, place });
    }

    /// Takes a place out, and closes the gap: whoever stands behind it and would not be found past a free entry moves up.
    pub(super) fn remove(&mut self, hash: u64, place: u32) {
        let mask = self.mask();
        let mut gap = hash as usize & mask;
        while self.entries[gap].place != place {
            if self.entries[gap].place == FREE.place {
                return;
            }
            gap = (gap + 1) & mask;
        }
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let entry = self.entries[at];
            if entry.place == FREE.place {
                break;
            }
            // How far it stands from where it belongs, and how far from the gap.
            let belongs = at.wrapping_sub(entry.hash as usize) & mask;
            if belongs >= at.wrapping_sub(gap) & mask {
                self.entries[gap] = entry;
                gap = at;
            }
        }
        self.entries[gap] = FREE;
        self.taken -= 1;
    }

    fn put(&mut self, entry: Entry) {
        let mask = self.mask();
        let mut at = entry.hash as usize & mask;
        while self.entries[at].place != FREE.place {
            at = (at + 1) & mask;
        }
        self.entries[at] = entry;
    }

    #[cold]
    fn grow(&mut self) {
        let more = vec![FREE; 2 * self.entries.len()];
        let before = std::mem::replace(&mut self.entries, more);
        before.into_iter().filter(|entry| entry.place != FREE.place).for_each(|entry| self.put(entry));
    }

    #[inline]
    fn mask(&self) -> usize {
        self.entries.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_agrees_with_a_map_whatever_comes_and_goes() {
        let mut index = Index::new();
        let mut map: BTreeMap<u64, u32> = BTreeMap::new();
        let mut random = 1_u64;
        for place in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Few hashes in two heaps, one of them around the end of the table: they collide all the time.
            let hash = (random >> 33) % 300 + if random >> 63 == 0 { 0 } else { u64::from(u32::MAX) - 299 };
            match map.remove(&hash) {
                Some(known) => index.remove(hash, known),
                None => {
                    map.insert(hash, place);
                    index.insert(hash, place);
                }
            }
            assert_eq!(index.find(hash, |_| true), map.get(&hash).copied());
            assert_eq!(index.taken, map.len());
        }
        for (hash, place) in &map {
            assert_eq!(index.find(*hash, |one| one == *place), Some(*place));
        }
    }

    #[test]
    fn one_hash_may_have_many_places() {
        let mut index = Index::new();
        (0..100).for_each(|place| index.insert(7, place));
        assert!((0..100).all(|place| index.find(7, |one| one == place) == Some(place)));
        assert_eq!(index.find(7, |one| one == 100), None);
        (0..99).for_each(|place| index.remove(7, place));
        assert_eq!((index.find(7, |_| true), index.taken), (Some(99), 1));
    }
}
