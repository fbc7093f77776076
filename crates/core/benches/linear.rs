//! Four times the input takes about four times as long, whatever the segments look like: `cargo bench -p handshark --bench linear`.
//!
//! Quadratic work would take sixteen times as long. It is no test: time depends on the machine.

#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "it measures time and prints it")]

use std::time::{Duration, Instant};

use handshark::{Inspector, Limits};

#[path = "../tests/limits/packets.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod packets;

use packets::{ACK, Pcap};

fn time(capture: &Pcap) -> Duration {
    let run = || {
        let begun = Instant::now();
        let mut inspector = Inspector::new(Limits::default());
        inspector.push(capture.bytes()).expect("a capture");
        inspector.finish().expect("a capture");
        begun.elapsed()
    };
    // The least of several: what else the machine does only adds.
    (0..5).map(|_| run()).min().unwrap_or_default()
}

fn measure(what: &str, make: impl Fn(u32) -> Pcap) {
    let (one, four) = (time(&make(5_000)), time(&make(20_000)));
    let ratio = four.as_secs_f64() / one.as_secs_f64();
    println!("{what:20} {one:>10.1?} {four:>10.1?}  {ratio:.1} times");
}

fn main() {
    measure("one-byte segments", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        (0..count).for_each(|at| capture.client(1, ACK, 101 + at, b"\x16"));
        capture
    });
    measure("holes never filled", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        (0..count).for_each(|at| capture.client(1, ACK, 200 + 3 * at, b"ab"));
        capture
    });
    measure("reverse order", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        (0..count).rev().for_each(|at| capture.client(1, ACK, 101 + 3 * at, b"abc"));
        capture
    });
    measure("tiny records", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        let records = [22, 3, 3, 0, 1, 1].repeat(50);
        (0..count / 10).for_each(|at| capture.client(1, ACK, 101 + 300 * at, &records));
        capture
    });
}
