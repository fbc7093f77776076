//! From the network layer to a TCP segment: IP, extension headers, fragments, tunnels, TCP header, ICMP errors.
//!
//! In: the bytes behind a link header. Out: [`Decoded`]. Knows nothing of connections.

mod decoded;
mod segment;

pub use decoded::{Decoded, IcmpError, Skip};
pub use segment::{Flags, Options, Place, Segment, Tunnel, TunnelKind};
