//! From the network layer to a TCP segment: IP, extension headers, fragments, tunnels, TCP header, ICMP errors.
//!
//! In: the bytes behind a link header. Out: [`Decoded`]. Knows nothing of connections.
//!
//! One file for each header. A reader gives the name of the next header and the bytes behind its own; the
//! [`Decoder`](crate::link::Decoder) goes from one to the next. To add a tunnel: a file here, a name in `Header`, and the
//! number by which it is announced (an EtherType, an IP protocol, a UDP port).

mod decoded;
mod fragments;
mod header;
mod piece;
mod segment;

pub(crate) mod ether_ip;
pub(crate) mod gre;
pub(crate) mod icmp;
pub(crate) mod ipcomp;
pub(crate) mod ipv4;
pub(crate) mod ipv6;
pub(crate) mod nsh;
pub(crate) mod sflow;
pub(crate) mod tcp;
pub(crate) mod udp;

mod ayiya;
mod capwap;
mod geneve;
mod gtp;
mod l2tp;
mod lisp;
mod teredo;
mod tzsp;
mod vxlan;

pub use decoded::{Decoded, IcmpError, Skip};
pub(crate) use segment::Bare;
pub use segment::{Flags, Options, Place, Segment, Tunnel, TunnelKind};

pub(crate) use fragments::{Fragments, Whole};
pub(crate) use header::{Fragment, Header, Ip, Step, Walk};
pub(crate) use piece::Piece;
