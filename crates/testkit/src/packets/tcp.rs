//! A TCP segment in an IP packet.

use std::fmt;
use std::net::SocketAddr;
use std::ops::BitOr;

use super::ip::{IpHeader, TCP};

/// The control bits (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field counts.
    pub const ACK: Self = Self(0x10);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            [(Self::SYN, "SYN"), (Self::FIN, "FIN"), (Self::RST, "RST"), (Self::PSH, "PSH"), (Self::ACK, "ACK")];
        let set: Vec<_> = names.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect();
        f.pad(&set.join(","))
    }
}

/// The options that matter (RFC 9293 section 3.2, RFC 7323, RFC 2018); those that are `None` are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// TSval and TSecr.
    pub timestamps: Option<(u32, u32)>,
    /// Shift count.
    pub window_scale: Option<u8>,
    /// Left and right edge of a block that arrived (SACK).
    pub sack: Option<(u32, u32)>,
}

impl TcpOptions {
    /// In the order in which Linux writes them, padded to 32-bit words.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(mss) = self.mss {
            bytes.extend_from_slice(&[2, 4]);
            bytes.extend_from_slice(&mss.to_be_bytes());
        }
        if self.sack_permitted {
            bytes.extend_from_slice(&[4, 2]);
        }
        if let Some((value, echo)) = self.timestamps {
            // RFC 7323 appendix A: two NOPs in front keep the words aligned; SACK permitted has the same length.
            if !self.sack_permitted {
                bytes.extend_from_slice(&[1, 1]);
            }
            bytes.extend_from_slice(&[8, 10]);
            bytes.extend_from_slice(&value.to_be_bytes());
            bytes.extend_from_slice(&echo.to_be_bytes());
        }
        if let Some((left, right)) = self.sack {
            bytes.extend_from_slice(&[1, 1, 5, 10]);
            bytes.extend_from_slice(&left.to_be_bytes());
            bytes.extend_from_slice(&right.to_be_bytes());
        }
        if let Some(shift) = self.window_scale {
            bytes.extend_from_slice(&[1, 3, 3, shift]);
        }
        while !bytes.len().is_multiple_of(4) {
            bytes.push(1);
        }
        bytes
    }
}

/// A TCP segment and its IP header.
#[derive(Clone, Debug)]
pub struct TcpPacket {
    /// Sender.
    pub source: SocketAddr,
    /// Receiver, of the same address family.
    pub destination: SocketAddr,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; 0 where `flags` has no ACK.
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// The window field, as it is in the header: not scaled.
    pub window: u16,
    /// Options.
    pub options: TcpOptions,
    /// Payload.
    pub payload: Vec<u8>,
    /// TTL or hop limit.
    pub ttl_hops: u8,
    /// IPv4 identification.
    pub id: u16,
    /// Whether the checksum is left unfinished, as before checksum offload.
    pub bad_checksum: bool,
}

impl TcpPacket {
    /// The IP packet.
    pub fn ip_bytes(&self) -> Vec<u8> {
        let ip = IpHeader {
            source: self.source.ip(),
            destination: self.destination.ip(),
            protocol: TCP,
            ttl_hops: self.ttl_hops,
            id: self.id,
        };
        let options = self.options.bytes();
        let words = u8::try_from(5 + options.len() / 4).expect("the options above have at most 24 bytes");
        let mut segment = Vec::with_capacity(20 + options.len() + self.payload.len());
        segment.extend_from_slice(&self.source.port().to_be_bytes());
        segment.extend_from_slice(&self.destination.port().to_be_bytes());
        segment.extend_from_slice(&self.seq.to_be_bytes());
        segment.extend_from_slice(&self.ack.to_be_bytes());
        segment.extend_from_slice(&[words << 4, self.flags.0]);
        segment.extend_from_slice(&self.window.to_be_bytes());
        segment.extend_from_slice(&[0, 0, 0, 0]);
        segment.extend_from_slice(&options);
        segment.extend_from_slice(&self.payload);
        let sum = ip.upper_checksum(&segment);
        let sum = if self.bad_checksum { sum ^ 0x5555 } else { sum };
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        ip.packet(&segment)
    }

    /// The sequence numbers that it takes up: payload, SYN and FIN.
    pub fn sequence_length(&self) -> u32 {
        let payload = u32::try_from(self.payload.len()).expect("a packet has at most 65535 bytes");
        payload + u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN))
    }
}
