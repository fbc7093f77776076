//! Cisco HDLC: address, control, EtherType.

use crate::net::{Header, Piece, Step, Walk};

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[_, _, a, b], rest) = piece.split()?;
    Ok((Header::of_ether_type(u16::from_be_bytes([a, b]))?, rest))
}

/// A byte for the direction before it.
pub(super) fn read_with_direction<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    read(piece.after(1)?, walk)
}
