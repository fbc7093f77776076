//! Samples of packets (sFlow): each makes a row, and nobody judges by them.

mod gathered;

use std::net::SocketAddr;

use handshark::record::{Connection, Outcome};
use handshark::{Inspector, Limits, Report};
use handshark_testkit::packets::{Flags, TcpOptions, TcpPacket, UdpPacket};
use handshark_testkit::writers::{Order, Pcap};

use gathered::{Gathered, end};

fn tcp(port: u16, seq: u32, flags: Flags, payload: &[u8]) -> Vec<u8> {
    let packet = TcpPacket {
        source: SocketAddr::new(end("10.0.0.1:0").ip(), port),
        destination: end("10.0.0.2:80"),
        seq,
        ack: 0,
        flags,
        window: 1_000,
        options: TcpOptions::default(),
        payload: payload.to_vec(),
        ttl_hops: 64,
        id: seq as u16,
        bad_checksum: false,
    };
    packet.ip_bytes()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A record with the first `kept` bytes of a packet: of IP (protocol 11), or behind an Ethernet header (protocol 1).
fn raw_header(protocol: u32, ip: &[u8], kept: usize) -> Vec<u8> {
    let ethernet = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], ip].concat();
    let packet = if protocol == 1 { &ethernet[..] } else { ip };
    let head = &packet[..kept.min(packet.len())];
    // A switch counts the check sequence in, and says that it took it away.
    let mut body = words(&[protocol, packet.len() as u32 + 4, 4, head.len() as u32]);
    body.extend_from_slice(head);
    body.resize(body.len().next_multiple_of(4), 0);
    [words(&[1, body.len() as u32]), body].concat()
}

/// A sample with one record: of the short kind, or the expanded one.
fn sample(expanded: bool, record: &[u8]) -> Vec<u8> {
    let before = if expanded { vec![0; 40] } else { vec![0; 28] };
    let body = [&before[..], &words(&[1]), record].concat();
    [words(&[if expanded { 3 } else { 1 }, body.len() as u32]), body].concat()
}

/// A datagram of version 5 to the collector.
fn datagram(samples: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[5, 1, 0x0a00_00fe, 0, 7, 1_000, samples.len() as u32]);
    let payload = [head, samples.concat()].concat();
    UdpPacket { source: end("10.0.0.254:50000"), destination: end("10.0.0.9:6343"), payload }.ip_bytes()
}

fn read(packets: &[Vec<u8>]) -> (Report, Vec<Connection>) {
    let mut file = Pcap::with(Order::Little, false, 101, 0);
    for (second, packet) in packets.iter().enumerate() {
        file.packet(1_700_000_000_000_000_000 + second as i64 * 10_000_000_000, packet, packet.len());
    }
    let mut inspector = Inspector::with_sink(Limits::default(), Gathered::default());
    inspector.push(&file.into_bytes()).expect("a capture");
    let (report, Gathered(connections)) = inspector.finish().expect("a capture");
    (report, connections)
}

#[test]
fn samples_make_rows_and_no_verdict() {
    let of_ethernet = raw_header(1, &tcp(40_000, 10, Flags::SYN, &[]), 128);
    let of_ip = raw_header(11, &tcp(40_001, 10, Flags::ACK, &[7; 1_000]), 60);
    let counters = [words(&[2, 4]), vec![0; 4]].concat();
    let one = datagram(&[counters, sample(false, &of_ethernet), sample(true, &of_ip)]);
    let (report, connections) = read(&[one, datagram(&[]), datagram(&[])]);
    let told: Vec<_> = connections
        .iter()
        .map(|c| (c.client.port, c.outcome(), c.traffic.client.payload_bytes, c.first.packet.number()))
        .collect();
    assert_eq!(told, [(40_000, Outcome::MidStream, 0, 1), (40_001, Outcome::MidStream, 1_000, 1)]);
    assert!(connections.iter().all(|c| c.is_sampled() && c.symptoms.is_empty()));
    // A SYN without answer is a finding elsewhere.
    assert!(report.findings.is_empty() && report.totals.connections == 0, "{:?}", report.findings);
    let noted = report.capture.quality.iter().find(|quality| quality.code == "sampled").map(|quality| quality.count);
    assert_eq!((noted, report.capture.packets, report.capture.tcp_packets), (Some(2), 3, 1));
    let (report, _) = read(&[tcp(40_000, 10, Flags::SYN, &[]), datagram(&[]), datagram(&[])]);
    assert!(!report.findings.is_empty());
}

#[test]
fn a_sample_of_a_connection_that_is_captured_is_another_sighting() {
    let syn = tcp(40_000, 10, Flags::SYN, &[]);
    let later = tcp(40_000, 11, Flags::ACK, b"abc");
    let (report, connections) = read(&[
        syn.clone(),
        datagram(&[sample(false, &raw_header(1, &syn, 128))]),
        later.clone(),
        datagram(&[sample(false, &raw_header(11, &later, 128))]),
    ]);
    let [connection] = &connections[..] else { panic!("{connections:?}") };
    assert!(!connection.is_sampled());
    assert_eq!((connection.visibility.twins, connection.traffic.client.packets), (2, 4));
    let client = &connection.traffic.client;
    assert_eq!((client.payload_bytes, client.retransmitted, connection.opening.syn_retries.len()), (3, 0, 0));
    assert_eq!((report.capture.packets, report.totals.connections), (4, 1));
}

#[test]
fn what_is_no_datagram_of_version_5_is_left_alone() {
    let record = sample(false, &raw_header(1, &tcp(40_000, 10, Flags::SYN, &[]), 128));
    let whole = datagram(&[record]);
    assert_eq!(read(std::slice::from_ref(&whole)).1.len(), 1);
    // Another version; cut before the packet.
    let mut other = whole.clone();
    other[31] = 4;
    for (bytes, skip) in
        [(other, "not-tcp"), (whole[..70].to_vec(), "not-tcp"), (whole[..40].to_vec(), "header-cut-by-snaplen")]
    {
        let (report, connections) = read(&[bytes]);
        assert!(connections.is_empty());
        assert_eq!(report.capture.skipped, [(skip.to_owned(), 1)]);
    }
}
