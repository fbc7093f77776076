//! Several capture points for a person: what happened between which of them, each line with packets that show it.
//!
//! In: a [`Correlation`], whose strings are escaped already. Out: plain lines. Orders nothing and judges nothing.

use std::fmt::Write as _;
use std::io::{self, Write};

use handshark::correlate::{
    Change, Correlation, Event, Fate, Observation, OrderFrom, Place, PointSummary, Proof, RoundTrip, Stretch, Trace,
};
use handshark::detect::Severity;
use handshark::types::{Side, Span};

use crate::paint::Paint;
use crate::sheet::Sheet;
use crate::text::Style;

/// Observations that are told; the rest is counted.
const MOST_OBSERVATIONS: usize = 20;
/// Clocks that differ by less are not worth a word: the way there and back need not take the same time.
const CLOCKS_AGREE: Span = Span::from_millis(1);
/// Changes that are told of one stretch.
const MOST_CHANGES: usize = 8;

/// Writes a correlation as text.
///
/// # Errors
/// The writer refuses.
pub fn write_text(out: &mut dyn Write, correlation: &Correlation, style: Style) -> io::Result<()> {
    let mut sheet = Sheet::new(style.width, Paint { color: style.color });
    sheet.paragraph(0, "", &headline(correlation));
    sheet.gap();
    for point in &correlation.points {
        sheet.paragraph(0, &format!("{}  ", point.name), &point_line(point));
    }
    sheet.paragraph(0, "", &order(correlation));
    for observation in correlation.observations.iter().take(MOST_OBSERVATIONS) {
        sheet.gap();
        tell(&mut sheet, observation);
    }
    let more = correlation.observations.len().saturating_sub(MOST_OBSERVATIONS);
    if more > 0 {
        sheet.gap();
        sheet.paragraph(0, "", &format!("and {more} more of less harm: --format json has all"));
    }
    for stretch in &correlation.stretches {
        sheet.gap();
        along(&mut sheet, stretch);
    }
    if !correlation.not_told.is_empty() {
        sheet.gap();
        sheet.heading(0, "Not told");
        correlation.not_told.iter().for_each(|line| sheet.paragraph(2, "", line));
    }
    out.write_all(sheet.into_text().as_bytes())
}

/// Writes a correlation as JSON, schema `handshark.correlation/1`.
///
/// # Errors
/// The writer refuses.
pub fn write_json(out: &mut dyn Write, correlation: &Correlation) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, correlation)?;
    writeln!(out)
}

/// The worst in a sentence, or that there is none.
fn headline(correlation: &Correlation) -> String {
    let was = if correlation.connections == 1 { "was" } else { "were" };
    let several = format!("{} {was} seen at two points or more", plural(correlation.connections, "connection"));
    match correlation.observations.first().filter(|worst| worst.severity > Severity::Info) {
        Some(Observation { connections, of, summary, .. }) => {
            format!("{connections} of {of} connections: {summary} {several}.")
        }
        None if correlation.connections == 0 => "No connection was found at two points.".to_owned(),
        None => format!("{several}; nothing of them was lost or made between the points as far as the captures tell."),
    }
}

fn point_line(point: &PointSummary) -> String {
    let files = match point.files.as_slice() {
        [] => "bytes in memory".to_owned(),
        [file] => file.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    let clock = point.clock_ahead_s.filter(|ahead| ahead.abs() >= CLOCKS_AGREE).map(|ahead| {
        let word = if ahead.as_nanos() > 0 { "ahead" } else { "behind" };
        let within = point.clock_within_s.map(|within| format!(" (within {within})")).unwrap_or_default();
        format!("; its clock is {} {word}{within}", ahead.abs())
    });
    let (packets, connections) = (plural(point.packets, "packet"), plural(point.connections, "connection"));
    format!("{files}: {packets}, {connections}{}", clock.unwrap_or_default())
}

fn order(correlation: &Correlation) -> String {
    let names: Vec<String> = correlation.points.iter().map(|point| point.name.to_string()).collect();
    let from = match correlation.order_from {
        OrderFrom::Ttl => "by time to live",
        OrderFrom::Times => "by how long answers take",
        OrderFrom::Given => "as given",
    };
    format!("The way from the clients: {} ({from}).", names.join(", then "))
}

fn tell(sheet: &mut Sheet, observation: &Observation) {
    let Observation { severity, event, by, fate, place, service, connections, of, .. } = observation;
    let fate = match fate {
        Fate::Lost => "lost",
        Fate::Born => "made",
        Fate::Missed => "not captured",
    };
    let what = match event {
        Event::Rst => format!("RST in the {by}'s name"),
        Event::Syn => "SYN".to_owned(),
        Event::SynAck => "SYN-ACK".to_owned(),
        Event::Payload => format!("payload of the {by}"),
        Event::Fin => format!("FIN of the {by}"),
    };
    let head = format!(
        "{} {what} {fate} {}  {service}  {connections} of {of} connections",
        severity.name().to_uppercase(),
        at(*place)
    );
    sheet.heading(0, &head);
    sheet.paragraph(2, "", &observation.summary);
    for proof in &observation.evidence {
        sheet.paragraph(4, "", &evidence(proof));
    }
    sheet.paragraph(2, "Next: ", &observation.remedy);
}

fn at(place: Place) -> String {
    match (place.from, place.to) {
        (Some(one), Some(other)) if one == other => format!("at {one}"),
        (Some(one), Some(other)) => format!("between {one} and {other}"),
        (Some(last), None) => format!("beyond {last}"),
        (None, Some(first)) => format!("before {first}"),
        (None, None) => "on the way".to_owned(),
    }
}

fn evidence(proof: &Proof) -> String {
    let sighting = |trace: &Trace| {
        let Trace { point, connection, packet, last_packet, bytes } = trace;
        let Some(connection) = connection else { return format!("{point}: no such connection") };
        let mut text = format!("{point}: connection {connection}, ");
        let _ = match (bytes, packet, last_packet) {
            (Some(bytes), Some(packet), _) => write!(text, "{bytes} bytes up to packet {packet}"),
            (Some(bytes), None, Some(last)) => write!(text, "{bytes} bytes, last packet {last}"),
            (_, Some(packet), _) => write!(text, "packet {packet}"),
            (_, None, Some(last)) => write!(text, "none up to its last packet {last}"),
            (_, None, None) => write!(text, "none"),
        };
        text
    };
    let sightings: Vec<String> = proof.sightings.iter().map(sighting).collect();
    sightings.join("; ")
}

fn along(sheet: &mut Sheet, stretch: &Stretch) {
    let Stretch { from, to, connections, round_trip, beyond, hops, retransmitted, changes } = stretch;
    sheet.heading(0, &format!("From {from} to {to}"));
    sheet.paragraph(2, "", &format!("{} at both", plural(*connections, "connection")));
    let times = |times: &RoundTrip| {
        let RoundTrip { count, least_s, p50_s, p99_s, most_s } = times;
        format!("{p50_s} (least {least_s}, 99 % below {p99_s}, most {most_s}; {})", plural(*count, "handshake"))
    };
    if let Some(round_trip) = round_trip {
        sheet.paragraph(2, &format!("round trip {from} to {to}  "), &times(round_trip));
    }
    if let Some(beyond) = beyond {
        sheet.paragraph(2, &format!("from {to} to the server and back  "), &times(beyond));
    }
    let hops = [(Side::Client, hops.client), (Side::Server, hops.server)];
    let hops: Vec<String> = hops.iter().filter_map(|(side, hops)| Some(format!("{} for {side}s", (*hops)?))).collect();
    if !hops.is_empty() {
        sheet.paragraph(2, "routers between, by time to live  ", &hops.join(", "));
    }
    for (side, [near, far]) in [(Side::Client, retransmitted.client), (Side::Server, retransmitted.server)] {
        if near + far > 0 {
            let text = format!("{near} at {from}, {far} at {to}");
            sheet.paragraph(2, &format!("segments that {side}s sent again  "), &text);
        }
    }
    for change in changes.iter().take(MOST_CHANGES) {
        sheet.paragraph(2, "", &changed(change));
    }
    if changes.len() > MOST_CHANGES {
        sheet.paragraph(2, "", &format!("and {} more changes: --format json has all", changes.len() - MOST_CHANGES));
    }
}

fn plural(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

fn changed(change: &Change) -> String {
    let Change { field, by, before, after, connections, of, example } = change;
    let whose = by.map(|side| format!("{side}'s ")).unwrap_or_default();
    let packets = example.iter().filter_map(|trace| {
        Some(format!("{}: connection {}, packet {}", trace.point, trace.connection?, trace.packet?))
    });
    let packets: Vec<String> = packets.collect();
    let [one, other] = example.map(|trace| trace.point);
    let values = format!("{before} at {one}, {after} at {other}");
    format!("{whose}{}: {values}, {connections} of {of} ({})", field.name(), packets.join("; "))
}
