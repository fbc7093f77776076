//! Records of Endace capture cards (ERF): a header of their own, then what the type says.

use crate::capture::LinkType;
use crate::net::{Header, Piece, Skip, Step, Walk};

const MORE: u8 = 0x80;
const C_HDLC: LinkType = LinkType(104);

/// Time, type, flags, record length, losses, wire length; then extension headers, each of which says whether another follows.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (header, mut rest) = piece.split::<16>()?;
    let mut more = header[8] & MORE != 0;
    while more {
        let (extension, behind) = rest.split::<8>()?;
        more = extension[0] & MORE != 0;
        rest = behind;
    }
    match header[8] & 0x7f {
        // Ethernet, alone and with colours or hashes: an offset and a byte of padding first.
        2 | 11 | 16 | 20 => Ok((Header::Ethernet, rest.after(2)?)),
        // Packet over SONET: Cisco's HDLC begins with 0x0f or 0x8f, PPP with 0xff.
        1 | 10 | 15 | 17 | 19 => match rest.first() {
            Some(0x0f | 0x8f) => Ok((Header::Link(C_HDLC), rest)),
            _ => Ok((Header::Ppp, rest)),
        },
        22 | 23 => Ok((Header::Ip, rest)),
        _ => Err(Skip::NotIp),
    }
}
