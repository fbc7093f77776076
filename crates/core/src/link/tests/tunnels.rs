//! One test for each tunnel, after its RFC.

use super::{IPV4, IPV6, MACS, SYN, bytes, decoder, frame, holds_the_syn, skipped, tunnel, with_segment};
use crate::net::{Decoded, Skip, Tunnel, TunnelKind};

/// An outer IPv4 header for a protocol; length 0 stands for the rest of the frame.
fn outer(protocol: &str) -> String {
    format!("45 00 00 00 00 01 00 00 3f {protocol} 00 00 0a 00 00 01 0a 00 00 02")
}

/// An outer IPv4 and UDP header to a port; length 0 likewise.
fn udp(port: &str) -> String {
    format!("{} c0 00 {port} 00 00 00 00", outer("11"))
}

#[test]
fn ip_in_ip() {
    for (protocol, inner) in [("04", IPV4), ("29", IPV6)] {
        let place = holds_the_syn(101, &[&outer(protocol), inner, SYN]);
        assert_eq!(place, Some(Tunnel { kind: TunnelKind::IpInIp, id: None }));
    }
    let outer6 = "60 00 00 00 00 2c 04 3f 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 0a \
                  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 0b";
    holds_the_syn(101, &[outer6, IPV4, SYN]);
}

#[test]
fn gre() {
    let place = holds_the_syn(101, &[&outer("2f"), "00 00 08 00", IPV4, SYN]);
    assert_eq!(place, Some(Tunnel { kind: TunnelKind::Gre, id: None }));
    // Checksum, key 7 and sequence number (RFC 2890); Ethernet inside.
    let place = holds_the_syn(
        101,
        &[&outer("2f"), "b0 00 65 58", "00 00 00 00 00 00 00 07 00 00 00 01", MACS, "86 dd", IPV6, SYN],
    );
    assert_eq!(place, tunnel(TunnelKind::Gre, 7));
    // Two source routes and the end of them (RFC 1701).
    let routes = "00 00 00 00 08 00 00 04 0a 00 00 01 08 00 04 04 0a 00 00 02 00 00 00 00";
    holds_the_syn(101, &[&outer("2f"), "40 00 08 00", routes, IPV4, SYN]);
    assert_eq!(skipped(101, &[&outer("2f"), "40 00 08 00", "00 00 00 00 08 00 00 04 0a 00"]), Skip::Malformed);
    // WCCP with and without its redirect header.
    holds_the_syn(101, &[&outer("2f"), "00 00 88 3e", "01 02 03 04", IPV4, SYN]);
    holds_the_syn(101, &[&outer("2f"), "00 00 88 3e", IPV4, SYN]);
    assert_eq!(skipped(101, &[&outer("2f"), "00 00 00 00"]), Skip::NotTcp);
}

#[test]
fn gre_of_pptp() {
    // RFC 2637: key with payload length and call 5, sequence and acknowledgment number, PPP.
    let place = holds_the_syn(
        101,
        &[&outer("2f"), "30 81 88 0b 00 30 00 05 00 00 00 01 00 00 00 01", "ff 03 00 21", IPV4, SYN],
    );
    assert_eq!(place, tunnel(TunnelKind::Gre, 5));
    // A pure acknowledgment.
    assert_eq!(skipped(101, &[&outer("2f"), "20 81 88 0b 00 00 00 05 00 00 00 01"]), Skip::NotTcp);
}

#[test]
fn gre_of_mikrotik() {
    // EoIP: 54 bytes, tunnel 25.
    let place = holds_the_syn(101, &[&outer("2f"), "20 01 64 00 00 36 19 00", MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Gre, 25));
}

#[test]
fn erspan() {
    let place = holds_the_syn(101, &[&outer("2f"), "00 00 88 be", MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, Some(Tunnel { kind: TunnelKind::Erspan, id: None }));
    // Type II: version 1, session 100.
    let place = holds_the_syn(
        101,
        &[&outer("2f"), "10 00 88 be 00 00 00 01", "10 01 08 64 00 00 00 00", MACS, "08 00", IPV4, SYN],
    );
    assert_eq!(place, tunnel(TunnelKind::Erspan, 100));
    // Type III, without and with the optional 8 bytes.
    let third = "20 01 08 64 00 00 00 00 00 00 00";
    for end in ["00", "01 00 00 00 00 00 00 00 00"] {
        let place =
            holds_the_syn(101, &[&outer("2f"), "10 00 22 eb 00 00 00 01", third, end, MACS, "08 00", IPV4, SYN]);
        assert_eq!(place, tunnel(TunnelKind::Erspan, 100));
    }
}

#[test]
fn vxlan() {
    for port in ["12 b5", "21 18"] {
        let place = holds_the_syn(101, &[&udp(port), "08 00 00 00 00 00 2a 00", MACS, "08 00", IPV4, SYN]);
        assert_eq!(place, tunnel(TunnelKind::Vxlan, 42));
    }
    // The group policy extension, and the generic protocol extension with IPv6.
    holds_the_syn(101, &[&udp("12 b5"), "88 00 00 07 00 00 2a 00", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(101, &[&udp("12 b6"), "0c 00 00 02 00 00 2a 00", IPV6, SYN]);
    assert_eq!(skipped(101, &[&udp("12 b5"), "00 00 00 00 00 00 2a 00", MACS, "08 00", IPV4, SYN]), Skip::NotTcp);
}

#[test]
fn vxlan_on_another_port_only_if_certain() {
    let head = "08 00 00 00 00 00 2a 00";
    holds_the_syn(101, &[&udp("30 39"), head, MACS, "08 00", IPV4, SYN]);
    holds_the_syn(101, &[&udp("30 39"), head, MACS, "86 dd", IPV6, SYN]);
    // A wrong checksum, a length that does not fit, a reserved bit.
    let wrong = IPV4.replace("20 76", "20 77");
    assert_eq!(skipped(101, &[&udp("30 39"), head, MACS, "08 00", &wrong, SYN]), Skip::NotTcp);
    assert_eq!(skipped(101, &[&udp("30 39"), head, MACS, "08 00", IPV4, SYN, "00"]), Skip::NotTcp);
    assert_eq!(skipped(101, &[&udp("30 39"), "08 00 00 01 00 00 2a 00", MACS, "08 00", IPV4, SYN]), Skip::NotTcp);
}

#[test]
fn geneve() {
    // 8 bytes of options, Ethernet; without options, IPv6.
    let options = "01 02 80 01 00 00 00 00";
    let place = holds_the_syn(101, &[&udp("17 c1"), "02 00 65 58 00 00 2a 00", options, MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Geneve, 42));
    holds_the_syn(101, &[&udp("17 c1"), "00 00 86 dd 00 00 2a 00", IPV6, SYN]);
    // Another version.
    assert_eq!(skipped(101, &[&udp("17 c1"), "40 00 65 58 00 00 2a 00", MACS, "08 00", IPV4, SYN]), Skip::NotTcp);
}

#[test]
fn gtp_u() {
    let place = holds_the_syn(101, &[&udp("08 68"), "30 ff 00 2c 00 00 00 09", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Gtp, 9));
    // With sequence number; with a PDU session container as extension header.
    holds_the_syn(101, &[&udp("08 68"), "32 ff 00 30 00 00 00 09", "00 01 00 00", IPV4, SYN]);
    holds_the_syn(101, &[&udp("08 68"), "34 ff 00 34 00 00 00 09", "00 00 00 85", "01 00 09 00", IPV4, SYN]);
    // An echo request, and an extension header without length.
    assert_eq!(skipped(101, &[&udp("08 68"), "32 01 00 04 00 00 00 00 00 00 00 00"]), Skip::NotTcp);
    assert_eq!(
        skipped(101, &[&udp("08 68"), "34 ff 00 08 00 00 00 09", "00 00 00 85", "00 00 00 85"]),
        Skip::Malformed
    );
}

#[test]
fn teredo() {
    let kind = Some(Tunnel { kind: TunnelKind::Teredo, id: None });
    assert_eq!(holds_the_syn(101, &[&udp("0d d8"), IPV6, SYN]), kind);
    // Authentication without identifier, and origin.
    let authentication = "00 01 00 00 00 01 02 03 04 05 06 07 00";
    holds_the_syn(101, &[&udp("0d d8"), authentication, "00 00 12 34 01 02 03 04", IPV6, SYN]);
}

#[test]
fn ayiya() {
    let kind = Some(Tunnel { kind: TunnelKind::Ayiya, id: None });
    // An identity of 16 bytes and a signature of 20; no signature, and IPv4.
    let (time, identity) = ("4a f6 4c 05", "20 01 49 78 00 0f 00 4c 00 00 00 00 00 00 00 01");
    let signature = "77 b7 ff 8c 4d 59 b7 7f ef e3 22 cb f9 8c 90 f1 ea 7c 2c c3";
    assert_eq!(holds_the_syn(101, &[&udp("13 d0"), "41 52 11 29", time, identity, signature, IPV6, SYN]), kind);
    assert_eq!(holds_the_syn(101, &[&udp("13 d0"), "41 00 01 04", time, identity, IPV4, SYN]), kind);
    // A heartbeat, and an identity that no packet has room for.
    assert_eq!(skipped(101, &[&udp("13 d0"), "41 52 10 3b", time, identity, signature]), Skip::NotTcp);
    assert_eq!(skipped(101, &[&udp("13 d0"), "f1 00 01 29", time, identity, IPV6, SYN]), Skip::NotTcp);
}

#[test]
fn authentication_header() {
    // RFC 4302: TCP, length 4 (24 bytes), SPI 0x100.
    let ah = "04 00 00 00 00 01 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00";
    let outer4 = "45 00 00 00 1c 46 40 00 40 33 00 00 c0 00 02 0a cb 00 71 05";
    assert_eq!(holds_the_syn(101, &[outer4, "06", ah, SYN]), tunnel(TunnelKind::Ah, 0x100));
    assert_eq!(
        holds_the_syn(101, &[&outer("33"), "04", ah, IPV4, SYN]),
        Some(Tunnel { kind: TunnelKind::IpInIp, id: None })
    );
}

#[test]
fn encrypted_and_compressed_payload() {
    assert_eq!(skipped(101, &[&outer("32"), "00 00 01 00 00 00 00 01"]), Skip::Encrypted);
    assert_eq!(skipped(101, &[&outer("6c"), "06 00 00 02"]), Skip::Compressed);
    assert_eq!(skipped(101, &[&outer("6c"), "06 00 00 03", SYN]), Skip::Compressed);
    // ESP in UDP, IKE in UDP, a keep-alive.
    assert_eq!(skipped(101, &[&udp("11 94"), "00 00 01 00 00 00 00 01"]), Skip::Encrypted);
    assert_eq!(skipped(101, &[&udp("11 94"), "00 00 00 00 00 00 00 01"]), Skip::NotTcp);
    assert_eq!(skipped(101, &[&udp("11 94"), "ff"]), Skip::NotTcp);
}

#[test]
fn l2tp() {
    // RFC 2661: data message with length and sequence numbers, tunnel 1, session 2.
    let place = holds_the_syn(101, &[&udp("06 a5"), "48 02 00 3a 00 01 00 02 00 00 00 00", "ff 03 00 21", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::L2tp, 2));
    holds_the_syn(101, &[&udp("06 a5"), "02 02 00 01 00 02 00 02 00 00", "00 21", IPV4, SYN]);
    assert_eq!(skipped(101, &[&udp("06 a5"), "c8 02 00 0c 00 01 00 02 00 00 00 00"]), Skip::NotTcp);
}

#[test]
fn ethernet_in_ip() {
    let place = holds_the_syn(101, &[&outer("61"), "30 00", MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, Some(Tunnel { kind: TunnelKind::EtherIp, id: None }));
}

#[test]
fn mpls() {
    // Labels 16 and, at the bottom, 300.
    let labels = "00 01 00 40 00 12 c1 40";
    assert_eq!(holds_the_syn(1, &[MACS, "88 47", labels, IPV4, SYN]), tunnel(TunnelKind::Mpls, 300));
    holds_the_syn(1, &[MACS, "88 47", labels, IPV6, SYN]);
    // A pseudowire with and without control word (RFC 4448).
    holds_the_syn(1, &[MACS, "88 47", labels, "00 00 00 00", MACS, "08 00", IPV4, SYN]);
    holds_the_syn(1, &[MACS, "88 47", labels, MACS, "08 00", IPV4, SYN]);
    // In IP and in UDP.
    holds_the_syn(101, &[&outer("89"), labels, IPV4, SYN]);
    holds_the_syn(101, &[&udp("19 eb"), labels, IPV4, SYN]);
}

#[test]
fn the_innermost_tunnel_is_told_and_the_outermost_vlan() {
    let parts = [MACS, "81 00 00 05 08 00", &udp("12 b5"), "08 00 00 00 00 00 2a 00", MACS, "81 00 00 06 08 00"];
    let gre = format!("{} 20 00 08 00 00 00 00 07", outer("2f"));
    let parts = [&parts[..], &[gre.as_str(), IPV4, SYN]].concat();
    with_segment(1, &parts, |segment| {
        assert_eq!(segment.place.tunnel, tunnel(TunnelKind::Gre, 7));
        assert_eq!(segment.place.vlan, Some(5));
    });
}

#[test]
fn nesting_ends_at_the_limit() {
    let tags = "81 00 00 05 ".repeat(100);
    assert_eq!(skipped(1, &[MACS, &tags, "08 00", IPV4, SYN]), Skip::TooDeep);
    let tags = "81 00 00 05 ".repeat(16);
    holds_the_syn(1, &[MACS, &tags, "08 00", IPV4, SYN]);
}

/// One stored block (RFC 1951 section 3.2.4) is DEFLATE too: last, stored, length and its complement.
#[test]
fn a_compressed_payload() {
    let stored = "01 18 00 e7 ff";
    let ipv4 = IPV4.replacen("00 2c", "00 35", 1).replacen("40 06", "40 6c", 1);
    holds_the_syn(101, &[&ipv4, "06 00 00 02", stored, SYN]);
    holds_the_syn(101, &[&ipv4, "06 00 12 34", stored, SYN]);
    // In IPv6 other extension headers may be inside.
    let ipv6 = IPV6.replacen("00 18 06", "00 29 6c", 1);
    holds_the_syn(101, &[&ipv6, "3c 00 00 02", "01 20 00 df ff", "06 00 01 04 00 00 00 00", SYN]);
    // LZS is not read, and bytes that are no DEFLATE are not guessed at.
    assert_eq!(skipped(101, &[&outer("6c"), "06 00 00 03", stored, SYN]), Skip::Compressed);
    assert_eq!(skipped(101, &[&outer("6c"), "06 00 00 02", SYN]), Skip::Compressed);
    // Two within one frame, and no third.
    let within = |n: usize| -> Vec<u8> {
        (0..n).fold(bytes(&[SYN]), |inner, depth| {
            let next = if depth == 0 { 6 } else { 108 };
            let len = inner.len() as u16;
            let head = [&[next, 0, 0, 2, 1][..], &len.to_le_bytes(), &(!len).to_le_bytes()].concat();
            [head, inner].concat()
        })
    };
    let data = |n: usize| [bytes(&[&outer("6c")]), within(n)].concat();
    assert!(matches!(decoder().decode(&frame(101, &data(2))), Decoded::Tcp(_)));
    assert!(matches!(decoder().decode(&frame(101, &data(3))), Decoded::Skipped(Skip::TooDeep)));
}

#[test]
fn network_service_header() {
    // Length 2 words, metadata of variable length, IPv4; path 1, index 255.
    let place = holds_the_syn(1, &[MACS, "89 4f", "0f c2 02 01 00 00 01 ff", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Nsh, 1));
    // Metadata of fixed length; Ethernet; in GRE and in VXLAN with the generic extension.
    let fixed = "0f c6 01 03 00 00 01 ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
    holds_the_syn(101, &[&outer("2f"), "00 00 89 4f", fixed, MACS, "08 00", IPV4, SYN]);
    holds_the_syn(101, &[&udp("12 b6"), "0c 00 00 04 00 00 2a 00", fixed, MACS, "86 dd", IPV6, SYN]);
    assert_eq!(skipped(1, &[MACS, "89 4f", "0f c1 02 01 00 00 01 ff", IPV4, SYN]), Skip::Malformed);
    assert_eq!(skipped(1, &[MACS, "89 4f", "0f c2 02 06 00 00 01 ff", IPV4, SYN]), Skip::NotIp);
}

#[test]
fn lisp() {
    let place = holds_the_syn(101, &[&udp("10 f5"), "88 00 00 01 00 00 2a 01", IPV4, SYN]);
    assert_eq!(place, tunnel(TunnelKind::Lisp, 42));
    let place = holds_the_syn(101, &[&udp("10 f5"), "80 00 00 01 00 00 00 01", IPV6, SYN]);
    assert_eq!(place, Some(Tunnel { kind: TunnelKind::Lisp, id: None }));
    assert_eq!(skipped(101, &[&udp("10 f5"), "80 00 00 01 00 00 00 01", "16 03 01"]), Skip::NotTcp);
}

const DATA: &str = "01 00 00 00 00 5e 00 53 01 00 00 5e 00 53 02 00 00 5e 00 53 03 10 00 aa aa 03 00 00 00 08 00";

#[test]
fn capwap() {
    // Header of 8 bytes; an Ethernet frame, and a frame of 802.11 in either order of its frame control.
    let place = holds_the_syn(101, &[&udp("14 7f"), "00 10 02 00 00 00 00 00", MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, Some(Tunnel { kind: TunnelKind::Capwap, id: None }));
    holds_the_syn(101, &[&udp("14 7f"), "00 10 03 00 00 00 00 00", "08", DATA, IPV4, SYN]);
    let exchanged = DATA.replacen("01 00", "08 00", 1);
    holds_the_syn(101, &[&udp("14 7f"), "00 10 03 00 00 00 00 00", "01", &exchanged, IPV4, SYN]);
    // DTLS, a fragment, another version.
    assert_eq!(skipped(101, &[&udp("14 7f"), "01 00 00 00", IPV4, SYN]), Skip::Encrypted);
    assert_eq!(skipped(101, &[&udp("14 7f"), "00 10 02 80 00 00 00 00", MACS, "08 00", IPV4, SYN]), Skip::Fragment);
    assert_eq!(skipped(101, &[&udp("14 7f"), "10 10 02 00 00 00 00 00", MACS, "08 00", IPV4, SYN]), Skip::NotTcp);
}

#[test]
fn tzsp() {
    // A captured packet, Ethernet, end of tags; 802.11 behind padding and a signal strength.
    let place = holds_the_syn(101, &[&udp("90 90"), "01 00 00 01 01", MACS, "08 00", IPV4, SYN]);
    assert_eq!(place, Some(Tunnel { kind: TunnelKind::Tzsp, id: None }));
    holds_the_syn(101, &[&udp("90 90"), "01 00 00 12 00 0a 01 20 01", "08", DATA, IPV4, SYN]);
    assert_eq!(skipped(101, &[&udp("90 90"), "01 04 00 00"]), Skip::NotTcp);
    assert_eq!(skipped(101, &[&udp("90 90"), "01 00 00 01 0a"]), Skip::Malformed);
}

/// No packet holds more than 65,535 bytes: what unpacks to more is no packet, and is not unpacked to its end.
#[test]
fn a_payload_that_unpacks_to_more_than_a_packet() {
    let packed = |len: usize| {
        let segment = [bytes(&[SYN]), vec![0; len - 24]].concat();
        let mut packed = Vec::with_capacity(4_096);
        let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
        let status = deflate.compress_vec(&segment, &mut packed, flate2::FlushCompress::Finish);
        assert_eq!(status.ok(), Some(flate2::Status::StreamEnd));
        [bytes(&[&outer("6c"), "06 00 00 02"]), packed].concat()
    };
    let mut decoder = decoder();
    match decoder.decode(&frame(101, &packed(65_535))) {
        Decoded::Tcp(segment) => assert_eq!(segment.payload_len, 65_535 - 24),
        other => panic!("{other:?}"),
    }
    assert!(matches!(decoder.decode(&frame(101, &packed(65_536))), Decoded::Skipped(Skip::Compressed)));
    assert!(matches!(decoder.decode(&frame(101, &packed(3_000_000))), Decoded::Skipped(Skip::Compressed)));
}
