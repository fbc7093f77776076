//! LISP data packets (RFC 9300 section 5).

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

/// Flags, nonce or versions, instance and locators; then an IP packet.
pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    const INSTANCE: u8 = 0x08;
    let (&[flags, _, _, _, i0, i1, i2, _], inner) = payload.split()?;
    if !matches!(inner.first(), Some(0x45..=0x4f | 0x60..=0x6f)) {
        return Err(Skip::NotTcp);
    }
    let instance = (flags & INSTANCE != 0).then(|| u32::from_be_bytes([0, i0, i1, i2]));
    walk.enter(TunnelKind::Lisp, instance);
    Ok((Header::Ip, inner))
}
