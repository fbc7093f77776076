//! IPv6 and its extension headers (RFC 8200), and the authentication header (RFC 4302).

use std::net::{IpAddr, Ipv6Addr};

use etherparse::Ipv6HeaderSlice;

use super::header::{Fragment, Header, Ip, Step, Walk};
use super::{Piece, Skip, TunnelKind};

/// What the header says, what it announces, and the payload at the length that it claims.
#[inline(always)]
pub(crate) fn read(piece: Piece<'_>) -> Result<(Ip, Header, Piece<'_>), Skip> {
    let (_, payload) = piece.split::<40>()?;
    let Ok(header) = Ipv6HeaderSlice::from_slice(piece.kept()) else { return Err(Skip::Malformed) };
    let payload = match header.payload_length() {
        // A jumbogram (RFC 2675), or a large segment whose length the capturing host has not filled in.
        0 => payload,
        len => payload.with_wire_len(usize::from(len)),
    };
    let ip = Ip {
        source: IpAddr::V6(Ipv6Addr::from(header.source())),
        destination: IpAddr::V6(Ipv6Addr::from(header.destination())),
        ttl: header.hop_limit(),
        id: 0,
    };
    let next_header = header.next_header().0;
    Ok((ip, Header::of_next_header(next_header)?, payload))
}

/// Hop-by-hop options, routing, destination options and those that share their shape: next header, and length in units of
/// 8 bytes without the first.
///
/// The destination stays that of the IPv6 header: with segments left in a routing header it is the next hop.
pub(crate) fn read_extension(piece: Piece<'_>) -> Step<'_> {
    let (&[next_header, len], _) = piece.split()?;
    let rest = piece.after(8 + usize::from(len) * 8)?;
    Ok((Header::of_next_header(next_header)?, rest))
}

/// The fragment header (RFC 8200 section 4.5).
pub(crate) fn read_fragment(piece: Piece<'_>) -> Step<'_> {
    let (&[next_header, _, high, low, id @ ..], payload) = piece.split::<8>()?;
    let field = u16::from_be_bytes([high, low]);
    let (offset, more) = (field & 0xfff8, field & 1 != 0);
    // An atomic fragment is a whole packet (RFC 6946).
    if offset == 0 && !more {
        return Ok((Header::of_next_header(next_header)?, payload));
    }
    let id = u32::from_be_bytes(id);
    Ok((Header::Fragment(Fragment { id, protocol: next_header, offset, more, v6: true }), payload))
}

/// The authentication header: its payload is in the clear. Its length counts units of 4 bytes without the first two.
pub(crate) fn read_ah<'a>(piece: Piece<'a>, v6: bool, walk: &mut Walk) -> Step<'a> {
    let (&[next_header, len, _, _, spi @ ..], _) = piece.split::<8>()?;
    let rest = piece.after(8 + usize::from(len) * 4)?;
    walk.enter(TunnelKind::Ah, Some(u32::from_be_bytes(spi)));
    let next = if v6 { Header::of_next_header(next_header) } else { Header::of_protocol(next_header) };
    Ok((next?, rest))
}
