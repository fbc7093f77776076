//! The encapsulating interface of OpenBSD: packets as IPsec has them before encryption or after decryption.

use super::null;
use crate::net::{Piece, Step, Walk};

/// Address family, security parameter index, flags, each a word; then IP.
pub(super) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (next, _) = null::read(piece, walk)?;
    Ok((next, piece.after(12)?))
}
