//! From header to header, until a TCP segment or an ICMP error about one is found.

use super::parts::{self, Parts};
use super::plain::{self, Plain};
use super::{amsdu, ethernet, llc, macsec, mpls, ppp, table, wlan};
use crate::Limits;
use crate::capture::Frame;
use crate::net::ipcomp::Unpacker;
use crate::net::{self, Decoded, Fragment, Fragments, Header, Piece, Place, Skip, Step, TunnelKind, Walk, Whole};

/// Headers that every packet may have without being nested: link, IP, TCP.
const PLAIN_HEADERS: usize = 3;

/// How often fragments may be put together within one frame, or a payload unpacked: the tunnel's, and that of the packet inside.
const REASSEMBLIES: usize = 2;

/// Decodes frames. Its only memory is that of IP packets whose fragments are still coming.
#[derive(Debug)]
pub struct Decoder {
    max_headers: usize,
    fragments: Fragments,
    unpacker: Unpacker,
    /// Payloads put together or unpacked for the frame at hand, the outermost first.
    whole: [Vec<u8>; REASSEMBLIES],
    /// The packets of the frame at hand, where it holds several.
    parts: Parts,
    /// Where that frame was seen, while its packets are decoded.
    opened: Option<Place>,
}

impl Decoder {
    /// A decoder that keeps within the limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            max_headers: limits.max_nesting.saturating_add(PLAIN_HEADERS),
            fragments: Fragments::new(limits),
            unpacker: Unpacker::default(),
            whole: [const { Vec::new() }; REASSEMBLIES],
            parts: Parts::default(),
            opened: None,
        }
    }

    /// Packets whose fragments were given up for want of room.
    pub(crate) const fn fragments_given_up(&self) -> u64 {
        self.fragments.given_up()
    }

    /// What a frame holds: the innermost TCP segment, an ICMP error about one, or why there is neither.
    ///
    /// A segment in IP fragments comes with the frame that completes it. A frame that holds several packets is to be
    /// [opened](Self::open).
    #[inline(always)]
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>) -> Decoded<'a> {
        match Plain::narrow(frame) {
            Some(plain) => Decoded::Tcp(plain.segment()),
            None => self.decode_wide(frame),
        }
    }

    /// What a frame holds that is not on the [narrow](Plain::narrow) road. By itself, so that what differs between the usual packets does not meet in one place that all have to be copied to.
    #[inline(never)]
    pub(crate) fn decode_wide<'a>(&'a mut self, frame: &Frame<'a>) -> Decoded<'a> {
        match Plain::wide(frame) {
            Some(plain) => Decoded::Tcp(plain.segment()),
            None => self.walk(frame),
        }
    }

    /// The packets of the frame that was decoded last and held several: each is a frame to be decoded, until they are
    /// given [back](Self::close). None of them holds several again: then the first is read.
    pub fn open(&mut self) -> Parts {
        let parts = std::mem::take(&mut self.parts);
        self.opened = Some(parts.place);
        parts
    }

    /// The packets of one frame are decoded.
    pub fn close(&mut self, parts: Parts) {
        self.parts = parts;
        self.opened = None;
    }

    /// All other roads: header by header.
    #[inline(never)]
    pub(super) fn walk<'a>(&'a mut self, frame: &Frame<'a>) -> Decoded<'a> {
        let mut walk = Walk::new();
        let (mut header, mut piece) = (Header::Link(frame.link), whole_frame(frame));
        if let Some(place) = self.opened
            && let Some(begins) = parts::header_of(frame.link)
        {
            walk.place = place;
            header = begins;
        }
        // The count begins behind a usual link header, and with any other.
        let headers = self.max_headers.saturating_add(usize::from(plain::is_usual(frame.link)));
        let mut buffers = self.whole.iter_mut();
        for _ in 0..headers {
            let step = match header {
                Header::Tcp => return net::tcp::read(piece, &walk.ip, &walk.place),
                Header::Icmp => return net::icmp::read(piece, &walk.ip),
                Header::Icmpv6 => return net::icmp::read_v6(piece, &walk.ip),
                Header::Fragment(fragment) => match self.fragments.add(fragment, piece, &walk.ip, frame.time) {
                    Some(complete) => put_together(fragment, complete, buffers.next()),
                    None => Err(Skip::Fragment),
                },
                Header::IpComp { v6 } => match buffers.next() {
                    Some(buffer) => self.unpacker.read(piece, v6, buffer),
                    None => Err(Skip::TooDeep),
                },
                Header::Amsdu if self.opened.is_none() => match self.parts.fill(piece, &walk.place) {
                    Ok(Some(alone)) => Ok((Header::Llc, alone)),
                    Ok(None) => return Decoded::Several,
                    Err(skip) => Err(skip),
                },
                Header::Sflow if self.opened.is_none() => match self.parts.fill_with_samples(piece) {
                    Ok(()) => return Decoded::Several,
                    Err(skip) => Err(skip),
                },
                other => read(other, piece, &mut walk),
            };
            (header, piece) = match step {
                Ok(next) => next,
                Err(skip) => return Decoded::Skipped(skip),
            };
        }
        Decoded::Skipped(Skip::TooDeep)
    }
}

/// The payload of a packet that came in fragments, held in the decoder for as long as the segment in it is looked at.
fn put_together<'a>(fragment: Fragment, complete: Whole, buffer: Option<&'a mut Vec<u8>>) -> Step<'a> {
    let buffer = buffer.ok_or(Skip::TooDeep)?;
    *buffer = complete.bytes;
    let next = if fragment.v6 { Header::of_next_header } else { Header::of_protocol };
    Ok((next(complete.protocol)?, Piece::new(buffer, complete.wire_len)))
}

/// The frame without its check sequence, at the length that it had on the wire.
#[inline(always)]
pub(super) fn whole_frame<'a>(frame: &Frame<'a>) -> Piece<'a> {
    let wire_len = usize::try_from(frame.original_len).unwrap_or(usize::MAX).max(frame.data.len());
    Piece::new(frame.data, wire_len).without_last(usize::from(frame.fcs_len))
}

/// One header: what follows it.
fn read<'a>(header: Header, piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    match header {
        Header::Link(link) => match table::by_type(link) {
            Some(link) => (link.read)(piece, walk),
            None => Err(Skip::UnknownLink(link)),
        },
        Header::Ethernet => ethernet::read(piece, walk),
        Header::Llc => llc::read(piece),
        Header::Wlan => wlan::read(piece, walk),
        Header::CapwapWlan => wlan::read_exchanged(piece),
        Header::Amsdu => Ok((Header::Llc, amsdu::subframe(piece)?.0)),
        Header::Vlan => ethernet::read_vlan(piece, walk),
        Header::Pbb => ethernet::read_pbb(piece, walk),
        Header::Tagged { len } => ethernet::read_tagged(piece, len),
        Header::EthernetBehind { len } => Ok((Header::Ethernet, piece.after(usize::from(len))?)),
        Header::Trill => ethernet::read_trill(piece),
        Header::Macsec => macsec::read(piece),
        Header::Nsh => net::nsh::read(piece, walk),
        Header::Mpls => mpls::read(piece, walk),
        Header::Pppoe => ppp::read_pppoe(piece, walk),
        Header::Ppp => ppp::read(piece, walk),
        Header::IpInIp => {
            walk.enter(TunnelKind::IpInIp, None);
            Ok((Header::Ip, piece))
        }
        Header::Ipv6Extension => net::ipv6::read_extension(piece),
        Header::Ipv6Fragment => net::ipv6::read_fragment(piece),
        Header::Ah { v6 } => net::ipv6::read_ah(piece, v6, walk),
        Header::Udp => net::udp::read(piece, walk),
        Header::Gre => net::gre::read(piece, walk),
        Header::EtherIp => net::ether_ip::read(piece, walk),
        Header::Ip => read_ip(piece, walk),
        // The decoder itself reads these.
        Header::Tcp | Header::Icmp | Header::Icmpv6 | Header::Fragment(_) | Header::IpComp { .. } => Err(Skip::NotTcp),
        // Samples in a sample.
        Header::Sflow => Err(Skip::NotTcp),
    }
}

/// IPv4 or IPv6, whatever the header before it called it: the version stands in the first four bits of both.
fn read_ip<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let Some(first) = piece.first() else { return Err(piece.too_short(1)) };
    let (ip, next, rest) = match first >> 4 {
        4 => net::ipv4::read(piece)?,
        6 => net::ipv6::read(piece)?,
        _ => return Err(Skip::Malformed),
    };
    walk.ip = ip;
    Ok((next, rest))
}
