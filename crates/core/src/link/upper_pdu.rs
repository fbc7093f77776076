//! What Wireshark exports from inside other packets (`WIRESHARK_UPPER_PDU`): tags, of which one names the protocol.

use crate::capture::LinkType;
use crate::net::{Header, Piece, Skip, Step, Walk};

const END: u16 = 0;
const PROTOCOL_NAME: u16 = 12;

/// Each tag has a type and a length; all are padded to 4 bytes.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (mut rest, mut next) = (piece, Err(Skip::NotIp));
    loop {
        let (&[t0, t1, l0, l1], value) = rest.split()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        rest = value.after(len)?;
        match u16::from_be_bytes([t0, t1]) {
            END => return Ok((next?, rest)),
            PROTOCOL_NAME => next = named(value.kept().get(..len).unwrap_or_default()),
            _ => {}
        }
    }
}

fn named(name: &[u8]) -> Result<Header, Skip> {
    match name.split(|byte| *byte == 0).next() {
        Some(b"ip" | b"ipv6") => Ok(Header::Ip),
        Some(b"eth" | b"eth_withoutfcs" | b"eth_withfcs" | b"eth_maybefcs") => Ok(Header::Ethernet),
        Some(b"sll") => Ok(Header::Link(LinkType::LINUX_SLL)),
        Some(b"ppp") => Ok(Header::Ppp),
        _ => Err(Skip::NotIp),
    }
}
