//! AYIYA, "anything in anything" of SixXS and AICCU (draft-massar-v6ops-ayiya): IPv6 or IPv4 in UDP, signed.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

/// The operation that forwards a packet.
const FORWARD: u8 = 1;

/// Length and type of the identity, length and type of the signature, authentication and operation, next header, time;
/// then identity and signature.
pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&[identity, signature, operation, next, _, _, _, _], rest) = payload.split().map_err(|_| Skip::NotTcp)?;
    let (id_len, signature_len) = (1_usize << (identity >> 4), usize::from(signature >> 4) * 4);
    if operation & 0x0f != FORWARD || !matches!(next, 4 | 41) || id_len > MOST_IDENTITY {
        return Err(Skip::NotTcp);
    }
    let packet = rest.after(id_len + signature_len)?;
    walk.enter(TunnelKind::Ayiya, None);
    Ok((Header::Ip, packet))
}

/// An identity is an address or a host name.
const MOST_IDENTITY: usize = 256;
