//! The snoop format of Solaris, version 2 (RFC 1761).
//!
//! In: unread bytes. Out: [`Look`]. All fields are big-endian. Few captures are snoop's, so there is one road through it and
//! no short one.

use super::bytes::Order;
use super::frame::Interfaces;
use super::magic::Magic;
use super::record::{Chain, Look, Record, near};
use crate::Limits;
use crate::capture::{InterfaceId, LinkType};
use crate::types::Timestamp;

/// What the file header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snoop {
    pub(super) link: LinkType,
    pub(super) interface: InterfaceId,
    /// A record of more packet bytes can not be.
    most: u32,
}

/// A file header, or why it can not be used.
#[derive(Debug)]
pub(super) enum Opened {
    Snoop(Snoop),
    Need(usize),
    /// A version other than 2.
    Version(u32),
    /// A datalink type without a reader.
    Datalink(u32),
}

/// The six fields of a record header.
#[derive(Clone, Copy, Debug)]
struct Header {
    original: u32,
    included: u32,
    /// Bytes of the record: this header, the packet and its padding.
    record: u32,
    /// Packets that were lost from the beginning of the file up to this one.
    drops: u32,
    seconds: u32,
    micros: u32,
}

/// Records are padded to a multiple of four bytes; a writer may have its own idea of that.
const MOST_PADDING: usize = 64;

/// After damage, a packet that was longer on the wire is not believed.
const MOST_ORIGINAL: u32 = 16 * 1024 * 1024;

impl Snoop {
    /// Bytes of the file header.
    pub(super) const HEADER_LEN: usize = 16;
    /// Bytes of a record header.
    const RECORD_LEN: usize = 24;

    /// From a file header.
    pub(super) fn open(bytes: &[u8], limits: &Limits) -> Opened {
        let Some([_, _, version, datalink]) = Order::Big.words(bytes) else { return Opened::Need(Self::HEADER_LEN) };
        if version != 2 {
            return Opened::Version(version);
        }
        let Some(link) = link_of(datalink) else { return Opened::Datalink(datalink) };
        let most = u32::try_from(limits.max_packet_bytes).unwrap_or(u32::MAX);
        Opened::Snoop(Self { link, interface: InterfaceId::default(), most })
    }

    /// Whatever is at the front.
    pub(super) fn look(&self, bytes: &[u8], at_end: bool, interfaces: &mut Interfaces) -> Look {
        let Some(header) = Header::read(bytes) else {
            return match (at_end, bytes.is_empty()) {
                (false, _) => Look::Need(Self::RECORD_LEN),
                (true, true) => Look::End,
                (true, false) => Look::CutShort,
            };
        };
        if Magic::plausible(bytes).is_some() {
            return Look::Capture;
        }
        let Some(record) = self.framed(header) else {
            return Look::Damaged(
                format!("a record of {} bytes claims {} bytes of a packet", header.record, header.included).into(),
            );
        };
        if bytes.len() < record.total {
            return if at_end { Look::CutShort } else { Look::Need(record.total) };
        }
        if header.drops > 0
            && let Some(interface) = interfaces.by_id_mut(self.interface)
        {
            interface.dropped = Some(interface.dropped.unwrap_or(0).max(u64::from(header.drops)));
        }
        if header.micros >= MICROS_PER_SECOND {
            let how = format!("its fraction of a second is {} of {MICROS_PER_SECOND}", header.micros);
            return Look::OddTime(record, "time-out-of-range", how);
        }
        Look::Record(record)
    }

    /// Whether three records follow each other from the front on, or fewer up to the exact end.
    pub(super) fn chain(&self, bytes: &[u8], at_end: bool, last: Option<Timestamp>) -> Chain {
        let (mut at, mut before) = (0, last);
        for found in 0..3 {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(header) = Header::read(rest) else {
                return match at_end {
                    false => Chain::Need(at + Self::RECORD_LEN),
                    true if found > 0 && rest.is_empty() => Chain::Yes,
                    true => Chain::No,
                };
            };
            let plausible = header.included > 0
                && header.included <= header.original.min(MOST_ORIGINAL)
                && header.micros < MICROS_PER_SECOND;
            match self.framed(header) {
                Some(record) if plausible && near(before, record.time) => {
                    at += record.total;
                    before = Some(record.time);
                }
                _ => return Chain::No,
            }
        }
        Chain::Yes
    }

    /// The record that a header announces; `None` where its two lengths contradict each other.
    fn framed(&self, header: Header) -> Option<Record> {
        let (len, total) = (header.included as usize, header.record as usize);
        let padding = total.checked_sub(Self::RECORD_LEN + len)?;
        if header.included > self.most || padding > MOST_PADDING {
            return None;
        }
        let micros = i64::from(header.micros.min(MICROS_PER_SECOND));
        Some(Record {
            head: Self::RECORD_LEN,
            len,
            total,
            original_len: header.original,
            time: Timestamp::from_nanos(i64::from(header.seconds) * 1_000_000_000 + micros * 1_000),
            link: self.link,
            interface: self.interface,
            fcs_len: 0,
        })
    }
}

const MICROS_PER_SECOND: u32 = 1_000_000;

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [original, included, record, drops, seconds, micros] = Order::Big.words(bytes)?;
        Some(Self { original, included, record, drops, seconds, micros })
    }
}

/// The link type that tcpdump.org has for a datalink type of RFC 1761, and of Solaris since.
const fn link_of(datalink: u32) -> Option<LinkType> {
    match datalink {
        // IEEE 802.3 and Ethernet: each frame says for itself which it is.
        0 | 4 => Some(LinkType::ETHERNET),
        // Token ring.
        2 => Some(LinkType(6)),
        // FDDI.
        8 => Some(LinkType(10)),
        // IP over InfiniBand.
        26 => Some(LinkType(242)),
        _ => None,
    }
}
