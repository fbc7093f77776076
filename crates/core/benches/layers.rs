//! What each layer costs: `cargo bench -p handshark --bench layers`.
//!
//! On captures of testdata, so that anyone can run it; what the whole costs on large ones says `benches/ratio.py`.

#![expect(clippy::disallowed_methods, reason = "it reads captures from testdata")]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use handshark::capture::{Captures, Frame, LinkType, Reader};
use handshark::link::Decoder;
use handshark::net::Decoded;
use handshark::tls::TlsObserver;
use handshark::types::{Moment, PacketNo, Side, Timestamp};
use handshark::{Inspector, Limits};

/// Large segments and TLS; many short connections; handshakes.
const CAPTURES: [&str; 3] = ["zero-window-stall.pcap", "churn.pcap.gz", "nginx-requests-100-tls.pcap.zst"];

fn main() {
    divan::main();
}

fn path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("testdata is beside the crates")
}

/// A packet that owns its bytes.
struct Kept {
    time: Timestamp,
    link: LinkType,
    data: Vec<u8>,
    original_len: u32,
}

fn packets(name: &str) -> Vec<Kept> {
    let mut captures = Captures::open(&[path(name)], &Limits::default()).expect("testdata is beside the crates");
    let mut packets = Vec::new();
    while let Some(frame) = captures.next_frame().expect("a capture") {
        let &Frame { time, link, original_len, data, .. } = &frame;
        packets.push(Kept { time, link, data: data.to_vec(), original_len });
    }
    packets
}

impl Kept {
    fn frame(&self) -> Frame<'_> {
        Frame {
            number: PacketNo::FIRST,
            time: self.time,
            link: self.link,
            interface: Default::default(),
            data: &self.data,
            original_len: self.original_len,
            fcs_len: 0,
        }
    }
}

/// Bytes to frames, unpacking included.
#[divan::bench(args = CAPTURES)]
fn records(bencher: Bencher<'_, '_>, name: &str) {
    let (file, count) = (bytes(name), packets(name).len());
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::of_slice(&file)).bench(|| {
        let mut reader = Reader::new(&Limits::default());
        let mut rest = &file[..];
        while !rest.is_empty() {
            let taken = reader.push(rest);
            rest = &rest[taken..];
            while let Some(frame) = reader.next_frame().expect("a capture") {
                black_box(frame);
            }
        }
    });
}

/// Frames to segments.
#[divan::bench(args = CAPTURES)]
fn decode(bencher: Bencher<'_, '_>, name: &str) {
    let packets = packets(name);
    let mut decoder = Decoder::new(&Limits::default());
    bencher.counter(ItemsCount::new(packets.len())).bench_local(|| {
        for packet in &packets {
            black_box(decoder.decode(&packet.frame()));
        }
    });
}

/// The in-order bytes of a client to its hello.
#[divan::bench]
fn hello(bencher: Bencher<'_, '_>) {
    let packets = packets("nginx-requests-100-tls.pcap.zst");
    let mut decoder = Decoder::new(&Limits::default());
    let hello = packets.iter().find_map(|packet| match decoder.decode(&packet.frame()) {
        Decoded::Tcp(segment) => segment.payload.starts_with(&[22, 3]).then(|| segment.payload.to_vec()),
        _ => None,
    });
    let hello = hello.expect("a ClientHello in one segment");
    let at = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let mut observer = TlsObserver::new(&Limits::default());
        observer.on_bytes(Side::Client, &hello, at);
        observer.finish()
    });
}

/// All of it: flow table, reassembly, judgement and report besides.
#[divan::bench(args = CAPTURES)]
fn whole(bencher: Bencher<'_, '_>, name: &str) {
    let (file, count) = (bytes(name), packets(name).len());
    bencher.counter(ItemsCount::new(count)).bench(|| {
        let mut inspector = Inspector::new(Limits::default());
        inspector.push(&file).expect("a capture");
        inspector.finish().expect("a capture")
    });
}
