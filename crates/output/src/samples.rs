//! Reports and connections made by hand, for the tests of all formats.

use std::sync::Arc;

use handshark::Quality;
use handshark::Report;
use handshark::capture::{Interface, Interfaces, LinkType};
use handshark::detect::{Confidence, Severity, Symptom};
use handshark::record::timeline::Step;
use handshark::record::{
    CloseKind, ConnState, Connection, Ending, Fin, History, IdleSource, IdleTime, Opening, Outcome, Protocol,
    RolesFrom, SeenAt, Traffic, Visibility,
};
use handshark::report::{
    Candidate, CaptureSummary, Distributions, Evidence, Facts, Finding, NotAssessed, Quantiles, SeenInPart,
    ServiceName, ServiceSummary, Totals,
};
use handshark::tls::{ClientHello, HelloFormat, KeyShare, Sni, Stage, Tls};
use handshark::types::{Endpoint, Moment, PacketNo, Seq, Side, Sided, Span, Timestamp};

/// 2026-11-21 10:34:01 UTC.
const START: Timestamp = Timestamp::from_nanos(1_795_257_241_000_000_000);

pub(crate) fn at(millis: i64) -> Timestamp {
    START.plus(Span::from_millis(millis))
}

pub(crate) fn packet(number: u64) -> PacketNo {
    PacketNo::new(number).expect("not 0")
}

pub(crate) fn moment(number: u64, millis: i64) -> Moment {
    Moment { packet: packet(number), at: at(millis) }
}

fn endpoint(address: &str, port: u16) -> Endpoint {
    Endpoint::new(address.parse().expect("an address"), port)
}

pub(crate) fn interfaces() -> Interfaces {
    let mut interfaces = Interfaces::default();
    interfaces.add(Interface { name: Some("eth0".to_owned()), link: LinkType::ETHERNET, snaplen: 0, dropped: None });
    interfaces
}

/// A connection with a hostile server name that the server closed after 6 s idle.
pub(crate) fn connection(number: u64) -> Connection {
    let mut seen_at = SeenAt::default();
    seen_at.note(handshark::capture::InterfaceId(0));
    let mut history = History::default();
    b"ShADadf".iter().for_each(|letter| history.push(*letter));
    let fin = Fin { at: moment(20, 6_050), seq: Seq(900), acknowledged: None };
    Connection {
        number,
        client: endpoint("10.0.0.9", 40_312),
        server: endpoint("2001:db8::5", 3_000),
        roles_from: RolesFrom::Syn,
        seen_at,
        vlan: None,
        tunnel: None,
        first: moment(12, 0),
        last: moment(20, 6_050),
        opening: Opening {
            syn: Some(moment(12, 0)),
            syn_count: 1,
            syn_ack: Some(moment(13, 1)),
            syn_ack_count: 1,
            ack: Some(moment(14, 2)),
            ..Opening::default()
        },
        traffic: Sided::<Traffic>::default(),
        ending: Ending {
            fin: Sided { client: None, server: Some(fin) },
            closed_by: Some(Side::Server),
            kind: CloseKind::Fin,
            idle: Some(IdleTime {
                span: Span::from_millis(6_001),
                source: IdleSource::Payload,
                uncertainty: Span::ZERO,
                last_by: Some(Side::Client),
            }),
            ..Ending::default()
        },
        conn_state: ConnState::S3,
        history,
        completeness: 31,
        exchanges: 2,
        shortest_request: Some(80),
        last_exchange: None,
        goodbye: None,
        before_last_exchange: None,
        longest_survived_idle: None,
        tls_end: None,
        tls: Some(Arc::new(Tls { stage: Stage::Established, client_hello: Some(Box::new(hello())), ..Tls::default() })),
        http: None,
        http2: None,
        proxy_header: None,
        dialogue: None,
        begun_in: None,
        protocol: Protocol::Tls,
        visibility: Visibility::default(),
        icmp_error: None,
        symptoms: vec![symptom()],
    }
}

pub(crate) fn symptom() -> Symptom {
    Symptom {
        code: "stale-reuse",
        severity: Severity::Error,
        confidence: Confidence::High,
        evidence: [packet(20), packet(21)].into_iter().collect(),
        at: None,
        span: Some(Span::from_millis(6_001)),
        delay: None,
        count: None,
        kind: "unaware",
        quotes: Vec::new(),
    }
}

fn hello() -> ClientHello {
    ClientHello {
        completed: moment(15, 3),
        begun: moment(15, 3),
        segments: 1,
        length: 512,
        format: HelloFormat::Tls,
        record_version: 0x0301,
        legacy_version: 0x0303,
        session_id: vec![0; 32],
        cipher_suites: vec![0x0a0a, 0x1301],
        compression: vec![0],
        extensions: vec![0, 16, 43],
        sni: Sni::Present("evil\u{1b}[31m.example".to_owned()),
        alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
        alpn_first_raw: b"h2".to_vec(),
        supported_versions: vec![0x0304, 0x0303],
        groups: vec![0x1a1a, 29],
        point_formats: vec![0],
        signature_algorithms: vec![0x0403],
        key_shares: vec![KeyShare { group: 29, length: 32 }],
        ech: false,
        pre_shared_key: false,
        early_data: false,
        session_ticket_len: None,
        malformed: false,
    }
}

/// A report with one finding of each severity.
pub(crate) fn report() -> Report {
    let (server, name) = ("10.0.0.5".parse().expect("an address"), Some("api.example".to_owned()));
    let service = ServiceName { address: server, port: 3_000, server_name: name };
    Report {
        schema: "handshark.report/1",
        capture: CaptureSummary {
            files: vec!["node1.pcapng.gz".to_owned()],
            packets: 1_234,
            bytes: 567_890,
            tcp_packets: 1_200,
            skipped: vec![("udp".to_owned(), 30), ("arp".to_owned(), 4)],
            link_types: vec!["Ethernet".to_owned()],
            names: vec![("10.0.0.5".to_owned(), "api-1.example".to_owned())],
            first: Some(at(-60_000)),
            last: Some(at(540_000)),
            duration_s: Some(Span::from_secs(600)),
            quality: vec![Quality {
                code: "cut-short",
                count: 1,
                note: "node1.pcapng.gz: the last record is cut at byte 567000; all before it was read".to_owned(),
            }],
        },
        totals: Totals {
            connections: 40,
            failed: 3,
            undecided: 0,
            by_outcome: vec![(Outcome::Established, 37), (Outcome::Reset, 3)],
            seen_in_part: SeenInPart::default(),
        },
        findings: vec![
            stale_reuse(service),
            other(Severity::Warning, "syn-retried"),
            other(Severity::Info, "missing-sni"),
        ],
        unexplained: Vec::new(),
        services: vec![ServiceSummary {
            address: server,
            port: 3_000,
            server_names: vec!["api.example".to_owned(), "www.example".to_owned()],
            connections: 40,
            clients: 2,
            by_outcome: vec![(Outcome::Established, 37), (Outcome::Reset, 3)],
            closed_by_server: 3,
            distributions: Distributions {
                connect_s: Some(quantiles(Span::from_millis)),
                exchanges: Some(quantiles(|value| value)),
                attempts_per_second: Some(quantiles(|value| value as f64)),
                ..Distributions::default()
            },
            findings: vec!["stale-reuse"],
        }],
        not_assessed: vec![
            not_assessed("missing-sni", 12),
            not_assessed("no-server-hello", 12),
            NotAssessed {
                code: "icmp-rejected",
                connections: 40,
                reason: "the capture filter lets no ICMP through".to_owned(),
                capture_instead: None,
            },
        ],
    }
}

fn quantiles<T>(of: impl Fn(i64) -> T) -> Quantiles<T> {
    Quantiles { count: 40, least: of(1), p50: of(2), p90: of(4), p99: of(8), most: of(9) }
}

fn not_assessed(code: &'static str, connections: u64) -> NotAssessed {
    NotAssessed {
        code,
        connections,
        reason: "the ClientHello is cut by the snap length".to_owned(),
        capture_instead: Some("tcpdump -s 0 -w FILE 'tcp port 3000'".to_owned()),
    }
}

fn stale_reuse(service: ServiceName) -> Finding {
    let mut facts = Facts::default();
    facts.add("idle_before_close_min_s", Span::from_millis(6_000));
    facts.add("idle_before_close_max_s", Span::from_millis(6_010));
    facts.add("late_writes", 3_u64);
    facts.add("announced", "Keep-Alive: timeout=5");
    Finding {
        code: "stale-reuse",
        severity: Severity::Error,
        confidence: Confidence::High,
        affected: 3,
        of: 40,
        first: Some(at(0)),
        last: Some(at(139_000)),
        summary:
            "Requests were written after 10.0.0.5:3000 had closed. The server closes idle connections after 6.00 s \
                  (38 of 40), and the client reuses them after that."
                .to_owned(),
        facts,
        candidates: vec![Candidate {
            component: "Node.js http.Server",
            setting: "server.keepAliveTimeout",
            versions: "8.0 - 25.x",
            value_s: Some(5.0),
            value_count: None,
            observed_band_s: Some((4.9, 6.2)),
            source: "https://github.com/nodejs/node/pull/62782",
            note: Some("Node 20 announces 5 s and closes at 6 s."),
            because: Some("the server says Keep-Alive: timeout=5".to_owned()),
        }],
        remedy: vec![
            "Raise server.keepAliveTimeout above the idle timeout of the proxy in front of it.".to_owned(),
            "Or let the proxy close first: Envoy `idle_timeout: 4s`.".to_owned(),
        ],
        evidence: vec![Evidence {
            connection: 17,
            client: endpoint("10.0.0.9", 40_312),
            server: Endpoint::new(service.address, service.port),
            packets: vec![packet(20), packet(21), packet(22)],
            filter: "tcp.stream eq 17 and frame.number in {20, 21, 22}".to_owned(),
            ladder: vec![
                step(12, 0, Side::Client, "SYN"),
                step(13, 1, Side::Server, "SYN-ACK"),
                step(20, 6_050, Side::Server, "FIN after 6.00 s idle"),
                step(21, 7_000, Side::Client, "payload, 950 ms after the FIN"),
                step(22, 7_001, Side::Server, "RST (no-such-connection)"),
            ],
        }],
        not_visible: vec!["whether the client noticed the close".to_owned()],
        service: Some(service),
        also_at: Vec::new(),
    }
}

fn step(number: u64, millis: i64, from: Side, what: &str) -> Step {
    let offset_s = Span::from_millis(millis);
    Step { packet: packet(number), at: at(millis), offset_s, from, what: what.to_owned().into() }
}

fn other(severity: Severity, code: &'static str) -> Finding {
    Finding {
        code,
        severity,
        confidence: Confidence::Medium,
        service: None,
        also_at: Vec::new(),
        affected: 2,
        of: 40,
        first: Some(at(0)),
        last: Some(at(0)),
        summary: "The second thing that was found.".to_owned(),
        facts: Facts::default(),
        candidates: Vec::new(),
        remedy: Vec::new(),
        evidence: Vec::new(),
        not_visible: Vec::new(),
    }
}
