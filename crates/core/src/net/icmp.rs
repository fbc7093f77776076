//! ICMP and ICMPv6 errors that quote a TCP segment (RFC 792, RFC 4443).

use super::header::{Header, Ip};
use super::{Decoded, IcmpError, Piece, Skip, ipv4, ipv6};
use crate::types::{Endpoint, Seq, Tuple};

/// An ICMP message. Unreachable, time exceeded and parameter problem quote a packet that was thrown away; redirect and source quench
/// quote one too, but are advice to its sender: the packet went on (RFC 792, RFC 6633).
pub(crate) fn read<'a>(piece: Piece<'_>, ip: &Ip) -> Decoded<'a> {
    read_error(piece, ip, |kind| matches!(kind, 3 | 11 | 12), false)
}

/// An ICMPv6 message. Unreachable, too big, time exceeded and parameter problem quote a packet.
pub(crate) fn read_v6<'a>(piece: Piece<'_>, ip: &Ip) -> Decoded<'a> {
    read_error(piece, ip, |kind| matches!(kind, 1..=4), true)
}

/// ICMP itself has no ports: what is short or odd here is still ICMP, and no fault of the capture.
fn read_error<'a>(piece: Piece<'_>, ip: &Ip, quotes: impl Fn(u8) -> bool, v6: bool) -> Decoded<'a> {
    match piece.split::<8>() {
        Ok((&[kind, code, ..], quote)) if quotes(kind) => match quoted_segment(quote) {
            Some((quoted, seq)) => Decoded::IcmpError(IcmpError { from: ip.source, kind, code, v6, quoted, seq }),
            None => Decoded::Skipped(Skip::NotTcp),
        },
        _ => Decoded::Skipped(Skip::NotTcp),
    }
}

/// Addresses and ports of the quoted packet, where it is TCP and its ports were quoted, and its sequence number, which follows
/// them. A quote ends early by nature: the length in its header is not that of the bytes here.
fn quoted_segment(quote: Piece<'_>) -> Option<(Tuple, Option<Seq>)> {
    let read = match quote.first()? >> 4 {
        4 => ipv4::read,
        6 => ipv6::read,
        _ => return None,
    };
    let (inner, mut header, mut piece) = read(quote).ok()?;
    // The extension headers of a quoted IPv6 packet; each advances by 8 bytes at least.
    for _ in 0..8 {
        (header, piece) = match header {
            Header::Ipv6Extension => ipv6::read_extension(piece).ok()?,
            Header::Ipv6Fragment => ipv6::read_fragment(piece).ok()?,
            Header::Fragment(fragment) if fragment.offset == 0 => {
                (Header::of_next_header(fragment.protocol).ok()?, piece)
            }
            _ => break,
        };
    }
    if header != Header::Tcp {
        return None;
    }
    let (&[a, b, c, d], rest) = piece.split().ok()?;
    let tuple = Tuple {
        source: Endpoint::new(inner.source, u16::from_be_bytes([a, b])),
        destination: Endpoint::new(inner.destination, u16::from_be_bytes([c, d])),
    };
    Some((tuple, rest.split().ok().map(|(&seq, _)| Seq(u32::from_be_bytes(seq)))))
}
