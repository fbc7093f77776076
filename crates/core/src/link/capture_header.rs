//! Headers that a capture program puts in front of a packet of another link type: PKTAP and PPI.

use crate::capture::LinkType;
use crate::net::{Header, Piece, Skip, Step, Walk};

/// Apple's PKTAP: length, record type, link type, and who sent it. In the byte order of the host that
/// captured: every Mac that has PKTAP is little-endian.
pub(super) fn read_pktap<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[l0, l1, l2, l3, _, _, _, _, t0, t1, t2, t3], _) = piece.split()?;
    let len = u32::from_le_bytes([l0, l1, l2, l3]);
    let link = u32::from_le_bytes([t0, t1, t2, t3]);
    // Shorter than its own fixed part, or without a packet.
    if len < 12 {
        return Err(Skip::Malformed);
    }
    Ok((inner(link)?, piece.after(usize::try_from(len).map_err(|_| Skip::Malformed)?)?))
}

/// Per-packet information of CACE: version, flags, length, link type; little-endian.
pub(super) fn read_ppi<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[_, _, l0, l1, t0, t1, t2, t3], _) = piece.split()?;
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    if len < 8 {
        return Err(Skip::Malformed);
    }
    Ok((inner(u32::from_le_bytes([t0, t1, t2, t3]))?, piece.after(len)?))
}

fn inner(link: u32) -> Result<Header, Skip> {
    u16::try_from(link).map(|link| Header::Link(LinkType(link))).map_err(|_| Skip::Malformed)
}
