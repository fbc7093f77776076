//! Headers that tell how an 802.11 frame was received: radiotap, Prism, AVS.

use super::wlan;
use crate::net::{Header, Piece, Skip, Step, Walk};

/// Radiotap (radiotap.org): version, length, bitmaps of the fields that follow; little-endian.
pub(super) fn read_radiotap<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[_, _, l0, l1], _) = piece.split()?;
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    if len < 8 {
        return Err(Skip::Malformed);
    }
    let frame = piece.after(len)?;
    let radiotap = piece.kept().get(..len).unwrap_or_default();
    wlan::read_padded(frame, radiotap_flags(radiotap).unwrap_or(0) & 0x20 != 0)
}

/// The flags field: bit 1 of the first bitmap, behind the time if bit 0 says that it is there.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let mut at = 4;
    let present = word(header, at)?;
    // Bit 31 says that another bitmap follows.
    while word(header, at)? & 0x8000_0000 != 0 {
        at += 4;
    }
    at += 4;
    if present & 0x2 == 0 {
        return None;
    }
    if present & 0x1 != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    header.get(at).copied()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|&word| u32::from_le_bytes(word))
}

/// Prism: a header of 144 bytes in the byte order of the host that captured; some drivers write AVS under its name.
pub(super) fn read_prism<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[m0, m1, m2, m3, length @ ..], _) = piece.split::<8>()?;
    if is_avs([m0, m1, m2, m3]) {
        return read_avs(piece, walk);
    }
    let len = match length {
        [0, 0, high, low] => usize::from(u16::from_be_bytes([high, low])),
        [low, high, 0, 0] => usize::from(u16::from_le_bytes([low, high])),
        _ => return Err(Skip::Malformed),
    };
    if len < 8 {
        return Err(Skip::Malformed);
    }
    Ok((Header::Wlan, piece.after(len)?))
}

/// AVS: version and length, in network order.
pub(super) fn read_avs<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[v0, v1, v2, v3, 0, 0, high, low], _) = piece.split()? else { return Err(Skip::Malformed) };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if !is_avs([v0, v1, v2, v3]) || len < 8 {
        return Err(Skip::Malformed);
    }
    Ok((Header::Wlan, piece.after(len)?))
}

fn is_avs(version: [u8; 4]) -> bool {
    matches!(version, [0x80, 0x21, 0x10, _])
}
