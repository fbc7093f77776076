//! Linux cooked captures, version 2: `tcpdump -i any`.

use super::sll;
use crate::net::{Piece, Step, Walk};

/// Protocol, interface index, ARPHRD type, packet type, address length and address.
#[inline(always)]
pub(super) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (header, rest) = piece.split::<20>()?;
    walk.place.ifindex = Some(u32::from_be_bytes([header[4], header[5], header[6], header[7]]));
    walk.place.cooked_type = Some(header[10]);
    sll::protocol([header[0], header[1]], [header[8], header[9]], rest)
}
