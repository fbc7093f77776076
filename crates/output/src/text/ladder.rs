//! One example connection, step by step: packet, seconds, direction, what it was.

use std::collections::BTreeMap;

use handshark::record::timeline::{self, Step};
use handshark::report::Evidence;
use handshark::types::{PacketNo, Side, Span};

use crate::paint::STRONG;
use crate::sheet::{Align, Sheet, cut, padded};

/// The widest row.
const MAX_WIDTH: usize = 100;

/// Columns before what a packet was.
const BEFORE: usize = 1 + 8 + 1 + 12 + 2 + 19 + 2;

/// A packet that is this much earlier than one before it has no time that can be told beside the others.
const DISORDER: Span = Span::from_secs(1);

/// Writes the steps; those whose packets prove the finding are marked with `>`. Each of these has a row, though of some no
/// more than the number is kept.
pub(super) fn write(sheet: &mut Sheet, indent: usize, example: &Evidence) {
    let title = format!("Example: connection {}, {} to {}", example.connection, example.client, example.server);
    sheet.heading(indent, &title);
    let mut rows: BTreeMap<PacketNo, Vec<&Step>> = example.packets.iter().map(|packet| (*packet, Vec::new())).collect();
    for step in &example.ladder {
        if example.packets.contains(&step.packet) || !timeline::is_minor(&step.what) {
            rows.entry(step.packet).or_default().push(step);
        }
    }
    sheet.line(indent, "   packet      seconds");
    let room = sheet.width().min(MAX_WIDTH).saturating_sub(indent + BEFORE);
    let mut latest = Span::ZERO;
    for (packet, steps) in &rows {
        let proves = example.packets.contains(packet);
        let mark = if proves { '>' } else { ' ' };
        let number = padded(&packet.to_string(), 8, Align::Right);
        if steps.is_empty() {
            let place = if example.ladder.iter().any(|step| step.packet > *packet) { "an earlier" } else { "a later" };
            let what = sheet.paint.with(STRONG, &format!("{place} packet of the connection"));
            sheet.line(indent, &format!("{mark}{number}{}{what}", " ".repeat(BEFORE - 9)));
        }
        for step in steps {
            let is_late = step.offset_s.plus(DISORDER) < latest;
            latest = latest.max(step.offset_s);
            let seconds =
                if is_late { "out of order".to_owned() } else { format!("{:.6}", step.offset_s.as_secs_f64()) };
            let seconds = padded(&seconds, 12, Align::Right);
            let arrow = match step.from {
                Side::Client => "client ----> server",
                Side::Server => "client <---- server",
            };
            let what = cut(&step.what, room);
            let what = if proves { sheet.paint.with(STRONG, &what) } else { what };
            sheet.line(indent, &format!("{mark}{number} {seconds}  {arrow}  {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Paint;
    use crate::samples;

    fn ladder(example: &Evidence) -> Vec<String> {
        let mut sheet = Sheet::new(200, Paint { color: false });
        write(&mut sheet, 2, example);
        sheet.into_text().lines().skip(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_packet_that_proves_it_has_a_row() {
        let mut example = samples::report().findings[0].evidence[0].clone();
        example.packets.extend([samples::packet(11), samples::packet(23)]);
        let rows = ladder(&example);
        let marked: Vec<&str> = rows.iter().filter_map(|row| row.strip_prefix("  >")).map(str::trim).collect();
        let numbers: Vec<&str> = marked.iter().filter_map(|row| row.split(' ').next()).collect();
        assert_eq!(numbers, ["11", "20", "21", "22", "23"]);
        assert!(rows[0].ends_with("  an earlier packet of the connection"), "{rows:#?}");
        assert!(rows[6].ends_with("  a later packet of the connection"), "{rows:#?}");
    }

    #[test]
    fn a_row_is_cut_and_disorder_is_named() {
        let mut example = samples::report().findings[0].evidence[0].clone();
        example.ladder[1].what = format!("ClientHello for {}", "a".repeat(200)).into();
        example.ladder[2].offset_s = Span::from_secs(-668_322_441);
        let rows = ladder(&example);
        assert!(rows.iter().all(|row| crate::sheet::columns(row) <= 100), "{rows:#?}");
        assert!(rows[1].ends_with("aaa…"), "{rows:#?}");
        assert!(rows[2].contains(" 20 out of order  client <---- server"), "{rows:#?}");
        assert!(rows[3].contains("    7.000000  "), "{rows:#?}");
    }
}
