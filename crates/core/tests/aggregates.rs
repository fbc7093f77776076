//! Several packets in one 802.11 frame (A-MSDU): each belongs to its connection, and together they are one packet.

mod gathered;

use std::net::SocketAddr;

use handshark::record::Connection;
use handshark::{Inspector, Limits, Report};
use handshark_testkit::packets::{Flags, TcpOptions, TcpPacket, UdpPacket};
use handshark_testkit::writers::{Order, Pcap};

use gathered::{Gathered, end};

const QOS_DATA: [u8; 24] =
    [0x88, 1, 0, 0, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2, 0, 0, 0x5e, 0, 0x53, 3, 0, 0];
const LLC_SNAP_IPV4: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

fn tcp(port: u16, seq: u32, payload: &[u8]) -> Vec<u8> {
    let packet = TcpPacket {
        source: SocketAddr::new(end("10.0.0.1:0").ip(), port),
        destination: end("10.0.0.2:80"),
        seq,
        ack: 1,
        flags: Flags::ACK,
        window: 1_000,
        options: TcpOptions::default(),
        payload: payload.to_vec(),
        ttl_hops: 64,
        id: seq as u16,
        bad_checksum: false,
    };
    packet.ip_bytes()
}

fn udp() -> Vec<u8> {
    UdpPacket { source: end("10.0.0.1:5000"), destination: end("10.0.0.2:5000"), payload: vec![1; 20] }.ip_bytes()
}

/// A frame with an aggregate of IP packets: each behind addresses and length, padded to 4 bytes but for the last.
fn aggregate(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut frame = [&QOS_DATA[..], &[0x80, 0]].concat();
    for packet in packets {
        let begun = frame.len();
        frame.extend_from_slice(&QOS_DATA[4..16]);
        frame.extend_from_slice(&((LLC_SNAP_IPV4.len() + packet.len()) as u16).to_be_bytes());
        frame.extend_from_slice(&LLC_SNAP_IPV4);
        frame.extend_from_slice(packet);
        if !std::ptr::eq(packet, &raw const packets[packets.len() - 1]) {
            frame.resize(begun + (frame.len() - begun).next_multiple_of(4), 0);
        }
    }
    frame
}

fn read(frames: &[(&[u8], usize)]) -> (Report, Vec<Connection>) {
    let mut file = Pcap::with(Order::Little, false, 105, 0);
    for (second, (frame, original)) in frames.iter().enumerate() {
        file.packet(1_700_000_000_000_000_000 + second as i64 * 1_000_000_000, frame, *original);
    }
    let mut inspector = Inspector::with_sink(Limits::default(), Gathered::default());
    inspector.push(&file.into_bytes()).expect("a capture");
    let (report, Gathered(connections)) = inspector.finish().expect("a capture");
    (report, connections)
}

#[test]
fn every_packet_of_an_aggregate_is_read() {
    let frame = aggregate(&[tcp(40_000, 10, b"abc"), udp(), tcp(40_001, 10, b"defgh"), tcp(40_000, 13, b"ij")]);
    let (report, connections) = read(&[(&frame, frame.len())]);
    let told: Vec<_> = connections
        .iter()
        .map(|c| (c.number, c.client.port, c.traffic.client.packets, c.traffic.client.payload_bytes))
        .collect();
    assert_eq!(told, [(0, 40_000, 2, 5), (1, 40_001, 1, 5)]);
    assert!(connections.iter().all(|c| c.first.packet.number() == 1 && c.last.packet.number() == 1));
    assert_eq!((report.capture.packets, report.capture.tcp_packets, report.capture.skipped.len()), (1, 1, 0));
    assert_eq!(report.capture.link_types, ["IEEE802_11"]);
}

#[test]
fn an_aggregate_without_tcp_is_one_packet_that_is_skipped() {
    let frame = aggregate(&[udp(), udp(), udp()]);
    let (report, connections) = read(&[(&frame, frame.len())]);
    assert!(connections.is_empty());
    assert_eq!((report.capture.packets, report.capture.tcp_packets), (1, 0));
    assert_eq!(report.capture.skipped.into_iter().collect::<Vec<_>>(), [("not-tcp".to_owned(), 1)]);
}

#[test]
fn what_the_snap_length_cut_is_not_there() {
    let frame = aggregate(&[tcp(40_000, 10, &[1; 50]), tcp(40_000, 60, &[2; 50]), tcp(40_000, 110, &[3; 50])]);
    // In the second packet's payload: its length is known, the third packet is not.
    let (_, connections) = read(&[(&frame[..240], frame.len())]);
    let client = &connections[0].traffic.client;
    assert_eq!((client.packets, client.payload_bytes), (2, 100));
}

/// An aggregate inside of one is opened no further than its first packet: frames do not multiply.
#[test]
fn aggregates_in_aggregates_end() {
    let gre = |inner: &[u8]| {
        let head = [0x45, 0, 0, 0, 0, 9, 0, 0, 63, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0, 0, 0x90, 0];
        let mut packet = [&head[..], inner].concat();
        let len = packet.len() as u16;
        packet[2..4].copy_from_slice(&len.to_be_bytes());
        packet
    };
    let two = || vec![tcp(40_000, 10, b"a"), tcp(40_001, 10, b"b")];
    let inner = aggregate(&two());
    let frame = aggregate(&[gre(&inner), gre(&inner), tcp(40_002, 10, b"c")]);
    let (_, connections) = read(&[(&frame, frame.len())]);
    let told: Vec<_> = connections.iter().map(|c| (c.client.port, c.traffic.client.packets)).collect();
    assert_eq!(told, [(40_000, 2), (40_002, 1)]);
    // One that is not itself inside another is opened, and its packets are in the tunnel.
    let mut alone = [&QOS_DATA[..], &[0, 0], &LLC_SNAP_IPV4, &gre(&inner)].concat();
    let (_, connections) = read(&[(&alone, alone.len())]);
    assert_eq!(connections.len(), 2);
    assert!(connections.iter().all(|c| c.tunnel.is_some_and(|tunnel| tunnel.kind.name() == "gre")));
    alone.truncate(60);
    assert!(read(&[(&alone, alone.len())]).1.is_empty());
}
