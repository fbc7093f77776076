//! MACsec (IEEE 802.1AE) where it protects integrity alone: its tag stands before the EtherType, and the frame is in clear.

use super::ethernet;
use crate::net::{Piece, Skip, Step};

const ENCRYPTED_OR_CHANGED: u8 = 0x0c;
const EXPLICIT_CHANNEL: u8 = 0x20;
const CHECK_VALUE: usize = 16;

/// Tag control, short length, packet number, perhaps the channel identifier.
pub(super) fn read(piece: Piece<'_>) -> Step<'_> {
    let control = piece.first().ok_or_else(|| piece.too_short(1))?;
    if control & ENCRYPTED_OR_CHANGED != 0 {
        return Err(Skip::Encrypted);
    }
    let len = if control & EXPLICIT_CHANNEL != 0 { 14 } else { 6 };
    ethernet::read_tagged(piece.without_last(CHECK_VALUE), len)
}
