//! Connections that failed though no check says why, and those of which nobody can say whether they failed: each kind with one
//! example and its packets.

use handshark::report::Unexplained;

use crate::sheet::Sheet;

/// Kinds that are told.
const MAX_TOLD: usize = 8;

/// Both, each with its title.
pub(crate) fn parted(unexplained: &[Unexplained]) -> [(&'static str, &[Unexplained]); 2] {
    // The undecided come last.
    let (failed, undecided) = unexplained.split_at(unexplained.partition_point(|kind| !kind.undecided));
    [
        ("Failed, and no check explains why", failed),
        ("Reset, and the capture does not show whether anyone still waited", undecided),
    ]
}

/// Writes the most frequent kinds.
pub(super) fn write(sheet: &mut Sheet, unexplained: &[Unexplained]) {
    for (title, kinds) in parted(unexplained) {
        write_some(sheet, title, kinds);
    }
}

fn write_some(sheet: &mut Sheet, title: &str, unexplained: &[Unexplained]) {
    if unexplained.is_empty() {
        return;
    }
    sheet.gap();
    sheet.heading(0, title);
    for kind in unexplained.iter().take(MAX_TOLD) {
        let title = format!("{}, {}, {}", kind.outcome.name(), kind.reached, kind.ended_by);
        sheet.paragraph(2, &format!("{} ", kind.connections), &title);
        let mark = if kind.connections == 1 { "" } else { "example: " };
        sheet.paragraph(4, mark, &kind.example);
    }
    if let Some(more) = unexplained.get(MAX_TOLD..).filter(|more| !more.is_empty()) {
        let connections: u64 = more.iter().map(|kind| kind.connections).sum();
        sheet.line(2, &format!("and {connections} more: handshark connections lists them"));
    }
}
