//! One example connection, step by step: packet, seconds, direction, what it was.

use handshark::report::Evidence;
use handshark::types::Side;

use crate::paint::STRONG;
use crate::sheet::{Align, Sheet, padded};

/// Writes the steps; those whose packets prove the finding are marked with `>`.
pub(super) fn write(sheet: &mut Sheet, indent: usize, example: &Evidence) {
    let title = format!("Example: connection {}, {} to {}", example.connection, example.client, example.server);
    sheet.heading(indent, &title);
    if example.ladder.is_empty() {
        let packets: Vec<String> = example.packets.iter().map(ToString::to_string).collect();
        sheet.paragraph(indent + 2, "packets ", &packets.join(", "));
        return;
    }
    sheet.line(indent, "   packet      seconds");
    for step in &example.ladder {
        let proves = example.packets.contains(&step.packet);
        let mark = if proves { '>' } else { ' ' };
        let packet = padded(&step.packet.to_string(), 8, Align::Right);
        let seconds = padded(&format!("{:.6}", step.offset_s.as_secs_f64()), 12, Align::Right);
        let arrow = match step.from {
            Side::Client => "client ----> server",
            Side::Server => "client <---- server",
        };
        let what = if proves { sheet.paint.with(STRONG, &step.what) } else { step.what.clone() };
        sheet.line(indent, &format!("{mark}{packet} {seconds}  {arrow}  {what}"));
    }
}
