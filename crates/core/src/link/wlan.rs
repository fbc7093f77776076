//! IEEE 802.11 data frames in the clear.

use crate::net::{Header, Piece, Skip, Step, Walk};

const DATA: u8 = 2;
const NO_DATA: u8 = 0x4;
const QOS: u8 = 0x8;

const TO_AND_FROM_DISTRIBUTION: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// Frame control, duration, three addresses and sequence control; then what the frame control says.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    read_padded(piece, false)
}

/// As [`read`]; some drivers pad the header to a multiple of 4 bytes, and radiotap says so.
pub(super) fn read_padded(piece: Piece<'_>, padded: bool) -> Step<'_> {
    let (&[control, flags], _) = piece.split()?;
    let (kind, subtype) = (control >> 2 & 0x03, control >> 4);
    if kind != DATA || subtype & NO_DATA != 0 {
        return Err(Skip::NotIp);
    }
    if flags & PROTECTED != 0 {
        return Err(Skip::Encrypted);
    }
    let mut header_len = 24;
    if flags & TO_AND_FROM_DISTRIBUTION == TO_AND_FROM_DISTRIBUTION {
        header_len += 6;
    }
    let mut aggregated = false;
    if subtype & QOS != 0 {
        aggregated = piece.kept().get(header_len).is_some_and(|control| control & 0x80 != 0);
        header_len += if flags & ORDER != 0 { 6 } else { 2 };
    }
    if padded {
        header_len = header_len.next_multiple_of(4);
    }
    let body = piece.after(header_len)?;
    Ok((if aggregated { Header::Amsdu } else { Header::Llc }, body))
}
