//! The link types that are read, one row each.

use std::borrow::Cow;

use super::{arcnet, capture_header, ethernet, fddi, frame_relay, hdlc, ipoib, juniper, nflog, null, ppp, radio, raw};
use super::{slip, sll, sll2, wlan};
use crate::capture::LinkType;
use crate::net::{Piece, Step, Walk};

/// A link type: its number, its name on tcpdump.org without `LINKTYPE_` (or that of its `DLT_`), and its reader.
#[derive(Debug)]
pub(super) struct Link {
    number: u16,
    name: &'static str,
    pub(super) read: for<'a> fn(Piece<'a>, &mut Walk) -> Step<'a>,
}

/// To add one: a file with its reader, and a row here.
#[rustfmt::skip]
static LINKS: [Link; 30] = [
    Link { number: 0,   name: "NULL",               read: null::read },
    Link { number: 1,   name: "EN10MB",             read: ethernet::read },
    Link { number: 8,   name: "SLIP",               read: slip::read },
    Link { number: 9,   name: "PPP",                read: ppp::read },
    Link { number: 10,  name: "FDDI",               read: fddi::read },
    Link { number: 12,  name: "RAW",                read: raw::read },
    Link { number: 14,  name: "RAW",                read: raw::read },
    Link { number: 50,  name: "PPP_HDLC",           read: ppp::read },
    Link { number: 51,  name: "PPP_ETHER",          read: ppp::read_pppoe },
    Link { number: 101, name: "RAW",                read: raw::read },
    Link { number: 104, name: "C_HDLC",             read: hdlc::read },
    Link { number: 105, name: "IEEE802_11",         read: wlan::read },
    Link { number: 107, name: "FRELAY",             read: frame_relay::read },
    Link { number: 108, name: "LOOP",               read: null::read },
    Link { number: 113, name: "LINUX_SLL",          read: sll::read },
    Link { number: 119, name: "PRISM_HEADER",       read: radio::read_prism },
    Link { number: 127, name: "IEEE802_11_RADIO",   read: radio::read_radiotap },
    Link { number: 129, name: "ARCNET_LINUX",       read: arcnet::read },
    Link { number: 149, name: "PKTAP",              read: capture_header::read_pktap },
    Link { number: 163, name: "IEEE802_11_RADIO_AVS", read: radio::read_avs },
    Link { number: 166, name: "PPP_PPPD",           read: ppp::read_pppd },
    Link { number: 178, name: "JUNIPER_ETHER",      read: juniper::read_ethernet },
    Link { number: 192, name: "PPI",                read: capture_header::read_ppi },
    Link { number: 204, name: "PPP_WITH_DIR",       read: ppp::read_with_direction },
    Link { number: 228, name: "IPV4",               read: raw::read },
    Link { number: 229, name: "IPV6",               read: raw::read },
    Link { number: 239, name: "NFLOG",              read: nflog::read },
    Link { number: 242, name: "IPOIB",              read: ipoib::read },
    Link { number: 258, name: "PKTAP",              read: capture_header::read_pktap },
    Link { number: 276, name: "LINUX_SLL2",         read: sll2::read },
];

/// Names of link types that captures often have and that are not read, so that a report can name them.
#[rustfmt::skip]
const UNREAD: [(u16, &str); 16] = [
    (3, "AX25"), (6, "IEEE802_5"), (7, "ARCNET"), (11, "ATM_RFC1483"), (106, "ATM_CLIP"), (117, "PFLOG"),
    (123, "SUNATM"), (147, "USER0"), (189, "USB_LINUX"), (195, "IEEE802_15_4"), (201, "BLUETOOTH_HCI_H4_WITH_PHDR"),
    (220, "USB_LINUX_MMAPPED"), (227, "CAN_SOCKETCAN"), (249, "USBPCAP"), (253, "NETLINK"), (271, "VSOCK"),
];

/// For each number its row in `LINKS`, so that no packet searches.
static ROWS: [u8; 300] = rows();

const NO_ROW: u8 = u8::MAX;

const fn rows() -> [u8; 300] {
    let mut rows = [NO_ROW; 300];
    let mut row = 0;
    while row < LINKS.len() {
        rows[LINKS[row].number as usize] = row as u8;
        row += 1;
    }
    rows
}

/// The row of a link type.
#[inline]
pub(super) fn by_type(link: LinkType) -> Option<&'static Link> {
    let row = ROWS.get(usize::from(link.0)).copied()?;
    LINKS.get(usize::from(row))
}

/// A name for a link type: `EN10MB`, `LINUX_SLL2`, or `link type 287` where it has none here.
pub fn link_name(link: LinkType) -> Cow<'static, str> {
    if let Some(link) = by_type(link) {
        return Cow::Borrowed(link.name);
    }
    match UNREAD.iter().find(|(number, _)| *number == link.0) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("link type {}", link.0)),
    }
}

/// Every number that has a row.
#[cfg(test)]
pub(super) fn numbers() -> impl Iterator<Item = u16> {
    LINKS.iter().map(|link| link.number)
}
