//! IP over InfiniBand (RFC 4391), behind the two port addresses of 20 bytes.

use crate::net::{Header, Piece, Step, Walk};

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[a, b, _, _], rest) = piece.after(40)?.split()?;
    Ok((Header::of_ether_type(u16::from_be_bytes([a, b]))?, rest))
}
