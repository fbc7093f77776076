//! ARCNET as Linux captures it (RFC 1051, RFC 1201).

use crate::net::{Header, Piece, Skip, Step, Walk};

/// Two addresses, an offset, and the protocol; packets of RFC 1201 then have a split flag and a sequence number.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[_, _, _, _, protocol], rest) = piece.split()?;
    match protocol {
        0xf0 => Ok((Header::Ip, rest)),
        0xd4 => match rest.split()? {
            (&[0, _, _], packet) => Ok((Header::Ip, packet)),
            // A piece of a packet that ARCNET itself has cut up.
            _ => Err(Skip::Fragment),
        },
        _ => Err(Skip::NotIp),
    }
}
