//! The observer against recordings of real programs (`recorded/*.txt`) and against damage.

mod certificates;
mod damage;
mod framing;
mod oracle;
mod recordings;

use super::{Tls, TlsObserver};
use crate::limits::Limits;
use crate::types::{Moment, PacketNo, Side, Timestamp};

/// A segment with payload: who sent it, and what.
pub(crate) type Segment = (Side, Vec<u8>);

macro_rules! recording {
    ($name:literal) => {
        crate::tls::tests::segments(include_str!(concat!("../recorded/", $name, ".txt")))
    };
}
pub(crate) use recording;

/// The packet of a test: its time is its number in milliseconds.
fn packet(number: usize) -> Moment {
    let packet = PacketNo::new(number as u64).expect("tests number packets from 1");
    Moment { packet, at: Timestamp::from_nanos(number as i64 * 1_000_000) }
}

pub(crate) fn segments(text: &str) -> Vec<Segment> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (side, bytes) = line.split_once(' ').expect("side and bytes");
            (if side == "C" { Side::Client } else { Side::Server }, unhex(bytes))
        })
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// The segments as packets 1, 2, 3 ...
fn observe(segments: &[Segment]) -> Tls {
    observe_in_pieces(segments, usize::MAX)
}

/// The same with each segment in pieces of at most `size` bytes.
fn observe_in_pieces(segments: &[Segment], size: usize) -> Tls {
    let mut observer = TlsObserver::new(&Limits::default());
    feed(&mut observer, segments, size);
    observer.finish()
}

fn feed(observer: &mut TlsObserver, segments: &[Segment], size: usize) {
    for (index, (side, bytes)) in segments.iter().enumerate() {
        for piece in bytes.chunks(size.min(bytes.len().max(1))) {
            observer.on_bytes(*side, piece, packet(index + 1));
        }
    }
}

/// Two results are equal besides the number of pieces that a hello came in, and how many bytes of a piece that is no TLS were
/// kept.
fn assert_same_facts(mut one: Tls, mut other: Tls) {
    for tls in [&mut one, &mut other] {
        tls.other_bytes.truncate(5);
        for hello in
            [&mut tls.client_hello, &mut tls.second_client_hello, &mut tls.client_hello_part].into_iter().flatten()
        {
            hello.segments = 0;
        }
    }
    assert_eq!(one, other);
}
