//! The pcapng format: sections, interfaces, packets of three kinds, and drop counts.
//!
//! In: unread bytes. Out: [`Look`], and interfaces added to [`Interfaces`]. Blocks are framed here, because their lengths
//! can not be trusted; pcap-parser reads the bodies with options. Packets are read by hand: pcap-parser collects each one's
//! options into a list. Comments, secrets and custom blocks are passed by. draft-ietf-opsawg-pcapng.

use pcap_parser::PcapNGOption;
use pcap_parser::pcapng::{
    InterfaceDescriptionBlock, InterfaceStatisticsBlock, OptionCode, parse_interfacedescriptionblock_be,
    parse_interfacedescriptionblock_le, parse_interfacestatisticsblock_be, parse_interfacestatisticsblock_le,
};

use super::bytes::Order;
use super::clock::{Clock, MICROSECONDS};
use super::frame::{Interface, InterfaceId, Interfaces, LinkType};
use super::magic::Magic;
use super::record::{Chain, Look, Record};
use crate::Limits;
use crate::types::Timestamp;

const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const JOURNAL: u32 = 9;
const CUSTOM: u32 = 0xbad;
const CUSTOM_LOCAL: u32 = 0x4000_0bad;
const SECTION_HEADER: u32 = 0x0a0d_0d0a;

/// A block's type and its length at both ends.
const FRAMING_LEN: usize = 12;
/// Bytes before the data of an enhanced or obsolete packet block.
const PACKET_HEAD: usize = 28;
/// Not among pcap-parser's option codes.
const IF_FCSLEN: OptionCode = OptionCode(13);

/// Interfaces of one section.
const MOST_INTERFACES: usize = 65_535;

/// One section: its byte order and its interfaces.
#[derive(Debug)]
pub(super) struct Section {
    order: Order,
    interfaces: Vec<Local>,
    most_block: usize,
    most_packet: usize,
}

/// An interface, as its packets need it.
#[derive(Clone, Copy, Debug)]
struct Local {
    id: InterfaceId,
    link: LinkType,
    clock: Clock,
    snaplen: u32,
    fcs_len: u8,
}

/// A section header, or why there is none.
#[derive(Debug)]
pub(super) enum Opened {
    /// The section and the length of its header block.
    Section(Section, usize),
    Need(usize),
    /// A version that is not known.
    Version(u16, u16),
    Damaged(&'static str),
}

impl Section {
    /// From the section header block at the front.
    pub(super) fn open(bytes: &[u8], limits: &Limits) -> Opened {
        let Some(header) = bytes.get(..16) else { return Opened::Need(16) };
        let order = match header {
            [_, _, _, _, _, _, _, _, 0x4d, 0x3c, 0x2b, 0x1a, ..] => Order::Little,
            [_, _, _, _, _, _, _, _, 0x1a, 0x2b, 0x3c, 0x4d, ..] => Order::Big,
            _ => return Opened::Damaged("a section header without byte-order magic"),
        };
        let (Some(len), Some(major), Some(minor)) =
            (order.u32(header, 4), order.u16(header, 12), order.u16(header, 14))
        else {
            return Opened::Need(16);
        };
        let len = aligned(len);
        if !(28..=limits.max_block_bytes).contains(&len) {
            return Opened::Damaged("a section header of impossible length");
        }
        if bytes.len() < len {
            return Opened::Need(len);
        }
        // Section 4.1: 1.2 is to be read as 1.0.
        if !matches!((major, minor), (1, 0 | 2)) {
            return Opened::Version(major, minor);
        }
        let section = Self {
            order,
            interfaces: Vec::new(),
            most_block: limits.max_block_bytes,
            most_packet: limits.max_packet_bytes,
        };
        Opened::Section(section, len)
    }

    /// Its byte order.
    pub(super) const fn order(&self) -> Order {
        self.order
    }

    /// The packet at the front, if it is an enhanced packet block, whole, and has nothing odd.
    #[inline]
    pub(super) fn record(&self, bytes: &[u8]) -> Option<Record> {
        let [kind, length, id, high, low, len, original_len]: [u32; PACKET_HEAD / 4] = self.order.words(bytes)?;
        let (total, len) = (length as usize, len as usize);
        let usual = kind == ENHANCED_PACKET && total.is_multiple_of(4) && total <= self.most_block;
        if !usual || len > self.most_packet || len + PACKET_HEAD + 4 > total {
            return None;
        }
        // The length once more at the end; it is here when the block is whole.
        if bytes.get(4..8) != bytes.get(total - 4..total) {
            return None;
        }
        let interface = self.interfaces.get(id as usize)?;
        let time = interface.clock.time(u64::from(high) << 32 | u64::from(low)).ok()?;
        Some(interface.framed(PACKET_HEAD, len, total, original_len, time))
    }

    /// Whatever is at the front. `last` is the time of the packet before.
    #[cold]
    pub(super) fn look(
        &mut self,
        bytes: &[u8],
        at_end: bool,
        last: Option<Timestamp>,
        interfaces: &mut Interfaces,
    ) -> Look {
        let (Some(kind), Some(len)) = (self.order.u32(bytes, 0), self.order.u32(bytes, 4)) else {
            return match (at_end, bytes.is_empty()) {
                (false, _) => Look::Need(FRAMING_LEN),
                (true, true) => Look::End,
                (true, false) => Look::CutShort,
            };
        };
        if kind == SECTION_HEADER {
            return Look::Capture;
        }
        if Magic::of(bytes) == Some(Magic::Pcap) {
            return match Magic::plausible(bytes) {
                Some(_) => Look::Capture,
                None if bytes.len() < Magic::PLAUSIBLE_LEN && !at_end => Look::Need(Magic::PLAUSIBLE_LEN),
                None => Look::Damaged(format!("an unknown block type {kind:#010x}").into()),
            };
        }
        let total = aligned(len);
        if !(FRAMING_LEN..=self.most_block).contains(&total) {
            return Look::Damaged(format!("a block of type {kind:#x} claims {len} bytes").into());
        }
        if bytes.len() < total {
            return if at_end { Look::CutShort } else { Look::Need(total) };
        }
        if self.order.u32(bytes, total - 4) != Some(len) {
            return Look::Damaged(format!("a block of type {kind:#x} has two different lengths").into());
        }
        let Some(block) = bytes.get(..total) else { return Look::Need(total) };
        match kind {
            ENHANCED_PACKET | PACKET => self.packet(block, kind, total),
            SIMPLE_PACKET => self.simple_packet(block, last, total),
            INTERFACE_DESCRIPTION => self.add_interface(block, interfaces),
            NAME_RESOLUTION => Look::Names(self.order, total),
            INTERFACE_STATISTICS => self.count_drops(block, interfaces),
            JOURNAL | CUSTOM | CUSTOM_LOCAL => Look::Numbered(total),
            _ => Look::Skip(total),
        }
    }

    /// Sections 4.3 and appendix A: an enhanced packet block, or the obsolete packet block, which differs in one field.
    fn packet(&self, block: &[u8], kind: u32, total: usize) -> Look {
        let id = match kind {
            // 16 bits of interface, 16 bits of packets dropped since the one before.
            PACKET => self.order.u16(block, 8).map(usize::from),
            _ => self.order.u32(block, 8).map(|id| id as usize),
        };
        let (Some(id), Some(high), Some(low), Some(len), Some(original_len)) = (
            id,
            self.order.u32(block, 12),
            self.order.u32(block, 16),
            self.order.u32(block, 20),
            self.order.u32(block, 24),
        ) else {
            return Look::Malformed(total, "a packet block is too short".into());
        };
        let len = len as usize;
        if len > self.most_packet || len + PACKET_HEAD + 4 > total {
            return Look::Malformed(total, format!("a packet claims {len} bytes in a block of {total}").into());
        }
        let Some(interface) = self.interfaces.get(id) else {
            return Look::Malformed(total, format!("a packet names interface {id}, which was not declared").into());
        };
        let ticks = u64::from(high) << 32 | u64::from(low);
        match interface.clock.time(ticks) {
            Ok(time) => Look::Record(interface.framed(PACKET_HEAD, len, total, original_len, time)),
            Err(border) => Look::OddTime(
                interface.framed(PACKET_HEAD, len, total, original_len, border),
                "time-out-of-range",
                format!("its time of {ticks} ticks is out of range"),
            ),
        }
    }

    /// Section 4.4: no time, no interface, no captured length. The time is that of the packet before.
    fn simple_packet(&self, block: &[u8], last: Option<Timestamp>, total: usize) -> Look {
        const HEAD: usize = 12;
        let (Some(interface), Some(original_len)) = (self.interfaces.first(), self.order.u32(block, 8)) else {
            return Look::Malformed(total, "a simple packet before any interface".into());
        };
        let snaplen = if interface.snaplen == 0 { usize::MAX } else { interface.snaplen as usize };
        let len = (original_len as usize).min(snaplen).min(total.saturating_sub(HEAD + 4));
        let record = interface.framed(HEAD, len, total, original_len, last.unwrap_or_default());
        Look::OddTime(
            record,
            "without-time",
            "a simple packet block has no time; that of the packet before is used".into(),
        )
    }

    /// Section 4.2.
    fn add_interface(&mut self, block: &[u8], interfaces: &mut Interfaces) -> Look {
        let parsed = match self.order {
            Order::Little => parse_interfacedescriptionblock_le(block),
            Order::Big => parse_interfacedescriptionblock_be(block),
        };
        let described = match parsed {
            Ok((_, block)) => Some(Described::new(&block, self.order)),
            // Later interfaces keep their numbers, so one with broken options is kept without them.
            Err(_) => self.order.u16(block, 8).zip(self.order.u32(block, 12)).map(|(link, snaplen)| Described {
                name: None,
                link: LinkType(link),
                snaplen,
                clock: Clock::new(MICROSECONDS, 0),
                fcs_len: 0,
            }),
        };
        let Some(described) = described.filter(|_| self.interfaces.len() < MOST_INTERFACES) else {
            return Look::Malformed(block.len(), "an interface description can not be read".into());
        };
        let Described { name, link, snaplen, clock, fcs_len } = described;
        let id = interfaces.add(Interface { name, link, snaplen, dropped: None });
        self.interfaces.push(Local { id, link, clock, snaplen, fcs_len });
        Look::Skip(block.len())
    }

    /// Section 4.6. The counts run from the start of the capture, so the last block holds for all.
    fn count_drops(&self, block: &[u8], interfaces: &mut Interfaces) -> Look {
        let parsed = match self.order {
            Order::Little => parse_interfacestatisticsblock_le(block),
            Order::Big => parse_interfacestatisticsblock_be(block),
        };
        let Ok((_, statistics)) = parsed else {
            return Look::Malformed(block.len(), "interface statistics can not be read".into());
        };
        let InterfaceStatisticsBlock { if_id, options, .. } = statistics;
        let count = |code| option(&options, code).and_then(|value| self.order.u64(value));
        let dropped = match (count(OptionCode::IsbIfDrop), count(OptionCode::IsbOsDrop)) {
            (None, None) => None,
            (interface, system) => Some(interface.unwrap_or(0).saturating_add(system.unwrap_or(0))),
        };
        let interface = self.interfaces.get(if_id as usize).and_then(|local| interfaces.by_id_mut(local.id));
        if let (Some(interface), Some(dropped)) = (interface, dropped) {
            interface.dropped = Some(dropped.max(interface.dropped.unwrap_or(0)));
        }
        Look::Skip(block.len())
    }

    /// Whether blocks follow each other from the front on: two in a row, or one that ends with the input.
    pub(super) fn chain(&self, bytes: &[u8], at_end: bool) -> Chain {
        let (Some(kind), Some(len)) = (self.order.u32(bytes, 0), self.order.u32(bytes, 4)) else {
            return if at_end { Chain::No } else { Chain::Need(FRAMING_LEN) };
        };
        let total = len as usize;
        if !is_known(kind) || !(16..=self.most_packet + 4_096).contains(&total) || !total.is_multiple_of(4) {
            return Chain::No;
        }
        if matches!(kind, ENHANCED_PACKET | PACKET) {
            match bytes.get(..PACKET_HEAD) {
                None if at_end => return Chain::No,
                None => return Chain::Need(PACKET_HEAD),
                Some(head) if matches!(self.packet(head, kind, total), Look::Record(_)) => {}
                Some(_) => return Chain::No,
            }
        }
        if bytes.len() < total + 8 && !at_end {
            return Chain::Need(total + 8);
        }
        if self.order.u32(bytes, total - 4) != Some(len) {
            return Chain::No;
        }
        match (self.order.u32(bytes, total), self.order.u32(bytes, total + 4)) {
            (Some(kind), Some(len)) if !(is_known(kind) && (12..=self.most_block).contains(&aligned(len))) => Chain::No,
            (Some(_), Some(_)) => Chain::Yes,
            _ if bytes.len() == total => Chain::Yes,
            _ => Chain::No,
        }
    }
}

impl Local {
    #[inline]
    fn framed(&self, head: usize, len: usize, total: usize, original_len: u32, time: Timestamp) -> Record {
        Record { head, len, total, original_len, time, link: self.link, interface: self.id, fcs_len: self.fcs_len }
    }
}

/// Characters that are kept of an interface's name.
const MOST_NAME: usize = 256;

/// What an interface description block says.
struct Described {
    name: Option<String>,
    link: LinkType,
    snaplen: u32,
    clock: Clock,
    fcs_len: u8,
}

impl Described {
    fn new(block: &InterfaceDescriptionBlock<'_>, order: Order) -> Self {
        let options = &block.options;
        let resolution = option(options, OptionCode::IfTsresol).and_then(|value| value.first().copied());
        // pcap-parser reads this one as little-endian always.
        let offset_s = option(options, OptionCode::IfTsoffset).and_then(|value| order.u64(value)).map(|s| s as i64);
        let fcs_len = option(options, IF_FCSLEN).and_then(|value| value.first().copied()).unwrap_or(0);
        let name = option(options, OptionCode::IfName).map(String::from_utf8_lossy).filter(|name| !name.is_empty());
        Self {
            name: name.map(|name| name.trim_end_matches('\0').chars().take(MOST_NAME).collect()),
            link: LinkType(block.linktype.0 as u16),
            snaplen: block.snaplen,
            clock: Clock::new(resolution.unwrap_or(MICROSECONDS), offset_s.unwrap_or(0)),
            // The draft says bits, its example and most writers mean bytes.
            fcs_len: if fcs_len >= 16 { fcs_len / 8 } else { fcs_len },
        }
    }
}

/// The value of the first option with this code, without its padding.
fn option<'a>(options: &'a [PcapNGOption<'_>], code: OptionCode) -> Option<&'a [u8]> {
    let option = options.iter().take_while(|option| option.code.0 != 0).find(|option| option.code == code)?;
    option.value.get(..usize::from(option.len))
}

/// Some files have block lengths without their padding.
fn aligned(len: u32) -> usize {
    (len as usize).next_multiple_of(4)
}

/// Block types that writers in the field use; others are legal, and no help in finding the way back.
fn is_known(kind: u32) -> bool {
    matches!(kind, 1..=10 | SECTION_HEADER | CUSTOM | CUSTOM_LOCAL | 0x8000_0001)
}
