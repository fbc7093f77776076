//! A capture in which nothing failed, and of which a part is lost: no failure is found in what is left.
//!
//! Every recording of testdata in which nothing failed is read again with packets missing here and there, without its beginning or its end,
//! with one direction alone, and with payload cut off. What such a capture can not show must not be said.

#![expect(clippy::disallowed_methods, reason = "tests read recordings")]

use std::path::PathBuf;

use handshark::detect::Severity;
use handshark::{Inspector, Limits, Report};
use handshark_testkit::Noise;

/// The global header of a pcap file, and that of a record.
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// A record: its header and the packet.
type Record = Vec<u8>;

#[test]
fn what_a_hole_may_hold_is_not_said_to_have_failed() {
    let testdata = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let (mut captures, mut wrong) = (0, Vec::new());
    for path in testdata.read_dir().expect("testdata is beside the crates").flatten().map(|entry| entry.path()) {
        let Some((header, records)) = std::fs::read(&path).ok().and_then(|bytes| split(&bytes)) else { continue };
        if !failures(&header, &records).is_empty() {
            continue;
        }
        captures += 1;
        for (name, left) in parts(&records) {
            let told = failures(&header, &left);
            if !told.is_empty() {
                wrong.push(format!("{}, {name}: {}", path.display(), told.join("; ")));
            }
        }
    }
    assert!(captures >= 10, "only {captures} recordings without a failure");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The header and the records of a little-endian pcap file.
fn split(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Record>)> {
    let (header, mut rest) = bytes.split_at_checked(FILE_HEADER)?;
    let magic = header.first_chunk::<4>().map(|magic| u32::from_le_bytes(*magic))?;
    if !matches!(magic, 0xa1b2_c3d4 | 0xa1b2_3c4d) {
        return None;
    }
    let mut records = Vec::new();
    while let Some(length) = word(rest, 8) {
        let (record, after) = rest.split_at_checked(RECORD_HEADER + length as usize)?;
        records.push(record.to_vec());
        rest = after;
    }
    Some((header.to_vec(), records))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// What may be left of a capture.
fn parts(records: &[Record]) -> Vec<(String, Vec<Record>)> {
    let count = records.len();
    let range = |from: usize, to: usize| records.get(from..to).unwrap_or_default().to_vec();
    let mut parts = vec![
        ("without the first third".to_owned(), range(count / 3, count)),
        ("without two thirds".to_owned(), range(count * 2 / 3, count)),
        ("the first half".to_owned(), range(0, count / 2)),
        ("without the last fifth".to_owned(), range(0, count * 4 / 5)),
    ];
    for length in [60, 96, 200] {
        parts.push((format!("{length} bytes of each"), records.iter().map(|record| cut(record, length)).collect()));
    }
    for seed in 0..8 {
        let mut noise = Noise::new(seed);
        let left = records.iter().filter(|_| noise.next_u64() % 100 >= 5);
        parts.push((format!("one in twenty missing, seed {seed}"), left.cloned().collect()));
    }
    if let Some(first) = records.first().and_then(|record| source(record)) {
        let of = |first_side: bool| {
            let of_side = records.iter().filter(|record| (source(record) == Some(first)) == first_side);
            of_side.cloned().collect()
        };
        parts.push(("one direction".to_owned(), of(true)));
        parts.push(("the other direction".to_owned(), of(false)));
    }
    parts
}

/// As a snap length leaves it.
fn cut(record: &[u8], length: usize) -> Record {
    let kept = length.min(record.len() - RECORD_HEADER);
    let mut cut = record.get(..RECORD_HEADER + kept).unwrap_or_default().to_vec();
    if let Some(captured) = cut.get_mut(8..12) {
        captured.copy_from_slice(&(kept as u32).to_le_bytes());
    }
    cut
}

/// The source address of IPv4 in Ethernet.
fn source(record: &[u8]) -> Option<[u8; 4]> {
    let ether_type = record.get(RECORD_HEADER + 12..RECORD_HEADER + 14)?;
    record.get(RECORD_HEADER + 26..)?.first_chunk().copied().filter(|_| ether_type == [8, 0])
}

/// What is said to have failed, or to be wrong with a service.
fn failures(header: &[u8], records: &[Record]) -> Vec<String> {
    let mut inspector = Inspector::new(Limits::default());
    inspector.push(header).expect("a pcap header");
    for record in records {
        inspector.push(record).expect("a whole record");
    }
    let report: Report = inspector.finish().expect("a whole capture").0;
    let grave = |severity| severity > Severity::Info;
    let findings = report.findings.iter().filter(|finding| finding.service.is_some() && grave(finding.severity));
    let mut told: Vec<String> = findings.map(|finding| format!("{}: {}", finding.code, finding.summary)).collect();
    let failed = report.unexplained.iter().filter(|kind| !kind.undecided);
    told.extend(failed.map(|kind| kind.example.clone()));
    told
}
