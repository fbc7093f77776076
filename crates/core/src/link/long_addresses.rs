//! Networks with addresses of 8 bytes: IP over Fibre Channel (RFC 2625), and over IEEE 1394 as macOS captures it.

use crate::net::{Header, Piece, Step, Walk};

/// Two addresses, LLC.
pub(super) fn read_fibre_channel<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((Header::Llc, piece.after(16)?))
}

/// Two addresses, EtherType.
pub(super) fn read_ieee1394<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[a, b], rest) = piece.after(16)?.split()?;
    Ok((Header::of_ether_type(u16::from_be_bytes([a, b]))?, rest))
}
