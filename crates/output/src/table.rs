//! A table for a terminal: a choice of columns, aligned, sorted by connection number.
//!
//! Widths need all rows, so rows are kept until the end; at most [`MAX_ROWS`], and what was left out is said. Columns
//! without any value are left out, then the least needed ones until the table fits the width.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use handshark::record::Value;
use handshark::types::{Endpoint, Timestamp, escaped};

use crate::paint::{Paint, STRONG};
use crate::rows::Heading;
use crate::sheet::{Align, columns, cut, padded};
use crate::text::Style;

/// Rows that a table shows: nobody reads more, and they are held in memory.
const MAX_ROWS: usize = 100_000;

/// The widest cell.
const MAX_CELL: usize = 44;

/// One column of a table, made of one or more columns of the registry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    heading: &'static str,
    from: &'static [&'static str],
    align: Align,
    /// The higher, the earlier it is left out; 0 is never left out.
    spare: u8,
}

const fn left(heading: &'static str, from: &'static [&'static str], spare: u8) -> Layout {
    Layout { heading, from, align: Align::Left, spare }
}

const fn right(heading: &'static str, from: &'static [&'static str], spare: u8) -> Layout {
    Layout { heading, from, align: Align::Right, spare }
}

/// The table of connections.
pub(crate) const CONNECTIONS: &[Layout] = &[
    right("no", &["connection"], 0),
    left("start", &["start"], 4),
    left("client", &["client_address", "client_port"], 0),
    left("server", &["server_address", "server_port"], 0),
    left("outcome", &["outcome"], 0),
    right("seconds", &["duration_s"], 3),
    left("closed by", &["closed_by", "close_kind"], 5),
    right("idle s", &["idle_before_close_s"], 2),
    left("server name", &["server_name"], 6),
    left("tls", &["tls_version"], 8),
    left("alert", &["alert"], 7),
    left("symptoms", &["symptoms"], 1),
];

/// The table of hellos.
pub(crate) const HELLOS: &[Layout] = &[
    right("no", &["connection"], 0),
    right("packet", &["packet"], 0),
    left("client", &["client_address", "client_port"], 0),
    left("server", &["server_address", "server_port"], 0),
    left("sni", &["sni_state"], 1),
    left("server name", &["server_name"], 2),
    left("alpn", &["alpn_offered"], 5),
    right("bytes", &["client_hello_bytes"], 6),
    right("segments", &["client_hello_segments"], 7),
    left("stage", &["tls_stage"], 3),
    left("alert", &["alert"], 4),
    left("ja4", &["ja4"], 8),
];

/// The table of certificates.
pub(crate) const CERTIFICATES: &[Layout] = &[
    right("no", &["connection"], 0),
    right("packet", &["packet"], 0),
    left("by", &["sent_by"], 3),
    right("place", &["position"], 2),
    left("server", &["server_address", "server_port"], 0),
    left("server name", &["server_name"], 4),
    left("covers it", &["covers_server_name"], 5),
    left("subject", &["subject"], 0),
    left("issuer", &["issuer"], 1),
    left("valid to", &["not_after"], 0),
    left("validity", &["validity"], 0),
    left("names", &["dns_names"], 6),
    left("key", &["key"], 8),
    right("bits", &["key_bits"], 8),
    left("signature", &["signature"], 9),
];

/// Keeps rows and writes them as a table.
#[derive(Debug)]
pub(crate) struct Table<W> {
    out: W,
    style: Style,
    layout: &'static [Layout],
    /// For each column of the registry: the column of the table that shows it.
    place: Vec<Option<usize>>,
    rows: BTreeMap<(i64, u64), Vec<String>>,
    taken: u64,
    left_out: u64,
}

impl<W: Write> Table<W> {
    pub(crate) fn new(headings: &[Heading], layout: &'static [Layout], style: Style, out: W) -> Self {
        let place = |heading: &Heading| layout.iter().position(|column| column.from.contains(&heading.name));
        Self {
            out,
            style,
            layout,
            place: headings.iter().map(place).collect(),
            rows: BTreeMap::new(),
            taken: 0,
            left_out: 0,
        }
    }

    pub(crate) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    pub(crate) fn row<'a>(&mut self, values: impl Iterator<Item = Value<'a>>) {
        let mut cells = vec![String::new(); self.layout.len()];
        let mut number = i64::MAX;
        let mut address = None;
        for (i, (value, place)) in values.zip(&self.place).enumerate() {
            if let (0, Value::Int(first)) = (i, &value) {
                number = *first;
            }
            let Some(cell) = place.and_then(|place| cells.get_mut(place)) else { continue };
            match (value, address.take()) {
                (Value::Address(ip), _) => address = Some(ip),
                (Value::Int(port), Some(ip)) => *cell = endpoint(ip, port),
                (value, _) => add(cell, &value),
            }
        }
        self.taken += 1;
        self.rows.insert((number, self.taken), cells);
        if self.rows.len() > MAX_ROWS {
            self.rows.pop_last();
            self.left_out += 1;
        }
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let shown = self.shown();
        let paint = Paint { color: self.style.color };
        let line = |cells: Vec<String>| cells.join("  ").trim_end().to_owned();
        let heads = shown.iter().map(|&(i, width)| padded(self.layout[i].heading, width, self.layout[i].align));
        writeln!(self.out, "{}", paint.with(STRONG, &line(heads.collect())))?;
        for row in self.rows.values() {
            let cells = shown.iter().map(|&(i, width)| padded(&row[i], width, self.layout[i].align));
            writeln!(self.out, "{}", line(cells.collect()))?;
        }
        if self.left_out > 0 {
            writeln!(self.out, "and {} more: --format jsonl or csv has all", self.left_out)?;
        }
        self.out.flush()
    }

    /// Columns that are shown, with their widths: those with a value, without the least needed that do not fit.
    fn shown(&self) -> Vec<(usize, usize)> {
        let mut shown: Vec<(usize, usize)> = Vec::new();
        for (i, column) in self.layout.iter().enumerate() {
            let widest = self.rows.values().filter_map(|row| row.get(i)).map(|cell| columns(cell)).max().unwrap_or(0);
            if widest > 0 || column.spare == 0 {
                shown.push((i, widest.max(columns(column.heading))));
            }
        }
        let total =
            |shown: &[(usize, usize)]| shown.iter().map(|(_, width)| width + 2).sum::<usize>().saturating_sub(2);
        while total(&shown) > self.style.width {
            let spare = |&(_, &(i, _)): &(usize, &(usize, usize))| self.layout[i].spare;
            let Some((least, &(i, _))) = shown.iter().enumerate().max_by_key(spare) else { break };
            if self.layout[i].spare == 0 {
                break;
            }
            shown.remove(least);
        }
        shown
    }
}

fn endpoint(address: IpAddr, port: i64) -> String {
    u16::try_from(port).map_or_else(|_| address.to_string(), |port| Endpoint::new(address, port).to_string())
}

/// Appends a value to a cell; several values stand side by side.
fn add(cell: &mut String, value: &Value<'_>) {
    let text = match value {
        Value::Null => return,
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:.3}"),
        Value::Text(text) => cut(&escaped(text), MAX_CELL),
        Value::Address(address) => address.to_string(),
        Value::Time(time) => time_of_day(*time),
        Value::Texts(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| escaped(text)).collect();
            cut(&texts.join(", "), MAX_CELL)
        }
    };
    if !cell.is_empty() {
        cell.push(' ');
    }
    cell.push_str(&text);
}

/// `10:34:01.123` in UTC.
fn time_of_day(time: Timestamp) -> String {
    let (_, _, _, hour, minute, second, nano) = time.civil();
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", nano / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Formulas, RowFormat, RowKind, Rows};
    use crate::samples;

    fn table(width: usize, numbers: &[u64]) -> String {
        let mut out = Vec::new();
        let style = Style { width, color: false };
        let mut rows = Rows::new(RowKind::Connections, RowFormat::Table, style, Formulas::Kept, &mut out);
        for number in numbers {
            let connection = samples::connection(*number);
            rows.connection(&connection, &samples::interfaces()).expect("a Vec takes all");
        }
        rows.finish().expect("a Vec takes all");
        drop(rows);
        String::from_utf8(out).expect("a table is UTF-8")
    }

    #[test]
    fn rows_stand_in_order_of_number_and_are_escaped() {
        let text = table(200, &[7, 2, 5]);
        let numbers: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(numbers, ["2", "5", "7"]);
        assert!(text.contains(r"evil\x1b[31m.example"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn the_least_needed_columns_make_room() {
        let narrow = table(80, &[1]);
        assert!(narrow.lines().all(|line| columns(line) <= 80), "{narrow}");
        assert!(narrow.contains("outcome") && !narrow.contains("server name"), "{narrow}");
        assert!(!table(400, &[1]).contains("alert"), "a column without values");
    }

    #[test]
    fn the_layouts_name_columns_that_exist() {
        for (kind, layout) in
            [(RowKind::Connections, CONNECTIONS), (RowKind::Hellos, HELLOS), (RowKind::Certificates, CERTIFICATES)]
        {
            let headings = kind.headings();
            for name in layout.iter().flat_map(|column| column.from) {
                assert!(headings.iter().any(|heading| heading.name == *name), "{name}");
            }
        }
    }
}
