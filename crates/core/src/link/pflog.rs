//! The log interface of OpenBSD's packet filter, as pfSense and OPNsense have it: what the filter did, then the IP packet.

use crate::net::{Header, Piece, Skip, Step, Walk};

/// Length, address family, action, reason, interface and rules; the length is without the padding to four bytes.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    // Older systems had a header of 28 bytes that begins with the interface.
    const SHORTEST: usize = 45;
    let len = usize::from(piece.first().ok_or_else(|| piece.too_short(1))?);
    if len < SHORTEST {
        return Err(Skip::NotIp);
    }
    Ok((Header::Ip, piece.after(len.next_multiple_of(4))?))
}
