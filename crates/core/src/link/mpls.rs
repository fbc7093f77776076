//! MPLS label stack (RFC 3032), and what may lie below it: the labels do not say.

use crate::net::{Header, Piece, Skip, Step, TunnelKind, Walk};

/// One label stack entry after the other: label, class, bottom bit, time to live.
pub(super) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[a, b, c, _], rest) = piece.split()?;
    walk.enter(TunnelKind::Mpls, Some(u32::from_be_bytes([0, a, b, c]) >> 4));
    if c & 1 == 0 {
        return Ok((Header::Mpls, rest));
    }
    below(rest)
}

/// RFC 4928 section 3: routers guess by the first four bits, and so must we.
fn below(piece: Piece<'_>) -> Step<'_> {
    let Some(first) = piece.first() else { return Err(piece.too_short(1)) };
    match first >> 4 {
        4 if is_ipv4(piece) => Ok((Header::Ip, piece)),
        6 if is_ipv6(piece) => Ok((Header::Ip, piece)),
        // A pseudowire with control word (RFC 4385), if an Ethernet frame is behind it.
        0 if piece.after(4).is_ok_and(is_ethernet) => Ok((Header::Ethernet, piece.after(4)?)),
        _ if is_ethernet(piece) => Ok((Header::Ethernet, piece)),
        _ => Err(Skip::NotIp),
    }
}

fn is_ipv4(piece: Piece<'_>) -> bool {
    piece.split::<4>().is_ok_and(|(&[first, _, a, b], _)| {
        let total_len = usize::from(u16::from_be_bytes([a, b]));
        first & 0x0f >= 5 && (total_len == 0 || (20..=piece.wire_len()).contains(&total_len))
    })
}

fn is_ipv6(piece: Piece<'_>) -> bool {
    piece.split::<6>().is_ok_and(|(header, _)| {
        let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
        40 + len <= piece.wire_len()
    })
}

/// An EtherType that we would follow stands where a frame has it.
fn is_ethernet(piece: Piece<'_>) -> bool {
    piece
        .split::<14>()
        .is_ok_and(|(header, _)| Header::of_ether_type(u16::from_be_bytes([header[12], header[13]])).is_ok())
}
