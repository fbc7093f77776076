//! What was not assessed, and what the capture itself was like.

use handshark::Report;
use handshark::report::{CaptureSummary, NotAssessed};

use super::times;
use super::verdict::counted;
use crate::paint::CODE;
use crate::sheet::Sheet;

/// Checks that could not be made: those with the same reason together, and the capture that would allow them.
pub(super) fn write_not_assessed(sheet: &mut Sheet, report: &Report) {
    if report.not_assessed.is_empty() {
        return;
    }
    sheet.gap();
    sheet.heading(0, "Not assessed");
    let mut groups: Vec<Vec<&NotAssessed>> = Vec::new();
    for check in &report.not_assessed {
        let same = |group: &&mut Vec<&NotAssessed>| {
            group.first().is_some_and(|other| {
                (&other.reason, &other.capture_instead, other.connections)
                    == (&check.reason, &check.capture_instead, check.connections)
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(check),
            None => groups.push(vec![check]),
        }
    }
    for group in &groups {
        let Some(one) = group.first() else { continue };
        let codes: Vec<&str> = group.iter().map(|check| check.code).collect();
        let text = format!("{} ({}): {}", codes.join(", "), counted(one.connections, "connection"), one.reason);
        sheet.paragraph(2, "", &text);
        if let Some(command) = &one.capture_instead {
            let command = sheet.paint.with(CODE, command);
            sheet.line(4, &command);
        }
    }
}

/// Packets read, understood and skipped: the numbers add up. Then what was odd about the file.
pub(super) fn write(sheet: &mut Sheet, capture: &CaptureSummary) {
    sheet.gap();
    sheet.heading(0, "Capture");
    sheet.paragraph(2, "", &numbers(capture));
    for quality in &capture.quality {
        sheet.paragraph(2, &format!("{}: ", quality.code), &quality.note);
    }
}

fn numbers(capture: &CaptureSummary) -> String {
    let mut text = match capture.files.as_slice() {
        [] => String::new(),
        [file] => format!("{file}: "),
        [file, rest @ ..] => format!("{file} and {}: ", counted(rest.len() as u64, "more file")),
    };
    text += &format!("{}, {} with TCP", counted(capture.packets, "packet"), capture.tcp_packets);
    if !capture.skipped.is_empty() {
        let skipped: Vec<String> = capture.skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        text += &format!(", not used: {}", skipped.join(", "));
    }
    text.push('.');
    if !capture.link_types.is_empty() {
        text += &format!(" Link type {}.", capture.link_types.join(", "));
    }
    let range = times::dated_range(capture.first, capture.last);
    if !range.is_empty() {
        text += &format!(" {range}");
        text += &capture.duration_s.map_or_else(|| ".".to_owned(), |duration| format!(" ({duration})."));
    }
    text
}
