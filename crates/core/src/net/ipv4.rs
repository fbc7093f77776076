//! IPv4 (RFC 791).

use std::net::{IpAddr, Ipv4Addr};

use super::header::{Fragment, Header, Ip};
use super::{Piece, Skip};

/// What the header says, what it announces, and the payload at the length that it claims.
#[inline(always)]
pub(crate) fn read(piece: Piece<'_>) -> Result<(Ip, Header, Piece<'_>), Skip> {
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
    let ip = Ip {
        source: address([header[12], header[13], header[14], header[15]]),
        destination: address([header[16], header[17], header[18], header[19]]),
        ttl: header[8],
        id: u16::from_be_bytes([header[4], header[5]]),
    };
    let protocol = header[9];
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    let more = fragment & 0x2000 != 0;
    let offset = (fragment & 0x1fff) * 8;
    if more || offset != 0 {
        let fragment = Fragment { id: u32::from(ip.id), protocol, offset, more, v6: false };
        return Ok((ip, Header::Fragment(fragment), payload));
    }
    Ok((ip, Header::of_protocol(protocol)?, payload))
}

#[inline(always)]
fn address(octets: [u8; 4]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(octets))
}
