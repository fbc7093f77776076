//! GRE (RFC 2784, RFC 2890, RFC 1701), its variants in PPTP (RFC 2637) and EoIP, and ERSPAN in it (draft-foschiano-erspan).

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

/// A GRE header with its optional fields.
pub(crate) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[a, b, c, d], mut rest) = piece.split()?;
    let flags = u16::from_be_bytes([a, b]);
    let protocol = u16::from_be_bytes([c, d]);
    let routed = flags & ROUTING != 0;
    if flags & VERSION > 1 || flags & VERSION == 1 && routed {
        return Err(Skip::Malformed);
    }
    if flags & (CHECKSUM | ROUTING) != 0 {
        rest = rest.after(4)?;
    }
    // MikroTik's EoIP: length and, low byte first, tunnel identifier where PPTP has length and call.
    if protocol == 0x6400 && flags == KEY | 1 {
        let (&[_, _, low, high], frame) = rest.split()?;
        walk.enter(TunnelKind::Gre, Some(u32::from(u16::from_le_bytes([low, high]))));
        return Ok((Header::Ethernet, frame));
    }
    let mut key = None;
    if flags & KEY != 0 {
        let (&bytes, behind) = rest.split::<4>()?;
        key = Some(u32::from_be_bytes(bytes));
        rest = behind;
    }
    let sequenced = flags & SEQUENCE != 0;
    if sequenced {
        rest = rest.after(4)?;
    }
    if routed {
        rest = behind_routes(rest)?;
    }
    if flags & VERSION == 1 {
        // RFC 2637 section 4.1: the low half of the key is the call identifier.
        key = key.map(|key| key & 0xffff);
        if flags & ACKNOWLEDGMENT != 0 {
            rest = rest.after(4)?;
        }
        // A pure acknowledgment carries nothing.
        if rest.wire_len() == 0 {
            return Err(Skip::NotTcp);
        }
    }
    walk.enter(TunnelKind::Gre, key);
    match protocol {
        0x88be if sequenced => read_erspan_2(rest, walk),
        // Type I has no header of its own.
        0x88be => {
            walk.enter(TunnelKind::Erspan, None);
            Ok((Header::Ethernet, rest))
        }
        0x22eb => read_erspan_3(rest, walk),
        // WCCP: version 2 puts four bytes in front of the packet, whose first can not begin an IP header.
        0x883e => Ok((Header::Ip, if matches!(rest.first(), Some(0x40..=0x6f)) { rest } else { rest.after(4)? })),
        // Aruba access points send the radio's frames to their controller.
        0x8200..=0x82ff | 0x8300 | 0x9000..=0x90ff if protocol & 0x000f == 0 => Ok((Header::Wlan, rest)),
        // Keep-alives of Cisco routers.
        0 => Err(Skip::NotTcp),
        _ => Ok((Header::of_ether_type(protocol)?, rest)),
    }
}

/// What follows the source routes of RFC 1701, which RFC 2784 withdrew: entries of family, offset and length, up to one that is
/// empty.
fn behind_routes(mut piece: Piece<'_>) -> Result<Piece<'_>, Skip> {
    loop {
        let (&[high, low, _, len], rest) = piece.split()?;
        if [high, low, len] == [0, 0, 0] {
            return Ok(rest);
        }
        piece = rest.after(usize::from(len))?;
    }
}

/// Version and VLAN, class and session, index.
fn read_erspan_2<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[_, _, c, d, _, _, _, _], frame) = piece.split()?;
    walk.enter(TunnelKind::Erspan, Some(session(c, d)));
    Ok((Header::Ethernet, frame))
}

/// As type II, then a timestamp, group tag and flags: the frame type, and whether 8 more bytes follow.
fn read_erspan_3<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[_, _, c, d, _, _, _, _, _, _, flags @ ..], mut frame) = piece.split::<12>()?;
    walk.enter(TunnelKind::Erspan, Some(session(c, d)));
    let [frame_type, more] = flags;
    if more & 1 != 0 {
        frame = frame.after(8)?;
    }
    match frame_type >> 2 & 0x1f {
        0 => Ok((Header::Ethernet, frame)),
        2 => Ok((Header::Ip, frame)),
        _ => Err(Skip::NotIp),
    }
}

fn session(high: u8, low: u8) -> u32 {
    u32::from(u16::from_be_bytes([high, low]) & 0x03ff)
}
