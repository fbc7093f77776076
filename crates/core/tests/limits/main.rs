//! Reaching a limit is never silent, and never more than the limit is kept.

mod packets;

use handshark::capture::Interfaces;
use handshark::record::Connection;
use handshark::{Inspector, Limits, Report, Sink};

use packets::{ACK, FIN, Pcap, SYN};

#[derive(Default)]
struct Told(Vec<Connection>);

impl Sink for Told {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.push(connection.clone());
    }
}

fn analysed(capture: &Pcap, limits: Limits) -> (Report, Vec<Connection>) {
    let mut inspector = Inspector::with_sink(limits, Told::default());
    inspector.push(capture.bytes()).expect("a capture");
    let (report, told) = inspector.finish().expect("a capture");
    (report, told.0)
}

/// How often the report says that this limit was reached.
fn said(report: &Report, code: &str) -> u64 {
    report.capture.quality.iter().find(|quality| quality.code == code).map_or(0, |quality| quality.count)
}

/// `count` connections that are open and have sent `payload` from the second byte on: the first is missing.
fn holes(count: u16, payload: &[u8]) -> Pcap {
    let mut capture = Pcap::default();
    for port in 1..=count {
        capture.open(port);
    }
    for port in 1..=count {
        capture.client(port, ACK, 102, payload);
    }
    capture
}

#[test]
fn more_connections_than_allowed_are_written_out_and_marked() {
    let mut capture = Pcap::default();
    (1..=50).for_each(|port| capture.client(port, SYN, 100, b""));
    let (report, told) = analysed(&capture, Limits { max_connections: 10, ..Limits::default() });
    assert_eq!((told.len(), report.totals.connections), (50, 50));
    assert_eq!(told.iter().filter(|connection| connection.visibility.evicted).count(), 40);
    assert_eq!(said(&report, "evicted"), 40);
}

#[test]
fn payload_is_kept_up_to_the_total_and_who_kept_some_longest_goes() {
    let capture = holes(20, &[b'x'; 1_000]);
    let (report, told) = analysed(&capture, Limits { max_payload_total: 5_500, ..Limits::default() });
    assert_eq!(told.len(), 20);
    let evicted: Vec<u16> = told
        .iter()
        .filter(|connection| connection.visibility.evicted)
        .map(|connection| connection.client.port)
        .collect();
    assert_eq!(evicted, (1..=15).collect::<Vec<u16>>());
    assert_eq!((said(&report, "evicted-payload"), said(&report, "evicted")), (15, 0));
    let (report, told) = analysed(&capture, Limits::default());
    assert!(told.iter().all(|connection| !connection.visibility.evicted));
    assert_eq!(said(&report, "evicted-payload"), 0);
}

#[test]
fn what_one_connection_may_keep_is_bounded_and_said() {
    let (report, told) = analysed(&holes(3, &[b'x'; 1_000]), Limits { max_reorder_bytes: 500, ..Limits::default() });
    assert!(told.iter().all(|connection| connection.visibility.over_limit));
    assert_eq!(said(&report, "over-limit"), 3);
}

#[test]
fn holes_past_the_limit_are_not_told_apart_and_that_is_said() {
    let mut capture = Pcap::default();
    capture.open(1);
    (0..20).for_each(|hole| capture.client(1, ACK, 110 + 10 * hole, b"abc"));
    assert_eq!(said(&analysed(&capture, Limits::default()).0, "over-limit"), 0);
    assert_eq!(said(&analysed(&capture, Limits { max_ranges: 8, ..Limits::default() }).0, "over-limit"), 1);
}

#[test]
fn a_long_hello_and_a_long_head_are_not_read_and_that_is_said() {
    let mut capture = Pcap::default();
    capture.open(1);
    // A ClientHello of 1,000 bytes, of which 300 come at first.
    let hello = [&[22, 3, 1, 3, 236, 1, 0, 3, 232, 3, 3][..], &[7; 300]].concat();
    capture.client(1, ACK, 101, &hello);
    capture.open(2);
    capture.client(2, ACK, 101, format!("GET /{} HTTP/1.1\r\n", "a".repeat(500)).as_bytes());
    assert_eq!(said(&analysed(&capture, Limits::default()).0, "over-limit"), 0);
    let (report, _) = analysed(&capture, Limits { max_handshake_bytes: 200, ..Limits::default() });
    assert_eq!(said(&report, "over-limit"), 1);
    let (report, _) = analysed(&capture, Limits { max_http_head_bytes: 200, ..Limits::default() });
    assert_eq!(said(&report, "over-limit"), 1);
}

#[test]
fn a_certificate_without_room_is_not_read_and_that_is_said() {
    let mut capture = Pcap::default();
    capture.open(1);
    let body = [&[0, 0, 203, 0, 0, 200][..], &[0x30; 200]].concat();
    let record = [&[22, 3, 3, 0, 210, 11, 0, 0, 206][..], &body].concat();
    capture.server(1, ACK, 501, &record);
    assert_eq!(said(&analysed(&capture, Limits::default()).0, "over-limit"), 0);
    let (report, _) = analysed(&capture, Limits { max_certificate_bytes: 100, ..Limits::default() });
    assert_eq!(said(&report, "over-limit"), 1);
}

#[test]
fn fragments_without_room_are_given_up_and_that_is_said() {
    let mut capture = Pcap::default();
    (1..=5).for_each(|id| capture.first_fragment(id, &[0; 64]));
    let limits = Limits { max_fragmented_packets: 2, ..Limits::default() };
    assert_eq!(said(&analysed(&capture, limits).0, "fragments-given-up"), 3);
    let limits = Limits { max_fragment_bytes: 100, ..Limits::default() };
    assert_eq!(said(&analysed(&capture, limits).0, "fragments-given-up"), 4);
    assert_eq!(said(&analysed(&capture, Limits::default()).0, "fragments-given-up"), 0);
}

#[test]
fn services_past_the_limit_are_counted_and_lend_nobody_their_failures() {
    let mut capture = Pcap::default();
    for port in 1..=4 {
        capture.refused_by(port, port);
    }
    let (report, _) = analysed(&capture, Limits { max_services: 2, ..Limits::default() });
    assert_eq!((report.services.len(), report.totals.connections), (2, 4));
    assert_eq!(said(&report, "services-not-assessed"), 2);
    assert!(report.services.iter().all(|service| service.connections == 1), "{:?}", report.services);
    let all = analysed(&capture, Limits::default()).0;
    assert_eq!((all.services.len(), said(&all, "services-not-assessed")), (4, 0));
    assert_eq!(all.totals.by_outcome, report.totals.by_outcome);
}

#[test]
fn findings_past_the_limit_are_counted() {
    let mut capture = Pcap::default();
    capture.refused_by(1, 1);
    capture.open(2);
    let hello = [22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3].into_iter().chain([7; 32]).chain([0, 0, 2, 0, 0x9c, 1, 0, 0, 0]);
    let hello: Vec<u8> = hello.collect();
    capture.client(2, ACK, 101, &hello);
    capture.server(2, FIN | ACK, 501, b"");
    let all = analysed(&capture, Limits::default()).0;
    assert!(all.findings.len() > 1, "{:?}", all.findings);
    let (report, _) = analysed(&capture, Limits { max_findings: 1, ..Limits::default() });
    assert_eq!(report.findings.len(), 1);
    assert_eq!(said(&report, "findings-left-out"), all.findings.len() as u64 - 1);
    // What failed, and what explains it, is the same.
    assert_eq!(report.totals.failed, all.totals.failed);
    assert_eq!((report.unexplained.len(), all.unexplained.len()), (0, 0), "{:?}", report.unexplained);
}

#[test]
fn a_record_that_claims_more_than_a_packet_may_have_is_damage() {
    let mut capture = Pcap::default();
    capture.open(1);
    capture.client(1, ACK, 101, &[b'x'; 400]);
    capture.open(2);
    let capture = capture.with_snaplen(200);
    let (report, _) = analysed(&capture, Limits { max_packet_bytes: 200, ..Limits::default() });
    assert!(said(&report, "damaged") + said(&report, "cut-short") > 0, "{:?}", report.capture.quality);
}

#[test]
fn headers_in_headers_past_the_limit_are_counted() {
    let mut capture = Pcap::default();
    capture.tunnelled(20);
    let deep = |limits| analysed(&capture, limits).0.capture.skipped;
    assert!(deep(Limits::default()).iter().any(|(reason, count)| reason.contains("deep") && *count == 1));
    assert!(deep(Limits { max_nesting: 40, ..Limits::default() }).iter().all(|(reason, _)| !reason.contains("deep")));
}

#[test]
fn behind_a_hole_in_a_body_nothing_is_kept() {
    let mut capture = Pcap::default();
    capture.open(1);
    capture.client(1, ACK, 101, b"PUT /a HTTP/1.1\r\nContent-Length: 200000\r\n\r\n");
    let body = 101 + 43;
    // Its first bytes are lost, and come at the end.
    (1..200).for_each(|n| capture.client(1, ACK, body + 1_000 * n, &[b'x'; 1_000]));
    capture.client(1, ACK, body, &[b'x'; 1_000]);
    capture.client(1, ACK, body + 200_000, b"GET /b HTTP/1.1\r\n\r\n");
    let (report, told) = analysed(&capture, Limits { max_reorder_bytes: 500, ..Limits::default() });
    assert_eq!(said(&report, "over-limit"), 0);
    let requests = told.iter().map(|connection| connection.http.as_ref().map_or(0, |http| http.requests));
    assert_eq!(requests.collect::<Vec<u32>>(), [2]);
}
