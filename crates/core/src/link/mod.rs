//! From a frame to the network layer: one file for each link type, one row for each in the table.
//!
//! In: a [`Frame`](crate::capture::Frame). Out: [`Decoded`](crate::net::Decoded). Knows nothing of connections.

mod decoder;
mod table;

mod amsdu;
mod arcnet;
mod atm;
mod capture_header;
mod docsis;
mod enc;
mod erf;
mod ethernet;
mod fddi;
mod frame_relay;
mod hdlc;
mod ipnet;
mod ipoib;
mod juniper;
mod llc;
mod long_addresses;
mod macsec;
mod mpls;
mod net_analyzer;
mod nflog;
mod null;
mod parts;
mod pflog;
mod plain;
mod ppp;
mod radio;
mod raw;
mod slip;
mod sll;
mod sll2;
mod switch_tag;
mod token_ring;
mod upper_pdu;
mod wlan;

pub use decoder::Decoder;
pub use parts::Parts;
pub(crate) use plain::Plain;
pub use table::link_name;

#[cfg(test)]
mod tests;
