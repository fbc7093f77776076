//! The interfaces of all files together.

use super::{Captures, State};
use crate::capture::{Interface, InterfaceId};

impl Captures {
    /// Gives the interfaces of a member their numbers among all.
    #[cold]
    pub(super) fn adopt_interfaces(&mut self, index: usize) {
        let alone = self.members.len() == 1;
        let Some(member) = self.members.get_mut(index) else { return };
        let mut ids = std::mem::take(&mut member.interfaces);
        let Some(member) = self.members.get(index) else { return };
        for interface in member.source.reader.interfaces().iter().skip(ids.len()) {
            let earlier =
                self.members.iter().filter(|earlier| !alone && earlier.state == State::Done).find_map(|earlier| {
                    let theirs = earlier.source.reader.interfaces().iter();
                    let same = |other: &Interface| {
                        (&other.name, other.link, other.snaplen) == (&interface.name, interface.link, interface.snaplen)
                    };
                    theirs.zip(&earlier.interfaces).find(|(other, _)| same(other)).map(|(_, &id)| id)
                });
            let taken = |id| self.members.iter().any(|m| m.state == State::Begun && m.interfaces.contains(&id));
            let id = match earlier.filter(|&id| !taken(id) && !ids.contains(&id)) {
                Some(id) => id,
                None => self.interfaces.add(Interface { dropped: None, ..interface.clone() }),
            };
            ids.push(id);
        }
        if let Some(member) = self.members.get_mut(index) {
            member.interfaces = ids;
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
