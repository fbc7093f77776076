//! CAPWAP data (RFC 5415 section 4.3): between wireless access points and their controller.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

const NATIVE: u8 = 0x01;
const FRAGMENT: u8 = 0x80;
const IEEE_802_11: u8 = 1;

/// The preamble, then header length, radio, binding and flags, fragment fields, and optional fields up to that length.
pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    const DTLS: u8 = 1;
    let (&[preamble, length, binding, flags], _) = payload.split()?;
    match preamble {
        0 => {}
        DTLS => return Err(Skip::Encrypted),
        _ => return Err(Skip::NotTcp),
    }
    let len = usize::from(length >> 3) * 4;
    if len < 8 {
        return Err(Skip::NotTcp);
    }
    if flags & FRAGMENT != 0 {
        return Err(Skip::Fragment);
    }
    let frame = payload.after(len)?;
    let header = match (binding & NATIVE != 0, binding >> 1 & 0x1f) {
        (false, _) => Header::Ethernet,
        (true, IEEE_802_11) => Header::CapwapWlan,
        _ => return Err(Skip::NotIp),
    };
    walk.enter(TunnelKind::Capwap, None);
    Ok((header, frame))
}
