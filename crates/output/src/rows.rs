//! Rows in one of the row formats, over the core's registries of columns.

use std::io::{self, Write};

use handshark::capture::Interfaces;
use handshark::record::{
    CERTIFICATE_COLUMNS, COLUMNS, CertificateRow, ColumnType, Connection, HELLO_COLUMNS, HelloRow, Value,
};

use crate::csv::Csv;
use crate::jsonl::Jsonl;
#[cfg(feature = "parquet")]
use crate::parquet::Parquet;
use crate::table::{self, Table};
use crate::text::Style;

/// A format that takes rows one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A table for a terminal: a choice of columns, sorted by connection number, written at the end.
    Table,
    /// JSON lines: every column, as rows come.
    Jsonl,
    /// CSV: every column, as rows come.
    Csv,
    /// Parquet: every column, 65,536 rows at a time.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// What a spreadsheet could take for a formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formulas {
    /// Written as it is.
    #[default]
    Kept,
    /// An apostrophe before it.
    Defused,
}

/// Name and type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its name in every format.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnType,
}

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// One row for each connection.
    Connections,
    /// One row for each ClientHello.
    Hellos,
    /// One row for each certificate in clear.
    Certificates,
}

impl RowKind {
    /// Its columns, in order.
    pub fn headings(self) -> Vec<Heading> {
        match self {
            Self::Connections => {
                COLUMNS.iter().map(|column| Heading { name: column.name, kind: column.kind }).collect()
            }
            Self::Hellos => {
                HELLO_COLUMNS.iter().map(|column| Heading { name: column.name, kind: column.kind }).collect()
            }
            Self::Certificates => {
                CERTIFICATE_COLUMNS.iter().map(|column| Heading { name: column.name, kind: column.kind }).collect()
            }
        }
    }
}

/// Writes the rows of finished connections.
#[derive(Debug)]
pub struct Rows<W: Write> {
    kind: RowKind,
    writer: Writer<W>,
}

#[derive(Debug)]
enum Writer<W: Write> {
    Table(Table<W>),
    Jsonl(Jsonl<W>),
    Csv(Csv<W>),
    #[cfg(feature = "parquet")]
    Parquet(Box<Parquet<W>>),
}

impl<W: Write> Rows<W> {
    /// Rows of `kind` to `out`; the style is for tables, the formulas for CSV.
    pub fn new(kind: RowKind, format: RowFormat, style: Style, formulas: Formulas, out: W) -> Self {
        let headings = kind.headings();
        let layout = match kind {
            RowKind::Connections => table::CONNECTIONS,
            RowKind::Hellos => table::HELLOS,
            RowKind::Certificates => table::CERTIFICATES,
        };
        let writer = match format {
            RowFormat::Table => Writer::Table(Table::new(&headings, layout, style, out)),
            RowFormat::Jsonl => Writer::Jsonl(Jsonl::new(&headings, out)),
            RowFormat::Csv => Writer::Csv(Csv::new(&headings, formulas, out)),
            #[cfg(feature = "parquet")]
            RowFormat::Parquet => Writer::Parquet(Box::new(Parquet::new(kind, out))),
        };
        Self { kind, writer }
    }

    /// What is written to.
    pub fn out(&mut self) -> &mut W {
        match &mut self.writer {
            Writer::Table(table) => table.out(),
            Writer::Jsonl(jsonl) => jsonl.out(),
            Writer::Csv(csv) => csv.out(),
            #[cfg(feature = "parquet")]
            Writer::Parquet(parquet) => parquet.out(),
        }
    }

    /// Writes what this connection adds: one row, or one for each of its hellos or certificates.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) -> io::Result<()> {
        match self.kind {
            RowKind::Connections => self.row(COLUMNS.iter().map(|column| (column.value)(connection, interfaces))),
            RowKind::Hellos => HelloRow::all(connection)
                .try_for_each(|row| self.row(HELLO_COLUMNS.iter().map(|column| (column.value)(&row)))),
            RowKind::Certificates => CertificateRow::all(connection)
                .try_for_each(|row| self.row(CERTIFICATE_COLUMNS.iter().map(|column| (column.value)(&row)))),
        }
    }

    fn row<'a>(&mut self, values: impl Iterator<Item = Value<'a>>) -> io::Result<()> {
        match &mut self.writer {
            Writer::Table(table) => {
                table.row(values);
                Ok(())
            }
            Writer::Jsonl(jsonl) => jsonl.row(values),
            Writer::Csv(csv) => csv.row(values),
            #[cfg(feature = "parquet")]
            Writer::Parquet(parquet) => parquet.row(values),
        }
    }

    /// Hands on what was written so far: for live streams, between packets.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Table(_) => Ok(()),
            Writer::Jsonl(jsonl) => jsonl.flush(),
            Writer::Csv(csv) => csv.flush(),
            #[cfg(feature = "parquet")]
            Writer::Parquet(_) => Ok(()),
        }
    }

    /// Writes what had to wait for the end, and flushes.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn finish(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Table(table) => table.finish(),
            Writer::Jsonl(jsonl) => jsonl.flush(),
            Writer::Csv(csv) => csv.flush(),
            #[cfg(feature = "parquet")]
            Writer::Parquet(parquet) => parquet.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn written(kind: RowKind, format: RowFormat) -> String {
        let mut out = Vec::new();
        let mut rows = Rows::new(kind, format, Style::default(), Formulas::Kept, &mut out);
        rows.connection(&samples::connection(7), &samples::interfaces()).expect("a Vec takes all");
        rows.finish().expect("a Vec takes all");
        drop(rows);
        String::from_utf8(out).expect("rows are UTF-8")
    }

    #[test]
    fn a_row_of_json_has_every_column_in_order() {
        for kind in [RowKind::Connections, RowKind::Hellos] {
            let text = written(kind, RowFormat::Jsonl);
            let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("one object");
            let headings = kind.headings();
            assert_eq!(row.len(), headings.len());
            let mut from = 0;
            for heading in &headings {
                let key = format!("\"{}\":", heading.name);
                from += text[from..].find(&key).unwrap_or_else(|| panic!("{key} out of order")) + key.len();
            }
            assert_eq!(row["connection"], 7);
            assert_eq!(row["server_name"], "evil\u{1b}[31m.example");
        }
        let text = written(RowKind::Connections, RowFormat::Jsonl);
        assert!(text.contains(r#""start":"2026-11-21T10:34:01.000000000Z""#), "{text}");
        assert!(text.contains(r#""idle_before_close_s":6.001,"#) && text.contains(r#""vlan":null,"#), "{text}");
        assert!(text.contains(r#""seen_at":["eth0"]"#) && text.contains(r#""symptoms":["stale-reuse"]"#), "{text}");
    }

    #[test]
    fn csv_has_a_heading_and_as_many_fields_as_columns() {
        for kind in [RowKind::Connections, RowKind::Hellos] {
            let text = written(kind, RowFormat::Csv);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let names = reader.headers().expect("a heading").clone();
            let headings = kind.headings();
            assert!(names.iter().eq(headings.iter().map(|heading| heading.name)));
            let row = reader.records().next().expect("one row").expect("as many fields as names");
            let place = names.iter().position(|name| name == "server_name").expect("a column");
            assert_eq!(&row[place], r"evil\x1b[31m.example");
        }
    }

    #[test]
    fn a_connection_without_a_hello_has_no_row_of_hellos() {
        let mut connection = samples::connection(7);
        connection.tls = None;
        let mut out = Vec::new();
        let mut rows = Rows::new(RowKind::Hellos, RowFormat::Jsonl, Style::default(), Formulas::Kept, &mut out);
        rows.connection(&connection, &samples::interfaces()).expect("a Vec takes all");
        rows.finish().expect("a Vec takes all");
        drop(rows);
        assert!(out.is_empty());
    }
}
