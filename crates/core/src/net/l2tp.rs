//! L2TP version 2 over UDP (RFC 2661 section 3.1): PPP in data messages.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};

const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
const VERSION: u16 = 0x000f;

pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (&flags, mut rest) = payload.split::<2>()?;
    let flags = u16::from_be_bytes(flags);
    // Version 3 does not say what it carries: that was agreed in its control messages.
    if flags & VERSION != 2 || flags & CONTROL != 0 {
        return Err(Skip::NotTcp);
    }
    if flags & LENGTH != 0 {
        rest = rest.after(2)?;
    }
    let (&[_, _, session_high, session_low], behind) = rest.split()?;
    rest = behind;
    if flags & SEQUENCE != 0 {
        rest = rest.after(4)?;
    }
    if flags & OFFSET != 0 {
        let (&size, behind) = rest.split::<2>()?;
        rest = behind.after(usize::from(u16::from_be_bytes(size)))?;
    }
    walk.enter(TunnelKind::L2tp, Some(u32::from(u16::from_be_bytes([session_high, session_low]))));
    Ok((Header::Ppp, rest))
}
