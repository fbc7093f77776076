//! Packets in fragments.

use super::{SYN, bytes, decoder, frame};
use crate::Limits;
use crate::capture::Frame;
use crate::link::Decoder;
use crate::net::{Decoded, Skip};
use crate::types::Timestamp;

/// A fragment of an IPv4 packet with TCP: identification, flags and offset, payload.
fn fragment(id: u16, field: u16, payload: &[u8]) -> Vec<u8> {
    let total = (20 + payload.len()) as u16;
    let mut packet = bytes(&["45 00 00 00 00 00 00 00 40 06 00 00 c0 00 02 0a cb 00 71 05"]);
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet[4..6].copy_from_slice(&id.to_be_bytes());
    packet[6..8].copy_from_slice(&field.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

const MORE: u16 = 0x2000;

/// The SYN with 24 bytes of payload 0, 1, 2 ..., in two fragments of 24 bytes.
fn two_halves(id: u16) -> [Vec<u8>; 2] {
    let payload: Vec<u8> = (0..24).collect();
    [fragment(id, MORE, &bytes(&[SYN])), fragment(id, 3, &payload)]
}

fn feed(decoder: &mut Decoder, packet: &[u8], at_s: i64) -> Result<Vec<u8>, Skip> {
    let frame = Frame { time: Timestamp::from_nanos(at_s * 1_000_000_000), ..frame(101, packet) };
    match decoder.decode(&frame) {
        Decoded::Tcp(segment) => {
            assert_eq!(segment.seq.0, 1000);
            assert_eq!(segment.payload.len(), segment.payload_len as usize);
            Ok(segment.payload.to_vec())
        }
        Decoded::Skipped(skip) => Err(skip),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_fragment_that_completes_the_packet_brings_the_segment() {
    let [first, second] = two_halves(7);
    for order in [[&first, &second], [&second, &first]] {
        let mut decoder = decoder();
        assert_eq!(feed(&mut decoder, order[0], 0), Err(Skip::Fragment));
        assert_eq!(feed(&mut decoder, order[1], 0), Ok((0..24).collect()));
    }
}

#[test]
fn many_fragments_in_any_order() {
    let mut payload = bytes(&[SYN]);
    payload.extend(0..=255);
    let pieces: Vec<Vec<u8>> = payload
        .chunks(40)
        .enumerate()
        .map(|(n, chunk)| fragment(9, if (n + 1) * 40 < payload.len() { MORE } else { 0 } | (n * 5) as u16, chunk))
        .collect();
    assert_eq!(pieces.len(), 7);
    for start in 0..7 {
        let mut decoder = decoder();
        for n in 0..6 {
            assert_eq!(feed(&mut decoder, &pieces[(start + n * 3) % 7], 0), Err(Skip::Fragment));
        }
        assert_eq!(feed(&mut decoder, &pieces[(start + 18) % 7], 0), Ok((0..=255).collect()));
    }
}

#[test]
fn each_packet_has_its_own_fragments() {
    let mut decoder = decoder();
    let ([a1, a2], [b1, b2]) = (two_halves(1), two_halves(2));
    assert!(feed(&mut decoder, &a1, 0).is_err() && feed(&mut decoder, &b1, 0).is_err());
    assert!(feed(&mut decoder, &b2, 0).is_ok() && feed(&mut decoder, &a2, 0).is_ok());
}

#[test]
fn a_capture_that_sees_every_fragment_twice_gives_one_segment() {
    let mut decoder = decoder();
    let [first, second] = two_halves(7);
    let mut segments = 0;
    for packet in [&first, &first, &second, &second] {
        segments += usize::from(feed(&mut decoder, packet, 0).is_ok());
    }
    assert_eq!(segments, 1);
    // The same identification, later, is another packet.
    assert!(feed(&mut decoder, &first, 5).is_err());
    assert!(feed(&mut decoder, &second, 5).is_ok());
}

#[test]
fn fragments_that_overlap_give_nothing() {
    let mut decoder = decoder();
    let [first, second] = two_halves(7);
    assert!(feed(&mut decoder, &first, 0).is_err());
    assert!(feed(&mut decoder, &fragment(7, MORE | 2, &[0; 16]), 0).is_err());
    assert!(feed(&mut decoder, &second, 0).is_err());
}

#[test]
fn fragments_that_come_too_late_give_nothing() {
    let mut decoder = decoder();
    let [first, second] = two_halves(7);
    assert!(feed(&mut decoder, &first, 0).is_err());
    assert!(feed(&mut decoder, &second, 31).is_err());
}

#[test]
fn a_fragment_that_the_snap_length_cut_shortens_the_payload() {
    let mut decoder = decoder();
    let [first, second] = two_halves(7);
    assert!(feed(&mut decoder, &first, 0).is_err());
    let cut = Frame { original_len: second.len() as u32, ..frame(101, &second[..30]) };
    match decoder.decode(&cut) {
        Decoded::Tcp(segment) => assert_eq!((segment.payload.len(), segment.payload_len), (10, 24)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_table_is_bounded_in_packets_and_bytes() {
    let limits = Limits { max_fragmented_packets: 4, max_fragment_bytes: 1_000, ..Limits::default() };
    let mut decoder = Decoder::new(&limits);
    let [first, second] = two_halves(1);
    assert!(feed(&mut decoder, &first, 0).is_err());
    for id in 2..=5 {
        assert!(feed(&mut decoder, &two_halves(id)[0], 0).is_err());
    }
    assert!(feed(&mut decoder, &second, 0).is_err(), "the oldest was given up");
    assert!(feed(&mut decoder, &two_halves(5)[1], 0).is_ok(), "the youngest was not");
    // Bytes far behind are holes that must be held.
    let mut decoder = Decoder::new(&limits);
    assert!(feed(&mut decoder, &first, 0).is_err());
    assert!(feed(&mut decoder, &fragment(2, MORE | 1000, &[0; 8]), 0).is_err());
    assert!(feed(&mut decoder, &second, 0).is_err(), "given up for the bytes");
    let mut decoder = Decoder::new(&Limits { max_fragmented_packets: 0, ..Limits::default() });
    assert!(feed(&mut decoder, &first, 0).is_err() && feed(&mut decoder, &second, 0).is_err());
}

#[test]
fn ipv6_fragments() {
    let head = "60 00 00 00 00 20 2c 40 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 \
                20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02";
    // RFC 8200 section 4.5: next header, offset and M flag, identification.
    let first = bytes(&[head, "06 00 00 01 00 00 00 2a", SYN]);
    let second = bytes(&[head, "06 00 00 18 00 00 00 2a", SYN]);
    let mut decoder = decoder();
    assert_eq!(feed(&mut decoder, &first, 0), Err(Skip::Fragment));
    assert_eq!(feed(&mut decoder, &second, 0), Ok(bytes(&[SYN])));
}
