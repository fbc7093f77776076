//! The interfaces of all files together.

use std::collections::BTreeMap;

use super::{Captures, Member};
use crate::capture::{Interface, InterfaceId, LinkType};

/// Which interfaces can be shared. A file can have 65,535 of them: all is found without a search.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Interfaces of members that have ended: the member, and the number among all.
    of_ended: BTreeMap<Kind, (usize, InterfaceId)>,
    /// How often each is an interface of a member that is being read, by the number among all.
    uses: Vec<u32>,
}

/// What makes two interfaces of files that follow each other one: name, link type and snap length.
type Kind = (Option<String>, LinkType, u32);

fn kind_of(interface: &Interface) -> Kind {
    (interface.name.clone(), interface.link, interface.snaplen)
}

impl Shared {
    fn is_in_use(&self, id: InterfaceId) -> bool {
        self.uses.get(usize::from(id.0)).is_some_and(|&uses| uses > 0)
    }

    fn begin_use(&mut self, id: InterfaceId) {
        let at = usize::from(id.0);
        if self.uses.len() <= at {
            self.uses.resize(at + 1, 0);
        }
        if let Some(uses) = self.uses.get_mut(at) {
            *uses += 1;
        }
    }

    fn end_use(&mut self, id: InterfaceId) {
        if let Some(uses) = self.uses.get_mut(usize::from(id.0)) {
            *uses = uses.saturating_sub(1);
        }
    }
}

impl Captures {
    /// Gives the interfaces of a member their numbers among all.
    #[cold]
    pub(super) fn adopt_interfaces(&mut self, index: usize) {
        let Some(Member { source, interfaces: ids, .. }) = self.members.get_mut(index) else { return };
        for interface in source.reader.interfaces().iter().skip(ids.len()) {
            let earlier = self.shared.of_ended.get(&kind_of(interface)).map(|&(_, id)| id);
            let id = match earlier.filter(|&id| !self.shared.is_in_use(id)) {
                Some(id) => id,
                None => self.interfaces.add(Interface { dropped: None, ..interface.clone() }),
            };
            self.shared.begin_use(id);
            ids.push(id);
        }
    }

    /// A member has ended: those that follow it may share its interfaces.
    #[cold]
    pub(super) fn leave_interfaces(&mut self, index: usize) {
        let Some(Member { source, interfaces, .. }) = self.members.get(index) else { return };
        for (interface, &id) in source.reader.interfaces().iter().zip(interfaces) {
            self.shared.end_use(id);
            // The first member, and in it the first one that is such.
            let first = self.shared.of_ended.entry(kind_of(interface)).or_insert((index, id));
            if index < first.0 {
                *first = (index, id);
            }
        }
    }

    /// Drops of an interface are those of all the files that share it.
    pub(super) fn count_drops(&mut self) {
        let mut drops: Vec<Option<u64>> = vec![None; self.interfaces.len()];
        for member in &self.members {
            for (interface, id) in member.source.reader.interfaces().iter().zip(&member.interfaces) {
                if let (Some(total), Some(dropped)) = (drops.get_mut(usize::from(id.0)), interface.dropped) {
                    *total = Some(total.unwrap_or(0).saturating_add(dropped));
                }
            }
        }
        for (index, dropped) in drops.into_iter().enumerate() {
            let interface = u16::try_from(index).ok().and_then(|index| self.interfaces.by_id_mut(InterfaceId(index)));
            if let (Some(interface), Some(dropped)) = (interface, dropped) {
                interface.dropped = Some(dropped);
            }
        }
    }
}
