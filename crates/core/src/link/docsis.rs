//! DOCSIS, the cable network's MAC layer: a header, then an Ethernet frame.

use crate::net::{Header, Piece, Skip, Step, Walk};

/// Frame control, a parameter, the length; perhaps an extended header; a check sequence of two bytes.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[control, parameter, _, _], rest) = piece.split()?;
    // The upper two bits: 0 is a packet, the others are ATM, reserved, and what keeps the network going.
    if control >> 6 != 0 {
        return Err(Skip::NotIp);
    }
    if control & 1 == 0 {
        return Ok((Header::Ethernet, rest.after(2)?));
    }
    let extended = usize::from(parameter);
    let frame = rest.after(extended + 2)?;
    match rest.kept() {
        // Baseline privacy upstream and downstream; the enable bit says that the frame is encrypted.
        [element, _, enable, ..] if extended >= 3 && matches!(element >> 4, 3 | 4) && enable & 0x80 != 0 => {
            Err(Skip::Encrypted)
        }
        _ => Ok((Header::Ethernet, frame)),
    }
}
