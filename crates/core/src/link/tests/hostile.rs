//! Any bytes: never a panic, always an end, never more payload than the wire had.

use proptest::prelude::*;

use super::{IPV4, IPV6, MACS, SYN, bytes, decoder, frame, roads_agree};
use crate::capture::Frame;
use crate::link::{Decoder, table};
use crate::net::Decoded;

fn check(decoder: &mut Decoder, frame: &Frame<'_>) {
    roads_agree(frame);
    match decoder.decode(frame) {
        Decoded::Tcp(segment) => assert!(segment.payload.len() <= segment.payload_len as usize),
        Decoded::Several => {
            let parts = decoder.open();
            for part in parts.frames(frame) {
                assert!(!matches!(decoder.decode(&part), Decoded::Several), "frames do not multiply");
            }
            decoder.close(parts);
        }
        _ => {}
    }
}

/// Beginnings that lead deep into the readers; arbitrary bytes alone seldom pass the first header.
fn deep_beginnings() -> Vec<Vec<u8>> {
    let ip = |protocol: &str| format!("45 00 00 00 00 01 00 00 3f {protocol} 00 00 0a 00 00 01 0a 00 00 02");
    let udp = |port: &str| format!("{} c0 00 {port} 00 00 00 00", ip("11"));
    let mut all = vec![bytes(&[IPV4]), bytes(&[IPV6])];
    for protocol in ["01", "04", "06", "29", "2f", "33", "3a", "61", "6c", "89"] {
        all.push(bytes(&[&ip(protocol)]));
        all.push(bytes(&[&IPV6.replacen("00 18 06", &format!("00 00 {protocol}"), 1)]));
    }
    for next in ["00", "2b", "2c", "3c"] {
        all.push(bytes(&[&IPV6.replacen("00 18 06", &format!("00 00 {next}"), 1)]));
    }
    for port in
        ["12 b5", "12 b6", "17 c1", "08 68", "0d d8", "06 a5", "11 94", "19 eb", "30 39", "10 f5", "14 7f", "90 90"]
    {
        all.push(bytes(&[&udp(port)]));
    }
    // Samples: a record that fits, and one whose lengths lead astray.
    for len in ["00 00 00 3c", "ff ff ff ff"] {
        let head = "00 00 00 05 00 00 00 01 0a 00 00 fe 00 00 00 00 00 00 00 07 00 00 03 e8 00 00 00 01";
        let sample = "00 00 00 01 00 00 00 64 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01";
        all.push(bytes(&[
            &udp("18 c7"),
            head,
            sample,
            "00 00 00 01",
            len,
            "00 00 00 0b",
            len,
            "00 00 00 00",
            len,
            IPV4,
        ]));
    }
    for gre in ["b0 00 65 58", "30 81 88 0b", "10 00 88 be", "10 00 22 eb", "00 00 90 00", "00 00 88 3e", "00 00 89 4f"]
    {
        all.push(bytes(&[&ip("2f"), gre]));
    }
    all
}

proptest! {
    #[test]
    fn arbitrary_bytes_on_every_link_type(data in prop::collection::vec(any::<u8>(), 0..200), extra in 0u32..3000) {
        let mut decoder = decoder();
        for link in table::numbers() {
            let original_len = data.len() as u32 + extra;
            check(&mut decoder, &Frame { original_len, ..frame(link, &data) });
            check(&mut decoder, &Frame { original_len: 0, fcs_len: 4, ..frame(link, &data) });
        }
    }

    #[test]
    fn arbitrary_bytes_deep_inside(tail in prop::collection::vec(any::<u8>(), 0..200), small in any::<bool>()) {
        let mut decoder = decoder();
        for mut data in deep_beginnings() {
            // Small numbers are likelier to be lengths and types that mean something.
            data.extend(tail.iter().map(|&byte| if small { byte & 0x0f } else { byte }));
            check(&mut decoder, &frame(101, &data));
            let ether_type = if data[0] >> 4 == 6 { "86 dd" } else { "08 00" };
            check(&mut decoder, &frame(1, &[bytes(&[MACS, ether_type]), data].concat()));
        }
    }

    #[test]
    fn ether_types_with_arbitrary_bytes(ether_type in prop::sample::select(vec![
        0x8100u16, 0x88a8, 0x8847, 0x8864, 0x880b, 0x88e7, 0x6558, 0x8870, 0x8909, 0x8926, 0x893f, 0x892f, 0x8903, 0x22f3, 0x894f, 0x88e5, 0xf1c1, 40,
    ]), tail in prop::collection::vec(any::<u8>(), 0..120)) {
        let data = [bytes(&[MACS]), ether_type.to_be_bytes().to_vec(), tail].concat();
        check(&mut decoder(), &frame(1, &data));
    }

    #[test]
    fn fragments_of_arbitrary_shape(pieces in prop::collection::vec((0u16..4, any::<bool>(), 0u16..64, 0usize..80), 0..60)) {
        let mut decoder = decoder();
        for (id, more, offset, len) in pieces {
            let head = "45 00 00 00 00 00 00 00 40 06 00 00 c0 00 02 0a cb 00 71 05";
            let mut data = bytes(&[head]);
            data[4..6].copy_from_slice(&id.to_be_bytes());
            data[6..8].copy_from_slice(&(u16::from(more) << 13 | offset).to_be_bytes());
            data.extend(std::iter::repeat_n(0x50, len));
            check(&mut decoder, &frame(101, &data));
        }
    }
}

#[test]
fn a_good_packet_cut_at_every_byte() {
    let tunnel =
        "45 00 00 00 00 01 00 00 3f 11 00 00 0a 00 00 01 0a 00 00 02 c0 00 12 b5 00 00 00 00 08 00 00 00 00 00 2a 00";
    let whole = bytes(&[MACS, "81 00 00 05 08 00", tunnel, MACS, "86 dd", IPV6, SYN, "16 03 01"]);
    let mut decoder = decoder();
    for kept in 0..=whole.len() {
        for original_len in [kept, whole.len()] {
            check(&mut decoder, &Frame { original_len: original_len as u32, ..frame(1, &whole[..kept]) });
        }
    }
}
