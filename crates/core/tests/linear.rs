//! Twice the input takes no more than about twice the time, whatever the segments look like.

use std::time::{Duration, Instant};

use handshark::{Inspector, Limits};

#[path = "limits/packets.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod packets;

use packets::{ACK, Pcap};

#[expect(clippy::disallowed_methods, reason = "it is time that is measured")]
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

fn assert_linear(what: &str, make: impl Fn(u32) -> Pcap) {
    let (one, four) = (time(&make(5_000)), time(&make(20_000)));
    // Quadratic work would take sixteen times as long.
    assert!(four < one * 9 + Duration::from_millis(5), "{what}: {one:?}, four times as much {four:?}");
}

#[test]
fn segments_of_one_byte() {
    assert_linear("one-byte segments", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        (0..count).for_each(|at| capture.client(1, ACK, 101 + at, b"\x16"));
        capture
    });
}

#[test]
fn holes_that_are_never_filled() {
    assert_linear("holes", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        (0..count).for_each(|at| capture.client(1, ACK, 200 + 3 * at, b"ab"));
        capture
    });
}

#[test]
fn segments_in_reverse_order() {
    assert_linear("reverse order", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        (0..count).rev().for_each(|at| capture.client(1, ACK, 101 + 3 * at, b"abc"));
        capture
    });
}

#[test]
fn empty_and_tiny_records() {
    assert_linear("empty records", |count| {
        let mut capture = Pcap::default();
        capture.open(1);
        let records = [22, 3, 3, 0, 1, 1].repeat(50);
        (0..count / 10).for_each(|at| capture.client(1, ACK, 101 + 300 * at, &records));
        capture
    });
}
