//! IPv4 (RFC 791), and the choice between the two versions of IP.

use std::net::{IpAddr, Ipv4Addr};

use super::header::{Fragment, Header, Step, Walk};
use super::{Piece, Skip, TunnelKind, ipv6};

/// IPv4 or IPv6, whatever the header before it called it: the version stands in the first four bits of both.
#[inline]
pub(crate) fn read_any<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let Some(first) = piece.first() else { return Err(piece.too_short(1)) };
    match first >> 4 {
        4 => read(piece, walk),
        6 => ipv6::read(piece, walk),
        _ => Err(Skip::Malformed),
    }
}

/// IP straight behind IP (RFC 2003, RFC 4213, RFC 2473).
pub(crate) fn read_inner<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    walk.enter(TunnelKind::IpInIp, None);
    read_any(piece, walk)
}

#[inline]
fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (header, _) = piece.split::<20>()?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    let total_len = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let piece = match total_len {
        // A large segment that the network card will cut up: the capturing host has not filled the length in.
        0 => piece,
        _ => piece.with_wire_len(total_len),
    };
    if header_len < 20 || piece.wire_len() < header_len {
        return Err(Skip::Malformed);
    }
    let payload = piece.after(header_len)?;

    walk.source = address([header[12], header[13], header[14], header[15]]);
    walk.destination = address([header[16], header[17], header[18], header[19]]);
    walk.ttl = header[8];
    walk.ip_id = u16::from_be_bytes([header[4], header[5]]);

    let protocol = header[9];
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    let more = fragment & 0x2000 != 0;
    let offset = (fragment & 0x1fff) * 8;
    if more || offset != 0 {
        let id = u32::from(walk.ip_id);
        return Ok((Header::Fragment(Fragment { id, protocol, offset, more, v6: false }), payload));
    }
    Ok((Header::of_protocol(protocol)?, payload))
}

fn address(octets: [u8; 4]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(octets))
}
