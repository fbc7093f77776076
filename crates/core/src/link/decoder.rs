//! From header to header, until a TCP segment or an ICMP error about one is found.

use super::{ethernet, llc, mpls, ppp, table, wlan};
use crate::Limits;
use crate::capture::Frame;
use crate::net::{self, Decoded, Fragments, Header, Piece, Skip, Step, Walk};

/// Headers that every packet may have without being nested: link, IP, TCP.
const PLAIN_HEADERS: usize = 3;

/// How often fragments may be put together within one frame: the tunnel's, and those of the packet inside.
const REASSEMBLIES: usize = 2;

/// Decodes frames. Its only memory is that of IP packets whose fragments are still coming.
#[derive(Debug)]
pub struct Decoder {
    max_headers: usize,
    fragments: Fragments,
    /// Payloads put together by the frame at hand, the outermost first.
    whole: [Vec<u8>; REASSEMBLIES],
}

impl Decoder {
    /// A decoder that keeps within the limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            max_headers: limits.max_nesting.saturating_add(PLAIN_HEADERS),
            fragments: Fragments::new(limits),
            whole: [const { Vec::new() }; REASSEMBLIES],
        }
    }

    /// What a frame holds: the innermost TCP segment, an ICMP error about one, or why there is neither.
    ///
    /// A segment in IP fragments comes with the frame that completes it. Of a frame that aggregates several packets the
    /// first is given.
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>) -> Decoded<'a> {
        match self.walk(frame) {
            Ok(decoded) => decoded,
            Err(skip) => Decoded::Skipped(skip),
        }
    }

    #[inline]
    fn walk<'a>(&'a mut self, frame: &Frame<'a>) -> Result<Decoded<'a>, Skip> {
        let mut walk = Walk::new();
        let mut piece = whole_frame(frame);
        let mut header = Header::Link(frame.link);
        let mut whole = self.whole.iter_mut();
        for _ in 0..self.max_headers {
            (header, piece) = match header {
                Header::Tcp => return Ok(Decoded::Tcp(net::tcp::read(piece, &walk)?)),
                Header::Icmp => return net::icmp::read(piece, &walk),
                Header::Icmpv6 => return net::icmp::read_v6(piece, &walk),
                Header::Fragment(fragment) => {
                    let complete = self.fragments.add(fragment, piece, &walk, frame.time).ok_or(Skip::Fragment)?;
                    let buffer = whole.next().ok_or(Skip::TooDeep)?;
                    *buffer = complete.bytes;
                    let next = if fragment.v6 { Header::of_next_header } else { Header::of_protocol };
                    (next(complete.protocol)?, Piece::new(buffer, complete.wire_len))
                }
                other => read(other, piece, &mut walk)?,
            };
        }
        Err(Skip::TooDeep)
    }
}

/// The frame without its check sequence, at the length that it had on the wire.
#[inline]
fn whole_frame<'a>(frame: &Frame<'a>) -> Piece<'a> {
    let wire_len = usize::try_from(frame.original_len).unwrap_or(usize::MAX).max(frame.data.len());
    Piece::new(frame.data, wire_len).without_last(usize::from(frame.fcs_len))
}

/// One header: what follows it.
#[inline]
fn read<'a>(header: Header, piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    match header {
        Header::Link(link) => match table::by_type(link) {
            Some(link) => (link.read)(piece, walk),
            None => Err(Skip::UnknownLink(link)),
        },
        Header::Ethernet => ethernet::read(piece, walk),
        Header::Llc => llc::read(piece),
        Header::Wlan => wlan::read(piece, walk),
        Header::Vlan => ethernet::read_vlan(piece, walk),
        Header::Pbb => ethernet::read_pbb(piece, walk),
        Header::Tagged { len } => ethernet::read_tagged(piece, len),
        Header::EthernetBehind { len } => Ok((Header::Ethernet, piece.after(usize::from(len))?)),
        Header::Trill => ethernet::read_trill(piece),
        Header::Mpls => mpls::read(piece, walk),
        Header::Pppoe => ppp::read_pppoe(piece, walk),
        Header::Ppp => ppp::read(piece, walk),
        Header::Ip => net::ipv4::read_any(piece, walk),
        Header::IpInIp => net::ipv4::read_inner(piece, walk),
        Header::Ipv6Extension => net::ipv6::read_extension(piece),
        Header::Ipv6Fragment => net::ipv6::read_fragment(piece),
        Header::Ah { v6 } => net::ipv6::read_ah(piece, v6, walk),
        Header::Udp => net::udp::read(piece, walk),
        Header::Gre => net::gre::read(piece, walk),
        Header::EtherIp => net::ether_ip::read(piece, walk),
        // Where the walk ends, and the fragments that only the decoder can put together.
        Header::Tcp | Header::Icmp | Header::Icmpv6 | Header::Fragment(_) => Err(Skip::NotTcp),
    }
}
