//! Where packets were seen: the capture's interfaces, and those that Linux cooked v2 headers name.

use crate::capture::{Interface, InterfaceId, Interfaces, LinkType};

/// The points of observation of one analysis.
///
/// A cooked v2 capture has one interface in the file and the real one in each packet: those get entries of their own.
#[derive(Debug, Default)]
pub(crate) struct Places {
    all: Interfaces,
    /// The capture's interface to the entry here.
    of_capture: Vec<InterfaceId>,
    /// The capture's interface and the Linux interface index to the entry here; few, the last hit first.
    of_index: Vec<(InterfaceId, u32, InterfaceId)>,
    /// The capture's interfaces that were met and are not yet described.
    undescribed: Vec<InterfaceId>,
}

/// Linux interface indices that get entries of their own.
const MOST_INDICES: usize = 1_024;

impl Places {
    /// The entry for a packet of the capture's interface `id`.
    #[inline]
    pub(crate) fn of(&mut self, id: InterfaceId, index: Option<u32>) -> InterfaceId {
        match index {
            Some(index) => self.indexed(id, index),
            None => match self.of_capture.get(usize::from(id.0)) {
                Some(place) if *place != UNKNOWN => *place,
                _ => self.learn(id),
            },
        }
    }

    /// Takes over what the capture says of the interfaces that are not yet described: of these alone, for there can be 65,535.
    pub(crate) fn describe_new(&mut self, capture: &Interfaces) {
        for id in std::mem::take(&mut self.undescribed) {
            self.describe(id, capture);
        }
    }

    /// Takes over what the capture says of all its interfaces. A pcapng file says their drops at the end.
    pub(crate) fn describe_all(&mut self, capture: &Interfaces) {
        self.undescribed.clear();
        for id in 0..self.of_capture.len() {
            self.describe(InterfaceId(id as u16), capture);
        }
    }

    fn describe(&mut self, id: InterfaceId, capture: &Interfaces) {
        let Some(place) = self.of_capture.get(usize::from(id.0)).filter(|place| **place != UNKNOWN) else { return };
        if let (Some(from), Some(to)) = (capture.by_id(id), self.all.by_id_mut(*place)) {
            to.clone_from(from);
        }
    }

    /// Whether an interface was met that is not yet described.
    pub(crate) const fn is_stale(&self) -> bool {
        !self.undescribed.is_empty()
    }

    /// All entries.
    pub(crate) const fn all(&self) -> &Interfaces {
        &self.all
    }

    #[inline(never)]
    fn indexed(&mut self, id: InterfaceId, index: u32) -> InterfaceId {
        if let Some(at) = self.of_index.iter().position(|(known, i, _)| *known == id && *i == index) {
            let (_, _, place) = self.of_index[at];
            self.of_index.swap(0, at);
            return place;
        }
        if self.of_index.len() >= MOST_INDICES {
            return self.of_index[MOST_INDICES - 1].2;
        }
        let name = Some(format!("if{index}"));
        let place = self.all.add(Interface { name, link: LinkType::LINUX_SLL2, snaplen: 0, dropped: None });
        self.of_index.push((id, index, place));
        place
    }

    #[cold]
    fn learn(&mut self, id: InterfaceId) -> InterfaceId {
        let place = self.all.add(Interface { name: None, link: LinkType::ETHERNET, snaplen: 0, dropped: None });
        let slot = usize::from(id.0);
        if self.of_capture.len() <= slot {
            self.of_capture.resize(slot + 1, UNKNOWN);
        }
        self.of_capture[slot] = place;
        self.undescribed.push(id);
        place
    }
}

const UNKNOWN: InterfaceId = InterfaceId(u16::MAX);

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, dropped: Option<u64>) -> Interface {
        Interface { name: Some(name.to_owned()), link: LinkType::ETHERNET, snaplen: 0, dropped }
    }

    #[test]
    fn an_interface_is_described_once_when_it_is_met_and_again_at_the_end() {
        let (mut capture, mut places) = (Interfaces::default(), Places::default());
        let ids = ["a", "b"].map(|name| capture.add(named(name, None)));
        let first = places.of(ids[0], None);
        assert!(places.is_stale());
        places.describe_new(&capture);
        assert!(!places.is_stale());
        // Whoever meets another one does not copy the first again.
        *capture.by_id_mut(ids[0]).expect("it is there") = named("a", Some(3));
        let second = places.of(ids[1], None);
        places.describe_new(&capture);
        assert_eq!((places.all().label(first), places.all().label(second)), ("a".to_owned(), "b".to_owned()));
        assert_eq!(places.all().by_id(first), Some(&named("a", None)));
        places.describe_all(&capture);
        assert_eq!(places.all().by_id(first), Some(&named("a", Some(3))));
    }
}
