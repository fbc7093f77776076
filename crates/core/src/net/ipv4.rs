//! IPv4 (RFC 791).

use std::net::{IpAddr, Ipv4Addr};

use etherparse::Ipv4HeaderSlice;

use super::header::{Fragment, Header, Ip};
use super::{Piece, Skip};

/// What the header says, what it announces, and the payload at the length that it claims.
#[inline(always)]
pub(crate) fn read(piece: Piece<'_>) -> Result<(Ip, Header, Piece<'_>), Skip> {
    let Ok(header) = Ipv4HeaderSlice::from_slice(piece.kept()) else {
        return Err(why_unread(piece.kept(), piece.wire_len()));
    };
    let header_len = header.slice().len();
    let piece = match usize::from(header.total_len()) {
        // A large segment that the network card will cut up: the capturing host has not filled the length in.
        0 => piece,
        total_len => match piece.front(total_len) {
            Some(packet) => packet,
            None if total_len > piece.wire_len() && is_damaged(header.slice()) => piece,
            None => piece.with_wire_len(total_len),
        },
    };
    if piece.wire_len() < header_len {
        return Err(Skip::Malformed);
    }
    let payload = piece.after(header_len)?;
    let destination = match header.options() {
        [] => header.destination(),
        options => end_of_route(options).unwrap_or_else(|| header.destination()),
    };
    let ip = Ip {
        source: IpAddr::V4(Ipv4Addr::from(header.source())),
        destination: IpAddr::V4(Ipv4Addr::from(destination)),
        ttl: header.ttl(),
        id: header.identification(),
    };
    let protocol = header.protocol().0;
    let more = header.more_fragments();
    let offset = header.fragments_offset().value() * 8;
    if more || offset != 0 {
        let fragment = Fragment { id: u32::from(ip.id), protocol, offset, more, v6: false };
        return Ok((ip, Header::Fragment(fragment), payload));
    }
    Ok((ip, Header::of_protocol(protocol)?, payload))
}

/// Whether the checksum shows that the header is not as it was sent (RFC 1071), so that a length beyond the frame is no
/// sender's. A checksum of 0 is one that the network card has yet to fill in.
#[cold]
fn is_damaged(header: &[u8]) -> bool {
    let words = header.as_chunks::<2>().0;
    let mut sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum != 0xffff && words.get(5) != Some(&[0, 0])
}

/// Where a source route that is not at its end yet leads (RFC 791 section 3.1): the address that TCP knows (RFC 1122
/// section 4.2.3.8), while the header has that of the next hop.
#[cold]
fn end_of_route(mut options: &[u8]) -> Option<[u8; 4]> {
    const END: u8 = 0;
    const NOTHING: u8 = 1;
    const LOOSE_ROUTE: u8 = 131;
    const STRICT_ROUTE: u8 = 137;
    loop {
        options = match *options {
            [NOTHING, ref rest @ ..] => rest,
            [] | [END, ..] | [_] => return None,
            [kind, len, ..] => {
                let (option, rest) = options.split_at_checked(usize::from(len).max(2))?;
                if matches!(kind, LOOSE_ROUTE | STRICT_ROUTE) {
                    let (&[_, _, pointer], route) = option.split_first_chunk()?;
                    // The pointer counts from the option's first byte, which is 1; behind the end the route is done.
                    return if pointer < len { route.last_chunk().copied() } else { None };
                }
                rest
            }
        }
    }
}

/// Why there is no header: cut off by the capture, or no header at all.
#[cold]
fn why_unread(kept: &[u8], wire_len: usize) -> Skip {
    let piece = Piece::new(kept, wire_len);
    match piece.split::<20>() {
        Err(skip) => skip,
        Ok((header, _)) => match usize::from(header[0] & 0x0f) * 4 {
            ..20 => Skip::Malformed,
            header_len => piece.too_short(header_len),
        },
    }
}
