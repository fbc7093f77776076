//! Linux cooked captures, version 1: `tcpdump -i any` before libpcap 1.10.

use crate::capture::LinkType;
use crate::net::{Header, Piece, Skip, Step, Walk};

/// Packet type, ARPHRD type, address length and address, protocol.
#[inline(always)]
pub(super) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let (header, rest) = piece.split::<16>()?;
    walk.place.cooked_type = Some(header[1]);
    protocol([header[14], header[15]], [header[2], header[3]], rest)
}

/// The protocol as in `sll_protocol`: an EtherType, or one of Linux's own numbers below them; and the kind of device.
#[inline(always)]
pub(super) fn protocol(protocol: [u8; 2], device: [u8; 2], rest: Piece<'_>) -> Step<'_> {
    match u16::from_be_bytes(protocol) {
        own @ 0x0000..0x0600 => below_ether_types(own, u16::from_be_bytes(device), rest),
        ether_type => Ok((Header::of_ether_type(ether_type)?, rest)),
    }
}

/// Wireless devices that monitor say by their kind what begins the frame.
#[cold]
fn below_ether_types(own: u16, device: u16, rest: Piece<'_>) -> Step<'_> {
    match (device, own) {
        (801, _) => Ok((Header::Wlan, rest)),
        (802, _) => Ok((Header::Link(LinkType(119)), rest)),
        (803, _) => Ok((Header::Link(LinkType(127)), rest)),
        // ETH_P_802_2: a frame of IEEE 802.3 that begins with LLC.
        (_, 0x0004) => Ok((Header::Llc, rest)),
        // ETH_P_WAN_PPP.
        (_, 0x0007) => Ok((Header::Ppp, rest)),
        _ => Err(Skip::NotIp),
    }
}
