//! The link types that are read, one row each.

use std::borrow::Cow;

use super::{arcnet, atm, capture_header, docsis, enc, erf, ethernet, fddi, frame_relay, hdlc, ipnet, ipoib, juniper};
use super::{
    long_addresses, net_analyzer, nflog, null, pflog, ppp, radio, raw, slip, sll, sll2, switch_tag, token_ring,
};
use super::{upper_pdu, wlan};
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
static LINKS: [Link; 58] = [
    Link { number: 0,   name: "NULL",               read: null::read },
    Link { number: 1,   name: "EN10MB",             read: ethernet::read },
    Link { number: 6,   name: "IEEE802_5",          read: token_ring::read },
    Link { number: 7,   name: "ARCNET_BSD",         read: arcnet::read_bsd },
    Link { number: 8,   name: "SLIP",               read: slip::read },
    Link { number: 9,   name: "PPP",                read: ppp::read },
    Link { number: 10,  name: "FDDI",               read: fddi::read },
    Link { number: 11,  name: "ATM_RFC1483",        read: atm::read_llc },
    Link { number: 12,  name: "RAW",                read: raw::read },
    Link { number: 14,  name: "RAW",                read: raw::read },
    Link { number: 50,  name: "PPP_HDLC",           read: ppp::read },
    Link { number: 51,  name: "PPP_ETHER",          read: ppp::read_pppoe },
    Link { number: 100, name: "ATM_RFC1483",        read: atm::read_llc },
    Link { number: 101, name: "RAW",                read: raw::read },
    Link { number: 104, name: "C_HDLC",             read: hdlc::read },
    Link { number: 105, name: "IEEE802_11",         read: wlan::read },
    Link { number: 106, name: "ATM_CLIP",           read: atm::read_classical_ip },
    Link { number: 107, name: "FRELAY",             read: frame_relay::read },
    Link { number: 108, name: "LOOP",               read: null::read },
    Link { number: 109, name: "ENC",                read: enc::read },
    Link { number: 113, name: "LINUX_SLL",          read: sll::read },
    Link { number: 117, name: "PFLOG",              read: pflog::read },
    Link { number: 119, name: "PRISM_HEADER",       read: radio::read_prism },
    Link { number: 122, name: "IP_OVER_FC",         read: long_addresses::read_fibre_channel },
    Link { number: 123, name: "SUNATM",             read: atm::read_sun },
    Link { number: 127, name: "IEEE802_11_RADIO",   read: radio::read_radiotap },
    Link { number: 129, name: "ARCNET_LINUX",       read: arcnet::read },
    Link { number: 135, name: "JUNIPER_ATM2",       read: juniper::read_atm2 },
    Link { number: 137, name: "JUNIPER_ATM1",       read: juniper::read_atm1 },
    Link { number: 138, name: "APPLE_IP_OVER_IEEE1394", read: long_addresses::read_ieee1394 },
    Link { number: 143, name: "DOCSIS",             read: docsis::read },
    Link { number: 149, name: "PKTAP",              read: capture_header::read_pktap },
    Link { number: 163, name: "IEEE802_11_RADIO_AVS", read: radio::read_avs },
    Link { number: 166, name: "PPP_PPPD",           read: ppp::read_pppd },
    Link { number: 167, name: "JUNIPER_PPPOE",      read: juniper::read_ethernet },
    Link { number: 178, name: "JUNIPER_ETHER",      read: juniper::read_ethernet },
    Link { number: 179, name: "JUNIPER_PPP",        read: juniper::read_ppp },
    Link { number: 180, name: "JUNIPER_FRELAY",     read: juniper::read_frame_relay },
    Link { number: 181, name: "JUNIPER_CHDLC",      read: juniper::read_hdlc },
    Link { number: 192, name: "PPI",                read: capture_header::read_ppi },
    Link { number: 197, name: "ERF",                read: erf::read },
    Link { number: 204, name: "PPP_WITH_DIR",       read: ppp::read_with_direction },
    Link { number: 205, name: "C_HDLC_WITH_DIR",    read: hdlc::read_with_direction },
    Link { number: 206, name: "FRELAY_WITH_DIR",    read: frame_relay::read_with_direction },
    Link { number: 226, name: "IPNET",              read: ipnet::read },
    Link { number: 228, name: "IPV4",               read: raw::read },
    Link { number: 229, name: "IPV6",               read: raw::read },
    Link { number: 239, name: "NFLOG",              read: nflog::read },
    Link { number: 240, name: "NETANALYZER",        read: net_analyzer::read },
    Link { number: 241, name: "NETANALYZER_TRANSPARENT", read: net_analyzer::read_transparent },
    Link { number: 242, name: "IPOIB",              read: ipoib::read },
    Link { number: 252, name: "WIRESHARK_UPPER_PDU", read: upper_pdu::read },
    Link { number: 258, name: "PKTAP",              read: capture_header::read_pktap },
    Link { number: 276, name: "LINUX_SLL2",         read: sll2::read },
    Link { number: 281, name: "DSA_TAG_BRCM",       read: switch_tag::read_broadcom },
    Link { number: 282, name: "DSA_TAG_BRCM_PREPEND", read: switch_tag::read_broadcom_prepended },
    Link { number: 284, name: "DSA_TAG_DSA",        read: switch_tag::read_dsa },
    Link { number: 285, name: "DSA_TAG_EDSA",       read: switch_tag::read_edsa },
];

/// Names of link types that are not read, so that a report can name them.
#[rustfmt::skip]
const UNREAD: [(u16, &str); 61] = [
    (3, "AX25"), (99, "SYMANTEC_FIREWALL"), (114, "LTALK"), (130, "JUNIPER_MLPPP"), (131, "JUNIPER_MLFR"),
    (132, "JUNIPER_ES"), (133, "JUNIPER_GGSN"), (134, "JUNIPER_MFR"),
    (136, "JUNIPER_SERVICES"), (139, "MTP2_WITH_PHDR"), (140, "MTP2"), (141, "MTP3"),
    (142, "SCCP"), (144, "LINUX_IRDA"), (147, "USER0"), (164, "JUNIPER_MONITOR"), (165, "BACNET_MS_TP"),
    (168, "JUNIPER_PPPOE_ATM"), (169, "GPRS_LLC"), (174, "JUNIPER_PIC_PEER"), (177, "LINUX_LAPD"), (182, "MFR"),
    (183, "JUNIPER_VP"), (187, "BLUETOOTH_HCI_H4"), (189, "USB_LINUX"), (194, "JUNIPER_ISM"),
    (195, "IEEE802_15_4_WITHFCS"), (201, "BLUETOOTH_HCI_H4_WITH_PHDR"), (202, "AX25_KISS"), (203, "LAPD"),
    (207, "LAPB_WITH_DIR"), (209, "IPMB_LINUX"), (215, "IEEE802_15_4_NONASK_PHY"), (220, "USB_LINUX_MMAPPED"),
    (224, "FC_2"), (225, "FC_2_WITH_FRAME_DELIMS"), (227, "CAN_SOCKETCAN"), (230, "IEEE802_15_4_NOFCS"),
    (231, "DBUS"), (235, "DVB_CI"), (243, "MPEG_2_TS"), (245, "NFC_LLCP"), (247, "INFINIBAND"), (248, "SCTP"),
    (249, "USBPCAP"), (250, "RTAC_SERIAL"), (251, "BLUETOOTH_LE_LL"), (253, "NETLINK"),
    (254, "BLUETOOTH_LINUX_MONITOR"), (256, "BLUETOOTH_LE_LL_WITH_PHDR"), (259, "EPON"), (264, "ISO_14443"),
    (266, "USB_DARWIN"), (268, "SDLC"), (271, "VSOCK"), (272, "NORDIC_BLE"), (273, "DOCSIS31_XRA31"),
    (274, "ETHERNET_MPACKET"), (280, "VPP_DISPATCH"), (283, "IEEE802_15_4_TAP"), (288, "USB_2_0"),
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
