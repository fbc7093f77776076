//! Hilscher's netANALYZER: four bytes of its own before each Ethernet frame.

use crate::net::{Header, Piece, Step, Walk};

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((Header::Ethernet, piece.after(4)?))
}

/// With the preamble as it was on the wire.
pub(super) fn read_transparent<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((Header::Ethernet, piece.after(4 + 8)?))
}
