//! One captured packet, as the file gives it.

use std::borrow::Cow;
use std::fmt;

use crate::Quality;
use crate::types::{PacketNo, Timestamp, escaped};

/// A captured packet, borrowed from the reader's buffer until the next one is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number, from 1, as Wireshark's `frame.number`.
    pub number: PacketNo,
    /// When it was captured.
    pub time: Timestamp,
    /// How its bytes begin.
    pub link: LinkType,
    /// Where it was captured.
    pub interface: InterfaceId,
    /// The bytes that the capture kept.
    pub data: &'a [u8],
    /// Its length on the wire; more than `data.len()` where the snap length cut it.
    pub original_len: u32,
    /// Bytes of frame check sequence at the end of the original packet, where the file says so.
    pub fcs_len: u8,
}

/// A link-layer header type as in `LINKTYPE_*` of tcpdump.org, unknown ones kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback with the address family in the capturing host's byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// OpenBSD loopback with the address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture v1 (`tcpdump -i any` before libpcap 1.10).
    pub const LINUX_SLL: Self = Self(113);
    /// Linux cooked capture v2 (`tcpdump -i any`).
    pub const LINUX_SLL2: Self = Self(276);
    /// Raw IPv4 or IPv6.
    pub const RAW: Self = Self(101);
}

impl fmt::Debug for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkType({})", self.0)
    }
}

/// An index into [`Interfaces`]: where a packet was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct InterfaceId(pub u16);

/// Every interface that the capture names, in order of appearance.
///
/// A pcap file has one; a pcapng file one for each interface block of each section. Linux cooked v2 captures add one for
/// each interface index that packets carry.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    list: Vec<Interface>,
}

/// An interface of the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name (`if_name`), or `if2` for Linux interface index 2; `None` where the file has no name.
    pub name: Option<String>,
    /// The link type of its packets.
    pub link: LinkType,
    /// Bytes kept of each packet; 0 means all.
    pub snaplen: u32,
    /// Packets that the interface or the system dropped, where the capture says so (`isb_ifdrop`, `isb_osdrop`).
    pub dropped: Option<u64>,
}

impl Interfaces {
    /// Adds one and says under which index. Past 65,535 all share the last index.
    pub fn add(&mut self, interface: Interface) -> InterfaceId {
        if self.list.len() < usize::from(u16::MAX) {
            self.list.push(interface);
        }
        InterfaceId((self.list.len() - 1) as u16)
    }

    /// One interface.
    pub fn by_id(&self, id: InterfaceId) -> Option<&Interface> {
        self.list.get(usize::from(id.0))
    }

    /// One interface, to be changed.
    pub fn by_id_mut(&mut self, id: InterfaceId) -> Option<&mut Interface> {
        self.list.get_mut(usize::from(id.0))
    }

    /// All, in order of appearance.
    pub fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.list.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Packets that the capture itself says it dropped, all interfaces together; `None` where it says of none.
    pub fn drops(&self) -> Option<Quality> {
        let dropping: Vec<_> = self.list.iter().filter_map(|i| Some((i, i.dropped.filter(|&n| n > 0)?))).collect();
        let count = dropping.iter().map(|(_, n)| *n).fold(0, u64::saturating_add);
        let named: Vec<_> = dropping.iter().take(4).map(|(i, n)| format!("{} dropped {n}", named(i))).collect();
        let more = if dropping.len() > named.len() { " ..." } else { "" };
        (count > 0).then(|| Quality {
            code: "capture-drops",
            count,
            note: format!(
                "the capturing system dropped packets by its own count ({}{more}); what looks lost may only not be captured",
                named.join(", ")
            ),
        })
    }

    /// A name to show: the interface's own, or its number.
    pub fn label(&self, id: InterfaceId) -> String {
        match self.by_id(id).and_then(|interface| interface.name.as_deref()) {
            Some(name) => name.to_owned(),
            None => format!("interface {}", id.0),
        }
    }
}

fn named(interface: &Interface) -> Cow<'_, str> {
    interface.name.as_deref().map_or(Cow::Borrowed("the interface"), escaped)
}
