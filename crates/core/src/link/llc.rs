//! IEEE 802.2 logical link control, with SNAP (RFC 1042).

use crate::net::{Header, Piece, Skip, Step};

pub(super) fn read(piece: Piece<'_>) -> Step<'_> {
    let (&[destination, source, control], rest) = piece.split()?;
    // The lowest bit of each says group and response.
    match (destination & 0xfe, source & 0xfe, control) {
        (0xaa, 0xaa, 0x03) => read_snap(rest),
        (0x06, 0x06, 0x03) => Ok((Header::Ip, rest)),
        (0xfe, 0xfe, 0x03) => read_nlpid(rest),
        // Spanning tree, NetWare, NetBIOS, and all else that LLC carries.
        _ => Err(Skip::NotIp),
    }
}

/// Organisation code, then a type of that organisation.
pub(super) fn read_snap(piece: Piece<'_>) -> Step<'_> {
    let (&[o1, o2, o3, a, b], rest) = piece.split()?;
    let protocol = u16::from_be_bytes([a, b]);
    match [o1, o2, o3] {
        // Encapsulated Ethernet (RFC 1042) and the bridge tunnel of IEEE 802.1H.
        [0, 0, 0] | [0, 0, 0xf8] => Ok((Header::of_ether_type(protocol)?, rest)),
        // IEEE 802.1: bridged Ethernet with and without check sequence, behind two bytes of padding (RFC 2684).
        [0, 0x80, 0xc2] if matches!(protocol, 0x0001 | 0x0007) => Ok((Header::Ethernet, rest.after(2)?)),
        _ => Err(Skip::NotIp),
    }
}

/// A network layer protocol identifier (ISO/IEC TR 9577), as frame relay and ISO LLC use it.
pub(super) fn read_nlpid(piece: Piece<'_>) -> Step<'_> {
    let (&[nlpid], rest) = piece.split()?;
    match nlpid {
        0xcc | 0x8e => Ok((Header::Ip, rest)),
        0x80 => read_snap(rest),
        0xcf => Ok((Header::Ppp, rest)),
        _ => Err(Skip::NotIp),
    }
}
