//! Replays the kept corpus, and every recorded incident with each of its bytes in some danger.

#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests read files and name them")]

use std::path::{Path, PathBuf};

use super::{ENTRIES, Entry};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_kept_corpus_is_survived() {
    for (name, entry) in ENTRIES {
        let kept = files(&root().join("fuzz/corpus").join(name));
        assert!(!kept.is_empty(), "fuzz/corpus/{name} has no seed");
        for path in kept {
            let bytes = read(&path);
            // Its name tells which one it was should it panic.
            println!("{}", path.display());
            entry(&bytes);
            entry(bytes.get(..bytes.len() / 2).unwrap_or_default());
        }
    }
}

#[test]
fn recorded_incidents_with_wrong_bytes_are_survived() {
    let whole: [(&str, Entry); 3] = [("pcap", super::pcap), ("pcapng", super::pcapng), ("unpack", super::unpack)];
    let mut seen = [0; 3];
    for path in files(&root().join("testdata")) {
        let bytes = read(&path);
        let kind = match bytes.as_slice() {
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => 2,
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => 1,
            [0xd4, 0xc3, 0xb2, 0xa1, ..] | [0x4d, 0x3c, 0xb2, 0xa1, ..] => 0,
            _ => continue,
        };
        seen[kind] += 1;
        let (name, entry) = whole[kind];
        println!("{name}: {}", path.display());
        entry(&bytes);
        // A few places of each file, spread over it, one after the other.
        let mut damaged = bytes.clone();
        for turn in 0..12 {
            let place = (turn * 7_919 + 31 * turn * turn) % damaged.len();
            damaged[place] ^= [0x01, 0x80, 0xff, 0x20][turn % 4];
            entry(&damaged);
            super::pipeline(&damaged);
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
