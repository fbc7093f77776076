//! Lengths, options, and what the snap length leaves of a segment.

use super::{IPV4, IPV6, MACS, SYN, bytes, decoder, frame, roads_agree, skipped, with_segment};
use crate::capture::Frame;
use crate::net::{Decoded, Options, Skip};

/// IPv4 of 52 bytes in all, a segment with ACK, timestamps 1 and 2 and no payload.
const ACK_IPV4: &str = "45 00 00 34 1c 47 40 00 40 06 23 6a c0 00 02 0a cb 00 71 05";
const ACK: &str = "ce 60 01 bb 00 00 03 e9 00 00 07 d1 80 10 01 f5 00 00 00 00";
const TIMESTAMPS: &str = "01 01 08 0a 00 00 00 01 00 00 00 02";

#[test]
fn header_fields() {
    with_segment(101, &[ACK_IPV4, ACK, TIMESTAMPS], |segment| {
        assert_eq!(segment.tuple.source.to_string(), "192.0.2.10:52832");
        assert_eq!(segment.tuple.destination.to_string(), "203.0.113.5:443");
        assert_eq!((segment.seq.0, segment.ack.0), (1001, 2001));
        assert_eq!((segment.flags.0, segment.window), (0x10, 501));
        assert_eq!((segment.ttl, segment.ip_id), (64, 0x1c47));
        assert_eq!(segment.options, Options { timestamps: Some((1, 2)), any: true, ..Options::default() });
    });
}

#[test]
fn options_in_any_order_with_unknown_kinds_between() {
    // Maximum segment size, SACK permitted, timestamps, no operation, window scale: as Linux sends them, but with
    // Multipath TCP (kind 30) in front.
    let ipv4 = "45 00 00 40 1c 46 40 00 40 06 00 00 c0 00 02 0a cb 00 71 05";
    let syn = "ce 60 01 bb 00 00 03 e8 00 00 00 00 b0 02 fa f0 00 00 00 00";
    let options = "1e 04 00 00 02 04 05 b4 04 02 08 0a 00 00 00 09 00 00 00 00 01 03 03 07";
    with_segment(101, &[ipv4, syn, options], |segment| {
        let expected = Options {
            mss: Some(1460),
            window_scale: Some(7),
            timestamps: Some((9, 0)),
            sack_permitted: true,
            sacked: 0,
            any: true,
        };
        assert_eq!(segment.options, expected);
    });
    // A length of 0 or 1, or beyond the header, ends the reading; what came before it counts.
    for end in
        ["02 04 05 b4 08 00 00 00", "02 04 05 b4 08 01 00 00", "02 04 05 b4 08 0a 00 00", "02 04 05 b4 00 03 03 07"]
    {
        let ipv4 = "45 00 00 30 1c 46 40 00 40 06 00 00 c0 00 02 0a cb 00 71 05";
        let syn = "ce 60 01 bb 00 00 03 e8 00 00 00 00 70 02 fa f0 00 00 00 00";
        with_segment(101, &[ipv4, syn, end], |segment| {
            assert_eq!(segment.options, Options { mss: Some(1460), any: true, ..Options::default() });
        });
    }
}

#[test]
fn payload_is_what_was_kept_and_its_length_that_on_the_wire() {
    let ipv4 = "45 00 05 dc 1c 47 40 00 40 06 00 00 c0 00 02 0a cb 00 71 05";
    let data = bytes(&[MACS, "08 00", ipv4, ACK, TIMESTAMPS, "16 03 01"]);
    let cut = Frame { original_len: 1514, ..frame(1, &data) };
    match decoder().decode(&cut) {
        Decoded::Tcp(segment) => {
            assert_eq!(segment.payload, [0x16, 3, 1]);
            assert_eq!(segment.payload_len, 1500 - 52);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mirror_that_cuts_packets_leaves_the_senders_length() {
    // The frame claims to be whole; the IP header knows better, with its checksum or before the card has filled it in.
    for checksum in ["1a c5", "00 00"] {
        let ipv4 = format!("45 00 05 dc 1c 47 40 00 40 06 {checksum} c0 00 02 0a cb 00 71 05");
        with_segment(1, &[MACS, "08 00", &ipv4, ACK, TIMESTAMPS, "16 03 01"], |segment| {
            assert_eq!((segment.payload.len(), segment.payload_len), (3, 1448), "{checksum}");
        });
    }
}

#[test]
fn a_damaged_length_is_nobodys() {
    // One bit of the length is not as it was sent, as the checksum shows.
    let ipv4 = "45 00 45 dc 1c 47 40 00 40 06 1a c5 c0 00 02 0a cb 00 71 05";
    with_segment(1, &[MACS, "08 00", ipv4, ACK, TIMESTAMPS, "16 03 01"], |segment| {
        assert_eq!((segment.payload.len(), segment.payload_len), (3, 3));
    });
}

#[test]
fn length_zero_of_a_packet_still_to_be_cut_up() {
    let ipv4 = "45 00 00 00 1c 47 40 00 40 06 00 00 c0 00 02 0a cb 00 71 05";
    with_segment(101, &[ipv4, ACK, TIMESTAMPS, "16 03 01"], |segment| {
        assert_eq!((segment.payload, segment.payload_len), (&[0x16, 3, 1][..], 3));
    });
    let ipv6 = IPV6.replacen("00 18", "00 00", 1);
    with_segment(101, &[&ipv6, ACK, TIMESTAMPS, "16 03 01"], |segment| assert_eq!(segment.payload_len, 3));
}

#[test]
fn a_source_route_leads_beyond_the_next_hop() {
    let to = |options: &str| {
        let mut destination = String::new();
        let words = 5 + options.split(' ').count() / 4;
        let ipv4 = format!("4{words:x} 00 00 00 1c 47 40 00 40 06 00 00 c0 00 02 0a cb 00 71 05");
        with_segment(101, &[&ipv4, options, SYN], |s| destination = s.tuple.destination.address.to_string());
        destination
    };
    // Loose and strict, behind another option, with two hops to go.
    assert_eq!(to("83 0b 04 01 02 03 04 c6 33 64 07 00"), "198.51.100.7");
    assert_eq!(to("01 89 0b 08 01 02 03 04 c6 33 64 07"), "198.51.100.7");
    // The route is done; a recorded route leads nowhere; options that make no sense.
    assert_eq!(to("83 0b 0c 01 02 03 04 c6 33 64 07 00"), "203.0.113.5");
    assert_eq!(to("07 07 04 c6 33 64 07 00"), "203.0.113.5");
    assert_eq!(to("83 ff 04 c6 33 64 07 00"), "203.0.113.5");
    assert_eq!(to("94 00 00 00"), "203.0.113.5");
}

#[test]
fn ipv6_extension_headers() {
    // Hop-by-hop, destination options, routing, atomic fragment; each of 8 bytes.
    let ipv6 = |next: &str, len: &str| IPV6.replacen("00 18 06", &format!("00 {len} {next}"), 1);
    with_segment(
        101,
        &[
            &ipv6("00", "38"),
            "3c 00 01 04 00 00 00 00",
            "2b 00 01 04 00 00 00 00",
            "2c 00 04 00 00 00 00 00",
            "06 00 00 00 00 00 00 01",
            SYN,
        ],
        |segment| {
            assert_eq!(segment.options.mss, Some(1460));
            assert_eq!(segment.payload_len, 0);
        },
    );
    assert_eq!(skipped(101, &[&ipv6("3b", "00")]), Skip::NotTcp);
    assert_eq!(skipped(101, &[&ipv6("32", "08"), "00 00 00 01 00 00 00 01"]), Skip::Encrypted);
}

#[test]
fn a_snap_length_inside_the_tcp_header_leaves_what_identifies_the_segment() {
    let whole = bytes(&[MACS, "08 00", ACK_IPV4, ACK, TIMESTAMPS]);
    for kept in 0..whole.len() {
        let cut = Frame { original_len: whole.len() as u32, ..frame(1, &whole[..kept]) };
        match decoder().decode(&cut) {
            Decoded::Tcp(segment) => {
                assert!(kept >= 34 + 14, "{kept}");
                assert_eq!((segment.seq.0, segment.ack.0, segment.flags.0), (1001, 2001, 0x10));
                assert_eq!(segment.window, if kept >= 34 + 16 { 501 } else { 0 });
                assert!(segment.options.any);
                assert_eq!(segment.payload_len, 0);
            }
            Decoded::Skipped(Skip::CutBySnaplen) => assert!(kept < 34 + 14, "{kept}"),
            other => panic!("{kept}: {other:?}"),
        }
    }
}

#[test]
fn header_lengths_that_make_no_sense() {
    // A TCP data offset of 4 words, and one beyond the segment.
    for offset in ["40 02", "70 02"] {
        let data = bytes(&[IPV4, &SYN.replace("60 02", offset)]);
        let mut decoder = decoder();
        let decoded = decoder.decode(&frame(101, &data));
        assert!(
            matches!(decoded, Decoded::BadTcp { tuple, opens: Some(_) } if tuple.destination.port == 443),
            "{decoded:?}"
        );
    }
    // IPv4: header of 4 words, total length below the header, version 5; a TCP header of which the packet has 4 bytes.
    assert_eq!(skipped(101, &[&IPV4.replace("45 00", "44 00"), SYN]), Skip::Malformed);
    assert_eq!(skipped(101, &[&IPV4.replace("00 2c", "00 13"), SYN]), Skip::Malformed);
    assert_eq!(skipped(101, &[&IPV4.replace("45 00", "55 00"), SYN]), Skip::Malformed);
    assert_eq!(skipped(101, &[&IPV4.replace("00 2c", "00 18"), SYN]), Skip::Malformed);
}

#[test]
fn the_short_road_is_open_behind_every_usual_link_header() {
    let sll = "00 00 00 01 00 06 00 00 5e 00 53 01 00 00";
    let sll2 = "00 00 00 00 00 03 00 01 00 06 00 00 5e 00 53 01 00 00";
    for (ip, ether_type, family) in [(IPV4, "08 00", "02 00 00 00"), (IPV6, "86 dd", "00 00 00 1e")] {
        for (link, head) in [
            (1, vec![MACS, ether_type]),
            (0, vec![family]),
            (108, vec![family]),
            (101, vec![]),
            (113, vec![sll, ether_type]),
            (276, vec![ether_type, sll2]),
        ] {
            let data = bytes(&[&head[..], &[ip, SYN]].concat());
            assert!(roads_agree(&frame(link, &data)), "link type {link}");
            assert!(!roads_agree(&frame(link, &data[..data.len() - 5])), "a cut header is for the long one");
        }
    }
}
