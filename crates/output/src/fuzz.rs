//! An entry for fuzzing: whatever a capture holds, what is written of it parses back. No part of the interface.

use handshark::capture::Interfaces;
use handshark::record::{COLUMNS, Connection};
use handshark::{Inspector, Limits, Sink};

use crate::rows::{Formulas, RowFormat, RowKind, Rows};
use crate::text::{self, Scope, Style};

/// Every row format of every kind of row.
struct Written {
    jsonl: [Rows<Vec<u8>>; 3],
    csv: [Rows<Vec<u8>>; 3],
    table: Rows<Vec<u8>>,
    connections: usize,
}

const KINDS: [RowKind; 3] = [RowKind::Connections, RowKind::Hellos, RowKind::Certificates];

impl Written {
    fn new() -> Self {
        let rows = |kind, format| Rows::new(kind, format, Style::default(), Formulas::Defused, Vec::new());
        Self {
            jsonl: KINDS.map(|kind| rows(kind, RowFormat::Jsonl)),
            csv: KINDS.map(|kind| rows(kind, RowFormat::Csv)),
            table: rows(RowKind::Connections, RowFormat::Table),
            connections: 0,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Rows<Vec<u8>>> {
        self.jsonl.iter_mut().chain(&mut self.csv).chain([&mut self.table])
    }
}

impl Sink for Written {
    fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
        self.connections += 1;
        for rows in self.each() {
            rows.connection(connection, interfaces).expect("a Vec takes all");
        }
    }
}

/// A capture, written in every format and read back.
///
/// # Panics
/// Something that was written can not be read back, or could do harm where it is shown.
pub fn writers(bytes: &[u8]) {
    let mut inspector = Inspector::with_sink(Limits::default(), Written::new());
    _ = inspector.push(bytes);
    let Ok((report, mut written)) = inspector.finish() else { return };
    for rows in written.each() {
        rows.finish().expect("a Vec takes all");
    }
    for (kind, rows) in KINDS.into_iter().zip(&mut written.jsonl) {
        let text = harmless(rows.out());
        let columns = kind.headings().len();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"));
        let count = lines.inspect(|row| assert_eq!(row.as_object().map(serde_json::Map::len), Some(columns))).count();
        assert!(kind != RowKind::Connections || count == written.connections);
    }
    for (kind, rows) in KINDS.into_iter().zip(&mut written.csv) {
        let text = harmless(rows.out());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<String> = reader.headers().expect("a heading").iter().map(str::to_owned).collect();
        assert_eq!(names.len(), kind.headings().len());
        let count = reader.records().map(|record| assert_eq!(record.expect("a row").len(), names.len())).count();
        assert!(kind != RowKind::Connections || (count, names.len()) == (written.connections, COLUMNS.len()));
    }
    harmless(written.table.out());
    let mut json = Vec::new();
    crate::json::write_report(&mut json, &report).expect("a Vec takes all");
    let read: serde_json::Value = serde_json::from_str(&harmless(&json)).expect("one JSON document");
    assert_eq!(read["totals"]["connections"], written.connections);
    let mut page = Vec::new();
    let scope = Scope { checks: &[], hidden: &[] };
    text::write_report(&mut page, &report, scope, Style { width: 60, color: false }).expect("a Vec takes all");
    harmless(&page);
    let mut page = Vec::new();
    crate::html::write_report(&mut page, &report, scope).expect("a Vec takes all");
    harmless(&page);
}

/// The text, in which nothing moves a terminal's cursor or turns the direction of what follows.
fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
    let harm = |c: &char| {
        c.is_control() && *c != '\n'
            || matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    assert_eq!(text.chars().find(harm), None, "{text:?}");
    text
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    #[test]
    fn what_is_written_of_the_kept_corpus_is_read_back() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut count = 0;
        for folder in ["fuzz/corpus/writers", "fuzz/corpus/pipeline", "testdata"] {
            let entries = std::fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
            let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
            files.sort();
            for path in files {
                println!("{}", path.display());
                super::writers(&std::fs::read(&path).expect("it can be read"));
                count += 1;
            }
        }
        assert!(count > 20, "{count} files");
    }
}
