//! Whole captures, and frames.

use super::Choices;
use crate::capture::{Frame, InterfaceId, Interfaces, LinkType, Reader};
use crate::link::Decoder;
use crate::net::Decoded;
use crate::record::Connection;
use crate::types::{PacketNo, Timestamp};
use crate::{Inspector, Limits, Sink};

/// A pcap file of either byte order and either fraction.
///
/// # Panics
/// A promise is broken.
pub fn pcap(bytes: &[u8]) {
    const MAGICS: [[u8; 4]; 5] = [
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x34, 0xcd, 0xb2, 0xa1],
    ];
    let magic = MAGICS.iter().find(|magic| bytes.starts_with(*magic)).or_else(|| {
        let choice = usize::from(*bytes.first()?);
        MAGICS.get(choice % MAGICS.len())
    });
    begun_with(magic.map_or(&[], |magic| &magic[..]), bytes);
}

/// A pcapng file.
///
/// # Panics
/// A promise is broken.
pub fn pcapng(bytes: &[u8]) {
    begun_with(&[0x0a, 0x0d, 0x0d, 0x0a], bytes);
}

/// A capture that is packed: gzip, zstd, lz4, by its own magic or by its first byte.
///
/// # Panics
/// A promise is broken.
pub fn unpack(bytes: &[u8]) {
    const MAGICS: [&[u8]; 3] = [&[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd], &[0x04, 0x22, 0x4d, 0x18]];
    let magic = MAGICS.iter().find(|magic| bytes.starts_with(magic)).or_else(|| {
        let choice = usize::from(*bytes.first()?);
        MAGICS.get(choice % MAGICS.len())
    });
    begun_with(magic.unwrap_or(&&[][..]), bytes);
}

/// Whatever stands where the magic belongs becomes it.
fn begun_with(magic: &[u8], bytes: &[u8]) {
    let rest = bytes.get(magic.len()..).unwrap_or_default();
    let file = [magic, rest].concat();
    // Every size of piece says the same: what is read does not depend on how it arrives.
    let piece = 1 + usize::from(file.last().copied().unwrap_or(0));
    assert_eq!(read(&file, usize::MAX), read(&file, piece), "in pieces of {piece}");
}

/// The frames of a capture in few words, and what was odd.
fn read(file: &[u8], piece: usize) -> String {
    let limits = Limits { max_block_bytes: 64 * 1024, max_packet_bytes: 64 * 1024, ..Limits::default() };
    let mut reader = Reader::new(&limits);
    let mut said = Said::default();
    let mut given = 0;
    for mut rest in file.chunks(piece.max(1)) {
        while !rest.is_empty() {
            let taken = reader.push(rest);
            given += taken;
            rest = rest.get(taken..).unwrap_or_default();
            if !said.frames(&mut reader) || taken == 0 {
                assert!(taken > 0 || reader.is_finished() || said.failed, "no room and no frame");
                break;
            }
        }
        if said.failed {
            break;
        }
    }
    reader.end();
    said.frames(&mut reader);
    // A record has a header: fewer bytes can not make more packets, unless they were packed.
    let packed = [0x1f, 0x28, 0x04].contains(&file.first().copied().unwrap_or(0));
    assert!(packed || reader.packets() <= given as u64 / 8, "{} packets of {given} bytes", reader.packets());
    assert!(matches!(reader.next_frame(), Ok(None)), "the end is the end");
    let quality: Vec<_> = reader.quality().into_iter().map(|quality| (quality.code, quality.count)).collect();
    format!("{} {:?} {quality:?} {:?}", reader.packets(), said, reader.link_types())
}

#[derive(Debug, Default)]
struct Said {
    failed: bool,
    digest: u64,
    bytes: u64,
}

impl Said {
    fn frames(&mut self, reader: &mut Reader) -> bool {
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => {
                    self.bytes += frame.data.len() as u64;
                    let ends = frame
                        .data
                        .first()
                        .zip(frame.data.last())
                        .map_or(0, |(a, b)| u64::from(*a) << 8 | u64::from(*b));
                    let facts = [ends, frame.number.number(), frame.time.as_nanos() as u64, frame.original_len.into()];
                    for fact in facts.into_iter().chain([u64::from(frame.link.0), u64::from(frame.interface.0)]) {
                        self.digest = (self.digest.rotate_left(5) ^ fact).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    }
                }
                Ok(None) => return true,
                Err(_) => {
                    self.failed = true;
                    return false;
                }
            }
        }
    }
}

/// Frames of one link type, which its first two bytes give; each frame behind its length.
///
/// # Panics
/// A promise is broken.
pub fn frame(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let link = LinkType(u16::from_le_bytes([choices.byte(), choices.byte()]));
    let mut decoder = Decoder::new(&Limits { max_fragmented_packets: 4, ..Limits::default() });
    let mut number = 0;
    while !choices.is_empty() {
        let length = usize::from(u16::from_le_bytes([choices.byte(), choices.byte()]));
        let data = choices.bytes(length);
        let frame = Frame {
            number: PacketNo::new(number + 1).unwrap_or(PacketNo::FIRST),
            time: Timestamp::from_nanos(number as i64),
            link,
            interface: InterfaceId(0),
            data,
            original_len: data.len().max(length) as u32,
            fcs_len: 0,
        };
        number += 1;
        if matches!(holds_together(decoder.decode(&frame)), Decoded::Several) {
            let parts = decoder.open();
            for part in parts.frames(&frame) {
                let decoded = holds_together(decoder.decode(&part));
                assert!(!matches!(decoded, Decoded::Several), "a part is opened");
            }
            decoder.close(parts);
        }
    }
}

fn holds_together(decoded: Decoded<'_>) -> Decoded<'_> {
    if let Decoded::Tcp(segment) = &decoded {
        assert!(segment.payload.len() <= segment.payload_len as usize, "more captured than there was");
    }
    decoded
}

/// The way from bytes to the report, with limits so small that they are reached; the first byte chooses among them.
///
/// # Panics
/// A promise is broken.
pub fn pipeline(bytes: &[u8]) {
    let choice = bytes.last().copied().unwrap_or(0);
    let small = |bit: u32, few: usize, many: usize| if choice >> bit & 1 == 1 { few } else { many };
    let defaults = Limits::default();
    let limits = Limits {
        max_connections: small(0, 2, 1_000),
        max_closed: small(1, 1, 100),
        max_tombstones: small(2, 4, 64),
        max_reorder_bytes: small(3, 64, defaults.max_reorder_bytes),
        max_handshake_bytes: small(4, 100, defaults.max_handshake_bytes),
        max_http_head_bytes: small(5, 40, defaults.max_http_head_bytes),
        max_services: small(6, 1, 100),
        max_findings: small(7, 1, 100),
        ..defaults
    };
    let mut inspector = Inspector::with_sink(limits, Count::default());
    let pushed = inspector.push(bytes);
    let Ok((report, count)) = inspector.finish() else { return };
    assert!(pushed.is_ok(), "an error was forgotten");
    assert_eq!(report.totals.connections, count.0, "each connection is written once");
    assert!(report.capture.tcp_packets <= report.capture.packets);
}

/// Counts connections, and asks each for its timeline's worth of facts.
#[derive(Debug, Default)]
struct Count(u64);

impl Sink for Count {
    fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
        self.0 += 1;
        for column in crate::record::COLUMNS {
            _ = (column.value)(connection, interfaces);
        }
        assert!(connection.first.packet <= connection.last.packet, "{connection:?}");
    }
}
