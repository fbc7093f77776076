//! VXLAN (RFC 7348), with its group policy and generic protocol extensions.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

/// The header behind a port that is known for VXLAN.
pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[flags, _, _, next, vni @ ..], inner) = payload.split::<8>()?;
    let [a, b, c, _] = vni;
    // The I flag says that the network identifier is valid. What is reserved is ignored.
    if flags & 0x08 == 0 {
        return Err(Skip::NotTcp);
    }
    // The P flag says that the next protocol is named (draft-ietf-nvo3-vxlan-gpe).
    let header = match (flags & 0x04 != 0, next) {
        (false, _) | (true, 3) => Header::Ethernet,
        (true, 1 | 2) => Header::Ip,
        (true, 4) => Header::Nsh,
        (true, 5) => Header::Mpls,
        (true, _) => return Err(Skip::NotTcp),
    };
    walk.enter(TunnelKind::Vxlan, Some(u32::from_be_bytes([0, a, b, c])));
    Ok((header, inner))
}

/// Whether a payload on any port is VXLAN beyond doubt: no reserved bit set, and behind an Ethernet header an IP header
/// that fills the rest exactly, in IPv4 with the right checksum.
pub(super) fn is_certain(payload: Piece<'_>) -> bool {
    let Ok((&[0x08, 0, 0, 0, _, _, _, 0], frame)) = payload.split() else { return false };
    let Ok((ethernet, ip)) = frame.split::<14>() else { return false };
    match (ethernet[12], ethernet[13]) {
        (0x08, 0x00) => ip.split::<20>().is_ok_and(|(header, _)| {
            header[0] == 0x45
                && usize::from(u16::from_be_bytes([header[2], header[3]])) == ip.wire_len()
                && checksum(header) == 0xffff
        }),
        (0x86, 0xdd) => ip.split::<40>().is_ok_and(|(header, rest)| {
            header[0] >> 4 == 6 && usize::from(u16::from_be_bytes([header[4], header[5]])) == rest.wire_len()
        }),
        _ => false,
    }
}

/// The ones' complement sum (RFC 1071); 0xffff over a header with its right checksum.
fn checksum(header: &[u8; 20]) -> u16 {
    let (pairs, _) = header.as_chunks::<2>();
    let sum: u32 = pairs.iter().map(|&pair| u32::from(u16::from_be_bytes(pair))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}
