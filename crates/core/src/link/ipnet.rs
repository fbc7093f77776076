//! Solaris's `ipnet`: where the packet was seen, then IP.

use crate::net::{Header, Piece, Skip, Step, Walk};

/// Version, address family, hook, packet length, interfaces, zones.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (header, packet) = piece.split::<24>()?;
    match header[1] {
        // AF_INET and AF_INET6 of Solaris.
        2 | 26 => Ok((Header::Ip, packet)),
        _ => Err(Skip::NotIp),
    }
}
