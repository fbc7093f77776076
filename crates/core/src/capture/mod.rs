//! From bytes to frames: pcap, pcapng and snoop, compressed or not, whole or damaged, pushed in any split.
//!
//! In: bytes. Out: [`Frame`]s with time, link type and interface, and a list of what was wrong with the file.
//! Knows nothing of what the packets hold.
//!
//! [`Reader`] reads one capture and does no input of its own; [`Captures`] is the one door to the file system, and reads
//! several files as one. [`Pieces`] reads one file with all that is in it, to be written again.

mod buffer;
mod bytes;
mod clock;
mod frame;
mod log;
mod lost;
mod magic;
mod merge;
mod names;
mod open;
mod pcap;
mod pcapng;
mod pieces;
mod reader;
mod record;
mod snoop;
mod unpack;

pub use bytes::Order;
pub use frame::{Frame, Interface, InterfaceId, Interfaces, LinkType};
pub use merge::{Captures, NextFile};
pub use names::Names;
pub use pieces::{Block, FileHeader, Piece, Pieces};
pub use reader::Reader;
