//! Who reads the payload of a connection: found by its first bytes, and changed where it turns to TLS.

use super::ftp;
use super::openvpn::OpenVpn;
use super::proxy_header;
use super::tds::{self, Tds};
use super::{Means, Protocol, ProxyHeader};
use crate::http::{self, Http, Http2Observer, HttpObserver};
use crate::tcp::Piece;
use crate::tls::{self, TlsObserver};
use crate::types::{Moment, NotVisible, Side, Sided};

#[derive(Debug)]
pub(super) enum Reader {
    Undecided {
        refused: Sided<bool>,
    },
    Tls(Box<TlsObserver>),
    Tds(Box<Tds>),
    Http(Box<HttpObserver>),
    Http2(Box<Http2Observer>),
    OpenVpn(Box<OpenVpn>),
    /// Something else, which may still turn to TLS (STARTTLS, CONNECT, SOCKS): bytes of each side looked at so far.
    Other {
        looked_at: Sided<u32>,
        /// It announced data connections of FTP, and may announce more.
        announces: bool,
    },
}

/// First bytes that were too few to tell the protocol, as they came.
pub(super) type Waiting = Vec<(Side, Moment, Vec<u8>)>;

/// Bytes of a side that speaks something else first, within which it may turn to TLS: mail, directory and database
/// protocols do so within their first lines.
const LOOKED_AT_FOR_TLS: u32 = 16 * 1024;
/// First bytes kept while the protocol is undecided.
const KEPT_TO_DECIDE: usize = 64;

impl Reader {
    /// Whether a side's next payload can still teach something.
    pub(super) fn wants(&self, side: Side) -> bool {
        match self {
            Self::Undecided { .. } => true,
            Self::Tls(observer) => observer.wants(side),
            Self::Tds(tds) => tds.tls().wants(side),
            Self::Http(observer) => observer.wants(side) || observer.has_switched(),
            Self::Http2(observer) => observer.wants(side),
            Self::OpenVpn(openvpn) => openvpn.wants(side),
            Self::Other { looked_at, announces } => *announces || looked_at[side] < LOOKED_AT_FOR_TLS,
        }
    }

    /// Bytes of payload that it keeps.
    pub(super) fn kept(&self) -> u32 {
        match self {
            Self::Tls(observer) => observer.kept(),
            Self::Tds(tds) => tds.tls().kept(),
            Self::Http(observer) => observer.kept(),
            Self::OpenVpn(openvpn) => openvpn.kept(),
            Self::Http2(observer) => observer.kept() as u32,
            Self::Undecided { .. } | Self::Other { .. } => 0,
        }
    }
}

/// The piece without the PROXY protocol header that it may begin with; `None` where it was nothing else.
pub(super) fn without_proxy_header<'a>(
    reader: &Reader,
    waiting: &Waiting,
    known: &mut Option<Box<ProxyHeader>>,
    side: Side,
    piece: Piece<'a>,
    at: Moment,
) -> Option<Piece<'a>> {
    let (Reader::Undecided { refused: Sided { client: false, .. } }, Side::Client, Piece::Bytes(bytes)) =
        (reader, side, &piece)
    else {
        return Some(piece);
    };
    if known.is_some() || waiting.iter().any(|(of, ..)| *of == Side::Client) {
        return Some(piece);
    }
    let Some(header) = proxy_header::probe(bytes, at) else { return Some(piece) };
    let rest = bytes.get(usize::from(header.length)..).filter(|rest| !rest.is_empty());
    *known = Some(Box::new(header));
    rest.map(Piece::Bytes)
}

/// A client that spoke clear text and now begins a segment with a ClientHello has turned to TLS; so has a server with its
/// ServerHello, where the client's was not captured.
pub(super) fn turn_to_tls(
    reader: &mut Reader,
    before_tls: &mut Option<Box<Http>>,
    side: Side,
    piece: &Piece<'_>,
    ftp: Option<&ftp::Control>,
    limits: &Means,
) {
    let turns = match (&mut *reader, piece) {
        (Reader::Other { looked_at, announces }, Piece::Bytes(bytes)) => {
            looked_at[side] = looked_at[side].saturating_add(bytes.len() as u32);
            if let Some(announcement) = ftp.and_then(|control| control.announces(side, bytes)) {
                *announces = true;
                limits.announced.add(announcement);
            }
            let is_hello = if side == Side::Client { is_client_hello } else { is_server_hello };
            if tds::content(bytes).is_some_and(is_hello) {
                *reader = Reader::Tds(Box::new(Tds::new(limits)));
                return;
            }
            is_hello(bytes)
        }
        (Reader::Http(observer), Piece::Bytes(bytes)) => {
            side == Side::Client && observer.has_switched() && is_client_hello(bytes)
        }
        _ => false,
    };
    if turns
        && let Reader::Http(http) =
            std::mem::replace(reader, Reader::Tls(Box::new(TlsObserver::sharing(limits, &limits.chains))))
    {
        *before_tls = Some(Box::new(http.finish()));
    }
}

/// What the first bytes of a client say of its role, for connections whose SYN was not captured.
pub(super) fn speaks_as_client(bytes: &[u8]) -> Option<Protocol> {
    match bytes {
        _ if is_client_hello(bytes) => Some(Protocol::Tls),
        _ if http::probe(bytes) == http::Probe::Request => Some(Protocol::Http1),
        _ => None,
    }
}

/// The same of a server.
pub(super) fn speaks_as_server(bytes: &[u8]) -> Option<Protocol> {
    match bytes {
        _ if is_server_hello(bytes) => Some(Protocol::Tls),
        _ if http::probe(bytes) == http::Probe::Response => Some(Protocol::Http1),
        _ => None,
    }
}

/// The header of a handshake record with the header of a ClientHello in it (RFC 8446 sections 5.1 and 4).
fn is_client_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, 0..=4, _, _, 0x01, 0x00, _, _, 0x03, 0..=4, ..])
}

/// The same with a ServerHello in it.
fn is_server_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, 0..=4, _, _, 0x02, 0x00, _, _, 0x03, 0..=4, ..])
}

pub(super) fn take(
    reader: &mut Reader,
    waiting: &mut Waiting,
    side: Side,
    piece: Piece<'_>,
    at: Moment,
    limits: &Means,
) {
    match reader {
        Reader::Tls(observer) => match piece {
            Piece::Bytes(bytes) => observer.on_bytes(side, bytes, at),
            Piece::Cut(length) => observer.on_gap(side, length, NotVisible::CutBySnaplen, at),
            Piece::Missing(length) => observer.on_gap(side, length, NotVisible::NotCaptured, at),
        },
        Reader::Tds(tds) => match piece {
            Piece::Bytes(bytes) => tds.on_bytes(side, bytes, at),
            Piece::Cut(length) => tds.on_gap(side, length, NotVisible::CutBySnaplen, at),
            Piece::Missing(length) => tds.on_gap(side, length, NotVisible::NotCaptured, at),
        },
        Reader::Http(observer) => match piece {
            Piece::Bytes(bytes) => observer.on_bytes(side, bytes, at),
            Piece::Cut(length) => observer.on_gap(side, length, NotVisible::CutBySnaplen, at),
            Piece::Missing(length) => observer.on_gap(side, length, NotVisible::NotCaptured, at),
        },
        Reader::Http2(observer) => match piece {
            Piece::Bytes(bytes) => observer.on_bytes(side, bytes, at),
            Piece::Cut(length) | Piece::Missing(length) => observer.on_gap(side, length),
        },
        Reader::OpenVpn(openvpn) => match piece {
            Piece::Bytes(bytes) => {
                if !openvpn.on_bytes(side, bytes, at, limits) {
                    *reader = Reader::Other { looked_at: Sided::default(), announces: false };
                }
            }
            Piece::Cut(length) => openvpn.on_gap(side, length, NotVisible::CutBySnaplen, at),
            Piece::Missing(length) => openvpn.on_gap(side, length, NotVisible::NotCaptured, at),
        },
        Reader::Other { .. } => {}
        Reader::Undecided { .. } => decide(reader, waiting, side, piece, at, limits),
    }
}

/// Looks at the first bytes of a side and finds a reader for the connection.
fn decide(reader: &mut Reader, waiting: &mut Waiting, side: Side, piece: Piece<'_>, at: Moment, limits: &Means) {
    let Reader::Undecided { refused } = reader else { return };
    let Piece::Bytes(bytes) = piece else {
        // Its beginning can not be seen.
        if !refused[side] {
            refused[side] = true;
            settle(reader, waiting, limits);
        }
        return;
    };
    if refused[side] {
        return;
    }
    let mut first: Vec<u8> = Vec::new();
    let mut head = bytes;
    if waiting.iter().any(|(of, ..)| *of == side) {
        for (_, _, earlier) in waiting.iter().filter(|(of, ..)| *of == side) {
            first.extend_from_slice(earlier);
        }
        first.extend_from_slice(bytes.get(..KEPT_TO_DECIDE.min(bytes.len())).unwrap_or_default());
        head = &first;
    }
    let found = match (tls::probe(head), http::probe(head)) {
        (tls::Probe::Yes, _) => Some(Reader::Tls(Box::new(TlsObserver::sharing(limits, &limits.chains)))),
        (_, http::Probe::Request | http::Probe::Response) => Some(Reader::Http(Box::new(HttpObserver::new(limits)))),
        (_, http::Probe::Http2) => Some(Reader::Http2(Box::new(Http2Observer::new()))),
        (tls::Probe::NeedMore, _) | (_, http::Probe::NeedMore) if head.len() < KEPT_TO_DECIDE => {
            waiting.push((side, at, bytes.to_vec()));
            return;
        }
        // Servers of HTTP/2 may begin as soon as the connection stands: the client's words tell what that means.
        _ if side == Side::Server && head.len() < KEPT_TO_DECIDE && http::is_http2_settings(head) => {
            waiting.push((side, at, bytes.to_vec()));
            return;
        }
        _ if side == Side::Client => OpenVpn::begins(head).map(|openvpn| Reader::OpenVpn(Box::new(openvpn))),
        _ => None,
    };
    match found {
        Some(found) => {
            *reader = found;
            let earlier = std::mem::take(waiting);
            for (of, then, bytes) in earlier {
                take(reader, waiting, of, Piece::Bytes(&bytes), then, limits);
            }
            take(reader, waiting, side, piece, at, limits);
        }
        None => {
            refused[side] = true;
            waiting.retain(|(of, ..)| *of != side);
            settle(reader, waiting, limits);
        }
    }
}

/// A client that speaks something else may turn to TLS later. A server that speaks first (SMTP, SSH) may still be
/// followed by a client that speaks TLS.
fn settle(reader: &mut Reader, waiting: &mut Waiting, _limits: &Means) {
    if let Reader::Undecided { refused } = reader
        && refused.client
    {
        *reader = Reader::Other { looked_at: Sided::default(), announces: false };
        waiting.clear();
    }
}
