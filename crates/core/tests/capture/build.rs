//! Captures written by hand, and a reader that is fed in any split.

use handshark::capture::{InterfaceId, LinkType, Reader};
use handshark::{CaptureError, Limits, Quality};

/// A frame without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) number: u64,
    pub(crate) nanos: i64,
    pub(crate) link: u16,
    pub(crate) interface: u16,
    pub(crate) data: Vec<u8>,
    pub(crate) original_len: u32,
    pub(crate) fcs_len: u8,
}

impl From<handshark::capture::Frame<'_>> for Packet {
    fn from(frame: handshark::capture::Frame<'_>) -> Self {
        let (InterfaceId(interface), LinkType(link)) = (frame.interface, frame.link);
        Self {
            number: frame.number.number(),
            nanos: frame.time.as_nanos(),
            link,
            interface,
            data: frame.data.to_vec(),
            original_len: frame.original_len,
            fcs_len: frame.fcs_len,
        }
    }
}

/// What came of a whole input.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) packets: Vec<Packet>,
    pub(crate) quality: Vec<Quality>,
    pub(crate) error: Option<CaptureError>,
    pub(crate) reader: Reader,
}

impl Read {
    /// Codes and counts of the warnings.
    pub(crate) fn codes(&self) -> Vec<(&'static str, u64)> {
        self.quality.iter().map(|quality| (quality.code, quality.count)).collect()
    }

    pub(crate) fn seconds(&self) -> Vec<i64> {
        self.packets.iter().map(|packet| packet.nanos / 1_000_000_000).collect()
    }
}

/// Reads the input in pieces of `piece` bytes.
pub(crate) fn read_in(input: &[u8], piece: usize) -> Read {
    read_with(input, piece, &Limits::default())
}

pub(crate) fn read_with(input: &[u8], piece: usize, limits: &Limits) -> Read {
    let mut reader = Reader::new(limits);
    let (mut packets, mut error) = (Vec::new(), None);
    let mut drain = |reader: &mut Reader| loop {
        match reader.next_frame() {
            Ok(Some(frame)) => packets.push(Packet::from(frame)),
            Ok(None) => return,
            Err(e) => assert!(error.replace(e).is_none(), "an error is said once"),
        }
    };
    for mut rest in input.chunks(piece) {
        while !rest.is_empty() {
            let taken = reader.push(rest);
            assert!(taken > 0, "there is room after None");
            rest = &rest[taken..];
            drain(&mut reader);
        }
    }
    reader.end();
    drain(&mut reader);
    assert!(reader.is_finished());
    assert_eq!(reader.bytes_read(), input.len() as u64);
    Read { packets, quality: reader.quality(), error, reader }
}

pub(crate) fn read(input: &[u8]) -> Read {
    read_in(input, usize::MAX)
}

/// The byte order to write in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Little,
    Big,
}

pub(crate) use Order::{Big, Little};

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn u64(self, value: u64) -> [u8; 8] {
        match self {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        }
    }
}

/// A pcap file header.
pub(crate) fn pcap(order: Order, magic: u32, link: u32) -> Vec<u8> {
    let words = [order.u32(0), order.u32(0), order.u32(65_535), order.u32(link)].concat();
    [&order.u32(magic)[..], &order.u16(2), &order.u16(4), &words].concat()
}

/// A pcap record.
pub(crate) fn record(order: Order, seconds: u32, fraction: u32, original: u32, data: &[u8]) -> Vec<u8> {
    let header = [seconds, fraction, data.len() as u32, original].map(|word| order.u32(word)).concat();
    [header, data.to_vec()].concat()
}

/// A little-endian microsecond Ethernet file with packets of these seconds and of different lengths.
pub(crate) fn plain(seconds: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut file = pcap(Little, 0xa1b2_c3d4, 1);
    for (index, second) in seconds.into_iter().enumerate() {
        // Bytes that are no plausible header at any place.
        let data = vec![0xf0 | (index % 15) as u8; 40 + index % 61];
        file.extend(record(Little, second, 7, data.len() as u32, &data));
    }
    file
}

/// A snoop file header.
pub(crate) fn snoop(datalink: u32) -> Vec<u8> {
    [&b"snoop\0\0\0"[..], &Big.u32(2), &Big.u32(datalink)].concat()
}

/// A snoop record; `drops` counts from the beginning of the file.
pub(crate) fn snoop_record(seconds: u32, micros: u32, original: u32, drops: u32, data: &[u8]) -> Vec<u8> {
    let padded = data.len().next_multiple_of(4);
    let words = [original, data.len() as u32, padded as u32 + 24, drops, seconds, micros];
    let mut record = words.map(|word| Big.u32(word)).concat();
    record.extend(data);
    record.resize(24 + padded, 0);
    record
}

/// A snoop Ethernet file with packets of these seconds, as [`plain`].
pub(crate) fn plain_snoop(seconds: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut file = snoop(4);
    for (index, second) in seconds.into_iter().enumerate() {
        let data = vec![0xf0 | (index % 15) as u8; 40 + index % 61];
        file.extend(snoop_record(second, 7, data.len() as u32, 0, &data));
    }
    file
}

/// A pcapng block.
pub(crate) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let len = order.u32(body.len() as u32 + 12);
    [&order.u32(kind)[..], &len, &body, &len].concat()
}

pub(crate) fn section(order: Order) -> Vec<u8> {
    let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]].concat();
    block(order, 0x0a0d_0d0a, &body)
}

/// Options with an end of options.
pub(crate) fn options(order: Order, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (code, value) in options {
        out.extend([order.u16(*code), order.u16(value.len() as u16)].concat());
        out.extend(*value);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    if !out.is_empty() {
        out.extend([0; 4]);
    }
    out
}

pub(crate) fn interface(order: Order, link: u16, snaplen: u32, opts: &[(u16, &[u8])]) -> Vec<u8> {
    let body = [&order.u16(link)[..], &[0, 0], &order.u32(snaplen), &options(order, opts)].concat();
    block(order, 1, &body)
}

pub(crate) fn enhanced(order: Order, interface: u32, ticks: u64, original: u32, data: &[u8]) -> Vec<u8> {
    let words = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, original];
    let mut body = words.map(|word| order.u32(word)).concat();
    body.extend(data);
    block(order, 6, &body)
}

/// A pcapng file with one Ethernet interface and packets of these seconds.
pub(crate) fn plain_ng(order: Order, seconds: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut file = [section(order), interface(order, 1, 0, &[])].concat();
    for (index, second) in seconds.into_iter().enumerate() {
        let data = vec![0xf0 | (index % 15) as u8; 40 + index % 61];
        file.extend(enhanced(order, 0, u64::from(second) * 1_000_000, data.len() as u32, &data));
    }
    file
}
