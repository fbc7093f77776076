//! JSON lines: one object for each row, every column in it, absent values as `null`.
//!
//! Times are RFC 3339 with nanoseconds, lists are arrays, and a number that is not finite is `null`. Text is kept as it was
//! on the wire; what could move a terminal's cursor or reorder a line is written as `\u001b`, which JSON readers undo.

use std::io::{self, Write};

use handshark::record::Value;
use handshark::types::escaped;

use crate::number::{self, Times};
use crate::rows::Heading;

/// Writes rows as JSON lines; one buffer is reused for all of them.
#[derive(Debug)]
pub(crate) struct Jsonl<W> {
    out: W,
    keys: Vec<Key>,
    line: Vec<u8>,
    times: Times,
}

/// What stands before a value: `{"connection":` for the first column, `,"client_address":` and so on for the others.
///
/// A row has a hundred of them and most of its values are absent: with a length that is known while compiling a copy is a few
/// instructions, and what is too much is cut off again.
#[derive(Debug)]
struct Key {
    /// With `null` behind it.
    text: [u8; Self::ROOM],
    len: usize,
}

impl Key {
    const ROOM: usize = 48;

    fn new(place: usize, name: &str) -> Self {
        let mark = if place == 0 { '{' } else { ',' };
        let whole = format!("{mark}\"{name}\":null");
        let mut text = [0; Self::ROOM];
        // A test of all columns sees that the names are shorter.
        text.iter_mut().zip(whole.bytes()).for_each(|(to, from)| *to = from);
        Self { text, len: whole.len() - 4 }
    }

    #[inline]
    fn push(&self, line: &mut Vec<u8>, times: &mut Times, value: &Value<'_>) {
        let len = line.len() + self.len;
        line.extend_from_slice(&self.text);
        if matches!(value, Value::Null) {
            line.truncate(len + 4);
        } else {
            line.truncate(len);
            push_value(line, times, value);
        }
    }
}

impl<W: Write> Jsonl<W> {
    pub(crate) fn new(headings: &[Heading], out: W) -> Self {
        let keys = headings.iter().enumerate().map(|(place, heading)| Key::new(place, heading.name));
        Self { out, keys: keys.collect(), line: Vec::with_capacity(4_096), times: Times::new() }
    }

    pub(crate) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    pub(crate) fn row<'a>(&mut self, values: impl Iterator<Item = Value<'a>>) -> io::Result<()> {
        self.line.clear();
        for (key, value) in self.keys.iter().zip(values) {
            key.push(&mut self.line, &mut self.times, &value);
        }
        self.line.extend_from_slice(b"}\n");
        self.out.write_all(&self.line)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn push_value(line: &mut Vec<u8>, times: &mut Times, value: &Value<'_>) {
    match value {
        Value::Null => line.extend_from_slice(b"null"),
        Value::Bool(true) => line.extend_from_slice(b"true"),
        Value::Bool(false) => line.extend_from_slice(b"false"),
        Value::Int(number) => number::push_int(line, *number),
        Value::Float(number) => {
            if !number::push_float(line, *number) {
                line.extend_from_slice(b"null");
            }
        }
        Value::Text(text) => push_string(line, text),
        Value::Address(address) => {
            line.push(b'"');
            number::push_address(line, *address);
            line.push(b'"');
        }
        Value::Time(time) => {
            line.push(b'"');
            times.push(line, *time);
            line.push(b'"');
        }
        Value::Texts(texts) => {
            line.push(b'[');
            for (i, text) in texts.iter().enumerate() {
                if i > 0 {
                    line.push(b',');
                }
                push_string(line, text);
            }
            line.push(b']');
        }
    }
}

fn push_string(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    if is_plain(text.as_bytes()) {
        line.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| push_char(line, c));
    }
    line.push(b'"');
}

/// Whether nothing has to be escaped: printable ASCII without quotes and backslashes, which nearly all texts are. Eight bytes at a
/// time, as there are twenty texts in a row.
fn is_plain(text: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    // The highest bit of each byte that is 0; after a first one others may be wrong, and the first is enough.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let plain = |eight: [u8; 8]| {
        let word = u64::from_le_bytes(eight);
        let is = |byte: u8| zeros(word ^ (u64::from(byte) * ONES));
        let below_space = word.wrapping_sub(0x20 * ONES) & !word & HIGH;
        (word & HIGH) | below_space | is(b'"') | is(b'\\') | is(0x7f) == 0
    };
    let (eights, rest) = text.as_chunks::<8>();
    let mut last = [b' '; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    eights.iter().all(|eight| plain(*eight)) && plain(last)
}

/// RFC 8259 section 7, and the same escape for all that `types::escaped` would spell out.
fn push_char(line: &mut Vec<u8>, c: char) {
    let mut bytes = [0; 4];
    let plain: &str = c.encode_utf8(&mut bytes);
    match c {
        '"' | '\\' => line.extend_from_slice(&[b'\\', c as u8]),
        ' '..='~' => line.push(c as u8),
        _ if escaped(plain) == plain => line.extend_from_slice(plain.as_bytes()),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a Vec can not fail.
                drop(write!(line, "\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use handshark::record::ColumnType;

    use super::*;

    fn one(value: Value<'_>) -> String {
        let mut out = Vec::new();
        let mut rows = Jsonl::new(&[Heading { name: "x", kind: ColumnType::Text }], &mut out);
        rows.row([value].into_iter()).expect("a Vec takes all");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn hostile_text_is_escaped_and_reads_back_the_same() {
        let hostile = "a\"b\\c\u{1b}[31m\r\n\u{7f}\u{9b}\u{202e}\u{e0041}ü漢";
        let line = one(Value::Text(Cow::Borrowed(hostile)));
        assert_eq!(line.trim_end(), r#"{"x":"a\"b\\c\u001b[31m\u000d\u000a\u007f\u009b\u202e\udb40\udc41ü漢"}"#);
        let back: serde_json::Value = serde_json::from_str(&line).expect("valid JSON");
        assert_eq!(back["x"], hostile);
    }

    #[test]
    fn every_byte_that_must_be_escaped_is_seen_wherever_it_stands() {
        let must = |byte: u8| !(b' '..=b'~').contains(&byte) || matches!(byte, b'"' | b'\\');
        for byte in 0..=u8::MAX {
            for (len, at) in (1..20).flat_map(|len| (0..len).map(move |at| (len, at))) {
                for fill in [b' ', b'a', b'~', b'!', b']'] {
                    let mut text = vec![fill; len];
                    text[at] = byte;
                    assert_eq!(is_plain(&text), !must(byte), "{byte:#x} at {at} of {len}");
                }
            }
        }
        assert!(is_plain(b""));
    }

    #[test]
    fn absent_and_infinite_are_null_and_lists_are_arrays() {
        assert_eq!(one(Value::Null), "{\"x\":null}\n");
        assert_eq!(one(Value::Float(f64::NAN)), "{\"x\":null}\n");
        assert_eq!(one(Value::Bool(true)), "{\"x\":true}\n");
        assert_eq!(one(Value::Texts(vec!["h2".into(), "http/1.1".into()])), "{\"x\":[\"h2\",\"http/1.1\"]}\n");
        assert_eq!(one(Value::Texts(Vec::new())), "{\"x\":[]}\n");
    }
}
