//! A comparison for a person: what changed first, each line with packets that show it.
//!
//! In: a [`Comparison`], whose strings are escaped already. Out: plain lines. Orders nothing and judges nothing.

use std::fmt::Write as _;
use std::io::{self, Write};

use handshark::compare::{
    Change, Comparison, Example, FindingChange, HelloChange, MatchedBy, Measure, Proof, ServiceChange, Share, Summary,
};

use crate::paint::{Paint, STRONG};
use crate::sheet::Sheet;
use crate::text::Style;

/// Services that are told; the rest is counted.
const MAX_SERVICES: usize = 10;
/// Differences of hellos that are told for each service.
const MAX_OFFERS: usize = 12;

/// Writes a comparison as text.
///
/// # Errors
/// The writer refuses.
pub fn write_text(out: &mut dyn Write, comparison: &Comparison, style: Style) -> io::Result<()> {
    let mut sheet = Sheet::new(style.width, Paint { color: style.color });
    sheet.paragraph(0, "A  ", &summary(&comparison.a));
    sheet.paragraph(0, "B  ", &summary(&comparison.b));
    sheet.gap();
    sheet.heading(0, "Findings, from A to B");
    if comparison.findings.is_empty() {
        sheet.paragraph(2, "", "Neither capture has one.");
    }
    comparison.findings.iter().for_each(|change| finding(&mut sheet, change));
    // Hellos to services that have no partner are seen here alone.
    let is_alone = |change: &ServiceChange| change.matched_by == MatchedBy::None;
    let all_hellos = comparison.services.iter().any(is_alone);
    service(&mut sheet, "All connections", &comparison.whole, all_hellos);
    let changed = comparison.services.iter().filter(|change| change.is_changed() || is_alone(change));
    for change in changed.clone().take(MAX_SERVICES) {
        service(&mut sheet, &title(change), change, true);
    }
    let told = changed.count().min(MAX_SERVICES);
    let rest = comparison.services.len() - told;
    if rest > 0 {
        sheet.gap();
        let services = if rest == 1 { "service" } else { "services" };
        sheet.paragraph(
            0,
            "",
            &format!("Of {rest} more {services} nothing differs by more than chance, or less than above."),
        );
    }
    out.write_all(sheet.into_text().as_bytes())
}

/// Writes a comparison as JSON, schema `handshark.comparison/1`.
///
/// # Errors
/// The writer refuses.
pub fn write_json(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, comparison)?;
    writeln!(out)
}

fn summary(summary: &Summary) -> String {
    let files = match summary.files.as_slice() {
        [] => "bytes in memory".to_owned(),
        [file] => file.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    let time = summary.duration_s.map(|seconds| format!(" in {} s", figure(seconds))).unwrap_or_default();
    let Summary { packets, connections, failed, .. } = summary;
    let beyond = match summary.beyond_services {
        0 => String::new(),
        count => {
            format!("; {count} connections go to services beyond those that are told apart and count nowhere below")
        }
    };
    format!("{files}: {packets} packets{time}, {connections} connections, {failed} of them failed{beyond}")
}

fn finding(sheet: &mut Sheet, change: &FindingChange) {
    let mark = format!("{:<9}", change.change.name());
    let place = change.service.map(|service| {
        let name = change.server_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let more = if change.services > 1 { format!(" and {} more", change.services - 1) } else { String::new() };
        format!("  {service}{name}{more}")
    });
    let mut head = format!("{} {}{}", change.severity.name().to_uppercase(), change.code, place.unwrap_or_default());
    if change.service.is_some() {
        let _ = write!(head, "  {}", shares(change.a, change.b, change.chance));
    }
    let mark = sheet.paint.with(STRONG, &mark);
    sheet.line(2, &format!("{mark}{head}"));
    if let Some(why) = &change.why {
        sheet.paragraph(11, "", &format!("Nothing is claimed: {why}."));
    }
    if !matches!(change.change, Change::Alike) {
        sheet.paragraph(11, "", &change.summary);
    }
    for (name, proofs) in [("A: ", &change.evidence_a), ("B: ", &change.evidence_b)] {
        if let Some(proof) = proofs.first() {
            sheet.paragraph(11, name, &packets(proof));
        }
    }
}

fn title(change: &ServiceChange) -> String {
    let names = match change.server_names.as_slice() {
        [] => String::new(),
        [name] => format!(" ({name})"),
        [name, rest @ ..] => format!(" ({name} and {} more)", rest.len()),
    };
    match (change.a, change.b, change.matched_by) {
        (Some(a), Some(b), MatchedBy::Name) => format!("{a} in A, {b} in B{names}: asked for by the same name"),
        (Some(a), Some(b), MatchedBy::Port) => {
            format!("{a} in A, {b} in B{names}: each the only other service at its port, they need not be the same")
        }
        (Some(a), Some(_), _) => format!("{a}{names}"),
        (Some(a), None, _) => format!("{a}{names}: only in A"),
        (None, Some(b), _) => format!("{b}{names}: only in B"),
        (None, None, _) => "All connections".to_owned(),
    }
}

fn service(sheet: &mut Sheet, title: &str, change: &ServiceChange, with_hellos: bool) {
    sheet.gap();
    sheet.heading(0, title);
    let (a, b) = change.connections;
    let mut lines = vec![("connections".to_owned(), format!("{a} -> {b}"))];
    let pair = |(a, b): (Option<f64>, Option<f64>)| Some(format!("{} -> {}", figure(a?), figure(b?)));
    lines.extend(pair(change.attempts_per_s).map(|text| ("attempts per second".to_owned(), text)));
    lines.extend(pair(change.exchanges_per_connection).map(|text| ("exchanges per connection".to_owned(), text)));
    lines.extend(change.measures.iter().map(|measure| (measure.name.to_owned(), told(measure))));
    let widest = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, text) in lines {
        sheet.paragraph(2, &format!("{name:<widest$}  "), &text);
    }
    if let Some(hellos) = change.hellos.as_ref().filter(|_| with_hellos) {
        hello(sheet, hellos);
    }
}

fn told(measure: &Measure) -> String {
    let mut text = format!("{}: {}", measure.change.name(), shares(measure.a, measure.b, measure.chance));
    for (name, example) in [("A", measure.example_a), ("B", measure.example_b)] {
        if let Some(Example { connection, packet }) = example {
            let _ = write!(text, "; {name}: connection {connection}, packet {packet}");
        }
    }
    text
}

fn hello(sheet: &mut Sheet, change: &HelloChange) {
    let count = |(all, whole): (u64, u64)| if all == whole { all.to_string() } else { format!("{whole} of {all}") };
    let same = if change.same_software {
        "; cipher suites, extensions and signature algorithms are the same (JA4 parts b and c)"
    } else {
        ""
    };
    let head = format!("{} in A, {} in B{same}", count(change.a), count(change.b));
    sheet.paragraph(2, "ClientHellos read to their end: ", &head);
    for offer in change.only.iter().take(MAX_OFFERS) {
        let side = if offer.in_a { "A" } else { "B" };
        let Example { connection, packet } = offer.example;
        let of = if offer.in_a { change.a.1 } else { change.b.1 };
        let text =
            format!("only in {side}: {} of {of} hellos (connection {connection}, packet {packet})", offer.hellos);
        sheet.paragraph(4, &format!("{} {}  ", offer.field.name(), offer.value), &text);
    }
    if change.only.len() > MAX_OFFERS {
        let more = change.only.len() - MAX_OFFERS;
        sheet.paragraph(4, "", &format!("and {more} more that one side alone offers: --format json has all"));
    }
}

fn shares(a: Share, b: Share, chance: Option<f64>) -> String {
    let side = |share: Share| match share.of {
        0 => "none".to_owned(),
        of => format!("{} of {of}", share.count),
    };
    // Where the shares hardly differ, how probable that is says nothing.
    let chance = chance.filter(|chance| *chance < 0.25).map(|chance| match chance {
        chance if chance < 0.001 => " (by chance alone: below 0.1 %)".to_owned(),
        chance => format!(" (by chance alone: {} %)", figure(chance * 100.0)),
    });
    format!("{} -> {}{}", side(a), side(b), chance.unwrap_or_default())
}

fn packets(proof: &Proof) -> String {
    let numbers: Vec<String> = proof.packets.iter().map(u64::to_string).collect();
    format!("connection {}, packets {}", proof.connection, numbers.join(", "))
}

/// Two or three figures that count.
fn figure(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 || number == 0.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}
