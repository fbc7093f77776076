//! The payload of a connection that is still being looked at: reassembly, and whoever reads it.

use std::sync::Arc;

use super::dialogue::{Dialogue, Ear};
use super::ftp;
use super::openvpn::OpenVpn;
use super::proxy_header;
use super::tds::{self, Tds};
use super::{Means, Protocol, ProxyHeader};
use crate::http::{self, Http, Http2, Http2Observer, HttpObserver};
use crate::tcp::{Assembler, Heads, Piece};
use crate::tls::{self, Tls, TlsObserver};
use crate::types::{Endpoint, Moment, NotVisible, Seq, Side, Sided, Span};

/// Both half-streams and the reader of their bytes. Dropped as soon as nothing more can be learned.
#[derive(Debug)]
pub(super) struct Streams {
    assemblers: Sided<Assembler>,
    reader: Reader,
    /// Hears what servers of other protocols say, as long as nobody else reads.
    ear: Ear,
    /// The hosts of a connection that is FTP's by its port.
    ftp: Option<Box<ftp::Control>>,
    /// First bytes that were too few to tell the protocol, as they came.
    waiting: Vec<(Side, Moment, Vec<u8>)>,
    /// The clear HTTP that came before TLS.
    before_tls: Option<Box<Http>>,
    /// The PROXY protocol header that came before all else; the builder takes it.
    pub(super) proxy_header: Option<Box<ProxyHeader>>,
    given_up: bool,
    /// Something was not read because a limit was reached.
    pub(super) over_limit: bool,
    heads: Sided<Heads>,
    /// The first segment with other bytes than those captured before in its place.
    pub(super) other_bytes: Option<Moment>,
}

#[derive(Debug)]
enum Reader {
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

/// What was learned.
#[derive(Debug)]
pub(super) enum Learned {
    /// TLS, and the clear HTTP that asked for it (CONNECT), where there was some.
    Tls(Arc<Tls>, Option<Box<Http>>),
    Http(Box<Http>),
    Http2(Box<Http2>),
    /// OpenVPN, with the TLS of its control channel where some was seen.
    OpenVpn(Option<Arc<Tls>>),
    /// Another protocol that says in clear why it ends.
    Dialogue(Box<Dialogue>),
    Nothing(Protocol),
}

impl Learned {
    /// Bytes of payload that it keeps.
    pub(super) fn kept(&self) -> u32 {
        match self {
            Self::Tls(tls, _) | Self::OpenVpn(Some(tls)) => tls.kept(),
            Self::OpenVpn(None) | Self::Http(_) | Self::Http2(_) | Self::Dialogue(_) | Self::Nothing(_) => 0,
        }
    }
}

/// A capture may hold an ACK before the bytes that it acknowledges: by this much at most.
const MISORDERED_WITHIN: Span = Span::from_millis(50);
/// Bytes of a side that speaks something else first, within which it may turn to TLS: mail, directory and database
/// protocols do so within their first lines.
const LOOKED_AT_FOR_TLS: u32 = 16 * 1024;
/// First bytes kept while the protocol is undecided.
const KEPT_TO_DECIDE: usize = 64;

impl Streams {
    /// For a connection of these ends.
    pub(super) fn new(client: Endpoint, server: Endpoint) -> Self {
        let control = ftp::Control { client: client.address, server: server.address };
        Self {
            assemblers: Sided::default(),
            reader: Reader::Undecided { refused: Sided::default() },
            ear: Ear::default(),
            ftp: (server.port == ftp::CONTROL).then(|| Box::new(control)),
            waiting: Vec::new(),
            before_tls: None,
            proxy_header: None,
            given_up: false,
            over_limit: false,
            heads: Sided::default(),
            other_bytes: None,
        }
    }

    /// Whether a side's next payload can still teach something.
    pub(super) fn wants(&self, side: Side) -> bool {
        self.ear.listens() || self.reader_wants(side)
    }

    fn reader_wants(&self, side: Side) -> bool {
        match &self.reader {
            Reader::Undecided { .. } => true,
            Reader::Tls(observer) => observer.wants(side),
            Reader::Tds(tds) => tds.tls().wants(side),
            Reader::Http(observer) => observer.wants(side) || observer.has_switched(),
            Reader::Http2(observer) => observer.wants(side),
            Reader::OpenVpn(openvpn) => openvpn.wants(side),
            Reader::Other { looked_at, announces } => *announces || looked_at[side] < LOOKED_AT_FOR_TLS,
        }
    }

    /// The payload of a segment: `bytes` were captured of `length`.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of the same segment")]
    pub(super) fn on_payload(
        &mut self,
        side: Side,
        start: Option<Seq>,
        from: Seq,
        bytes: &[u8],
        length: u32,
        at: Moment,
        limits: &Means,
    ) {
        if self.heads[side].differ(from, bytes) {
            self.other_bytes.get_or_insert(at);
            if let Reader::Tls(observer) = &mut self.reader {
                observer.on_other_bytes(side, bytes, at);
            }
        }
        // Who only listens for the server's last word needs no more of what comes out of order.
        let is_read = self.reader_wants(side);
        let Self { assemblers, reader, ear, ftp, waiting, before_tls, proxy_header, given_up, over_limit, .. } = self;
        let assembler = &mut assemblers[side];
        if let Some(start) = start {
            assembler.begin(start);
        }
        // What lies in a body is stepped over: behind a hole its length is enough.
        let steps_over = match reader {
            Reader::Http(observer) => observer.left_of_body(side),
            _ => 0,
        };
        let bytes = if assembler.reach(from, length).is_some_and(|reach| reach <= steps_over) { &[] } else { bytes };
        let mut give = |piece: Piece<'_>, at| {
            let Some(piece) = without_proxy_header(reader, waiting, proxy_header, side, piece, at) else { return };
            turn_to_tls(reader, before_tls, side, &piece, ftp.as_deref(), limits);
            hear(ear, reader, side, &piece, at);
            take(reader, waiting, side, piece, at, limits);
        };
        *given_up |= assembler.add(from, bytes, length, at, limits.max_reorder_bytes, &mut give);
        if *given_up && assembler.waits() {
            assembler.skip_hole(at, &mut give);
        }
        *over_limit |= is_read && *given_up || matches!(reader, Reader::Http(observer) if observer.is_over_limit());
    }

    /// Bytes of payload that are kept.
    pub(super) fn kept(&self) -> u32 {
        let read = match &self.reader {
            Reader::Tls(observer) => observer.kept(),
            Reader::Tds(tds) => tds.tls().kept(),
            Reader::Http(observer) => observer.kept(),
            Reader::OpenVpn(openvpn) => openvpn.kept(),
            Reader::Http2(observer) => observer.kept() as u32,
            Reader::Undecided { .. } | Reader::Other { .. } => 0,
        };
        let waiting = self.assemblers.client.kept() + self.assemblers.server.kept();
        read.saturating_add(waiting as u32)
    }

    /// The other side acknowledged up to `ack`: a hole before it will not be filled any more.
    pub(super) fn on_acknowledged(&mut self, side: Side, ack: Seq, at: Moment, limits: &Means) {
        let Self { assemblers, reader, ear, waiting, .. } = self;
        let assembler = &mut assemblers[side];
        let acknowledged = assembler.waiting_from().is_some_and(|from| !ack.is_before(from));
        let long_enough = assembler.waiting_since().is_some_and(|since| at.at.since(since.at) > MISORDERED_WITHIN);
        if acknowledged && long_enough {
            assembler.skip_hole(at, &mut |piece, at| {
                hear(ear, reader, side, &piece, at);
                take(reader, waiting, side, piece, at, limits);
            });
        }
    }

    /// A side has sent its FIN.
    pub(super) const fn on_fin(&mut self, side: Side) {
        if let Reader::Http2(observer) = &mut self.reader {
            observer.on_fin(side);
        }
    }

    /// Where the payload of a side would go on.
    pub(super) fn waits(&self, side: Side) -> bool {
        self.assemblers[side].waits()
    }

    /// Whether it is TLS that is read.
    pub(super) const fn reads_tls(&self) -> bool {
        matches!(self.reader, Reader::Tls(_) | Reader::Tds(_))
    }

    /// TLS application data records of the client so far, while somebody counts them.
    pub(super) fn client_data_records(&self) -> Option<u32> {
        let observer = match &self.reader {
            Reader::Tls(observer) => observer,
            Reader::Tds(tds) => tds.tls(),
            _ => return None,
        };
        observer.wants(Side::Client).then(|| observer.client_data_records())
    }

    /// The end: what still waits behind a hole is read as far as it goes.
    pub(super) fn finish(mut self, at: Moment, limits: &Means) -> Learned {
        for side in [Side::Client, Side::Server] {
            let Self { assemblers, reader, ear, waiting, .. } = &mut self;
            while assemblers[side].waits() {
                assemblers[side].skip_hole(at, &mut |piece, at| {
                    hear(ear, reader, side, &piece, at);
                    take(reader, waiting, side, piece, at, limits);
                });
            }
        }
        match self.reader {
            Reader::Tls(observer) => Learned::Tls(Arc::new(observer.finish()), self.before_tls),
            Reader::Tds(tds) => Learned::Tls(Arc::new(tds.finish()), None),
            Reader::Http(observer) => Learned::Http(Box::new(observer.finish())),
            Reader::Http2(observer) => Learned::Http2(Box::new(observer.finish())),
            Reader::OpenVpn(openvpn) => Learned::OpenVpn(openvpn.finish()),
            Reader::Undecided { .. } | Reader::Other { .. } => {
                self.ear.finish().map_or(Learned::Nothing(Protocol::Other), Learned::Dialogue)
            }
        }
    }
}

/// Lets the ear hear what no reader reads.
fn hear(ear: &mut Ear, reader: &Reader, side: Side, piece: &Piece<'_>, at: Moment) {
    match reader {
        Reader::Undecided { .. } | Reader::Other { .. } => ear.hear(side, piece, at),
        _ => *ear = Ear::Deaf,
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

/// The piece without the PROXY protocol header that it may begin with; `None` where it was nothing else.
fn without_proxy_header<'a>(
    reader: &Reader,
    waiting: &[(Side, Moment, Vec<u8>)],
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
fn turn_to_tls(
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

/// The header of a handshake record with the header of a ClientHello in it (RFC 8446 sections 5.1 and 4).
fn is_client_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, 0..=4, _, _, 0x01, 0x00, _, _, 0x03, 0..=4, ..])
}

/// The same with a ServerHello in it.
fn is_server_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, 0..=4, _, _, 0x02, 0x00, _, _, 0x03, 0..=4, ..])
}

fn take(
    reader: &mut Reader,
    waiting: &mut Vec<(Side, Moment, Vec<u8>)>,
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
fn decide(
    reader: &mut Reader,
    waiting: &mut Vec<(Side, Moment, Vec<u8>)>,
    side: Side,
    piece: Piece<'_>,
    at: Moment,
    limits: &Means,
) {
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
fn settle(reader: &mut Reader, waiting: &mut Vec<(Side, Moment, Vec<u8>)>, _limits: &Means) {
    if let Reader::Undecided { refused } = reader
        && refused.client
    {
        *reader = Reader::Other { looked_at: Sided::default(), announces: false };
        waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    const END: Endpoint = Endpoint { address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port: 25 };

    /// A TLS 1.2 record with a ServerHello that has neither session identifier nor extensions.
    fn server_hello() -> Vec<u8> {
        let random = [7; 32];
        [&[0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3][..], &random, &[0, 0xc0, 0x2f, 0]].concat()
    }

    fn learned(payloads: &[(Side, &[u8])]) -> Learned {
        let (mut streams, limits) = (Streams::new(END, END), Means::new(crate::Limits::default()));
        let at = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };
        let mut next = Sided { client: Seq(1), server: Seq(1) };
        for &(side, bytes) in payloads {
            let (from, length) = (next[side], bytes.len() as u32);
            if streams.wants(side) {
                streams.on_payload(side, Some(Seq(1)), from, bytes, length, at, &limits);
            }
            next[side] = from.plus(length);
        }
        streams.finish(at, &limits)
    }

    #[test]
    fn a_server_hello_alone_shows_that_a_connection_turned_to_tls() {
        let (hello, socks) = (server_hello(), [0, 90, 0, 0, 0, 0, 0, 0]);
        let said = [(Side::Client, &b"\x04\x01\x01\xbb\x0a\0\0\x01user\0"[..]), (Side::Server, &socks)];
        match learned(&[&said[..], &[(Side::Server, &hello)]].concat()) {
            Learned::Tls(tls, None) => {
                assert_eq!(tls.server_hello.as_ref().map(|hello| hello.cipher_suite), Some(0xc02f));
                assert!(tls.client_hello.is_none() && !tls.reversed);
            }
            other => panic!("{other:?}"),
        }
        // Not where it stands in the middle of a segment.
        let inside = [b"+OK ", &hello[..]].concat();
        let nothing = learned(&[&said[..], &[(Side::Server, &inside)]].concat());
        assert!(matches!(nothing, Learned::Nothing(Protocol::Other)), "{nothing:?}");
    }
}
