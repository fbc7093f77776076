//! Who keeps payload, and how much in all: when it is too much, the one that has kept some longest goes.
//!
//! In: what a connection kept before and after each of its packets. Out: who has to go. Knows nothing of what is kept.

use std::collections::VecDeque;

/// The connections that keep payload, in the order in which they began to.
#[derive(Debug)]
pub(crate) struct Keepers {
    /// Some have kept nothing for long, or are gone: who asks looks.
    queue: VecDeque<Keeper>,
    bytes: usize,
    most: usize,
}

/// A place of the table, and the number of the connection that stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keeper {
    pub(crate) place: u32,
    pub(crate) number: u64,
}

/// Below this many nobody is looked for that is gone.
const FEW: usize = 4_096;

impl Keepers {
    /// Nobody. `most` is what all together may keep, in bytes.
    pub(crate) const fn new(most: usize) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, most }
    }

    /// One kept `before` bytes and now keeps `after`.
    #[inline]
    pub(crate) fn note(&mut self, keeper: Keeper, before: usize, after: usize) {
        if before != after {
            self.change(keeper, before, after);
        }
    }

    fn change(&mut self, keeper: Keeper, before: usize, after: usize) {
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        if before == 0 {
            self.queue.push_back(keeper);
        }
    }

    /// One is gone, and with it what it kept.
    #[inline]
    pub(crate) const fn leave(&mut self, kept: usize) {
        self.bytes = self.bytes.saturating_sub(kept);
    }

    /// Whether more is kept than may be.
    #[inline]
    pub(crate) const fn is_over(&self) -> bool {
        self.bytes > self.most
    }

    /// Who began first, and is looked at no more.
    pub(crate) fn next(&mut self) -> Option<Keeper> {
        self.queue.pop_front()
    }

    /// Whether most that are listed must be gone, where so many live.
    #[inline]
    pub(crate) fn is_crowded(&self, alive: usize) -> bool {
        self.queue.len() > FEW && self.queue.len() / 2 > alive
    }

    /// Forgets those that are gone.
    #[cold]
    pub(crate) fn thin(&mut self, mut still: impl FnMut(Keeper) -> bool) {
        // Each once: who began anew stands behind its former place.
        let mut seen = std::collections::BTreeSet::new();
        self.queue.retain(|keeper| still(*keeper) && seen.insert(keeper.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn keeper(number: u64) -> Keeper {
        Keeper { place: number as u32, number }
    }

    #[test]
    fn the_first_that_began_goes_first() {
        let mut keepers = Keepers::new(100);
        keepers.note(keeper(1), 0, 60);
        keepers.note(keeper(2), 0, 30);
        keepers.note(keeper(1), 60, 70);
        assert!(!keepers.is_over());
        keepers.note(keeper(3), 0, 1);
        assert!(keepers.is_over());
        assert_eq!(keepers.next(), Some(keeper(1)));
        keepers.leave(70);
        assert!(!keepers.is_over());
        assert_eq!(keepers.next(), Some(keeper(2)));
    }

    #[test]
    fn the_list_follows_those_that_live() {
        let mut keepers = Keepers::new(usize::MAX);
        for number in 0..10_000 {
            keepers.note(keeper(number), 0, 5);
            keepers.leave(5);
            if keepers.is_crowded(3) {
                keepers.thin(|keeper| keeper.number + 3 > number);
            }
            assert!(keepers.queue.len() <= FEW + 1);
        }
        assert_eq!(keepers.bytes, 0);
    }
}
