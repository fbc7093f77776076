//! Dialogues whole and in pieces.

use super::*;
use crate::tcp::Piece;
use crate::types::{PacketNo, Side, Timestamp};

fn moment(number: u64) -> Moment {
    let at = Timestamp::from_nanos(i64::try_from(number).unwrap());
    Moment { packet: PacketNo::new(number).unwrap_or(PacketNo::FIRST), at }
}

/// What is heard of the segments, each cut into pieces of this size.
fn heard(segments: &[(Side, &[u8])], size: usize) -> Option<Box<Dialogue>> {
    let mut ear = Ear::default();
    for (number, (side, bytes)) in (1..).zip(segments) {
        for piece in bytes.chunks(size) {
            ear.hear(*side, &Piece::Bytes(piece), moment(number));
        }
    }
    ear.finish()
}

type Segments<'a> = &'a [(Side, &'a [u8])];

const C: Side = Side::Client;
const S: Side = Side::Server;
const START: &[u8] = b"\0\0\0\x12\0\x03\0\0user\0app\0\0";
const TOO_MANY: &[u8] = b"E\0\0\0\x31SFATAL\0VFATAL\0C53300\0Mtoo many clients here\0\0";
const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

#[test]
fn a_refusal_is_heard_however_it_is_cut() {
    let greeting: &[u8] = b"\x08\0\0\0\x0a8.0.36\0";
    let denied: &[u8] = b"\x0f\0\0\x02\xff\x15\x04#28000Denied";
    let many: &[u8] = b"-ERR max number of clients reached\r\n";
    let (amqp, start_ok) = (b"AMQP\0\0\x09\x01", b"\x01\0\0\0\0\0\x04\0\x0a\0\x0b\xce");
    let refused = b"\x01\0\0\0\0\0\x0b\0\x0a\0\x32\x01\x93\x04No!!\xce";
    let connect: &[u8] = b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04dev1";
    let offer = |key: &str| {
        let lists: String =
            ["a", key, "c", "c", "m", "m", "n", "n"].iter().map(|name| format!("\0\0\0\u{1}{name}")).collect();
        [b"\0\0\0\x41\x04\x14sixteen bytes...", lists.as_bytes(), b"\0\0\0\0\0\0\0"].concat()
    };
    let offers = [offer("k"), offer("j")].map(|offer| [&b"SSH-2.0-a\r\n"[..], &offer].concat());
    let (methods, request) = (b"\x05\x01\0", b"\x05\x01\0\x03\x04shop\x01\xbb");
    let cases: [(Segments<'_>, Speaks, &str); 13] = [
        (&[(C, b"\0\0\0\x2f\0\x12"), (S, b"\x15\x03\x03\0\x02\x02\x50")], Speaks::TlsAlert, "80"),
        (&[(C, methods), (S, b"\x05\0"), (C, request), (S, b"\x05\x05\0\x01\0\0\0\0\0\0")], Speaks::Socks, "5"),
        (&[(C, b"\x05\x01\x02"), (S, b"\x05\x02"), (C, b"\x01\x01a\x01b"), (S, b"\x01\x02")], Speaks::Socks, "2"),
        (&[(S, b"INFO {\"max_payload\":1}\r\n"), (S, b"-ERR 'Authorization Violation'\r\n")], Speaks::Nats, ""),
        (&[(S, b"421-4.7.0 Too many\r\n421 here\r\n")], Speaks::Replies, "421"),
        (&[(C, connect), (S, b"\x20\x02\0\x05")], Speaks::Mqtt, "5"),
        (&[(C, amqp), (C, start_ok), (S, refused)], Speaks::Amqp, "403"),
        (&[(C, b"get a\r\n"), (S, b"ERROR Too many open connections\r\n")], Speaks::Memcached, "ERROR"),
        (&[(C, &offers[0]), (S, &offers[1])], Speaks::Ssh, "host key type"),
        (&[(C, START), (S, TOO_MANY)], Speaks::Postgres, "53300"),
        (&[(C, b"\0\0\0\x08\x04\xd2\x16\x2f"), (S, b"N"), (C, START), (S, TOO_MANY)], Speaks::Postgres, "53300"),
        (&[(S, greeting), (C, b"\x02\0\0\x01ab"), (S, denied)], Speaks::Mysql, "1045"),
        (&[(C, PING), (S, many)], Speaks::Redis, "ERR"),
    ];
    for (segments, protocol, code) in cases {
        for size in [1_000, 7, 5, 1] {
            // Redis is looked at where a segment begins.
            if matches!(protocol, Speaks::Redis | Speaks::Memcached | Speaks::Nats) && size < 1_000 {
                continue;
            }
            let dialogue = heard(segments, size).unwrap();
            let said = dialogue.said.unwrap();
            assert_eq!((dialogue.protocol, said.code.as_str(), said.at_start), (protocol, code, true), "{size}");
        }
    }
}

#[test]
fn an_alert_of_tls_tells_what_the_server_speaks_whatever_the_client_does() {
    let dialogue = heard(&[(C, PING), (S, b"\x15\x03\x03\0\x02\x02\x0a")], 1_000).unwrap();
    assert_eq!(dialogue.protocol, Speaks::TlsAlert);
    assert_eq!(dialogue.said.unwrap().text, "unexpected_message");
    let later = heard(&[(C, PING), (S, b"+PONG\r\n"), (C, PING), (S, b"\x15\x03\x03\0\x02\x02\x0a")], 1_000).unwrap();
    assert_eq!(later.protocol, Speaks::Redis);
}

#[test]
fn a_request_to_cancel_gets_no_answer() {
    let cancel = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\x4f\x15\x01\x02\x03\x04";
    let dialogue = heard(&[(C, cancel)], 1_000).unwrap();
    assert!(dialogue.protocol == Speaks::Postgres && dialogue.client_left && dialogue.said.is_none());
}

#[test]
fn what_is_not_known_is_not_listened_to() {
    let others: [&[(Side, &[u8])]; 7] = [
        &[(C, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"), (S, b"\x16\x03\x03\0\x5a\x02")],
        &[(C, b"GET / HTTP/1.1\r\n"), (S, b"HTTP/1.1 503 \r\n")],
        &[(S, b"+OK\r\n"), (C, b"USER a\r\n"), (S, b"-ERR no\r\n")],
        &[(S, b"200 news\r\n"), (C, b"MODE READER\r\n")],
        &[(C, b"GET a\r\n"), (S, b"220 mail\r\n")],
        &[(C, b"\x10\x10\0\x04MQTX\x04\x02\0\x3c\0\x04dev1"), (S, b"\x20\x02\0\x05")],
        &[(C, b"*1\r\n"), (C, b"x"), (S, b"-NOAUTH a\r\n")],
    ];
    for segments in others {
        assert_eq!(heard(segments, 1_000), None, "{segments:?}");
    }
}

#[test]
fn an_error_that_is_followed_by_more_is_forgotten() {
    let error: &[u8] = b"E\0\0\0\x1bSERROR\0C42601\0Msyntax\0\0";
    let said = heard(&[(C, START), (S, error), (S, b"Z\0\0\0\x05I")], 1_000).unwrap();
    assert!(said.said.is_none() && said.worked, "{said:?}");
    let said = heard(&[(C, PING), (S, b"-NOAUTH a\r\n"), (C, PING), (S, b"+OK\r\n")], 1_000).unwrap();
    assert!(said.said.is_none() && said.worked, "{said:?}");
}

#[test]
fn a_message_that_was_cut_is_told_as_far_as_it_goes() {
    let mut ear = Ear::default();
    ear.hear(C, &Piece::Bytes(START), moment(1));
    let (seen, cut) = TOO_MANY.split_at(30);
    ear.hear(S, &Piece::Bytes(seen), moment(2));
    ear.hear(S, &Piece::Cut(cut.len() as u32), moment(2));
    let said = ear.finish().unwrap().said.unwrap();
    assert!(said.cut && said.is_final && said.code == "53300" && said.text.starts_with("t"), "{said:?}");
}
