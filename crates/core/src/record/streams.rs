//! The payload of a connection that is still being looked at: reassembly, and whoever reads it.

use std::sync::Arc;

use super::dialogue::{Dialogue, Ear, Speaks};
use super::ftp;
use super::reader::{self, Reader, Waiting};
use super::{Means, Protocol, ProxyHeader};
use crate::http::{Http, Http2};
use crate::tcp::{Assembler, Heads, Piece};
use crate::tls::Tls;
use crate::types::{Endpoint, Moment, Seq, Side, Sided, Span};

/// Both half-streams and the reader of their bytes. Dropped as soon as nothing more can be learned.
#[derive(Debug)]
pub(super) struct Streams {
    assemblers: Sided<Assembler>,
    reader: Reader,
    /// Hears what servers of other protocols say, as long as nobody else reads.
    ear: Ear,
    /// The hosts of a connection that is FTP's by its port.
    ftp: Option<Box<ftp::Control>>,
    waiting: Waiting,
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

/// What was learned.
#[derive(Debug)]
pub(super) enum Learned {
    /// TLS, and what came in clear before it, where something did: HTTP (CONNECT), or a protocol that was known (STARTTLS).
    Tls {
        tls: Arc<Tls>,
        http: Option<Box<Http>>,
        spoke: Option<Speaks>,
    },
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
            Self::Tls { tls, .. } | Self::OpenVpn(Some(tls)) => tls.kept(),
            Self::OpenVpn(None) | Self::Http(_) | Self::Http2(_) | Self::Dialogue(_) | Self::Nothing(_) => 0,
        }
    }
}

/// A capture may hold an ACK before the bytes that it acknowledges: by this much at most.
const MISORDERED_WITHIN: Span = Span::from_millis(50);
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
        self.ear.listens() || self.reader.wants(side)
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
        let is_read = self.reader.wants(side);
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
            let Some(piece) = reader::without_proxy_header(reader, waiting, proxy_header, side, piece, at) else {
                return;
            };
            reader::turn_to_tls(reader, before_tls, side, &piece, ftp.as_deref(), limits);
            hear(ear, reader, side, &piece, at);
            reader::take(reader, waiting, side, piece, at, limits);
        };
        *given_up |= assembler.add(from, bytes, length, at, limits.max_reorder_bytes, &mut give);
        if *given_up && assembler.waits() {
            assembler.skip_hole(at, &mut give);
        }
        *over_limit |= is_read && *given_up || matches!(reader, Reader::Http(observer) if observer.is_over_limit());
    }

    /// Bytes of payload that are kept.
    pub(super) fn kept(&self) -> u32 {
        let read = self.reader.kept();
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
                reader::take(reader, waiting, side, piece, at, limits);
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

    /// What is known so far of the TLS that is read.
    pub(super) fn tls(&self) -> Option<&Tls> {
        match &self.reader {
            Reader::Tls(observer) => Some(observer.so_far()),
            Reader::Tds(tds) => Some(tds.tls().so_far()),
            _ => None,
        }
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

    /// TLS application data records of the server so far, and how many of them are session tickets, while somebody counts them.
    pub(super) fn server_records(&self) -> Option<(u32, u32)> {
        let observer = match &self.reader {
            Reader::Tls(observer) => observer,
            Reader::Tds(tds) => tds.tls(),
            _ => return None,
        };
        Some(observer.server_records())
    }

    /// The end: what still waits behind a hole is read as far as it goes.
    pub(super) fn finish(mut self, at: Moment, limits: &Means) -> Learned {
        for side in [Side::Client, Side::Server] {
            let Self { assemblers, reader, ear, waiting, .. } = &mut self;
            while assemblers[side].waits() {
                assemblers[side].skip_hole(at, &mut |piece, at| {
                    hear(ear, reader, side, &piece, at);
                    reader::take(reader, waiting, side, piece, at, limits);
                });
            }
        }
        match self.reader {
            Reader::Tls(observer) => {
                Learned::Tls { tls: Arc::new(observer.finish()), http: self.before_tls, spoke: self.ear.spoke() }
            }
            Reader::Tds(tds) => Learned::Tls { tls: Arc::new(tds.finish()), http: None, spoke: None },
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
        _ => ear.stop(),
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
            Learned::Tls { tls, http: None, .. } => {
                assert_eq!(tls.server_hello.as_ref().map(|hello| hello.cipher_suite), Some(0xc02f));
                assert!(tls.client_hello.is_none() && !tls.reversed);
            }
            other => panic!("{other:?}"),
        }
        // Not where it stands in the middle of a segment.
        let inside = [b"+OK ", &hello[..]].concat();
        let nothing = learned(&[&said[..], &[(Side::Server, &inside)]].concat());
        assert!(!matches!(nothing, Learned::Tls { .. }), "{nothing:?}");
    }
}
