//! The public facts of clear HTTP/1 on one connection.

use super::WebSocket;
use crate::types::{Moment, Span};

/// What was seen of clear HTTP/1 (RFC 9112) on one connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Http {
    /// Request heads from the client. Exact unless `incomplete`.
    pub requests: u32,
    /// Final response heads (not 1xx) from the server.
    pub responses: u32,
    /// The first request's method, as sent: escape before showing.
    pub first_method: Option<String>,
    /// The first request's Host header, or of CONNECT the target (RFC 9110 section 9.3.6), as sent: escape before showing.
    pub host: Option<String>,
    /// The packet with the last request head's first byte.
    pub last_request: Option<Moment>,
    /// The last response.
    pub last_response: Option<Response>,
    /// The lowest status of 400 or above, with its packet; the first of its kind.
    pub first_error: Option<(u16, Moment)>,
    /// What the last answer of 500 or above, or the refusal of a CONNECT, says of its reason.
    pub reason: Option<Box<Reason>>,
    /// Where the server said in its answer that its port speaks TLS, in the words of nginx, Go or Apache, or by an alert of TLS
    /// in place of an answer.
    pub wants_tls: Option<Moment>,
    /// Where the server began with the SETTINGS of HTTP/2 in place of an answer (RFC 9113 section 3.4): it speaks nothing else.
    pub speaks_http2: Option<Moment>,
    /// Where the server answered the first request by something that is no HTTP at all.
    pub other_answer: Option<Box<OtherAnswer>>,
    /// What the server announced in `Keep-Alive:` (the last such header).
    pub keep_alive: Option<KeepAlive>,
    /// When the client said `Connection: close` (or HTTP/1.0 without keep-alive), if it did.
    pub client_announced_close: Option<Moment>,
    /// When the server said `Connection: close` (or HTTP/1.0 without keep-alive), if it did.
    pub server_announced_close: Option<Moment>,
    /// The `Server:` header, as sent: escape before showing.
    pub server_software: Option<String>,
    /// Whether a gap, a snap length or an unread encoding made heads invisible: the counts are then a lower bound.
    pub incomplete: bool,
    /// Whether the last response was not whole when the connection was last seen.
    pub answer_unfinished: bool,
    /// How many bytes were missing from its body then, by its `Content-Length`: captured or not, what TCP brought is not missing. `None`
    /// where it was whole, or announced no length.
    pub answer_missing: Option<u64>,
    /// The request that was not whole when the connection was last seen, where there was one.
    pub unfinished_request: Option<UnfinishedRequest>,
    /// When the connection left HTTP/1 (`101 Switching Protocols`, or a successful `CONNECT`).
    pub switched: Option<Moment>,
    /// What followed, where it is a WebSocket (RFC 6455).
    pub websocket: Option<Box<WebSocket>>,
}

/// An answer in another protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherAnswer {
    /// The packet with its first byte.
    pub at: Moment,
    /// Its first bytes, 60 at most: escape before showing.
    pub begins: Vec<u8>,
}

/// What a server says of the reason of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The packet with the answer's first byte.
    pub at: Moment,
    /// The field that says it: `Proxy-Status` (RFC 9209), `X-Squid-Error`, `l5d-proxy-error`. `None` where it is the body.
    pub field: Option<&'static str>,
    /// The field's value, or the beginning of a body that has a `Content-Length`; 512 bytes at most, as sent: escape before showing.
    pub words: Vec<u8>,
}

/// A request of which the client did not send the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfinishedRequest {
    /// The packet with its first byte.
    pub at: Moment,
    /// What is missing of it.
    pub missing: Missing,
    /// Whether the client held its body back until it was told to go on (`Expect: 100-continue`, RFC 9110 section 10.1.1), and was not.
    pub awaits_continue: bool,
}

/// What a message lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The end of its head: the empty line (RFC 9112 section 2.1).
    EndOfHead,
    /// So many bytes of its body, by its `Content-Length`.
    Body(u64),
    /// Its last chunk (RFC 9112 section 7.1).
    LastChunk,
}

/// The last response head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// The packet with its first byte.
    pub at: Moment,
    /// Status code.
    pub status: u16,
    /// Whether it said `Connection: close`, or spoke HTTP/1.0 without keep-alive.
    pub closes: bool,
    /// Whether its body ends with the connection, which announces the close as well (RFC 9112 section 6.3).
    pub until_close: bool,
    /// Whether it began before its request was whole: the server answered without waiting for the body.
    pub early: bool,
}

/// `Keep-Alive: timeout=5, max=100` (RFC 2068 section 19.7.1.1, still widely sent).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeepAlive {
    /// `timeout=`: how long the server says that it waits.
    pub timeout: Option<Span>,
    /// `max=`: how many more requests the server says that it takes.
    pub max: Option<u32>,
}
