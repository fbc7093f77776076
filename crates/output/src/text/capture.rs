//! What was checked without a finding, what was not assessed, and what the capture itself was like.

use handshark::Report;
use handshark::report::{CaptureSummary, NotAssessed};

use super::verdict::counted;
use super::{Scope, blind, times};
use crate::paint::CODE;
use crate::sheet::Sheet;

/// Files that are named.
const MAX_FILES: usize = 5;

/// Of several files: that numbers are those of all of them together, and how to get the file that has these numbers.
pub(super) fn write_numbering(sheet: &mut Sheet, files: &[String]) {
    if files.len() < 2 {
        return;
    }
    let more = if files.len() > MAX_FILES { " ..." } else { "" };
    let numbers = "Packet numbers and tcp.stream are those of the";
    let command = format!("mergecap -w all.pcapng {}{more}", named(files, " "));
    sheet.paragraph(0, "", &format!("{numbers} {} files merged in time order: {command}", files.len()));
}

fn named(files: &[String], between: &str) -> String {
    let named: Vec<&str> = files.iter().take(MAX_FILES).map(String::as_str).collect();
    named.join(between)
}

/// The checks that were made and have no finding.
pub(crate) fn found_nothing(report: &Report, scope: Scope<'_>) -> Vec<&'static str> {
    let connections = report.totals.connections;
    if connections == 0 {
        return Vec::new();
    }
    let has_finding = |code: &str| report.findings.iter().chain(scope.hidden).any(|finding| finding.code == code);
    let was_made = |code: &str| !report.not_assessed.iter().any(|no| no.code == code && no.connections >= connections);
    scope.checks.iter().copied().filter(|code| !has_finding(code) && was_made(code)).collect()
}

/// Their names.
pub(super) fn write_found_nothing(sheet: &mut Sheet, report: &Report, scope: Scope<'_>) {
    let checks = found_nothing(report, scope);
    if !checks.is_empty() {
        sheet.gap();
        sheet.heading(0, "Checks that found nothing");
        sheet.paragraph(2, "", &checks.join(", "));
    }
}

/// Checks that could not be made: those with the same reason together, and the capture that would allow them.
pub(super) fn write_not_assessed(sheet: &mut Sheet, report: &Report) {
    let in_part = blind::in_full(report);
    if report.not_assessed.is_empty() && in_part.is_empty() {
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
    for unseen in &in_part {
        sheet.paragraph(2, "", &unseen.text);
        if let Some(command) = &unseen.command {
            let command = sheet.paint.with(CODE, command);
            sheet.line(4, &command);
        }
    }
    let of_checks = report.not_assessed.iter().filter_map(|check| check.capture_instead.as_deref());
    let mut commands = of_checks.chain(in_part.iter().filter_map(|unseen| unseen.command.as_deref()));
    if let Some(filter) = commands.find_map(|command| command.split('\'').nth(1)) {
        let text = format!(
            "In Kubernetes the same filters serve: kubectl sniff POD -f '{filter}' -o handshark.pcap (`kubectl get pods -A -o wide` lists pods with their addresses)"
        );
        sheet.paragraph(2, "", &text);
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

pub(crate) fn numbers(capture: &CaptureSummary) -> String {
    let mut text = named(&capture.files, ", ");
    if let Some(more) = capture.files.len().checked_sub(MAX_FILES).filter(|more| *more > 0) {
        text += &format!(" and {}", counted(more as u64, "more file"));
    }
    if !text.is_empty() {
        text += ": ";
    }
    text += &format!("{}, {} with TCP", counted(capture.packets, "packet"), capture.tcp_packets);
    if !capture.skipped.is_empty() {
        let skipped: Vec<String> = capture.skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        text += &format!(", not used: {}", skipped.join(", "));
    }
    text.push('.');
    if !capture.link_types.is_empty() {
        text += &format!(" Link type {}.", capture.link_types.join(", "));
    }
    if !capture.names.is_empty() {
        let names: Vec<String> = capture.names.iter().map(|(address, name)| format!("{address} {name}")).collect();
        text += &format!(" The capture names {}.", named(&names, ", "));
    }
    let range = times::dated_range(capture.first, capture.last);
    if !range.is_empty() {
        text += &format!(" {range}");
        text += &capture.duration_s.map_or_else(|| ".".to_owned(), |duration| format!(" ({duration})."));
    }
    text
}
