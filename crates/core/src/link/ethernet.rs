//! Ethernet II and IEEE 802.3, and the tags between the addresses and the payload.

use crate::net::{Header, Piece, Skip, Step, TunnelKind, Walk};

/// Two addresses, then an EtherType, or the length of an LLC payload.
#[inline(always)]
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (header, rest) = piece.split::<14>()?;
    typed(u16::from_be_bytes([header[12], header[13]]), rest)
}

/// An IEEE 802.1Q tag: priority and VLAN identifier, then an EtherType or a length again.
pub(super) fn read_vlan<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[a, b, c, d], rest) = piece.split()?;
    let vlan = u16::from_be_bytes([a, b]) & 0x0fff;
    // Identifier 0 gives a priority and no VLAN.
    if walk.place.vlan.is_none() && vlan != 0 {
        walk.place.vlan = Some(vlan);
    }
    typed(u16::from_be_bytes([c, d]), rest)
}

/// An IEEE 802.1ah service tag: flags and I-SID; then the customer's whole frame.
pub(super) fn read_pbb<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[_, a, b, c], frame) = piece.split()?;
    walk.enter(TunnelKind::Pbb, Some(u32::from_be_bytes([0, a, b, c])));
    Ok((Header::Ethernet, frame))
}

/// A tag of `len` bytes that says nothing to us, then an EtherType or a length.
pub(super) fn read_tagged(piece: Piece<'_>, len: u8) -> Step<'_> {
    let (&ether_type, rest) = piece.after(usize::from(len))?.split::<2>()?;
    typed(u16::from_be_bytes(ether_type), rest)
}

/// TRILL (RFC 6325 section 3): version, options length and hop count, two nicknames, options; then a frame.
pub(super) fn read_trill(piece: Piece<'_>) -> Step<'_> {
    let (&[a, b, _, _, _, _], rest) = piece.split()?;
    let flags = u16::from_be_bytes([a, b]);
    if flags >> 14 != 0 {
        return Err(Skip::NotIp);
    }
    let options_len = usize::from(flags >> 6 & 0x1f) * 4;
    Ok((Header::Ethernet, rest.after(options_len)?))
}

/// IEEE 802.3 section 3.2.6: up to 1,500 it is a length, from 1,536 a type.
#[inline(always)]
fn typed(type_or_len: u16, rest: Piece<'_>) -> Step<'_> {
    match type_or_len {
        0x0600.. => Ok((Header::of_ether_type(type_or_len)?, rest)),
        // Longer than the frame: not a length at all.
        len if usize::from(len) > rest.wire_len() => Ok((Header::Llc, rest)),
        len => Ok((Header::Llc, rest.with_wire_len(usize::from(len)))),
    }
}
