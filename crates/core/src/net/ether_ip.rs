//! Ethernet in IP (RFC 3378): version 3 in the first four bits, then a frame.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

pub(crate) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[version, _], frame) = piece.split()?;
    if version >> 4 != 3 {
        return Err(Skip::NotTcp);
    }
    walk.enter(TunnelKind::EtherIp, None);
    Ok((Header::Ethernet, frame))
}
