//! What the capture shows in part alone, so that no check can be said to be made on all of it.

use handshark::Report;
use handshark::detect::{DETECTORS, Shape};
use handshark::record::Outcome;

use super::verdict::counted;

/// Notes on the capture that say that part of it could not be read.
const DAMAGE: [&str; 6] = ["cut-short", "damaged", "garbage-before", "garbage-after", "read-error", "unreadable-file"];

/// Checks that need what was written, and say so nowhere else.
const NEED_WRITTEN: [&str; 2] = ["request-limit-close", "state-loss-drop"];

/// As parts of the verdict: `3 connections began before the capture`.
pub(super) fn in_short(report: &Report) -> Vec<String> {
    let some = |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", counted(count, "connection")));
    let part = &report.totals.seen_in_part;
    let parts = [
        some(mid_stream(report), "began before the capture"),
        some(part.flags_only, "without payload packets"),
        some(part.one_way, "in one direction alone"),
        some(part.cut, "with cut packets"),
        some(part.with_holes, "with packets missing"),
        is_damaged(report).then(|| "a part of the capture could not be read".to_owned()),
    ];
    parts.into_iter().flatten().collect()
}

/// An entry of the list of what was not assessed, and the command that captures what was missing.
#[derive(Debug)]
pub(crate) struct Unseen {
    pub(crate) text: String,
    pub(crate) command: Option<String>,
}

/// As entries of the list of what was not assessed.
pub(crate) fn in_full(report: &Report) -> Vec<Unseen> {
    let mut entries = Vec::new();
    let filter = filter(report);
    let mut add = |text: String, options: &str| {
        entries.push(Unseen { text, command: Some(format!("tcpdump -i any {options} -w handshark.pcap '{filter}'")) });
    };
    let part = &report.totals.seen_in_part;
    let began = mid_stream(report);
    if began > 0 {
        let codes = needing(&[Shape::SYN, Shape::TLS]);
        let text = format!(
            "{} ({}): they began before the capture, so their opening was not captured, nor a ClientHello unless one \
             is shown. Begin to capture before they do:",
            codes.join(", "),
            counted(began, "connection")
        );
        add(text, "-s 0 -U");
    }
    if part.flags_only > 0 {
        let mut codes = needing(&[Shape::TLS]);
        codes.extend(NEED_WRITTEN);
        let text = format!(
            "{} ({}): only SYN, FIN and RST were captured, not what was written",
            codes.join(", "),
            counted(part.flags_only, "connection")
        );
        add(text, "-s 0");
    }
    if part.one_way > 0 {
        let text = format!(
            "{}: one direction alone was captured; what the other side sent or did not send was not checked",
            counted(part.one_way, "connection")
        );
        add(text, "-s 0");
    }
    if part.with_holes > 0 {
        let text = format!(
            "{}: packets are missing from the capture; what was in them was not checked",
            counted(part.with_holes, "connection")
        );
        add(text, "-s 128 -B 65536");
    }
    if is_damaged(report) {
        let text = "a part of the capture could not be read, see Capture: what is in it was not checked".to_owned();
        entries.push(Unseen { text, command: None });
    }
    entries
}

/// Ports that one filter names; more are all.
const MOST_PORTS: usize = 4;

/// A capture filter for all services of the report.
fn filter(report: &Report) -> String {
    let mut ports: Vec<u16> = report.services.iter().map(|service| service.port).collect();
    ports.sort_unstable();
    ports.dedup();
    match ports.as_slice() {
        [port] => format!("tcp port {port}"),
        [] => "tcp".to_owned(),
        several if several.len() <= MOST_PORTS => {
            let ports: Vec<String> = several.iter().map(u16::to_string).collect();
            format!("tcp port ({})", ports.join(" or "))
        }
        _ => "tcp".to_owned(),
    }
}

fn mid_stream(report: &Report) -> u64 {
    let outcomes = report.totals.by_outcome.iter();
    outcomes.filter(|(outcome, _)| *outcome == Outcome::MidStream).map(|(_, count)| count).sum()
}

fn is_damaged(report: &Report) -> bool {
    report.capture.quality.iter().any(|quality| DAMAGE.contains(&quality.code))
}

/// Reads hellos, and clear text as well: what it needs is less than TLS.
const READS_HELLOS_TOO: [&str; 1] = ["alpn-mismatch"];

/// The checks that are made only where one of these was captured.
fn needing(shapes: &[Shape]) -> Vec<&'static str> {
    let needing = DETECTORS.iter().filter(|detector| {
        shapes.iter().any(|shape| detector.needs().has(*shape)) || READS_HELLOS_TOO.contains(&detector.code())
    });
    needing.map(|detector| detector.code()).collect()
}
