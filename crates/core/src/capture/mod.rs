//! From bytes to frames: pcap and pcapng, compressed or not, whole or damaged, pushed in any split.
//!
//! In: bytes. Out: [`Frame`]s with time, link type and interface, and a list of what was wrong with the file.
//! Knows nothing of what the packets hold.

mod frame;
mod open;

pub use frame::{Frame, Interface, InterfaceId, Interfaces, LinkType};
pub use open::Captures;
