//! pcapng: sections, interfaces, packets.

use super::Order;
use crate::packets::Link;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;

/// A pcapng file in memory; it begins with a section.
#[derive(Clone, Debug)]
pub struct Pcapng {
    order: Order,
    /// Ticks per second of each interface of the current section.
    resolutions: Vec<u64>,
    bytes: Vec<u8>,
}

impl Pcapng {
    /// A file with one section, still without interfaces.
    pub fn new(order: Order) -> Self {
        let mut file = Self { order, resolutions: Vec::new(), bytes: Vec::new() };
        file.section(order);
        file
    }

    /// Begins a new section, in its own byte order and without interfaces.
    pub fn section(&mut self, order: Order) {
        self.order = order;
        self.resolutions.clear();
        let mut body = Vec::new();
        body.extend_from_slice(&order.u32(0x1a2b_3c4d));
        body.extend_from_slice(&order.u16(1));
        body.extend_from_slice(&order.u16(0));
        body.extend_from_slice(&[0xff; 8]); // length not given
        self.block(SECTION_HEADER, &body);
    }

    /// Adds an interface and returns its number in the section. `resolution` is the option `if_tsresol` as it is
    /// written: 6 for microseconds, 9 for nanoseconds, with the top bit for powers of two; `None` leaves it out.
    pub fn interface(&mut self, link: Link, snaplen: u32, name: Option<&str>, resolution: Option<u8>) -> u32 {
        let mut body = Vec::new();
        body.extend_from_slice(&self.order.u16(link.number()));
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(&self.order.u32(snaplen));
        if let Some(name) = name {
            self.option(&mut body, IF_NAME, name.as_bytes());
        }
        if let Some(resolution) = resolution {
            self.option(&mut body, IF_TSRESOL, &[resolution]);
        }
        if name.is_some() || resolution.is_some() {
            self.option(&mut body, OPTION_END, &[]);
        }
        self.block(INTERFACE_DESCRIPTION, &body);
        self.resolutions.push(ticks_per_second(resolution.unwrap_or(6)));
        u32::try_from(self.resolutions.len() - 1).expect("few interfaces")
    }

    /// Adds an enhanced packet block on `interface`.
    ///
    /// # Panics
    /// The section has no such interface, or the time is before 1970.
    pub fn packet(&mut self, interface: u32, at_ns: i64, captured: &[u8], original: usize) {
        self.packet_with_comment(interface, at_ns, captured, original, None);
    }

    /// The same, with a comment.
    ///
    /// # Panics
    /// As [`Pcapng::packet`].
    pub fn packet_with_comment(
        &mut self,
        interface: u32,
        at_ns: i64,
        captured: &[u8],
        original: usize,
        comment: Option<&str>,
    ) {
        let index = usize::try_from(interface).expect("an index");
        let resolution = u128::from(self.resolutions[index]);
        let nanos = u128::try_from(at_ns).expect("a time after 1970");
        let ticks = u64::try_from(nanos * resolution / 1_000_000_000).expect("ticks fit 64 bits");
        let mut body = Vec::new();
        body.extend_from_slice(&self.order.u32(interface));
        body.extend_from_slice(&self.order.u32((ticks >> 32) as u32));
        body.extend_from_slice(&self.order.u32((ticks & 0xffff_ffff) as u32));
        body.extend_from_slice(&self.order.u32(length(captured.len())));
        body.extend_from_slice(&self.order.u32(length(original)));
        body.extend_from_slice(captured);
        pad(&mut body);
        if let Some(comment) = comment {
            self.option(&mut body, OPTION_COMMENT, comment.as_bytes());
            self.option(&mut body, OPTION_END, &[]);
        }
        self.block(ENHANCED_PACKET, &body);
    }

    /// Adds a simple packet block: interface 0, no time.
    pub fn simple_packet(&mut self, captured: &[u8], original: usize) {
        let mut body = self.order.u32(length(original)).to_vec();
        body.extend_from_slice(captured);
        self.block(SIMPLE_PACKET, &body);
    }

    /// Adds any block: its type and its body, padded here.
    pub fn block(&mut self, kind: u32, body: &[u8]) {
        let mut body = body.to_vec();
        pad(&mut body);
        let total = self.order.u32(length(12 + body.len()));
        self.bytes.extend_from_slice(&self.order.u32(kind));
        self.bytes.extend_from_slice(&total);
        self.bytes.extend_from_slice(&body);
        self.bytes.extend_from_slice(&total);
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn option(&self, body: &mut Vec<u8>, code: u16, value: &[u8]) {
        body.extend_from_slice(&self.order.u16(code));
        body.extend_from_slice(&self.order.u16(u16::try_from(value.len()).expect("a short option")));
        body.extend_from_slice(value);
        pad(body);
    }
}

fn ticks_per_second(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).expect("a resolution within 64 bits")
}

fn pad(bytes: &mut Vec<u8>) {
    while !bytes.len().is_multiple_of(4) {
        bytes.push(0);
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("shorter than 4 GiB")
}
