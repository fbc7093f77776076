//! Framings that the recordings do not have.

use super::{Segment, feed, observe, observe_in_pieces, packet, recording, unhex};
use crate::limits::Limits;
use crate::tls::{AlertLevel, HelloFormat, Probe, Sni, Stage, TlsObserver, names, probe};
use crate::types::{NotVisible, Side};

fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// The handshake message of a recording's first segment.
fn hello_message() -> Vec<u8> {
    recording!("tls13")[0].1[5..].to_vec()
}

#[test]
fn a_hello_over_many_records() {
    let message = hello_message();
    for size in [1, 3, 4, 100] {
        let records = message.chunks(size).flat_map(|part| record(22, part)).collect::<Vec<_>>();
        let segments: Vec<Segment> = records.chunks(100).map(|piece| (Side::Client, piece.to_vec())).collect();
        let tls = observe(&segments);
        let hello = tls.client_hello.unwrap();
        assert_eq!(hello.sni, Sni::Present("shop.example.test".to_owned()));
        assert_eq!(hello.length as usize, message.len());
        assert_eq!(hello.segments as usize, segments.len());
        assert_eq!((hello.begun, hello.completed), (packet(1), packet(segments.len())));
        assert_eq!(tls.malformed, None);
    }
}

#[test]
fn messages_that_begin_in_the_middle_of_a_record() {
    // ServerHello, Certificate, ServerKeyExchange and ServerHelloDone of one flight, framed anew.
    let segments = recording!("tls12");
    let flight = &segments[1].1;
    let mut messages = Vec::new();
    let mut rest = &flight[..];
    while rest.len() > 5 {
        let length = usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        messages.extend_from_slice(&rest[5..5 + length]);
        rest = &rest[5 + length..];
    }
    for size in [messages.len(), messages.len() / 2, 90, 1] {
        let framed = messages.chunks(size).flat_map(|part| record(22, part)).collect::<Vec<_>>();
        let tls = observe(&[segments[0].clone(), (Side::Server, framed)]);
        assert_eq!((tls.stage, tls.resumed, tls.malformed), (Stage::ServerFlight, Some(false), None));
    }
}

#[test]
fn a_hello_in_the_sslv2_format() {
    // After RFC 5246 appendix E.2: version 3.1, the specs SSL_CK_RC4_128_WITH_MD5, 0x000005 and 0x00000a, a challenge.
    let bytes = unhex(
        "802201 0301 0009 0000 0010 010080 000005 00000a 000102030405060708090a0b0c0d0e0f".replace(' ', "").as_str(),
    );
    assert_eq!(probe(&bytes), Probe::Yes);
    for size in [1, 2, 4, 64] {
        let tls = observe_in_pieces(&[(Side::Client, bytes.clone())], size);
        let hello = tls.client_hello.unwrap();
        assert_eq!((hello.format, hello.legacy_version, hello.length), (HelloFormat::Sslv2, 0x0301, 34));
        assert_eq!(hello.cipher_suites, [0x0005, 0x000a]);
        assert_eq!((hello.sni.clone(), hello.ja3(), hello.ja4(), hello.malformed), (Sni::Absent, None, None, false));
        assert_eq!((tls.stage, tls.malformed), (Stage::ClientHello, None));
    }
}

#[test]
fn an_answer_in_sslv2() {
    let hello = unhex("802201 0002 0009 0000 0010 010080 000005 00000a 000102030405060708090a0b0c0d0e0f");
    // After draft-hickman-netscape-ssl-00: no known session, X.509, version 2, five bytes of certificate, one cipher, an identifier.
    let answer = unhex("8014 040001 0002 0005 0003 0001 3003020107 010080 99");
    let flights = [(Side::Client, hello), (Side::Server, answer.clone())];
    for size in [1, 3, 64] {
        let tls = observe_in_pieces(&flights, size);
        let server_hello = tls.server_hello.as_deref().unwrap();
        assert_eq!((server_hello.version, server_hello.suite()), (0x0002, None));
        assert_eq!((tls.stage, tls.malformed), (Stage::ServerHello, None));
    }
    // The client's key, the server's proof that it has it, and both finish.
    let dark = [Side::Client, Side::Server, Side::Client, Side::Server].map(|side| (side, vec![0, 40, 7, 7, 7]));
    let stages = [Stage::ServerHello, Stage::ServerHello, Stage::ClientFinished, Stage::Established];
    for (turns, stage) in (1..).zip(stages) {
        let tls = observe(&[&flights[..], &dark[..turns]].concat());
        assert_eq!((tls.stage, tls.malformed), (stage, None), "{turns}");
    }
    // Where no SSLv2 hello asked for it, the same bytes are no answer.
    let tls = observe(&[recording!("tls12").swap_remove(0), (Side::Server, answer.clone())]);
    assert_eq!((tls.server_hello.is_none(), tls.malformed.is_some(), tls.other_bytes), (true, true, answer));
}

#[test]
fn an_answer_that_is_not_tls() {
    let mut segments = vec![recording!("tls13").swap_remove(0)];
    segments.push((Side::Server, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()));
    let mut observer = TlsObserver::new(&Limits::default());
    feed(&mut observer, &segments, 1);
    assert!(observer.wants(Side::Client) && !observer.wants(Side::Server));
    assert_eq!(observer.finish().malformed, Some((Side::Server, packet(2))));
}

#[test]
fn a_capture_that_begins_in_encrypted_data() {
    let segments = [(Side::Server, record(23, &[7; 400])), (Side::Client, record(23, &[9; 40]))];
    let mut observer = TlsObserver::new(&Limits::default());
    feed(&mut observer, &segments, usize::MAX);
    assert!(!observer.wants(Side::Client) && !observer.wants(Side::Server));
    let tls = observer.finish();
    assert_eq!((tls.stage, tls.malformed), (Stage::MidStream, None));
}

#[test]
fn an_encrypted_alert_is_not_read_as_one_in_clear() {
    // An alert of 26 bytes after ChangeCipherSpec, whose first two happen to be "fatal, unknown_ca".
    let mut segments = recording!("tls12");
    segments.truncate(4);
    let body = [&[2, 48][..], &[0; 24]].concat();
    segments.push((Side::Server, record(21, &body)));
    let tls = observe(&segments);
    assert_eq!((tls.alerts.len(), tls.encrypted_alerts[Side::Server]), (0, Some(packet(5))));
}

#[test]
fn alerts_are_kept_in_order_and_not_without_end() {
    let mut segments = vec![recording!("tls13").swap_remove(0)];
    segments.push((Side::Server, record(21, &[1, 112])));
    segments.extend((0..20).map(|_| (Side::Server, record(21, &[2, 40]))));
    let tls = observe_in_pieces(&segments, 1);
    assert_eq!(tls.alerts.len(), 8);
    assert_eq!((tls.alerts[0].level, tls.alerts[0].description), (AlertLevel::WARNING, 112));
    assert_eq!(tls.fatal_alert().unwrap().at, packet(3));
}

#[test]
fn the_tcp_server_can_be_the_tls_client() {
    let swapped: Vec<Segment> = recording!("tls12").into_iter().map(|(side, bytes)| (side.peer(), bytes)).collect();
    let tls = observe(&swapped);
    assert!(tls.reversed);
    assert_eq!((tls.stage, tls.resumed), (Stage::Established, Some(false)));
    assert_eq!((tls.client_finished, tls.server_finished), (Some(packet(3)), Some(packet(4))));
}

#[test]
fn a_hello_over_the_limit_is_cut_and_the_rest_goes_on() {
    let mut observer = TlsObserver::new(&Limits { max_handshake_bytes: 250, ..Limits::default() });
    feed(&mut observer, &recording!("tls13"), 50);
    let tls = observer.finish();
    assert_eq!(tls.client_hello_cut, Some((packet(1), NotVisible::OverLimit)));
    assert_eq!(tls.client_hello_part.unwrap().sni, Sni::Present("shop.example.test".to_owned()));
    assert_eq!((tls.stage, tls.malformed), (Stage::Established, None));
}

#[test]
fn a_gap_in_the_certificate_does_no_harm() {
    // The Certificate of TLS 1.2 and what follows it, with a hole in the middle of the server's flight.
    let segments = recording!("tls12");
    let mut observer = TlsObserver::new(&Limits::default());
    feed(&mut observer, &segments[..1], usize::MAX);
    let flight = &segments[1].1;
    observer.on_bytes(Side::Server, &flight[..200], packet(2));
    observer.on_gap(Side::Server, 150, NotVisible::NotCaptured, packet(2));
    observer.on_bytes(Side::Server, &flight[350..], packet(2));
    for (index, (side, bytes)) in segments[2..].iter().enumerate() {
        observer.on_bytes(*side, bytes, packet(index + 3));
    }
    let tls = observer.finish();
    assert_eq!((tls.stage, tls.malformed), (Stage::Established, None));
    assert_eq!(names::version(tls.server_hello.unwrap().version), "TLS 1.2");
}

#[test]
fn after_a_gap_over_records_the_next_segment_that_begins_with_one_is_read() {
    let segments = recording!("tls13");
    let mut observer = TlsObserver::new(&Limits::default());
    observer.on_gap(Side::Client, 1_400, NotVisible::NotCaptured, packet(1));
    observer.on_bytes(Side::Client, &[1, 2, 3, 4, 5, 6, 7], packet(1));
    for (index, (side, bytes)) in segments[1..].iter().enumerate() {
        observer.on_bytes(*side, bytes, packet(index + 2));
    }
    let tls = observer.finish();
    assert_eq!((tls.client_hello, tls.client_hello_cut), (None, None));
    assert_eq!((tls.stage, tls.malformed), (Stage::Established, None));
    assert!(!tls.reversed);
}

#[test]
fn a_cut_server_hello_is_still_an_answer() {
    let segments = recording!("tls13");
    let mut observer = TlsObserver::new(&Limits::default());
    feed(&mut observer, &segments[..1], usize::MAX);
    observer.on_bytes(Side::Server, &segments[1].1[..30], packet(2));
    observer.on_gap(Side::Server, 771, NotVisible::CutBySnaplen, packet(2));
    let tls = observer.finish();
    assert_eq!((tls.stage, tls.server_hello), (Stage::ServerHello, None));
    assert_eq!(tls.server_hello_cut, Some((packet(2), NotVisible::CutBySnaplen)));
}

#[test]
fn a_session_takes_little_room() {
    assert!(size_of::<TlsObserver>() <= 480, "{}", size_of::<TlsObserver>());
}

#[test]
fn names_of_new_and_unknown_numbers() {
    assert_eq!(names::cipher_suite(0x1301), "TLS_AES_128_GCM_SHA256");
    assert_eq!(names::cipher_suite(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(names::cipher_suite(0x00ff), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
    assert_eq!(names::cipher_suite(0x2a2a), "GREASE");
    assert_eq!(names::cipher_suite(0x1a2a), "0x1a2a");
    assert_eq!(names::group(4588), "X25519MLKEM768");
    assert_eq!(names::signature_algorithm(0x0804), "rsa_pss_rsae_sha256");
    assert_eq!(names::extension(0xfe0d), "encrypted_client_hello");
    assert_eq!(names::version(0x7f1c), "TLS 1.3 draft 28");
}
