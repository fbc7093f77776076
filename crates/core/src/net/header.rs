//! The names of headers, by which one header says what follows it.
//!
//! A reader takes the [`Piece`] that begins with its header and gives the next header with the rest. It never calls the
//! next reader: the [`Decoder`](crate::link::Decoder) does, and counts how deep it has come.

use std::net::{IpAddr, Ipv4Addr};

use super::{Piece, Place, Skip, Tunnel, TunnelKind};
use crate::capture::LinkType;

/// What a reader gives: the next header and the rest of the packet, or why it went no further.
pub(crate) type Step<'a> = Result<(Header, Piece<'a>), Skip>;

/// A header that has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// The first header of a link type, for capture headers that carry another link type inside.
    Link(LinkType),
    /// Ethernet II or IEEE 802.3.
    Ethernet,
    /// IEEE 802.2 logical link control.
    Llc,
    /// IEEE 802.11.
    Wlan,
    /// IEEE 802.11 in CAPWAP: some controllers exchange the two bytes of its frame control.
    CapwapWlan,
    /// Several packets in one IEEE 802.11 frame.
    Amsdu,
    /// An IEEE 802.1Q tag, behind its EtherType.
    Vlan,
    /// An IEEE 802.1ah service tag.
    Pbb,
    /// An EtherType behind so many bytes of a tag that says nothing to us.
    Tagged {
        /// Bytes of the tag before the EtherType.
        len: u8,
    },
    /// A whole Ethernet frame behind so many bytes of a fabric's own header.
    EthernetBehind {
        /// Bytes of the fabric header.
        len: u8,
    },
    /// TRILL (RFC 6325).
    Trill,
    /// MACsec.
    Macsec,
    /// Network service header (RFC 8300).
    Nsh,
    /// MPLS label stack.
    Mpls,
    /// PPPoE session.
    Pppoe,
    /// PPP.
    Ppp,
    /// IPv4 or IPv6, as the first four bits say.
    Ip,
    /// IPv4 or IPv6 straight behind IP (RFC 2003, RFC 4213, RFC 2473).
    IpInIp,
    /// A fragment of an IP packet.
    Fragment(Fragment),
    /// An IPv6 extension header of the common shape.
    Ipv6Extension,
    /// The IPv6 fragment header.
    Ipv6Fragment,
    /// Authentication header, in IPv4 or IPv6.
    Ah {
        /// Whether IPv6 extension headers may follow.
        v6: bool,
    },
    /// A compressed payload (RFC 3173), in IPv4 or IPv6.
    IpComp {
        /// Whether IPv6 extension headers may follow.
        v6: bool,
    },
    /// TCP.
    Tcp,
    /// UDP, for the tunnels in it.
    Udp,
    /// ICMP.
    Icmp,
    /// ICMPv6.
    Icmpv6,
    /// GRE.
    Gre,
    /// Ethernet in IP (RFC 3378).
    EtherIp,
    /// Samples of packets (sFlow version 5).
    Sflow,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Identification that all fragments of the packet share.
    pub(crate) id: u32,
    /// What the fragments carry; right in the first one, in the others as good as the sender made it.
    pub(crate) protocol: u8,
    /// Position of its bytes.
    pub(crate) offset: u16,
    /// Whether more fragments follow it.
    pub(crate) more: bool,
    /// Whether it is IPv6.
    pub(crate) v6: bool,
}

/// What the innermost IP header so far says of the packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ip {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// Time to live, or hop limit.
    pub(crate) ttl: u8,
    /// Identification; 0 in IPv6.
    pub(crate) id: u16,
}

/// What the headers so far have said that the segment must tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    pub(crate) place: Place,
    pub(crate) ip: Ip,
}

impl Walk {
    /// Nothing seen so far.
    #[inline]
    pub(crate) fn new() -> Self {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self { place: Place::default(), ip: Ip { source: nobody, destination: nobody, ttl: 0, id: 0 } }
    }

    /// Takes note of a tunnel header. What is a sample stays one, whatever tunnel is in it.
    pub(crate) fn enter(&mut self, kind: TunnelKind, id: Option<u32>) {
        if self.place.is_sample() {
            return;
        }
        self.place.tunnel = Some(Tunnel { kind, id });
    }
}

impl Header {
    /// The header that an EtherType announces.
    #[inline(always)]
    pub(crate) fn of_ether_type(ether_type: u16) -> Result<Self, Skip> {
        match ether_type {
            0x0800 | 0x86dd => Ok(Self::Ip),
            // 802.1Q, 802.1ad, and the values used for stacked tags before it.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => Ok(Self::Vlan),
            0x8847 | 0x8848 => Ok(Self::Mpls),
            0x8864 => Ok(Self::Pppoe),
            0x880b => Ok(Self::Ppp),
            0x88e7 => Ok(Self::Pbb),
            0x6558 => Ok(Self::Ethernet),
            // A long 802.3 frame: LLC without a length.
            0x8870 => Ok(Self::Llc),
            // Cisco MetaData: version, length, options, security group tag.
            0x8909 => Ok(Self::Tagged { len: 6 }),
            // Cisco VN-Tag.
            0x8926 => Ok(Self::Tagged { len: 4 }),
            // IEEE 802.1BR E-Tag.
            0x893f => Ok(Self::Tagged { len: 6 }),
            // HSR: path, size, sequence number (IEC 62439-3).
            0x892f => Ok(Self::Tagged { len: 4 }),
            // Cisco FabricPath: forwarding tag and hop count, then the frame of the host.
            0x8903 => Ok(Self::EthernetBehind { len: 2 }),
            0x22f3 => Ok(Self::Trill),
            0x894f => Ok(Self::Nsh),
            0x88e5 => Ok(Self::Macsec),
            // IEEE 802.1CB redundancy tag: two reserved bytes, sequence number.
            0xf1c1 => Ok(Self::Tagged { len: 4 }),
            _ => Err(Skip::NotIp),
        }
    }

    /// The header that an IPv4 protocol number announces.
    #[inline(always)]
    pub(crate) fn of_protocol(protocol: u8) -> Result<Self, Skip> {
        match protocol {
            6 => Ok(Self::Tcp),
            17 => Ok(Self::Udp),
            1 => Ok(Self::Icmp),
            58 => Ok(Self::Icmpv6),
            4 | 41 => Ok(Self::IpInIp),
            47 => Ok(Self::Gre),
            50 => Err(Skip::Encrypted),
            51 => Ok(Self::Ah { v6: false }),
            97 => Ok(Self::EtherIp),
            108 => Ok(Self::IpComp { v6: false }),
            137 => Ok(Self::Mpls),
            _ => Err(Skip::NotTcp),
        }
    }

    /// The header that an IPv6 next header value announces: a protocol, or an extension header (RFC 8200 section 4).
    #[inline(always)]
    pub(crate) fn of_next_header(next_header: u8) -> Result<Self, Skip> {
        match next_header {
            // Hop-by-hop, routing, destination options, mobility, HIP, Shim6: the same first two fields.
            0 | 43 | 60 | 135 | 139 | 140 => Ok(Self::Ipv6Extension),
            44 => Ok(Self::Ipv6Fragment),
            51 => Ok(Self::Ah { v6: true }),
            108 => Ok(Self::IpComp { v6: true }),
            other => Self::of_protocol(other),
        }
    }
}
