//! TaZmen Sniffer Protocol: how MikroTik routers and wireless probes send what they capture.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, TunnelKind};
use crate::capture::LinkType;

const PADDING: u8 = 0;
const END: u8 = 1;

/// Version, type, and what is inside; then tags, then a frame.
pub(super) fn read<'a>(payload: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    // Types 0 and 1 bring a packet, the others keep the connection to the probe.
    let (&[1, 0 | 1, inside @ ..], mut rest) = payload.split::<4>()? else { return Err(Skip::NotTcp) };
    let header = match u16::from_be_bytes(inside) {
        1 => Header::Ethernet,
        18 => Header::Wlan,
        119 => Header::Link(LinkType(119)),
        127 => Header::Link(LinkType(163)),
        _ => return Err(Skip::NotIp),
    };
    loop {
        let (&[tag], behind) = rest.split()?;
        rest = match tag {
            PADDING => behind,
            END => break rest = behind,
            _ => {
                let (&[len], value) = behind.split()?;
                value.after(usize::from(len))?
            }
        };
    }
    walk.enter(TunnelKind::Tzsp, None);
    Ok((header, rest))
}
