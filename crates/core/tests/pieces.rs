//! The way in which bytes arrive says nothing: a pipe that delivers them in any pieces gives the same report and the same
//! connections, to the last byte.

#![expect(clippy::disallowed_methods, reason = "tests read recordings")]

use std::path::{Path, PathBuf};

use handshark::capture::Interfaces;
use handshark::record::Connection;
use handshark::{Inspector, Limits, Sink};

/// The connections as text, in the order in which they became final.
#[derive(Default)]
struct Told(Vec<String>);

impl Sink for Told {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.push(format!("{connection:?}"));
    }
}

fn read(bytes: &[u8], piece: usize) -> (String, Vec<String>) {
    let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
    for piece in bytes.chunks(piece) {
        inspector.push(piece).expect("a capture");
    }
    let (report, told) = inspector.finish().expect("a capture");
    (serde_json::to_string(&report).expect("a report has a form in JSON"), told.0)
}

#[test]
fn pieces_of_any_length_give_the_same_report() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let listed = std::fs::read_dir(testdata).expect("testdata is there").map(|entry| entry.expect("an entry").path());
    let captures: Vec<PathBuf> = listed.filter(|path| path.to_string_lossy().contains(".pcap")).collect();
    assert!(captures.len() >= 10, "the recorded incidents are missing");
    for path in captures {
        let bytes = std::fs::read(&path).expect("it can be read");
        let whole = read(&bytes, usize::MAX);
        for piece in [1, 7, 23] {
            assert!(read(&bytes, piece) == whole, "{} in pieces of {piece}", path.display());
        }
    }
}
