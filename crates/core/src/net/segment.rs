//! A TCP segment as it was on the wire, with where it was seen.

use crate::types::{Seq, Tuple};

/// One TCP segment, borrowed from its frame.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The innermost addresses and the ports.
    pub tuple: Tuple,
    /// Sequence number of the first payload byte, or of the SYN.
    pub seq: Seq,
    /// Acknowledgment number; meaningful with the ACK flag alone.
    pub ack: Seq,
    /// Control bits.
    pub flags: Flags,
    /// Window as sent, unscaled.
    pub window: u16,
    /// What the options say; empty where the snap length cut them.
    pub options: Options,
    /// Payload bytes that the capture kept.
    pub payload: &'a [u8],
    /// Payload length on the wire, by the IP header; more than `payload.len()` where the snap length cut the packet.
    pub payload_len: u32,
    /// Time to live, or hop limit, of the innermost IP header.
    pub ttl: u8,
    /// Identification of the innermost IPv4 header; 0 for IPv6.
    pub ip_id: u16,
    /// Where the packet was seen.
    pub place: Place,
}

/// A segment without payload: what is in its headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub(crate) seq: Seq,
    pub(crate) ack: Seq,
    pub(crate) options: Options,
    pub(crate) window: u16,
    pub(crate) flags: Flags,
    pub(crate) ttl: u8,
}

impl Segment<'_> {
    /// The segment without its payload.
    #[inline]
    pub(crate) const fn bare(&self) -> Bare {
        let &Self { seq, ack, options, window, flags, ttl, .. } = self;
        Bare { seq, ack, options, window, flags, ttl }
    }
}

/// Facts of the path to the IP header: they belong to the connection, they do not tell connections apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// Outermost VLAN identifier (IEEE 802.1Q).
    pub vlan: Option<u16>,
    /// Innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// Linux interface index, in cooked v2 captures.
    pub ifindex: Option<u32>,
    /// Packet type of a Linux cooked header: 0 to us, 1 broadcast, 2 multicast, 3 to others, 4 from us.
    pub cooked_type: Option<u8>,
}

impl Place {
    /// Whether the packet is a sample: what is missing around it was never meant to be seen.
    pub(crate) fn is_sample(&self) -> bool {
        self.tunnel.is_some_and(|tunnel| tunnel.kind == TunnelKind::Sflow)
    }
}

/// A tunnel header around the innermost IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tunnel {
    /// Which encapsulation.
    pub kind: TunnelKind,
    /// VNI, key, label, session or TEID, where the encapsulation has one.
    pub id: Option<u32>,
}

/// Encapsulations that are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TunnelKind {
    /// IPv4 or IPv6 in IP (RFC 2003, RFC 4213).
    IpInIp,
    /// GRE (RFC 2784), also with Ethernet inside.
    Gre,
    /// ERSPAN over GRE.
    Erspan,
    /// VXLAN (RFC 7348).
    Vxlan,
    /// Geneve (RFC 8926).
    Geneve,
    /// GTP-U (3GPP TS 29.281).
    Gtp,
    /// MPLS (RFC 3032).
    Mpls,
    /// PPPoE session (RFC 2516).
    Pppoe,
    /// Teredo (RFC 4380).
    Teredo,
    /// AYIYA (draft-massar-v6ops-ayiya).
    Ayiya,
    /// AH (RFC 4302).
    Ah,
    /// Provider backbone bridge (IEEE 802.1ah).
    Pbb,
    /// L2TP (RFC 2661).
    L2tp,
    /// Ethernet in IP (RFC 3378).
    EtherIp,
    /// Network service header (RFC 8300).
    Nsh,
    /// LISP (RFC 9300).
    Lisp,
    /// CAPWAP (RFC 5415).
    Capwap,
    /// TaZmen Sniffer Protocol.
    Tzsp,
    /// sFlow version 5: no tunnel, but samples of packets, one in many.
    Sflow,
}

impl TunnelKind {
    /// Its name in lower case, as in the `tunnel` column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IpInIp => "ipip",
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gtp => "gtp-u",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::Teredo => "teredo",
            Self::Ayiya => "ayiya",
            Self::Ah => "ah",
            Self::Pbb => "pbb",
            Self::L2tp => "l2tp",
            Self::EtherIp => "etherip",
            Self::Nsh => "nsh",
            Self::Lisp => "lisp",
            Self::Capwap => "capwap",
            Self::Tzsp => "tzsp",
            Self::Sflow => "sflow",
        }
    }
}

/// TCP control bits (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// FIN.
    pub const FIN: u8 = 0x01;
    /// SYN.
    pub const SYN: u8 = 0x02;
    /// RST.
    pub const RST: u8 = 0x04;
    /// PSH.
    pub const PSH: u8 = 0x08;
    /// ACK.
    pub const ACK: u8 = 0x10;

    /// The FIN bit.
    pub const fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }

    /// The SYN bit.
    pub const fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    /// The RST bit.
    pub const fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }

    /// The ACK bit.
    pub const fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }

    /// Whether SYN, FIN or RST is set: the segment opens or ends something.
    pub const fn any_of_three(self) -> bool {
        self.0 & (Self::SYN | Self::FIN | Self::RST) != 0
    }

    /// SYN without ACK: an attempt to open.
    pub const fn opens(self) -> bool {
        self.0 & (Self::SYN | Self::ACK) == Self::SYN
    }

    /// SYN with ACK: the answer to an attempt.
    pub const fn accepts(self) -> bool {
        self.0 & (Self::SYN | Self::ACK) == Self::SYN | Self::ACK
    }
}

/// TCP options that the analysis uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// Maximum segment size (kind 2, RFC 9293 section 3.7.1).
    pub mss: Option<u16>,
    /// Window scale shift (kind 3, RFC 7323 section 2).
    pub window_scale: Option<u8>,
    /// Timestamps (kind 8, RFC 7323 section 3): TSval and TSecr.
    pub timestamps: Option<(u32, u32)>,
    /// SACK permitted (kind 4, RFC 2018).
    pub sack_permitted: bool,
    /// Length of the largest block behind the ACK that a SACK names (kind 5, RFC 2018), at most 65,535; 0 where there is none.
    pub sacked: u16,
    /// Whether any option byte was there at all.
    pub any: bool,
}
