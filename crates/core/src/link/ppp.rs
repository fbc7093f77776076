//! PPP (RFC 1661, RFC 1662), and PPPoE sessions (RFC 2516).

use crate::net::{Header, Piece, Skip, Step, TunnelKind, Walk};

/// Address and control may be left out, and so may the first byte of the protocol (RFC 1661 section 6.5 and 6.6).
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let piece = match piece.split::<2>() {
        Ok((&[0xff, 0x03], rest)) => rest,
        _ => piece,
    };
    read_protocol(piece)
}

/// A byte for the direction stands where the address was (`PPP_PPPD`).
pub(super) fn read_with_direction<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    read(piece.after(1)?, walk)
}

/// As `PPP_PPPD`: the direction, the control byte, the protocol.
pub(super) fn read_pppd<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    match piece.split::<2>() {
        Ok((&[_, 0x03], rest)) => read_protocol(rest),
        _ => read_protocol(piece.after(1)?),
    }
}

/// A PPPoE header: version and type, code, session, length.
pub(super) fn read_pppoe<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[version_and_type, code, s1, s2, l1, l2], rest) = piece.split()?;
    if version_and_type != 0x11 {
        return Err(Skip::Malformed);
    }
    // Other codes set the session up.
    if code != 0 {
        return Err(Skip::NotIp);
    }
    walk.enter(TunnelKind::Pppoe, Some(u32::from(u16::from_be_bytes([s1, s2]))));
    read_protocol(rest.with_wire_len(usize::from(u16::from_be_bytes([l1, l2]))))
}

fn read_protocol(piece: Piece<'_>) -> Step<'_> {
    // The first byte of a whole protocol number is even, its last is odd.
    let (protocol, rest) = match piece.first() {
        Some(first) if first & 1 == 1 => (u16::from(first), piece.after(1)?),
        _ => {
            let (&protocol, rest) = piece.split()?;
            (u16::from_be_bytes(protocol), rest)
        }
    };
    match protocol {
        0x0021 | 0x0057 => Ok((Header::Ip, rest)),
        0x0281 | 0x0283 => Ok((Header::Mpls, rest)),
        // Bridged frames (RFC 3518): flags, then the kind of frame, of which 1 is Ethernet.
        0x0031 => match rest.split()? {
            (&[_, 1], frame) => Ok((Header::Ethernet, frame)),
            _ => Err(Skip::NotIp),
        },
        // Headers compressed after Van Jacobson, in their two forms, and in the way of RFC 2507 and 3095.
        0x002d | 0x002f | 0x0061 | 0x0063 | 0x0065 | 0x0067 | 0x0003 | 0x0005 => Err(Skip::Compressed),
        0x00fb | 0x00fd => Err(Skip::Compressed),
        0x0053 | 0x0055 => Err(Skip::Encrypted),
        _ => Err(Skip::NotIp),
    }
}
