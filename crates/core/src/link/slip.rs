//! SLIP as BSD captures it: direction, 15 bytes for compressed headers, IP.

use crate::net::{Header, Piece, Skip, Step, Walk};

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (header, packet) = piece.split::<16>()?;
    // RFC 1144: 0x40 is a packet as it was, 0x70 and 0x80 are compressed TCP.
    match header[1] & 0xf0 {
        0x70.. => Err(Skip::Compressed),
        _ => Ok((Header::Ip, packet)),
    }
}
