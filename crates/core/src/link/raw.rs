//! IP without any link header.

use crate::net::{Header, Piece, Step, Walk};

#[inline(always)]
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((Header::Ip, piece))
}
