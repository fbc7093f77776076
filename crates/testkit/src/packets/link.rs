//! Link layers: what stands before the IP header in each kind of capture.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A link type, by the numbers of <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// `LINKTYPE_ETHERNET`, perhaps with an 802.1Q tag.
    Ethernet {
        /// The VLAN identifier.
        vlan: Option<u16>,
    },
    /// `LINKTYPE_LINUX_SLL`, of `tcpdump -i any` before libpcap 1.10.
    Sll,
    /// `LINKTYPE_LINUX_SLL2`, of `tcpdump -i any` since.
    Sll2,
    /// `LINKTYPE_NULL`, the loopback of BSD and macOS, written on a little-endian machine.
    Null,
    /// `LINKTYPE_RAW`: the IP header comes first.
    Raw,
}

/// Where and which way a packet crossed the capturing host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossing {
    /// Interface index, from 1; shown by SLL2 alone.
    pub interface: u32,
    /// Whether the host sent it; shown by SLL and SLL2.
    pub outgoing: bool,
}

impl Link {
    /// The link-type number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Ethernet { .. } => 1,
            Self::Sll => 113,
            Self::Sll2 => 276,
            Self::Null => 0,
            Self::Raw => 101,
        }
    }

    /// The frame around one IP packet.
    pub fn frame(self, ip: &[u8], crossing: Crossing) -> Vec<u8> {
        let ends = Ends::of(ip);
        let ether_type: u16 = if ends.v6 { 0x86dd } else { 0x0800 };
        // PACKET_HOST and PACKET_OUTGOING of Linux.
        let packet_type: u8 = if crossing.outgoing { 4 } else { 0 };
        let mut frame = Vec::with_capacity(20 + ip.len());
        match self {
            Self::Ethernet { vlan } => {
                frame.extend_from_slice(&ends.destination);
                frame.extend_from_slice(&ends.source);
                if let Some(vlan) = vlan {
                    frame.extend_from_slice(&0x8100_u16.to_be_bytes());
                    frame.extend_from_slice(&vlan.to_be_bytes());
                }
                frame.extend_from_slice(&ether_type.to_be_bytes());
            }
            Self::Sll => {
                frame.extend_from_slice(&[0, packet_type, 0, 1, 0, 6]);
                frame.extend_from_slice(&ends.source);
                frame.extend_from_slice(&[0, 0]);
                frame.extend_from_slice(&ether_type.to_be_bytes());
            }
            Self::Sll2 => {
                frame.extend_from_slice(&ether_type.to_be_bytes());
                frame.extend_from_slice(&[0, 0]);
                frame.extend_from_slice(&crossing.interface.to_be_bytes());
                frame.extend_from_slice(&[0, 1, packet_type, 6]);
                frame.extend_from_slice(&ends.source);
                frame.extend_from_slice(&[0, 0]);
            }
            // AF_INET is 2 everywhere; AF_INET6 is 30 on macOS.
            Self::Null => frame.extend_from_slice(&(if ends.v6 { 30_u32 } else { 2 }).to_le_bytes()),
            Self::Raw => {}
        }
        frame.extend_from_slice(ip);
        frame
    }
}

/// Hardware addresses, made from the IP addresses so that each host keeps its own.
struct Ends {
    v6: bool,
    source: [u8; 6],
    destination: [u8; 6],
}

impl Ends {
    fn of(ip: &[u8]) -> Self {
        let v6 = ip.first().is_some_and(|first| first >> 4 == 6);
        let (at, length) = if v6 { (8, 16) } else { (12, 4) };
        let hardware = |at: usize| {
            let octets = ip.get(at..at + length).unwrap_or(&[0; 16]);
            let last = &octets[octets.len() - 4..];
            [2, 0, last[0], last[1], last[2], last[3]]
        };
        Self { v6, source: hardware(at), destination: hardware(at + length) }
    }
}

/// An unrelated host, for packets that only mark the time.
pub(crate) const fn bystander(v6: bool, last: u8) -> IpAddr {
    if v6 {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, last as u16))
    } else {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }
}
