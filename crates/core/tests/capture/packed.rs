//! Compressed captures: by other programs, in pieces, in several members, cut and corrupt.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use handshark::CaptureError;

use crate::build::*;

const GZIP: &[u8] = include_bytes!("packed/same.pcap.gz");
const ZSTD: &[u8] = include_bytes!("packed/same.pcap.zst");
const LZ4: &[u8] = include_bytes!("packed/same.pcap.lz4");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn what_other_programs_packed_is_read_in_any_split() {
    for packed in [GZIP, ZSTD, LZ4] {
        for piece in [usize::MAX, 1, 7, 23] {
            let read = read_in(packed, piece);
            assert_eq!(read.packets.len(), 3_000);
            assert!(read.packets.iter().all(|p| p.data == (0..60).collect::<Vec<u8>>()));
            assert_eq!(read.packets[2_999].nanos, 1_700_000_002_000_000_000);
            assert_eq!(read.codes(), []);
        }
    }
}

#[test]
fn members_follow_each_other_and_may_split_a_packet() {
    let file = plain(100..120);
    let (a, rest) = file.split_at(333);
    let (b, c) = rest.split_at(1);
    let packed = [gzip(a), gzip(b), gzip(&[]), gzip(c), vec![0; 512]].concat();
    for piece in [usize::MAX, 1, 23] {
        let read = read_in(&packed, piece);
        assert_eq!(read.seconds(), (100..120).collect::<Vec<_>>());
        assert_eq!(read.codes(), []);
    }
}

#[test]
fn packings_may_mix_and_skip() {
    let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], &[9; 5]].concat();
    let read = read(&[&skippable[..], ZSTD, &skippable, LZ4, GZIP].concat());
    assert_eq!(read.packets.len(), 9_000);
    assert_eq!(read.codes(), [("joined", 2)]);
}

#[test]
fn a_cut_packed_capture_gives_everything_before_the_cut() {
    let noise: Vec<u8> = (0..200_u32).flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    let mut file = pcap(Little, 0xa1b2_c3d4, 1);
    for second in 0..40 {
        file.extend(record(Little, second, 0, 800, &noise));
    }
    let packed = gzip(&file);
    let mut least = 0;
    for cut in 3..packed.len() {
        let read = read(&packed[..cut]);
        assert!(read.packets.len() >= least, "{cut}");
        least = read.packets.len();
        match read.error {
            Some(CaptureError::Damaged { reason, .. }) => {
                assert!(
                    least == 0 && (reason.contains("ends too early") || reason.contains("file header")),
                    "{reason}"
                );
            }
            Some(other) => panic!("{cut}: {other}"),
            None => assert_eq!(read.codes(), [("cut-short", 1)], "{cut}: {:?}", read.quality),
        }
    }
    assert_eq!(least, 40);
    for packed in [ZSTD, LZ4] {
        for cut in 20..packed.len() {
            let read = read(&packed[..cut]);
            assert!(
                read.codes().iter().all(|(code, _)| matches!(*code, "cut-short" | "damaged")),
                "{:?}",
                read.quality
            );
            assert!(read.error.is_some() || !read.quality.is_empty(), "{cut}");
        }
    }
}

#[test]
fn a_corrupt_packed_capture_is_told_and_never_hangs() {
    for packed in [GZIP, ZSTD, LZ4] {
        for at in 4..packed.len() {
            let mut corrupt = packed.to_vec();
            corrupt[at] ^= 0x55;
            let read = read(&corrupt);
            assert!(read.packets.len() < 1_000_000);
        }
        let mut corrupt = packed.to_vec();
        let middle = packed.len() / 2;
        corrupt[middle..middle + 8].iter_mut().for_each(|byte| *byte ^= 0x5a);
        let read = read(&corrupt);
        assert!(read.error.is_some() || !read.quality.is_empty());
    }
}

#[test]
fn the_check_sum_of_gzip_is_checked() {
    let mut corrupt = gzip(&plain(100..110));
    let at = corrupt.len() - 6;
    corrupt[at] ^= 1;
    let read = read(&corrupt);
    assert_eq!(read.packets.len(), 10);
    assert_eq!(read.codes(), [("damaged", 1)]);
    assert!(read.quality[0].note.contains("gzip stream is corrupt"), "{}", read.quality[0].note);
}

#[test]
fn bytes_behind_a_packed_capture_are_told() {
    let read = read(&[gzip(&plain(100..110)), b"trailing".to_vec()].concat());
    assert_eq!(read.packets.len(), 10);
    assert_eq!(read.codes(), [("garbage-after", 1)]);
}

#[test]
fn what_is_packed_may_be_no_capture() {
    assert!(matches!(read(&gzip(b"hello there")).error, Some(CaptureError::NotACapture { .. })));
    assert!(matches!(read(&gzip(b"")).error, Some(CaptureError::Empty { .. })));
    let nested = read(&gzip(&gzip(&plain([1])))).error.unwrap().to_string();
    assert!(nested.contains("gzip inside gzip; unpack it first"), "{nested}");
}
