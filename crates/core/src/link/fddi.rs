//! FDDI: frame control, two addresses, LLC.

use crate::net::{Header, Piece, Skip, Step, Walk};

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (header, rest) = piece.split::<13>()?;
    // LLC frames are 0x50 to 0x57; the others keep the ring going.
    match header[0] & 0xf8 {
        0x50 => Ok((Header::Llc, rest)),
        _ => Err(Skip::NotIp),
    }
}
