//! What became of a frame.

use super::Segment;
use crate::capture::LinkType;
use crate::types::{Seq, Tuple};

/// The outcome of decoding one frame.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// An ICMP or ICMPv6 error that quotes the start of a TCP segment.
    IcmpError(IcmpError),
    /// A TCP header of which no more than the ports can be read, because the length that it claims makes no sense. No
    /// segment, but Wireshark gives it a `tcp.stream`.
    BadTcp {
        /// Source and destination.
        tuple: Tuple,
        /// Its sequence number, where it has SYN without ACK: it would open a connection.
        opens: Option<Seq>,
    },
    /// Several packets in one frame (A-MSDU, sFlow): [`Decoder::open`](crate::link::Decoder::open) has them.
    Several,
    /// Something else, or something that can not be read, counted by reason.
    Skipped(Skip),
}

/// An ICMP error message about a TCP segment (RFC 792, RFC 4443).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Who sent the error.
    pub from: std::net::IpAddr,
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// Whether it is ICMPv6.
    pub v6: bool,
    /// Source and destination of the quoted segment.
    pub quoted: Tuple,
    /// The sequence number of the quoted segment, where it was quoted.
    pub seq: Option<Seq>,
}

/// Why a frame gave no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Skip {
    /// Another transport, understood: UDP, ICMP, SCTP ... This is traffic, not a fault.
    NotTcp,
    /// No IP inside: ARP, LLDP, STP ... This is traffic, not a fault.
    NotIp,
    /// A link type that is not read.
    UnknownLink(LinkType),
    /// A header was cut by the snap length before the ports.
    CutBySnaplen,
    /// A header's length or version makes no sense.
    Malformed,
    /// A later fragment of an IP packet, or the first whose rest never came.
    Fragment,
    /// More headers inside headers than [`crate::Limits::max_nesting`].
    TooDeep,
    /// The payload is encrypted below TCP (ESP, MACsec, protected 802.11).
    Encrypted,
    /// The payload, or its headers, are compressed below TCP (PPP with compressed headers, IPComp other than DEFLATE).
    Compressed,
}

impl Skip {
    /// The reason as a stable key, as in `capture.skipped` of the JSON report.
    pub fn key(self) -> String {
        match self {
            Self::NotTcp => "not-tcp".to_owned(),
            Self::NotIp => "not-ip".to_owned(),
            Self::UnknownLink(link) => format!("link-type-{}", link.0),
            Self::CutBySnaplen => "header-cut-by-snaplen".to_owned(),
            Self::Malformed => "malformed-header".to_owned(),
            Self::Fragment => "ip-fragment".to_owned(),
            Self::TooDeep => "nested-too-deep".to_owned(),
            Self::Encrypted => "encrypted-below-tcp".to_owned(),
            Self::Compressed => "compressed-below-tcp".to_owned(),
        }
    }
}
