//! One test for each link type, after the descriptions on tcpdump.org and the documents that they name.

use super::{IPV4, IPV6, MACS, SYN, bytes, decoder, frame, holds_the_syn, skipped, tunnel, with_segment};
use crate::capture::{Frame, LinkType};
use crate::link::link_name;
use crate::net::{Decoded, Skip, TunnelKind};

const LLC_SNAP: &str = "aa aa 03 00 00 00";

#[test]
fn ethernet() {
    holds_the_syn(1, &[MACS, "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "86 dd", IPV6, SYN]);
    assert_eq!(skipped(1, &[MACS, "08 06", "00 01 08 00 06 04 00 01"]), Skip::NotIp);
}

#[test]
fn ethernet_padding_is_no_payload() {
    holds_the_syn(1, &[MACS, "08 00", IPV4, SYN, "00 00"]);
    holds_the_syn(1, &[MACS, "86 dd", IPV6, SYN, "de ad be ef"]);
}

#[test]
fn ieee_802_3_with_llc_and_snap() {
    // 8 bytes of LLC and SNAP, 44 of IP: length 52.
    holds_the_syn(1, &[MACS, "00 34", LLC_SNAP, "08 00", IPV4, SYN, "00 00 00"]);
    // IP straight in LLC.
    holds_the_syn(1, &[MACS, "00 2f", "06 06 03", IPV4, SYN]);
    // Spanning tree.
    assert_eq!(skipped(1, &[MACS, "00 26", "42 42 03 00 00 00 00 00"]), Skip::NotIp);
}

#[test]
fn vlan_tags_to_any_depth_and_the_outermost_is_told() {
    for tags in ["81 00 20 64", "88 a8 00 64 81 00 00 07", "81 00 00 64 81 00 00 65 81 00 00 66 81 00 00 67"] {
        with_segment(1, &[MACS, tags, "08 00", IPV4, SYN], |segment| assert_eq!(segment.place.vlan, Some(100)));
    }
    // Identifier 0 is a priority alone.
    with_segment(1, &[MACS, "81 00 e0 00", "08 00", IPV4, SYN], |segment| assert_eq!(segment.place.vlan, None));
}

#[test]
fn tags_of_switches() {
    // Cisco MetaData with security group tag, VN-Tag, 802.1BR, HSR, FabricPath, TRILL.
    holds_the_syn(1, &[MACS, "89 09", "01 01 00 01 00 0a", "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "89 26", "00 01 00 02", "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "89 3f", "e0 00 00 01 00 00", "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "89 2f", "00 34 00 01", "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "89 03", "00 60", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "22 f3", "00 3f 00 01 00 02", MACS, "08 00", IPV4, SYN]);
    // 802.1CB.
    holds_the_syn(1, &[MACS, "f1 c1", "00 00 00 07", "08 00", IPV4, SYN]);
}

#[test]
fn macsec_in_clear_alone() {
    let check_value = "00".repeat(16);
    holds_the_syn(1, &[MACS, "88 e5", "00 00 00 00 00 01", "08 00", IPV4, SYN, &check_value]);
    // With the channel's identifier.
    let channel = "00 00 5e 00 53 01 00 01";
    holds_the_syn(1, &[MACS, "88 e5", "20 00 00 00 00 01", channel, "86 dd", IPV6, SYN, &check_value]);
    for control in ["0c", "04", "08"] {
        let encrypted = [MACS, "88 e5", control, "00 00 00 00 01", "08 00", IPV4, SYN, &check_value];
        assert_eq!(skipped(1, &encrypted), Skip::Encrypted);
    }
}

#[test]
fn provider_backbone_bridge() {
    let place = holds_the_syn(1, &[MACS, "88 e7", "00 00 12 34", MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Pbb, 0x1234));
}

#[test]
fn pppoe_session() {
    let place = holds_the_syn(1, &[MACS, "88 64", "11 00 00 2a 00 2e", "00 21", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Pppoe, 42));
    assert_eq!(skipped(1, &[MACS, "88 64", "11 00 00 2a 00 06", "c0 21 09 01 00 04"]), Skip::NotIp);
    holds_the_syn(51, &["11 00 00 2a 00 2e", "00 21", IPV4, SYN]);
}

#[test]
fn loopback_in_both_byte_orders() {
    for link in [0, 108] {
        holds_the_syn(link, &["02 00 00 00", IPV4, SYN]);
        holds_the_syn(link, &["00 00 00 02", IPV4, SYN]);
        // macOS, FreeBSD, NetBSD and OpenBSD, Windows, Linux.
        for family in ["1e", "1c", "18", "17", "0a"] {
            holds_the_syn(link, &[family, "00 00 00", IPV6, SYN]);
            holds_the_syn(link, &["00 00 00", family, IPV6, SYN]);
        }
        assert_eq!(skipped(link, &["07 00 00 00", "00 00"]), Skip::NotIp);
    }
}

#[test]
fn linux_cooked_captures() {
    // Packet type 4 (from us), Ethernet, 6 bytes of address.
    with_segment(113, &["00 04 00 01 00 06 00 00 5e 00 53 01 00 00", "08 00", IPV4, SYN], |segment| {
        assert_eq!(segment.place.cooked_type, Some(4));
        assert_eq!(segment.place.ifindex, None);
    });
    // Protocol, reserved, interface 3, Ethernet, packet type 0 (to us), 6 bytes of address.
    with_segment(276, &["86 dd 00 00 00 00 00 03 00 01 00 06 00 00 5e 00 53 01 00 00", IPV6, SYN], |segment| {
        assert_eq!(segment.place.cooked_type, Some(0));
        assert_eq!(segment.place.ifindex, Some(3));
    });
    with_segment(113, &["00 00 00 01 00 06 00 00 5e 00 53 01 00 00", "81 00 00 05 08 00", IPV4, SYN], |segment| {
        assert_eq!(segment.place.vlan, Some(5));
    });
    holds_the_syn(113, &["00 00 00 01 00 06 00 00 5e 00 53 01 00 00", "00 04", LLC_SNAP, "08 00", IPV4, SYN]);
}

#[test]
fn raw_ip() {
    for link in [12, 14, 101] {
        holds_the_syn(link, &[IPV4, SYN]);
        holds_the_syn(link, &[IPV6, SYN]);
    }
    holds_the_syn(228, &[IPV4, SYN]);
    holds_the_syn(229, &[IPV6, SYN]);
}

#[test]
fn ppp() {
    // With and without address and control, with a protocol of one byte (RFC 1661 section 6.5, 6.6).
    for head in ["ff 03 00 21", "00 21", "21", "ff 03 21"] {
        holds_the_syn(9, &[head, IPV4, SYN]);
        holds_the_syn(50, &[head, IPV4, SYN]);
        holds_the_syn(204, &["01", head, IPV4, SYN]);
    }
    holds_the_syn(9, &["ff 03 00 57", IPV6, SYN]);
    holds_the_syn(166, &["00 03 00 21", IPV4, SYN]);
    assert_eq!(skipped(9, &["ff 03 00 2d", SYN]), Skip::Compressed);
    assert_eq!(skipped(9, &["ff 03 c0 21", "01 01 00 04"]), Skip::NotIp);
}

#[test]
fn cisco_hdlc() {
    holds_the_syn(104, &["0f 00 08 00", IPV4, SYN]);
    holds_the_syn(205, &["00 0f 00 08 00", IPV4, SYN]);
    assert_eq!(skipped(104, &["8f 00 80 35", "00 00 00 02"]), Skip::NotIp);
}

#[test]
fn frame_relay() {
    // RFC 2427: unnumbered information, and the network layer protocol identifiers of IPv4 and IPv6.
    holds_the_syn(107, &["18 41 03 cc", IPV4, SYN]);
    holds_the_syn(107, &["18 41 03 8e", IPV6, SYN]);
    holds_the_syn(107, &["18 41 03 00 80 00 00 00 08 00", IPV4, SYN]);
    // Cisco's own encapsulation, and an address of 4 bytes.
    holds_the_syn(107, &["18 41 08 00", IPV4, SYN]);
    holds_the_syn(107, &["18 40 00 01 03 cc", IPV4, SYN]);
    holds_the_syn(206, &["01 18 41 03 cc", IPV4, SYN]);
}

#[test]
fn log_of_the_packet_filter() {
    // 61 bytes padded to 64: length, IPv4, block, match, interface, no rule set, rule numbers and owners, inward.
    let (interface, zeros) = ("65 6d 30 00 00 00 00 00 00 00 00 00 00 00 00 00", "00 ".repeat(16));
    let rest = "00 00 00 05 ff ff ff ff 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00 01 00 00 00";
    holds_the_syn(117, &["3d 02 01 00", interface, &zeros, rest, IPV4, SYN]);
    assert_eq!(skipped(117, &["1c 00 00 00", interface, IPV4, SYN]), Skip::NotIp);
}

#[test]
fn netfilter_log_in_both_byte_orders() {
    // IPv4, version 0, resource 2; a hook attribute of 8 bytes, a prefix of 5 padded to 8, the packet of 44 in 48.
    holds_the_syn(
        239,
        &["02 00 00 02", "08 00 01 00 08 00 03 00", "05 00 0a 00 00 00 00 00", "30 00 09 00", IPV4, SYN],
    );
    holds_the_syn(239, &["02 00 00 02", "00 08 00 01 08 00 03 00", "00 30 00 09", IPV4, SYN]);
}

#[test]
fn headers_of_capture_programs() {
    // PPI: 8 bytes, Ethernet.
    holds_the_syn(192, &["00 00 08 00 01 00 00 00", MACS, "08 00", IPV4, SYN]);
    // PKTAP: 16 bytes, record type 1, raw IP.
    for link in [149, 258] {
        holds_the_syn(link, &["10 00 00 00 01 00 00 00 0c 00 00 00 00 00 00 00", IPV4, SYN]);
    }
    assert_eq!(skipped(192, &["00 00 08 00 1f 01 00 00"]), Skip::UnknownLink(LinkType(287)));
}

#[test]
fn wlan_data_frames() {
    const ADDRESSES: &str = "00 00 5e 00 53 01 00 00 5e 00 53 02 00 00 5e 00 53 03 10 00";
    let packet = [LLC_SNAP, "08 00", IPV4, SYN];
    let with = |head: &[&'static str]| [head, &packet[..]].concat();
    // Data to the distribution system; QoS data; between access points with a fourth address.
    holds_the_syn(105, &with(&["08 01 00 00", ADDRESSES]));
    holds_the_syn(105, &with(&["88 01 00 00", ADDRESSES, "00 00"]));
    holds_the_syn(105, &with(&["08 03 00 00", ADDRESSES, "00 00 5e 00 53 04"]));
    // An aggregate: addresses and length of the first packet in it.
    holds_the_syn(105, &with(&["88 01 00 00", ADDRESSES, "80 00", MACS, "00 34"]));
    // Between mesh points: mesh control, alone and with two more addresses.
    let mesh = ["88 03 00 00", ADDRESSES, "00 00 5e 00 53 04", "00 01"];
    holds_the_syn(105, &with(&[&mesh[..], &["00 1f 01 00 00 00"]].concat()));
    let far = ["02 1f 01 00 00 00", "00 00 5e 00 53 05 00 00 5e 00 53 06"];
    holds_the_syn(105, &with(&[&mesh[..], &far].concat()));
    // The same bit in a network of another kind.
    holds_the_syn(105, &with(&mesh));
    // Radiotap of 8 bytes without fields; of 17 bytes with time and with the flag for padding behind QoS.
    holds_the_syn(127, &with(&["00 00 08 00 00 00 00 00", "08 01 00 00", ADDRESSES]));
    let padded =
        ["00 00 11 00 03 00 00 00", "01 02 03 04 05 06 07 08", "20", "88 01 00 00", ADDRESSES, "00 00", "00 00"];
    holds_the_syn(127, &with(&padded));
    // Prism and AVS.
    holds_the_syn(119, &with(&["44 00 00 00 0c 00 00 00 77 6c 61 6e", "08 01 00 00", ADDRESSES]));
    for link in [119, 163] {
        holds_the_syn(link, &with(&["80 21 10 01 00 00 00 08", "08 01 00 00", ADDRESSES]));
    }
    assert_eq!(skipped(105, &["08 41 00 00", ADDRESSES]), Skip::Encrypted);
    // A beacon, and data without data.
    assert_eq!(skipped(105, &["80 00 00 00", ADDRESSES]), Skip::NotIp);
    assert_eq!(skipped(105, &["48 01 00 00", ADDRESSES]), Skip::NotIp);
}

#[test]
fn older_networks() {
    holds_the_syn(10, &["50", MACS, LLC_SNAP, "08 00", IPV4, SYN]);
    // ARCNET after RFC 1051 and after RFC 1201.
    holds_the_syn(129, &["01 02 00 00 f0", IPV4, SYN]);
    holds_the_syn(129, &["01 02 00 00 d4 00 00 01", IPV4, SYN]);
    // SLIP: sent, uncompressed.
    holds_the_syn(8, &["01 45 00 00 00 00 00 00 00 00 00 00 00 00 00 00", IPV4, SYN]);
}

#[test]
fn infiniband_and_juniper() {
    let addresses = "00".repeat(40);
    holds_the_syn(242, &[&addresses, "08 00 00 00", IPV4, SYN]);
    // Magic number, extensions of 6 bytes, Ethernet.
    holds_the_syn(178, &["4d 47 43 80 00 06 01 02 03 04 05 06", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(178, &["4d 47 43 00", MACS, "08 00", IPV4, SYN]);
    // Without link header; PPP, HDLC and frame relay behind it.
    holds_the_syn(178, &["4d 47 43 02", "00 00 00 02", IPV4, SYN]);
    holds_the_syn(167, &["4d 47 43 00", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(179, &["4d 47 43 00", "00 21", IPV4, SYN]);
    holds_the_syn(180, &["4d 47 43 00", "18 41", "03 cc", IPV4, SYN]);
    holds_the_syn(181, &["4d 47 43 00", "0f 00 08 00", IPV4, SYN]);
    holds_the_syn(137, &["4d 47 43 00", "00 00 00 00", LLC_SNAP, "08 00", IPV4, SYN]);
    holds_the_syn(135, &["4d 47 43 00", "00 00 00 00 00 00 00 00", IPV4, SYN]);
    holds_the_syn(135, &["4d 47 43 02", "00 00 00 02", IPV4, SYN]);
    assert_eq!(skipped(179, &["4d 47 44 00", "00 21"]), Skip::Malformed);
}

#[test]
fn the_check_sequence_is_no_payload() {
    // A total length of 0 leaves all that follows to the payload, but not what the file calls check sequence.
    let data = bytes(&[MACS, "08 00", &IPV4.replace("00 2c", "00 00"), SYN, "16 03 01", "de ad be ef"]);
    let frame = Frame { fcs_len: 4, ..frame(1, &data) };
    match decoder().decode(&frame) {
        Decoded::Tcp(segment) => assert_eq!((segment.payload, segment.payload_len), (&[0x16, 3, 1][..], 3)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_link_type_has_a_name() {
    assert_eq!(link_name(LinkType::ETHERNET), "EN10MB");
    assert_eq!(link_name(LinkType::LINUX_SLL2), "LINUX_SLL2");
    assert_eq!(link_name(LinkType(253)), "NETLINK");
    assert_eq!(link_name(LinkType(299)), "link type 299");
    assert_eq!(link_name(LinkType(u16::MAX)), "link type 65535");
}

#[test]
fn rings_and_cells() {
    // Access control, LLC frame; with a route of four bytes behind the source address.
    holds_the_syn(6, &["10 40", MACS, LLC_SNAP, "08 00", IPV4, SYN]);
    holds_the_syn(6, &["10 40", "00 00 5e 00 53 01 80 00 5e 00 53 02", "04 30 00 11", LLC_SNAP, "08 00", IPV4, SYN]);
    assert_eq!(skipped(6, &["10 00", MACS, "00 0b 00 02"]), Skip::NotIp);
    for link in [11, 100, 106] {
        holds_the_syn(link, &[LLC_SNAP, "08 00", IPV4, SYN]);
    }
    holds_the_syn(106, &[IPV4, SYN]);
    // SunATM: LLC on path 0, channel 5; LAN emulation.
    holds_the_syn(123, &["82 00 00 05", LLC_SNAP, "08 00", IPV4, SYN]);
    holds_the_syn(123, &["01 00 00 05", "00 01", MACS, "08 00", IPV4, SYN]);
    assert_eq!(skipped(123, &["06 00 00 05", "00 00"]), Skip::NotIp);
    // ARCNET of BSD has no offset.
    holds_the_syn(7, &["01 02 f0", IPV4, SYN]);
    holds_the_syn(7, &["01 02 d4 00 00 01", IPV4, SYN]);
}

#[test]
fn networks_with_long_addresses() {
    const LONG: &str = "10 00 00 00 5e 00 53 01 10 00 00 00 5e 00 53 02";
    holds_the_syn(122, &[LONG, LLC_SNAP, "08 00", IPV4, SYN]);
    holds_the_syn(138, &[LONG, "86 dd", IPV6, SYN]);
    assert_eq!(skipped(138, &[LONG, "08 06"]), Skip::NotIp);
}

#[test]
fn tags_of_switch_chips() {
    let vlan = |link: u16, parts: &[&str]| {
        let mut vlan = None;
        with_segment(link, parts, |segment| vlan = segment.place.vlan);
        vlan
    };
    holds_the_syn(281, &[MACS, "00 00 00 01", "08 00", IPV4, SYN]);
    holds_the_syn(282, &["00 00 00 01", MACS, "08 00", IPV4, SYN]);
    // Forwarded to the host, untagged and from VLAN 100.
    assert_eq!(vlan(284, &[MACS, "c0 08 00 00", "08 00", IPV4, SYN]), None);
    assert_eq!(vlan(284, &[MACS, "e0 08 00 64", "08 00", IPV4, SYN]), Some(100));
    assert_eq!(vlan(285, &[MACS, "da da 00 00", "e0 08 00 64", "08 00", IPV4, SYN]), Some(100));
    assert_eq!(skipped(284, &[MACS, "c0 08"]), Skip::Malformed);
}

#[test]
fn headers_of_capture_devices() {
    // Endace: Ethernet with its offset; with two extension headers; HDLC and PPP over SONET; IP.
    let erf = |kind: &str| format!("00 00 00 00 00 00 00 00 {kind} 04 00 40 00 00 00 40");
    holds_the_syn(197, &[&erf("02"), "00 00", MACS, "08 00", IPV4, SYN]);
    let extensions = "83 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00";
    holds_the_syn(197, &[&erf("82"), extensions, "00 00", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(197, &[&erf("01"), "0f 00 08 00", IPV4, SYN]);
    holds_the_syn(197, &[&erf("01"), "ff 03 00 21", IPV4, SYN]);
    holds_the_syn(197, &[&erf("16"), IPV4, SYN]);
    assert_eq!(skipped(197, &[&erf("15"), "00 00 00 00"]), Skip::NotIp);
    // netANALYZER, without preamble and with it.
    holds_the_syn(240, &["00 00 00 00", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(241, &["00 00 00 00", "55 55 55 55 55 55 55 d5", MACS, "08 00", IPV4, SYN]);
    // Solaris, and OpenBSD's IPsec in the byte order of either host.
    let zones = "00 00 00 00 00 2c 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 01";
    holds_the_syn(226, &["01 02", zones, IPV4, SYN]);
    holds_the_syn(226, &["01 1a", zones, IPV6, SYN]);
    for family in ["02 00 00 00", "00 00 00 02"] {
        holds_the_syn(109, &[family, "00 00 10 01", "00 00 00 00", IPV4, SYN]);
    }
    // DOCSIS: a packet, one with an extended header of five bytes, one that is encrypted.
    holds_the_syn(143, &["00 00 00 40", "00 00", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(143, &["01 05 00 45", "44 10 00 00 00", "00 00", MACS, "08 00", IPV4, SYN]);
    assert_eq!(skipped(143, &["01 05 00 45", "44 10 80 00 00", "00 00", MACS, "08 00", IPV4, SYN]), Skip::Encrypted);
    assert_eq!(skipped(143, &["c2 00 00 04", "00 00", "00 00 00 00"]), Skip::NotIp);
}

#[test]
fn what_wireshark_exports() {
    // Protocol name "ip" padded to four bytes; an address before it; the end.
    holds_the_syn(252, &["00 0c 00 04 69 70 00 00", "00 00 00 00", IPV4, SYN]);
    holds_the_syn(252, &["00 14 00 04 0a 00 00 01", "00 0c 00 04 69 70 76 36", "00 00 00 00", IPV6, SYN]);
    // Another protocol, no protocol, no end.
    assert_eq!(skipped(252, &["00 0c 00 04 68 74 74 70", "00 00 00 00", "47 45 54 20"]), Skip::NotIp);
    assert_eq!(skipped(252, &["00 00 00 00", IPV4, SYN]), Skip::NotIp);
    assert_eq!(skipped(252, &["00 0c 00 04 69 70 00 00"]), Skip::Malformed);
}

/// The kind of device tells what begins the frame, where the protocol is not an EtherType.
#[test]
fn cooked_captures_of_wireless_and_serial_devices() {
    const DATA: &str = "08 01 00 00 00 00 5e 00 53 01 00 00 5e 00 53 02 00 00 5e 00 53 03 10 00";
    let packet = [DATA, LLC_SNAP, "08 00", IPV4, SYN];
    let cooked = |device: &'static str, protocol: &'static str, rest: &[&'static str]| {
        [&["00 00", device, "00 06 00 00 5e 00 53 01 00 00", protocol], rest].concat()
    };
    holds_the_syn(113, &cooked("03 21", "00 04", &packet));
    holds_the_syn(113, &cooked("03 23", "00 04", &[&["00 00 08 00 00 00 00 00"], &packet[..]].concat()));
    holds_the_syn(113, &cooked("02 00", "00 07", &["00 21", IPV4, SYN]));
    holds_the_syn(113, &cooked("00 01", "00 04", &[LLC_SNAP, "08 00", IPV4, SYN]));
    let second = ["00 04 00 00 00 00 00 03 03 21 00 06 00 00 5e 00 53 01 00 00"];
    holds_the_syn(276, &[&second[..], &packet].concat());
    assert_eq!(skipped(113, &cooked("03 38", "00 10", &[IPV4, SYN])), Skip::NotIp);
}
