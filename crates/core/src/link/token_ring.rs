//! Token ring (IEEE 802.5): access and frame control, two addresses, perhaps a route, LLC.

use crate::net::{Header, Piece, Skip, Step, Walk};

pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (header, mut rest) = piece.split::<14>()?;
    // The upper two bits of the frame control: 1 is LLC, 0 keeps the ring going.
    if header[1] >> 6 != 1 {
        return Err(Skip::NotIp);
    }
    // The group bit of a source address says that a route follows, whose first five bits after three are its length.
    if header[8] & 0x80 != 0 {
        let first = rest.first().ok_or_else(|| rest.too_short(2))?;
        rest = rest.after(usize::from(first & 0x1f).max(2))?;
    }
    Ok((Header::Llc, rest))
}
