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
    stale: bool,
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

    /// Takes over what the capture says of its interfaces. A pcapng file can name one at any time, and its drops at the end.
    pub(crate) fn describe(&mut self, capture: &Interfaces) {
        self.stale = false;
        for (id, place) in self.of_capture.iter().enumerate().filter(|(_, place)| **place != UNKNOWN) {
            if let (Some(from), Some(to)) = (capture.by_id(InterfaceId(id as u16)), self.all.by_id_mut(*place)) {
                to.clone_from(from);
            }
        }
    }

    /// Whether an interface was met that is not yet described.
    pub(crate) const fn is_stale(&self) -> bool {
        self.stale
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
        self.stale = true;
        place
    }
}

const UNKNOWN: InterfaceId = InterfaceId(u16::MAX);
