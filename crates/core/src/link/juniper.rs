//! Frames as Juniper routers capture them: a magic number, flags, and extensions in front of each.

use crate::capture::LinkType;
use crate::net::{Header, Piece, Skip, Step, Walk};

const EXTENSIONS: u8 = 0x80;
const NO_LINK_HEADER: u8 = 0x02;

pub(super) fn read_ethernet<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    behind(piece, Header::Ethernet)
}

pub(super) fn read_ppp<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    behind(piece, Header::Ppp)
}

pub(super) fn read_hdlc<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    behind(piece, Header::Link(LinkType(104)))
}

pub(super) fn read_frame_relay<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    behind(piece, Header::Link(LinkType(107)))
}

/// ATM, first and second generation: a cookie of 4 or 8 bytes, then LLC or the packet itself.
pub(super) fn read_atm1<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    behind_cookie(piece, 4)
}

pub(super) fn read_atm2<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    behind_cookie(piece, 8)
}

fn behind_cookie(piece: Piece<'_>, len: usize) -> Step<'_> {
    let (next, rest) = behind(piece, Header::Llc)?;
    if next != Header::Llc {
        return Ok((next, rest));
    }
    let rest = rest.after(len)?;
    Ok((if matches!(rest.first(), Some(0x45..=0x6f)) { Header::Ip } else { Header::Llc }, rest))
}

/// The packet behind Juniper's header: with the link header that the type says, or with none.
fn behind(piece: Piece<'_>, link: Header) -> Step<'_> {
    let (&[b'M', b'G', b'C', flags], mut rest) = piece.split()? else { return Err(Skip::Malformed) };
    if flags & EXTENSIONS != 0 {
        let (&len, behind) = rest.split::<2>()?;
        rest = behind.after(usize::from(u16::from_be_bytes(len)))?;
    }
    if flags & NO_LINK_HEADER != 0 {
        // A word for the protocol family, then the packet.
        return Ok((Header::Ip, rest.after(4)?));
    }
    Ok((link, rest))
}
