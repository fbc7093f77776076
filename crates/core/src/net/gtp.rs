//! GTP-U version 1 (3GPP TS 29.281 section 5).

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

const VERSION_AND_TYPE: u8 = 0xf0;
const EXTENSION: u8 = 0x04;
const ANY_OPTIONAL: u8 = 0x07;
const G_PDU: u8 = 255;

pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[flags, message, len_high, len_low, teid @ ..], rest) = payload.split::<8>()?;
    // Version 1, GTP and not GTP', only G-PDU carries a packet.
    if flags & VERSION_AND_TYPE != 0x30 || message != G_PDU {
        return Err(Skip::NotTcp);
    }
    let len = usize::from(u16::from_be_bytes([len_high, len_low]));
    let mut inner = if len == 0 { rest } else { rest.with_wire_len(len) };
    if flags & ANY_OPTIONAL != 0 {
        // Sequence number, N-PDU number, next extension: all three are there when one of the flags is set.
        let (&[_, _, _, mut next], behind) = inner.split()?;
        inner = behind;
        // Extension headers; each advances by 4 bytes at least.
        while flags & EXTENSION != 0 && next != 0 {
            let Some(len) = inner.first().map(|units| usize::from(units) * 4) else {
                return Err(inner.too_short(1));
            };
            if len == 0 {
                return Err(Skip::Malformed);
            }
            let behind = inner.after(len)?;
            next = inner.kept().get(len - 1).copied().unwrap_or(0);
            inner = behind;
        }
    }
    walk.enter(TunnelKind::Gtp, Some(u32::from_be_bytes(teid)));
    match inner.first() {
        Some(0x40..=0x6f) => Ok((Header::Ip, inner)),
        Some(_) => Err(Skip::NotIp),
        None => Err(inner.too_short(1)),
    }
}
