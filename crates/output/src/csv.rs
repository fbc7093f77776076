//! CSV (RFC 4180): a line of names, then one line for each row.
//!
//! Texts are always quoted; absent values are empty and unquoted, so that `""` and nothing differ. CSV has no escapes of
//! its own and is shown in terminals and spreadsheets, so texts are written as the text report writes them: control and
//! format characters as `\x1b` or `\u{202e}`, a backslash as `\\`. Lists are joined with `;`, a `;` inside is `\x3b`.
//!
//! A spreadsheet takes a field that begins with `=`, `+`, `-` or `@` for a formula, quoted or not. [`Formulas::Defused`]
//! puts an apostrophe before such texts; it changes the data, so it is not the default.

use std::io::{self, Write};

use handshark::record::Value;
use handshark::types::escaped;

use crate::number::{self, Times};
use crate::rows::{Formulas, Heading};

/// Writes rows as CSV; one buffer is reused for all of them.
#[derive(Debug)]
pub(crate) struct Csv<W> {
    out: W,
    formulas: Formulas,
    /// The line of names until it is written, before the first row or at the end.
    names: Option<String>,
    line: Vec<u8>,
    times: Times,
}

impl<W: Write> Csv<W> {
    pub(crate) fn new(headings: &[Heading], formulas: Formulas, out: W) -> Self {
        let names: Vec<&str> = headings.iter().map(|heading| heading.name).collect();
        Self::of_names(&names, formulas, out)
    }

    pub(crate) fn of_names(names: &[&str], formulas: Formulas, out: W) -> Self {
        let names = Some(names.join(",") + "\n");
        Self { out, formulas, names, line: Vec::with_capacity(4_096), times: Times::new() }
    }

    pub(crate) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    pub(crate) fn row<'a>(&mut self, values: impl Iterator<Item = Value<'a>>) -> io::Result<()> {
        self.write_names()?;
        self.line.clear();
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.line.push(b',');
            }
            self.push_value(&value);
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.write_names()?;
        self.out.flush()
    }

    fn write_names(&mut self) -> io::Result<()> {
        self.names.take().map_or(Ok(()), |names| self.out.write_all(names.as_bytes()))
    }

    fn push_value(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => {}
            Value::Bool(true) => self.line.extend_from_slice(b"true"),
            Value::Bool(false) => self.line.extend_from_slice(b"false"),
            Value::Int(number) => number::push_int(&mut self.line, *number),
            Value::Float(number) => drop(number::push_float(&mut self.line, *number)),
            Value::Time(time) => self.times.push(&mut self.line, *time),
            Value::Address(address) => {
                self.line.push(b'"');
                number::push_address(&mut self.line, *address);
                self.line.push(b'"');
            }
            Value::Text(text) => self.push_quoted(&escaped(text)),
            Value::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| escaped(text).replace(';', "\\x3b")).collect();
                self.push_quoted(&texts.join(";"));
            }
        }
    }

    fn push_quoted(&mut self, text: &str) {
        self.line.push(b'"');
        if self.formulas == Formulas::Defused && looks_like_formula(text) {
            self.line.push(b'\'');
        }
        let mut parts = text.split('"');
        self.line.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            self.line.extend_from_slice(b"\"\"");
            self.line.extend_from_slice(part.as_bytes());
        }
        self.line.push(b'"');
    }
}

/// Spaces in front do not keep a spreadsheet from it; tabs and line ends can not be there, they are escaped.
fn looks_like_formula(text: &str) -> bool {
    text.trim_start().starts_with(['=', '+', '-', '@'])
}

#[cfg(test)]
mod tests {
    use handshark::record::ColumnType;

    use super::*;

    fn lines(formulas: Formulas, values: &[Value<'_>]) -> String {
        let headings = vec![Heading { name: "x", kind: ColumnType::Text }; values.len()];
        let mut out = Vec::new();
        let mut rows = Csv::new(&headings, formulas, &mut out);
        rows.row(values.iter().cloned()).expect("a Vec takes all");
        String::from_utf8(out).expect("CSV is UTF-8")
    }

    #[test]
    fn a_reader_gets_the_fields_back() {
        let values = [
            Value::Text("a,\"b\"".into()),
            Value::Null,
            Value::Text("".into()),
            Value::Int(7),
            Value::Texts(vec!["h2".into(), "a;b".into()]),
            Value::Text("x\r\ny\u{1b}".into()),
        ];
        let text = lines(Formulas::Kept, &values);
        assert_eq!(text.lines().nth(1), Some(r#""a,""b""",,"",7,"h2;a\x3bb","x\x0d\x0ay\x1b""#));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let record = reader.records().next().expect("one row").expect("valid CSV");
        let fields: Vec<&str> = record.iter().collect();
        assert_eq!(fields, ["a,\"b\"", "", "", "7", r"h2;a\x3bb", r"x\x0d\x0ay\x1b"]);
    }

    #[test]
    fn formulas_are_defused_on_request_alone() {
        for text in ["=1+1", " =1", "\u{a0}@SUM(A1)", "+1", "-1"] {
            let value = [Value::Text(text.into())];
            assert!(!lines(Formulas::Kept, &value).contains('\''), "{text}");
            assert!(lines(Formulas::Defused, &value).contains("\"'"), "{text}");
        }
        assert!(!lines(Formulas::Defused, &[Value::Int(-1), Value::Text("a=b".into())]).contains('\''));
    }
}
