//! Linux cooked captures, version 1: `tcpdump -i any` before libpcap 1.10.

use crate::net::{Header, Piece, Skip, Step, Walk};

/// Packet type, ARPHRD type, address length and address, protocol.
#[inline(always)]
pub(super) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (header, rest) = piece.split::<16>()?;
    walk.place.cooked_type = Some(header[1]);
    protocol([header[14], header[15]], rest)
}

/// The protocol as in `sll_protocol`: an EtherType, or one of Linux's own numbers below them.
#[inline(always)]
pub(super) fn protocol(protocol: [u8; 2], rest: Piece<'_>) -> Step<'_> {
    match u16::from_be_bytes(protocol) {
        // ETH_P_802_2: a frame of IEEE 802.3 that begins with LLC.
        0x0004 => Ok((Header::Llc, rest)),
        0x0000..0x0600 => Err(Skip::NotIp),
        ether_type => Ok((Header::of_ether_type(ether_type)?, rest)),
    }
}
