//! Do the first bytes of a side look like clear HTTP? No port number has a say in this.

/// What the first bytes of a side look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A request: a known method and a space.
    Request,
    /// A response: `HTTP/1.`.
    Response,
    /// The preface of clear HTTP/2 (RFC 9113 section 3.4).
    Http2,
    /// None of these.
    No,
    /// So far it could be one; more bytes will tell.
    NeedMore,
}

/// The method of [`Probe::Http2`] looks like one of HTTP/1, on purpose (RFC 9113 section 3.4).
pub(super) const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Every response of HTTP/1 begins so.
pub(super) const RESPONSE_START: &[u8] = b"HTTP/1.";

/// Methods with their space. IANA "HTTP Method Registry": those in use; and what UPnP and caches send.
const METHODS: [&[u8]; 25] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"OPTIONS ",
    b"DELETE ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"REPORT ",
    b"SEARCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
    b"MKCALENDAR ",
    b"QUERY ",
    b"PURGE ",
    b"NOTIFY ",
    b"M-SEARCH ",
    b"SUBSCRIBE ",
    b"UNSUBSCRIBE ",
];

/// Whether these are the first frame of a server of HTTP/2: SETTINGS, six bytes each, of no stream (RFC 9113 section 6.5).
pub(crate) fn is_http2_settings(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, length, 4, 0, 0, 0, 0, 0, ..] if length % 6 == 0)
}

/// Looks at the first bytes that one side sent, or that were captured of it.
///
/// ```
/// use handshark::http::{Probe, probe};
/// assert_eq!(probe(b"GET / HTTP/1.1\r\n"), Probe::Request);
/// assert_eq!(probe(b"HTTP/1.0 200 OK\r\n"), Probe::Response);
/// assert_eq!(probe(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Probe::Http2);
/// assert_eq!(probe(b"PO"), Probe::NeedMore);
/// assert_eq!(probe(b"SSH-2.0-x"), Probe::No);
/// assert_eq!(probe(b"CONNECT {\"verbose\":false}\r\n"), Probe::No);
/// ```
pub fn probe(first: &[u8]) -> Probe {
    if first.starts_with(RESPONSE_START) {
        return Probe::Response;
    }
    if first.starts_with(HTTP2_PREFACE) {
        return Probe::Http2;
    }
    // A client of NATS says who it is: no target of HTTP begins so (RFC 9112 section 3.2.3).
    if first.starts_with(b"CONNECT {") {
        return Probe::No;
    }
    if METHODS.iter().any(|method| first.starts_with(method)) {
        return Probe::Request;
    }
    let could_become = [RESPONSE_START, HTTP2_PREFACE].iter().chain(&METHODS).any(|start| start.starts_with(first));
    if could_become { Probe::NeedMore } else { Probe::No }
}
