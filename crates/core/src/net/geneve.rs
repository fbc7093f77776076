//! Geneve (RFC 8926).

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[version_and_len, flags, a, b, vni @ ..], rest) = payload.split::<8>()?;
    let [v0, v1, v2, _] = vni;
    // Version 0 is the only one. The O flag marks a message to the tunnel's end, not a packet through it.
    if version_and_len >> 6 != 0 || flags & 0x80 != 0 {
        return Err(Skip::NotTcp);
    }
    let inner = rest.after(usize::from(version_and_len & 0x3f) * 4)?;
    walk.enter(TunnelKind::Geneve, Some(u32::from_be_bytes([0, v0, v1, v2])));
    Ok((Header::of_ether_type(u16::from_be_bytes([a, b]))?, inner))
}
