//! The pcap format in all its byte orders and resolutions, and Kuznetzov's modified one.
//!
//! In: unread bytes. Out: [`Look`]. pcap-parser reads the file header. Records are read by hand, in a few comparisons each:
//! there are millions of them, and their lengths can not be trusted. draft-ietf-opsawg-pcap sections 4 and 5.

use pcap_parser::pcap::parse_pcap_header;

use super::bytes::Order;
use super::magic::Magic;
use super::record::{Chain, Look, Record, near};
use crate::Limits;
use crate::capture::{InterfaceId, LinkType};
use crate::types::Timestamp;

/// What the file header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcap {
    pub(super) order: Order,
    /// Bytes of a record header: 16, or 24 in the modified format, which adds interface index, protocol and packet type.
    head: usize,
    nanos_per_tick: u32,
    ticks_per_second: u32,
    pub(super) link: LinkType,
    pub(super) fcs_len: u8,
    pub(super) snaplen: u32,
    pub(super) interface: InterfaceId,
    /// A record of more bytes can not be.
    most: u32,
    /// A record of more bytes is believed when a record follows it.
    usual: u32,
    /// Before version 2.4 some writers had the two lengths in the other order.
    lengths_may_be_swapped: bool,
}

/// The fields of a record header that count.
#[derive(Clone, Copy, Debug)]
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl Pcap {
    /// Bytes of the file header.
    pub(super) const HEADER_LEN: usize = 24;

    /// From a file header; `None` where there is none.
    pub(super) fn open(bytes: &[u8], limits: &Limits) -> Option<Self> {
        let mut header: [u8; Self::HEADER_LEN] = *bytes.first_chunk()?;
        let (order, modified, nanoseconds) = match header {
            [0xd4, 0xc3, 0xb2, 0xa1, ..] => (Order::Little, false, false),
            [0xa1, 0xb2, 0xc3, 0xd4, ..] => (Order::Big, false, false),
            [0x4d, 0x3c, 0xb2, 0xa1, ..] => (Order::Little, false, true),
            [0xa1, 0xb2, 0x3c, 0x4d, ..] => (Order::Big, false, true),
            [0x34, 0xcd, 0xb2, 0xa1, ..] => (Order::Little, true, false),
            [0xa1, 0xb2, 0xcd, 0x34, ..] => (Order::Big, true, false),
            _ => return None,
        };
        if modified && order == Order::Big {
            // pcap-parser does not know this magic number; the fields behind it are those of the plain format.
            header[2..4].copy_from_slice(&[0xc3, 0xd4]);
        }
        let (_, header) = parse_pcap_header(&header).ok()?;
        let network = header.network.0 as u32;
        let packet_cap = u32::try_from(limits.max_packet_bytes).unwrap_or(u32::MAX);
        let block_cap = u32::try_from(limits.max_block_bytes).unwrap_or(u32::MAX);
        Some(Self {
            order,
            head: if modified { 24 } else { 16 },
            nanos_per_tick: if nanoseconds { 1 } else { 1_000 },
            ticks_per_second: if nanoseconds { 1_000_000_000 } else { 1_000_000 },
            // The upper 16 bits: length of the frame check sequence in units of 16 bits, and the bit that says it is there.
            link: LinkType(network as u16),
            fcs_len: if network & 0x0400_0000 != 0 { (network >> 28) as u8 * 2 } else { 0 },
            snaplen: header.snaplen,
            interface: InterfaceId::default(),
            most: packet_cap.max(header.snaplen.min(block_cap)),
            usual: if header.snaplen == 0 { packet_cap } else { packet_cap.min(header.snaplen) },
            lengths_may_be_swapped: (header.version_major, header.version_minor) < (2, 4)
                || header.version_major == 543,
        })
    }

    /// Whether its times have nanoseconds.
    pub(super) const fn has_nanoseconds(&self) -> bool {
        self.nanos_per_tick == 1
    }

    /// The record at the front, if it is whole and has nothing odd.
    #[inline(always)]
    pub(super) fn record(&self, bytes: &[u8]) -> Option<Record> {
        let header = Header::new(self.order.words(bytes)?);
        if self.is_odd(header) || bytes.len() < self.head + header.captured as usize {
            return None;
        }
        Some(self.framed(header))
    }

    #[inline(always)]
    const fn is_odd(&self, header: Header) -> bool {
        let most = if self.usual < header.original { self.usual } else { header.original };
        // One comparison for 1 <= captured <= both.
        header.captured.wrapping_sub(1) >= most || header.fraction >= self.ticks_per_second
    }

    /// Whatever is at the front. `last` is the time of the packet before.
    #[cold]
    pub(super) fn look(&self, bytes: &[u8], at_end: bool, last: Option<Timestamp>) -> Look {
        let header_len = self.head;
        let Some(header) = self.header(bytes) else {
            return match (at_end, bytes.is_empty()) {
                (false, _) => Look::Need(header_len),
                (true, true) => Look::End,
                (true, false) => Look::CutShort,
            };
        };
        // What has nothing odd is a record, as it is for `record`.
        if self.is_odd(header) && Magic::plausible(bytes).is_some() {
            return Look::Capture;
        }
        if header.captured > self.most {
            return Look::Damaged(format!("a packet record claims {} bytes", header.captured).into());
        }
        if bytes.iter().take(header_len).all(|&b| b == 0) && !near(last, Timestamp::from_nanos(0)) {
            return Look::Damaged("zero bytes where a packet record should be".into());
        }
        let record = self.framed(header);
        let doubtful = header.captured > self.usual.min(header.original);
        if bytes.len() < record.total {
            return match (at_end, doubtful) {
                (false, _) => Look::Need(record.total),
                (true, false) => Look::CutShort,
                (true, true) => Look::CutOrDamaged(
                    format!("a packet record claims {} bytes of a packet of {}", header.captured, header.original)
                        .into(),
                ),
            };
        }
        let following = bytes.get(record.total..).unwrap_or_default();
        if doubtful && following.len() < header_len && !at_end {
            return Look::Need(record.total + header_len);
        }
        let believable = |next: Header| next.captured <= self.most || Magic::plausible(following).is_some();
        if doubtful && !self.header(following).is_none_or(believable) {
            return Look::Damaged(
                format!("a packet record claims {} bytes and none follows it", header.captured).into(),
            );
        }
        if header.fraction >= self.ticks_per_second {
            // Writers that round give the next full second; what is above that is no time.
            let held = Header { fraction: self.ticks_per_second, ..header };
            return Look::OddTime(
                self.framed(held),
                "time-out-of-range",
                format!("its fraction of a second is {} of {}", header.fraction, self.ticks_per_second),
            );
        }
        Look::Record(record)
    }

    /// Whether records follow each other from the front on: three in a row, or fewer up to the exact end. Where their times
    /// are far from `last`, which may have been damaged itself, it takes eight.
    pub(super) fn chain(&self, bytes: &[u8], at_end: bool, last: Option<Timestamp>) -> Chain {
        let (mut at, mut found, mut in_a_row) = (0, 0, 3);
        let mut before = None;
        while found < in_a_row {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(header) = self.header(rest) else {
                let exact_end = at == bytes.len() && found > 0;
                return match at_end {
                    false => Chain::Need(at + self.head),
                    true if in_a_row == 3 && (exact_end || found > 1) => Chain::Yes,
                    true => Chain::No,
                };
            };
            let record = self.framed(header);
            let plausible = header.captured > 0
                && header.captured <= header.original.min(self.most).min(MOST_AFTER_DAMAGE)
                && header.original <= MOST_ORIGINAL
                && header.fraction < self.ticks_per_second
                && near(before, record.time);
            if !plausible {
                return Chain::No;
            }
            if !near(last, record.time) {
                in_a_row = 8;
            }
            at += record.total;
            found += 1;
            before = Some(record.time);
        }
        Chain::Yes
    }

    /// The record header at the front, if it is whole.
    fn header(&self, bytes: &[u8]) -> Option<Header> {
        let mut header = Header::new(self.order.words(bytes.get(..self.head)?)?);
        if self.lengths_may_be_swapped && header.captured > header.original {
            std::mem::swap(&mut header.captured, &mut header.original);
        }
        Some(header)
    }

    #[inline]
    fn framed(&self, header: Header) -> Record {
        let (head, len) = (self.head, header.captured as usize);
        let nanos =
            i64::from(header.seconds) * 1_000_000_000 + i64::from(header.fraction) * i64::from(self.nanos_per_tick);
        Record {
            head,
            len,
            total: head + len,
            original_len: header.original,
            time: Timestamp::from_nanos(nanos),
            link: self.link,
            interface: self.interface,
            fcs_len: self.fcs_len,
        }
    }
}

impl Header {
    #[inline]
    fn new([seconds, fraction, captured, original]: [u32; 4]) -> Self {
        Self { seconds, fraction, captured, original }
    }
}

/// After damage, a record of more bytes is not believed.
const MOST_AFTER_DAMAGE: u32 = 262_144;

/// After damage, a packet that was longer on the wire is not believed.
const MOST_ORIGINAL: u32 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use pcap_parser::pcap::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified};

    use super::*;

    /// pcap-parser reads the same records to the same values, in each order and layout that it knows.
    #[test]
    fn records_are_those_of_pcap_parser() {
        let magics = [[0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0xc3, 0xd4], [0x34, 0xcd, 0xb2, 0xa1]];
        for magic in magics {
            let mut file = [0; Pcap::HEADER_LEN];
            file[..4].copy_from_slice(&magic);
            let pcap = Pcap::open(&file, &Limits::default()).expect("a file header");
            let mut record = Vec::new();
            for field in [1_767_225_600, 999_999, 3, 60_000_u32] {
                let little = pcap.order == Order::Little;
                record.extend(if little { field.to_le_bytes() } else { field.to_be_bytes() });
            }
            record.resize(pcap.head, 0);
            record.extend([7, 8, 9, 10]);
            let parsed = match (pcap.order, pcap.head) {
                (Order::Big, _) => parse_pcap_frame_be(&record),
                (Order::Little, 16) => parse_pcap_frame(&record),
                (Order::Little, _) => parse_pcap_frame_modified(&record),
            };
            let (rest, theirs) = parsed.expect("a record");
            let ours = pcap.record(&record).expect("a record");
            assert_eq!(record[ours.head..ours.head + ours.len], *theirs.data);
            assert_eq!((record[ours.total..].to_vec(), ours.original_len), (rest.to_vec(), theirs.origlen));
            let nanos = i64::from(theirs.ts_sec) * 1_000_000_000 + i64::from(theirs.ts_usec) * 1_000;
            assert_eq!(ours.time, Timestamp::from_nanos(nanos));
            for cut in 0..ours.total {
                assert!(pcap.record(&record[..cut]).is_none(), "{cut} bytes of {}", ours.total);
            }
        }
    }
}
