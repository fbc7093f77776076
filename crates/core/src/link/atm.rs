//! IP over ATM: AAL5 with LLC (RFC 2684), Linux's Classical IP, and SunATM with its pseudo-header.

use crate::net::{Header, Piece, Skip, Step, Walk};

pub(super) fn read_llc<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((Header::Llc, piece))
}

/// With LLC or without: an IP header begins with its version, LLC's SNAP with 0xaa.
pub(super) fn read_classical_ip<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((if piece.first() == Some(0xaa) { Header::Llc } else { Header::Ip }, piece))
}

/// Direction and kind of traffic, virtual path and channel.
pub(super) fn read_sun<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&[flags, _, _, _], rest) = piece.split()?;
    match flags & 0x0f {
        // LAN emulation: the identifier of the sender, then a frame.
        1 => Ok((Header::Ethernet, rest.after(2)?)),
        2 => Ok((Header::Llc, rest)),
        _ => Err(Skip::NotIp),
    }
}
