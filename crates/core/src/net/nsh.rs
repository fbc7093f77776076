//! The network service header (RFC 8300): the path of services that a packet takes.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

/// Version, flags, length in units of four bytes, kind of metadata, next protocol; then path and index, then metadata.
pub(crate) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[version, length, _, next, path @ ..], _) = piece.split::<8>()?;
    let len = usize::from(length & 0x3f) * 4;
    if version >> 6 != 0 || len < 8 {
        return Err(Skip::Malformed);
    }
    let [p0, p1, p2, _] = path;
    walk.enter(TunnelKind::Nsh, Some(u32::from_be_bytes([0, p0, p1, p2])));
    let header = match next {
        1 | 2 => Header::Ip,
        3 => Header::Ethernet,
        4 => Header::Nsh,
        5 => Header::Mpls,
        _ => return Err(Skip::NotIp),
    };
    Ok((header, piece.after(len)?))
}
