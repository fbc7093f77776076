//! Packets written out by hand from the documents that define their headers: no encoder of ours stands behind them.

mod fragments;
mod hostile;
mod icmp;
mod link_types;
mod second_opinion;
mod segments;
mod tunnels;

use super::Decoder;
use super::plain::Plain;
use crate::Limits;
use crate::capture::{Frame, InterfaceId, LinkType};
use crate::net::{Decoded, Segment, Skip, Tunnel, TunnelKind};
use crate::types::{PacketNo, Timestamp};

/// IPv4 from 192.0.2.10 to 203.0.113.5, identification 0x1c46, time to live 64, right checksum, 44 bytes.
const IPV4: &str = "45 00 00 2c 1c 46 40 00 40 06 20 76 c0 00 02 0a cb 00 71 05";

/// IPv6 from 2001:db8::1 to 2001:db8::2, hop limit 64, 24 bytes of TCP.
const IPV6: &str = "60 00 00 00 00 18 06 40 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 \
                    20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02";

/// SYN from port 52832 to 443, sequence number 1000, window 64240, maximum segment size 1460.
const SYN: &str = "ce 60 01 bb 00 00 03 e8 00 00 00 00 60 02 fa f0 00 00 00 00 02 04 05 b4";

/// Two Ethernet addresses, without the type.
const MACS: &str = "00 00 5e 00 53 01 00 00 5e 00 53 02";

/// Bytes from hexadecimal; white space and all other letters count for nothing.
fn bytes(parts: &[&str]) -> Vec<u8> {
    let digits: Vec<u32> = parts.iter().flat_map(|part| part.chars()).filter_map(|c| c.to_digit(16)).collect();
    assert!(digits.len().is_multiple_of(2), "an odd number of digits");
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// A frame that was captured whole.
fn frame(link: u16, data: &[u8]) -> Frame<'_> {
    Frame {
        number: PacketNo::FIRST,
        time: Timestamp::from_nanos(1),
        link: LinkType(link),
        interface: InterfaceId(0),
        data,
        original_len: data.len() as u32,
        fcs_len: 0,
    }
}

fn decoder() -> Decoder {
    Decoder::new(&Limits::default())
}

/// Whether a short road is open to a frame; where one is, it leads to the same segment as header by header.
fn roads_agree(frame: &Frame<'_>) -> bool {
    let walked = format!("{:?}", decoder().walk(frame));
    let agree = |plain: Option<Plain<'_>>| {
        plain.is_some_and(|plain| {
            assert_eq!(format!("{:?}", Decoded::Tcp(plain.segment())), walked);
            true
        })
    };
    let (narrow, wide) = (agree(Plain::narrow(frame)), agree(Plain::wide(frame)));
    assert!(wide || !narrow, "the wide road is as long as the narrow one");
    wide
}

/// Decodes one frame and hands its segment on; fails where there is none.
fn with_segment(link: u16, parts: &[&str], check: impl FnOnce(Segment<'_>)) {
    let data = bytes(parts);
    roads_agree(&frame(link, &data));
    match decoder().decode(&frame(link, &data)) {
        Decoded::Tcp(segment) => check(segment),
        other => panic!("no segment in {parts:?} but {other:?}"),
    }
}

/// Why one frame gives no segment; fails where it gives one.
fn skipped(link: u16, parts: &[&str]) -> Skip {
    let data = bytes(parts);
    match decoder().decode(&frame(link, &data)) {
        Decoded::Skipped(skip) => skip,
        other => panic!("{parts:?} gave {other:?}"),
    }
}

/// The frame holds the SYN of this module, with nothing else taken for payload. Gives the innermost tunnel.
fn holds_the_syn(link: u16, parts: &[&str]) -> Option<Tunnel> {
    let mut tunnel = None;
    with_segment(link, parts, |segment| {
        let source = segment.tuple.source.to_string();
        assert!(["192.0.2.10:52832", "[2001:db8::1]:52832"].contains(&source.as_str()), "{source}");
        assert_eq!(segment.tuple.destination.port, 443);
        assert_eq!(segment.seq.0, 1000);
        assert!(segment.flags.opens());
        assert_eq!(segment.window, 64_240);
        assert_eq!(segment.options.mss, Some(1460));
        assert_eq!(segment.ttl, 64);
        assert_eq!((segment.payload_len, segment.payload.len()), (0, 0));
        tunnel = segment.place.tunnel;
    });
    tunnel
}

fn tunnel(kind: TunnelKind, id: u32) -> Option<Tunnel> {
    Some(Tunnel { kind, id: Some(id) })
}
