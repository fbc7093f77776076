//! One packet: from addresses, flags and payload to the bytes of a frame, with right lengths and checksums.
//!
//! Written from RFC 791, 8200, 9293, 768, 792 and 4443 and the link-type pages of tcpdump.org; it reads nothing.

mod ip;
mod link;
mod tcp;

pub use ip::{IcmpPacket, UdpPacket, Unreachable};
pub(crate) use link::bystander;
pub use link::{Crossing, Link};
pub use tcp::{Flags, TcpOptions, TcpPacket};
