//! What connections carry: TLS records, hellos, certificates, HTTP, and what servers of other protocols say.

use super::{Choices, moment};
use crate::Limits;
use crate::http::{Http2Observer, HttpObserver};
use crate::record::Ear;
use crate::tcp::Piece;
use crate::tls::{Chains, ClientHello, Tls, TlsObserver, probe};
use crate::types::{NotVisible, Side, Timestamp};

/// TLS records of both sides in pieces, with gaps between them. Without gaps the pieces' sizes must say nothing.
///
/// # Panics
/// A promise is broken.
pub fn tls_records(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let mut one = TlsObserver::new(&Limits { max_handshake_bytes: 4_096, ..Limits::default() });
    let mut other = TlsObserver::new(&Limits { max_handshake_bytes: 4_096, ..Limits::default() });
    let mut step = 0;
    while !choices.is_empty() {
        step += 1;
        let (what, length) = (choices.byte(), u16::from_le_bytes([choices.byte(), choices.byte()]));
        let side = if what & 1 == 0 { Side::Client } else { Side::Server };
        let at = moment(step);
        if what >> 4 == 0xf {
            let why = if what & 2 == 0 { NotVisible::NotCaptured } else { NotVisible::CutBySnaplen };
            one.on_gap(side, length.into(), why, at);
            other.on_gap(side, length.into(), why, at);
            continue;
        }
        let piece = choices.bytes(length.into());
        _ = probe(piece);
        one.on_bytes(side, piece, at);
        let size = usize::from(what >> 1 & 7) + 1;
        piece.chunks(size).for_each(|piece| other.on_bytes(side, piece, at));
    }
    let (one, other) = (one.finish(), other.finish());
    look_at(&one);
    look_at(&other);
}

/// A hello as a side sends it: the first byte says whose, the rest is the body of the message.
///
/// # Panics
/// A promise is broken.
pub fn hello(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let what = choices.byte();
    let body = choices.bytes(16_000);
    let (side, message_type) = if what & 1 == 0 { (Side::Client, 1) } else { (Side::Server, 2 + (what >> 1 & 4)) };
    let message = with_length(&[message_type], 3, body);
    let record = with_length(&[22, 3, 1 + (what >> 6)], 2, &message);
    let mut whole = TlsObserver::new(&Limits::default());
    whole.on_bytes(side, &record, moment(1));
    let mut pieces = TlsObserver::new(&Limits::default());
    record.chunks(1 + usize::from(what)).for_each(|piece| pieces.on_bytes(side, piece, moment(1)));
    let (whole, pieces) = (whole.finish(), pieces.finish());
    look_at(&whole);
    let facts = |tls: &Tls| {
        let hello = tls.client_hello.as_deref();
        let sni = hello.map(|hello| format!("{:?}", hello.sni));
        (sni, hello.and_then(ClientHello::ja4_text), tls.server_hello.as_ref().map(|hello| hello.ja3s()))
    };
    assert_eq!(facts(&whole), facts(&pieces));
}

/// The body of a Certificate message, and the same bytes as one certificate.
///
/// # Panics
/// A promise is broken.
pub fn certificate(bytes: &[u8]) {
    let one = with_length(&[], 3, bytes);
    for body in [with_length(&[], 3, &one), bytes.to_vec()] {
        let Ok(chain) = Chains::new(&Limits::default()).keep(&body) else { continue };
        let certificates = chain.certificates();
        assert!(certificates.len() <= 16);
        for certificate in certificates {
            _ = certificate.names_host("a.example.test");
            _ = certificate.validity_at(Timestamp::MAX);
            assert_eq!(certificate.fingerprint().len(), 64);
            assert!(format!("{certificate:?}").len() <= 4_096 + 40 * body.len());
        }
    }
}

/// HTTP/1 of both sides in pieces, with gaps between them.
///
/// # Panics
/// A promise is broken.
pub fn http(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let limits = Limits { max_http_head_bytes: 512, ..Limits::default() };
    let (mut observer, mut upgraded) = (HttpObserver::new(&limits), HttpObserver::new(&limits));
    upgraded.on_bytes(Side::Client, b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", moment(0));
    upgraded.on_bytes(Side::Server, b"HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n", moment(0));
    let mut http2 = Http2Observer::new();
    let mut step = 0;
    while !choices.is_empty() {
        step += 1;
        let (what, length) = (choices.byte(), choices.byte());
        let side = if what & 1 == 0 { Side::Client } else { Side::Server };
        if what >> 4 == 0xf {
            observer.on_gap(side, length.into(), NotVisible::NotCaptured, moment(step));
            upgraded.on_gap(side, length.into(), NotVisible::NotCaptured, moment(step));
            http2.on_gap(side, length.into());
        } else {
            let bytes = choices.bytes(length.into());
            observer.on_bytes(side, bytes, moment(step));
            upgraded.on_bytes(side, bytes, moment(step));
            http2.on_bytes(side, bytes, moment(step));
            assert!(http2.kept() < 1 << 19);
        }
    }
    let http = observer.finish();
    assert!(http.responses >= u32::from(http.last_response.is_some()));
    assert!(upgraded.finish().websocket.is_some());
    assert!(http2.finish().streams.grpc.len() <= 20);
}

/// How protocols begin that are listened to: who, and by which bytes.
const OPENINGS: [(Side, &[u8]); 15] = [
    (Side::Client, b""),
    (Side::Client, b"\0\0\0\x08\x04\xd2\x16\x2f"),
    (Side::Client, b"\0\0\0\x12\0\x03\0\0user\0app\0\0"),
    (Side::Client, b"*1\r\n$4\r\nPING\r\n"),
    (Side::Client, b"SSH-2.0-a\r\n"),
    (Side::Client, b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04dev1"),
    (Side::Client, b"\x10\x11\0\x04MQTT\x05\x02\0\x3c\0\0\x04dev1"),
    (Side::Client, b"AMQP\0\0\x09\x01"),
    (Side::Server, b"\x08\0\0\0\x0a8.0.36\0"),
    (Side::Server, b"220 "),
    (Side::Server, b"* OK "),
    (Side::Server, b"+OK "),
    (Side::Server, b"INFO {\""),
    (Side::Client, b"\x05\x02\0\x02"),
    (Side::Client, b"\x04\x01\x01\xbb\x0a\0\0\x01\0"),
];

/// What both sides of another protocol say in pieces, with gaps between them.
///
/// # Panics
/// A promise is broken.
pub fn dialogue(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let mut ear = Ear::default();
    let (opener, opening) = OPENINGS[usize::from(choices.byte()) % OPENINGS.len()];
    if !opening.is_empty() {
        ear.hear(opener, &Piece::Bytes(opening), moment(0));
    }
    let mut step = 0;
    while !choices.is_empty() {
        step += 1;
        let (what, length) = (choices.byte(), choices.byte());
        let side = if what & 1 == 0 { Side::Client } else { Side::Server };
        let piece = match what >> 4 {
            0xf => Piece::Missing(length.into()),
            0xe => Piece::Cut(length.into()),
            _ => Piece::Bytes(choices.bytes(length.into())),
        };
        ear.hear(side, &piece, moment(step));
    }
    let Some(dialogue) = ear.finish() else { return };
    assert!(dialogue.said.is_none_or(|said| said.text.chars().count() <= 300));
}

/// Bytes behind a prefix and their length in `width` bytes.
fn with_length(prefix: &[u8], width: usize, bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u32).to_be_bytes();
    [prefix, length.get(4 - width..).unwrap_or_default(), bytes].concat()
}

/// Asks for all that is only made when it is asked for.
fn look_at(tls: &Tls) {
    for hello in [&tls.client_hello, &tls.second_client_hello, &tls.client_hello_part].into_iter().flatten() {
        _ = (hello.ja3(), hello.ja4(), hello.versions_offered().count());
    }
    if let Some(hello) = &tls.server_hello {
        _ = hello.ja3s();
    }
    for message in [&tls.server_certificate, &tls.client_certificate].into_iter().flatten() {
        _ = message.certificates().len();
    }
    assert!(format!("{tls:?}").len() < 64 << 20, "what is kept follows what was sent");
}
