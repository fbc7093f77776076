//! Who waits in which class of the live table, first come first: one list through all places for each class.
//!
//! In: a place joins at the end of one list, and leaves from anywhere. Out: the first of a list. Knows nothing of what
//! stands at a place. The links lie apart from the slots: neighbours in a list are far from each other in memory, and a
//! link is an eighth of a slot.

use prefetch_index::prefetch_index;

use super::table::Class;
use crate::types::Timestamp;

/// A list for each class. A place is in one list, or in none.
#[derive(Debug)]
pub(super) struct Queues {
    /// The ends of the lists come first, one for each class: each list is a ring through its own end, so that joining and
    /// leaving ask for no special case.
    links: Vec<Link>,
}

/// A place's neighbours in its list, and the time with which it joined.
#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    behind: u32,
    at: Timestamp,
}

/// Links that are no places.
const ENDS: u32 = 3;

impl Queues {
    pub(super) fn new() -> Self {
        Self { links: (0..ENDS).map(Link::alone).collect() }
    }

    /// Who waits longest, and the time with which it joined.
    #[inline]
    pub(super) fn first(&self, class: Class) -> Option<(u32, Timestamp)> {
        let first = self.links.get(class as usize)?.behind;
        let at = self.links.get(first as usize)?.at;
        Some((first.checked_sub(ENDS)?, at))
    }

    /// The first two of a list.
    #[inline]
    pub(super) fn first_two(&self, class: Class) -> Option<(u32, u32)> {
        let first = self.links.get(class as usize)?.behind;
        let second = self.links.get(first as usize)?.behind;
        Some((first.checked_sub(ENDS)?, second.checked_sub(ENDS)?))
    }

    /// Asks for what is needed when a place leaves.
    #[inline]
    pub(super) fn ask_for(&self, place: u32) {
        prefetch_index(&self.links, (place + ENDS) as usize);
    }

    /// Puts a place that is in no list at the end of one.
    #[inline]
    pub(super) fn join(&mut self, place: u32, class: Class, at: Timestamp) {
        let (link, end) = (place + ENDS, class as u32);
        if link as usize >= self.links.len() {
            // Places are taken one after the other, so that this is the next one.
            self.links.push(Link::alone(link));
        }
        let Some(last) = self.links.get_mut(end as usize) else { return };
        let before = std::mem::replace(&mut last.before, link);
        if let Some(before) = self.links.get_mut(before as usize) {
            before.behind = link;
        }
        if let Some(own) = self.links.get_mut(link as usize) {
            *own = Link { before, behind: end, at };
        }
    }

    /// Takes a place out of its list.
    #[inline]
    pub(super) fn leave(&mut self, place: u32) {
        let Some(&Link { before, behind, .. }) = self.links.get((place + ENDS) as usize) else { return };
        if let Some(link) = self.links.get_mut(before as usize) {
            link.behind = behind;
        }
        if let Some(link) = self.links.get_mut(behind as usize) {
            link.before = before;
        }
    }
}

impl Link {
    /// In a ring of its own.
    const fn alone(link: u32) -> Self {
        Self { before: link, behind: link, at: Timestamp::MIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(queues: &mut Queues, class: Class) -> Vec<u32> {
        let mut places = Vec::new();
        while let Some((place, _)) = queues.first(class) {
            queues.leave(place);
            places.push(place);
        }
        places
    }

    #[test]
    fn first_come_first_and_leaving_from_anywhere() {
        let at = Timestamp::from_nanos;
        let mut queues = Queues::new();
        (0..6).for_each(|place| queues.join(place, Class::HalfOpen, at(i64::from(place))));
        assert_eq!(queues.first(Class::HalfOpen), Some((0, at(0))));
        for place in [0, 3, 5] {
            queues.leave(place);
            queues.join(place, Class::Open, at(9));
        }
        queues.leave(4);
        queues.join(4, Class::HalfOpen, at(10));
        assert_eq!(queues.first(Class::Closed), None);
        assert_eq!(waiting(&mut queues, Class::HalfOpen), [1, 2, 4]);
        assert_eq!(waiting(&mut queues, Class::Open), [0, 3, 5]);
    }
}
