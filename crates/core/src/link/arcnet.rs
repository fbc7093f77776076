//! ARCNET as Linux and BSD capture it (RFC 1051, RFC 1201).

use crate::net::{Header, Piece, Skip, Step, Walk};

/// Two addresses, an offset, and the protocol; packets of RFC 1201 then have a split flag and a sequence number.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    carried(piece.after(4)?)
}

/// The same without the offset.
pub(super) fn read_bsd<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    carried(piece.after(2)?)
}

fn carried(piece: Piece<'_>) -> Step<'_> {
    let (&[protocol], rest) = piece.split()?;
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
