//! IPv4 and IPv6 headers, checksums, and the small protocols UDP and ICMP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// What an IP header says besides the addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpHeader {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) ttl_hops: u8,
    /// IPv4 only.
    pub(super) id: u16,
}

impl IpHeader {
    /// The packet: this header and `payload`.
    ///
    /// # Panics
    /// The addresses are of different families, or the payload is longer than the length field can say.
    pub(super) fn packet(&self, payload: &[u8]) -> Vec<u8> {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => self.v4(source, destination, payload),
            (IpAddr::V6(source), IpAddr::V6(destination)) => self.v6(source, destination, payload),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                panic!("{} and {} are of different families", self.source, self.destination)
            }
        }
    }

    // RFC 791 section 3.1
    fn v4(&self, source: Ipv4Addr, destination: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
        let total = u16::try_from(20 + payload.len()).expect("an IPv4 packet has at most 65535 bytes");
        let mut header = Vec::with_capacity(20 + payload.len());
        header.extend_from_slice(&[0x45, 0]);
        header.extend_from_slice(&total.to_be_bytes());
        header.extend_from_slice(&self.id.to_be_bytes());
        header.extend_from_slice(&0x4000_u16.to_be_bytes()); // do not fragment
        header.extend_from_slice(&[self.ttl_hops, self.protocol, 0, 0]);
        header.extend_from_slice(&source.octets());
        header.extend_from_slice(&destination.octets());
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        header.extend_from_slice(payload);
        header
    }

    // RFC 8200 section 3
    fn v6(&self, source: Ipv6Addr, destination: Ipv6Addr, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).expect("an IPv6 payload has at most 65535 bytes");
        let mut packet = Vec::with_capacity(40 + payload.len());
        packet.extend_from_slice(&0x6000_0000_u32.to_be_bytes());
        packet.extend_from_slice(&length.to_be_bytes());
        packet.extend_from_slice(&[self.protocol, self.ttl_hops]);
        packet.extend_from_slice(&source.octets());
        packet.extend_from_slice(&destination.octets());
        packet.extend_from_slice(payload);
        packet
    }

    /// The checksum of an upper layer over its pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1).
    pub(super) fn upper_checksum(&self, segment: &[u8]) -> u16 {
        let length = u32::try_from(segment.len()).expect("a segment is shorter than 4 GiB");
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let length = u16::try_from(length).expect("an IPv4 packet has at most 65535 bytes");
                checksum(&[
                    &source.octets(),
                    &destination.octets(),
                    &[0, self.protocol],
                    &length.to_be_bytes(),
                    segment,
                ])
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => checksum(&[
                &source.octets(),
                &destination.octets(),
                &length.to_be_bytes(),
                &[0, 0, 0, self.protocol],
                segment,
            ]),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
        }
    }
}

/// The Internet checksum (RFC 1071) over parts that stand one after the other; all but the last have even lengths.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        for pair in part.chunks(2) {
            let high = u64::from(pair[0]) << 8;
            sum += high + pair.get(1).map_or(0, |low| u64::from(*low));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded to 16 bits")
}

/// A UDP datagram.
#[derive(Clone, Debug)]
pub struct UdpPacket {
    /// Sender.
    pub source: SocketAddr,
    /// Receiver, of the same address family.
    pub destination: SocketAddr,
    /// Payload.
    pub payload: Vec<u8>,
}

impl UdpPacket {
    /// The IP packet.
    pub fn ip_bytes(&self) -> Vec<u8> {
        let ip = IpHeader {
            source: self.source.ip(),
            destination: self.destination.ip(),
            protocol: UDP,
            ttl_hops: 64,
            id: 1,
        };
        let length = u16::try_from(8 + self.payload.len()).expect("a datagram has at most 65535 bytes");
        let mut datagram = Vec::with_capacity(8 + self.payload.len());
        datagram.extend_from_slice(&self.source.port().to_be_bytes());
        datagram.extend_from_slice(&self.destination.port().to_be_bytes());
        datagram.extend_from_slice(&length.to_be_bytes());
        datagram.extend_from_slice(&[0, 0]);
        datagram.extend_from_slice(&self.payload);
        // RFC 768: a sum of zero is sent as all ones.
        let sum = match ip.upper_checksum(&datagram) {
            0 => 0xffff,
            sum => sum,
        };
        datagram[6..8].copy_from_slice(&sum.to_be_bytes());
        ip.packet(&datagram)
    }
}

/// Why a packet could not be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// No route.
    Net,
    /// The host does not answer (ARP, neighbour discovery).
    Host,
    /// No such port.
    Port,
    /// A filter forbids it.
    AdminProhibited,
    /// Another message that quotes a packet: its type and code.
    Of(u8, u8),
}

impl Unreachable {
    // RFC 792 and RFC 1812 section 5.2.7.1; RFC 4443 section 3.1
    const fn type_and_code(self, v6: bool) -> [u8; 2] {
        let code = match (self, v6) {
            (Self::Net, _) => 0,
            (Self::Host, false) => 1,
            (Self::Host, true) => 3,
            (Self::Port, false) => 3,
            (Self::Port, true) => 4,
            (Self::AdminProhibited, false) => 13,
            (Self::AdminProhibited, true) => 1,
            (Self::Of(kind, code), _) => return [kind, code],
        };
        [if v6 { 1 } else { 3 }, code]
    }
}

/// An ICMP or ICMPv6 message that quotes a packet: mostly "destination unreachable".
#[derive(Clone, Debug)]
pub struct IcmpPacket<'a> {
    /// Who says so: the host itself or a router.
    pub source: IpAddr,
    /// Whom it tells.
    pub destination: IpAddr,
    /// Why.
    pub reason: Unreachable,
    /// The IP packet that could not be delivered; as much of it is quoted as the RFCs ask for.
    pub quoted: &'a [u8],
    /// TTL or hop limit.
    pub ttl_hops: u8,
}

impl IcmpPacket<'_> {
    /// The IP packet.
    pub fn ip_bytes(&self) -> Vec<u8> {
        let v6 = self.source.is_ipv6();
        let protocol = if v6 { ICMPV6 } else { ICMP };
        let ip =
            IpHeader { source: self.source, destination: self.destination, protocol, ttl_hops: self.ttl_hops, id: 0 };
        // RFC 1812 section 4.3.2.3: at most 576 bytes in all. RFC 4443 section 3.1: at most 1280.
        let room = if v6 { 1_280 - 48 } else { 576 - 28 };
        let [kind, code] = self.reason.type_and_code(v6);
        let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
        message.extend(self.quoted.iter().take(room));
        // RFC 792 has no pseudo header, RFC 4443 section 2.3 has one.
        let sum = if v6 { ip.upper_checksum(&message) } else { checksum(&[&message]) };
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        ip.packet(&message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The worked example of RFC 1071 section 3.
    #[test]
    fn checksum_of_the_rfc_1071_example() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
    }

    #[test]
    fn an_odd_last_byte_counts_as_the_high_one() {
        assert_eq!(checksum(&[&[0x12]]), !0x1200);
    }
}
