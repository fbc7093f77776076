//! The classic format: one header, then records.

use super::Order;
use crate::packets::Link;

/// A pcap file in memory.
#[derive(Clone, Debug)]
pub struct Pcap {
    order: Order,
    nanoseconds: bool,
    bytes: Vec<u8>,
}

impl Pcap {
    /// A file with microseconds in little-endian order, as tcpdump writes it.
    pub fn new(link: Link, snaplen: u32) -> Self {
        Self::with(Order::Little, false, u32::from(link.number()), snaplen)
    }

    /// A file of any kind; `link` is the whole 32-bit field.
    pub fn with(order: Order, nanoseconds: bool, link: u32, snaplen: u32) -> Self {
        let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&order.u32(magic));
        bytes.extend_from_slice(&order.u16(2));
        bytes.extend_from_slice(&order.u16(4));
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&order.u32(snaplen));
        bytes.extend_from_slice(&order.u32(link));
        Self { order, nanoseconds, bytes }
    }

    /// Adds a packet; `at_ns` is nanoseconds since 1970, `captured` what is kept of `original` bytes.
    ///
    /// # Panics
    /// The time is before 1970 or after 2106: the format can not say it.
    pub fn packet(&mut self, at_ns: i64, captured: &[u8], original: usize) {
        let seconds = u32::try_from(at_ns.div_euclid(1_000_000_000)).expect("a time that pcap can hold");
        let nanos = u32::try_from(at_ns.rem_euclid(1_000_000_000)).expect("less than a second");
        let fraction = if self.nanoseconds { nanos } else { nanos / 1_000 };
        for field in [seconds, fraction, length(captured.len()), length(original)] {
            self.bytes.extend_from_slice(&self.order.u32(field));
        }
        self.bytes.extend_from_slice(captured);
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a packet is shorter than 4 GiB")
}
