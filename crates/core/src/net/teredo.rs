//! Teredo (RFC 4380 section 5.1.1): IPv6 in UDP, behind an authentication or origin indication.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let mut rest = payload;
    // Authentication: lengths of client identifier and authentication value, then both, nonce and confirmation.
    if let Ok((&[0, 1, id_len, value_len], behind)) = rest.split() {
        rest = behind.after(usize::from(id_len) + usize::from(value_len) + 9)?;
    }
    // Origin: port and address.
    if let Ok((&[0, 0, _, _, _, _, _, _], behind)) = rest.split() {
        rest = behind;
    }
    let (header, _) = rest.split::<40>().map_err(|_| Skip::NotTcp)?;
    let payload_len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    if header[0] >> 4 != 6 || 40 + payload_len > rest.wire_len() {
        return Err(Skip::NotTcp);
    }
    walk.enter(TunnelKind::Teredo, None);
    Ok((Header::Ip, rest))
}
