//! What bytes are by how they begin, where a head was expected or may stand.

use crate::http::probe::{Probe, RESPONSE_START, probe};
use crate::tls::ALERT;
use crate::types::Side;

/// Whether a refusal says in its body that the port speaks TLS. Servers send head and body of it in one segment.
pub(super) fn says_that_it_wants_tls(bytes: &[u8]) -> bool {
    const PHRASES: [&[u8]; 3] = [
        b"plain HTTP request was sent to HTTPS port",
        b"sent an HTTP request to an HTTPS server",
        b"speaking plain HTTP to an SSL-enabled server port",
    ];
    let refuses = bytes.starts_with(RESPONSE_START) && bytes.get(8..13) == Some(b" 400 ");
    let beginning = bytes.get(..bytes.len().min(1_024)).unwrap_or_default();
    refuses && PHRASES.iter().any(|phrase| memchr::memmem::find(beginning, phrase).is_some())
}

/// Whether these are an alert of TLS in clear: what a server of TLS says to bytes that are no record (RFC 8446 section 6.2).
pub(super) fn is_tls_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [ALERT, 3, 0..=4, 0, 2, 1 | 2, _, ..])
}

/// Whether a piece in the middle of unknown bytes begins with a head. Bodies are read by length, so this is rarely asked,
/// and it is strict.
pub(super) fn resumes(side: Side, piece: &[u8]) -> bool {
    match side {
        Side::Client => probe(piece) == Probe::Request,
        Side::Server => probe(piece) == Probe::Response,
    }
}

/// Whether the bytes at the place of a head can be one. Methods are an open set (RFC 9110 section 16.1.1).
pub(super) fn may_begin_a_head(side: Side, bytes: &[u8]) -> bool {
    match side {
        Side::Client => bytes
            .iter()
            .take(MAX_METHOD)
            .take_while(|&&byte| byte != b' ')
            .all(|&byte| byte == b'-' || byte == b'_' || byte.is_ascii_alphanumeric()),
        Side::Server => bytes.starts_with(RESPONSE_START) || RESPONSE_START.starts_with(bytes),
    }
}

/// UPDATEREDIRECTREF has 17.
const MAX_METHOD: usize = 24;

pub(super) fn without_empty_lines(bytes: &[u8]) -> &[u8] {
    let lines = bytes.iter().take_while(|&&byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.get(lines..).unwrap_or_default()
}
