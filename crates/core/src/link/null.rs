//! BSD loopback: `NULL`, with the address family in the byte order of the host that captured, and `LOOP`, in network order.

use crate::net::{Header, Piece, Skip, Step, Walk};

/// The family may stand in any byte order: all known values are below 256, so that one reading alone makes sense.
#[inline(always)]
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&family, rest) = piece.split()?;
    match u32::from_le_bytes(family).min(u32::from_be_bytes(family)) {
        // IPv4 everywhere; IPv6 on Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
        2 | 10 | 23 | 24 | 28 | 30 => Ok((Header::Ip, rest)),
        _ => Err(Skip::NotIp),
    }
}
