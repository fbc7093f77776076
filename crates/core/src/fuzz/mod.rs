//! Entries for fuzzing: plain functions that take any bytes and panic where a promise is broken.
//!
//! `fuzz/` drives them with coverage; the tests of this module replay the kept corpus on every run. No part of the interface.

mod capture;
mod payload;
mod stream;
#[cfg(test)]
mod tests;

pub use capture::{frame, pcap, pcapng, pipeline, unpack};
pub use payload::{certificate, dialogue, hello, http, tls_records};
pub use stream::reassembly;

use crate::types::{Moment, PacketNo, Timestamp};

/// An entry.
pub type Entry = fn(&[u8]);

/// Every entry of this crate by the name of its target.
pub const ENTRIES: [(&str, Entry); 11] = [
    ("pcap", pcap),
    ("pcapng", pcapng),
    ("unpack", unpack),
    ("frame", frame),
    ("reassembly", reassembly),
    ("tls_records", tls_records),
    ("hello", hello),
    ("certificate", certificate),
    ("http", http),
    ("dialogue", dialogue),
    ("pipeline", pipeline),
];

/// The moment of a step: its time is its number in milliseconds.
fn moment(step: usize) -> Moment {
    let packet = PacketNo::new(step as u64 + 1).unwrap_or(PacketNo::FIRST);
    Moment { packet, at: Timestamp::from_nanos(step as i64 * 1_000_000) }
}

/// Takes choices from the front of the input; past its end they are all zero.
struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
