//! What the packets of a capture are told in their comments, and what the file is told.
//!
//! In: finished connections, then the [`Report`]. Out: texts by packet, to be written by [`pcapng`](crate::pcapng). All of them
//! begin with `handshark: `, so that `frame.comment contains "handshark"` shows the story. Texts of the wire come escaped from
//! the core; a comment has no line breaks but those written here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use handshark::capture::Interfaces;
use handshark::detect::Severity;
use handshark::record::Connection;
use handshark::report::{Evidence, Finding, Unexplained};
use handshark::types::{Endpoint, PacketNo, Side};
use handshark::{Report, Sink};

use crate::pcapng::MAX_COMMENT;

/// Comments that are kept for connections which are no example, each on one packet.
const MOST_NOTES: usize = 200_000;
/// Comments of one packet.
const MOST_ON_ONE: usize = 32;

/// Symptoms of all connections, gathered while the capture is read.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
    claims: BTreeMap<(&'static str, Endpoint), Claim>,
}

/// A packet that proves a symptom. Small: there may be very many.
#[derive(Clone, Copy, Debug)]
struct Note {
    packet: PacketNo,
    connection: u64,
    claim: u32,
}

/// A code at a server, about which there may be a finding in the end.
#[derive(Clone, Copy, Debug)]
struct Claim {
    number: u32,
    /// Notes that found no room.
    left_out: u64,
}

/// Comments by packet, to be asked for in the order of packets.
#[derive(Debug)]
pub struct Comments {
    file: String,
    /// In the order of packets; on one packet, findings come first.
    texts: Vec<(PacketNo, Text)>,
    next: usize,
    /// Where numbers change: the name of the file that has the packets' own.
    origin: Option<String>,
    left_out: u64,
}

/// A comment, made when it is asked for.
#[derive(Debug)]
enum Text {
    Whole(String),
    Note { connection: u64, code: &'static str, severity: Severity },
}

impl Sink for Notes {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        for symptom in &connection.symptoms {
            let has_room = self.notes.len() + symptom.evidence.len() <= MOST_NOTES;
            let number = self.claims.len() as u32;
            let key = (symptom.code, connection.server);
            if !has_room && !self.claims.contains_key(&key) {
                // Bounded as well; most of what comes now is of claims that are known.
                continue;
            }
            let claim = self.claims.entry(key).or_insert(Claim { number, left_out: 0 });
            if has_room {
                let note =
                    |packet: &PacketNo| Note { packet: *packet, connection: connection.number, claim: claim.number };
                self.notes.extend(symptom.evidence.iter().map(note));
            } else {
                claim.left_out += symptom.evidence.len() as u64;
            }
        }
    }
}

impl Notes {
    /// The comments, once the report is there. A symptom is told where the report has a finding for it. `file` is the name of the
    /// capture, without folders and escaped; with `renumbered`, packets get other numbers than there.
    pub fn told(self, report: &Report, file: &str, renumbered: bool) -> Comments {
        let mut texts = Vec::new();
        for finding in &report.findings {
            for example in &finding.evidence {
                headline(&mut texts, example, || about_finding(finding));
            }
        }
        for kind in &report.unexplained {
            headline(&mut texts, &kind.evidence, || about_unexplained(kind));
        }
        steps(&mut texts, report);
        let left_out = self.tell(&mut texts, report);
        // Stable: what comes first above comes first on a packet.
        texts.sort_by_key(|(packet, _)| *packet);
        let origin = renumbered.then(|| file.to_owned());
        Comments { file: about_file(report, file, renumbered), texts, next: 0, origin, left_out }
    }

    /// Adds the notes of findings; says how many had no room.
    fn tell(self, texts: &mut Vec<(PacketNo, Text)>, report: &Report) -> u64 {
        let examples: BTreeSet<(&str, u64)> = (report.findings.iter())
            .flat_map(|finding| finding.evidence.iter().map(|example| (finding.code, example.connection)))
            .collect();
        let mut told: Vec<Option<(&'static str, Severity)>> = vec![None; self.claims.len()];
        let mut left_out = 0;
        for ((code, server), claim) in &self.claims {
            let is_of = |finding: &&Finding| {
                let anywhere = finding.service.is_none() && finding.also_at.is_empty();
                finding.code == *code && (anywhere || finding.hits(server.address, server.port).is_some())
            };
            if let Some(finding) = report.findings.iter().find(is_of)
                && let Some(place) = told.get_mut(claim.number as usize)
            {
                *place = Some((finding.code, finding.severity));
                left_out += claim.left_out;
            }
        }
        for Note { packet, connection, claim } in self.notes {
            if let Some(Some((code, severity))) = told.get(claim as usize).copied()
                && !examples.contains(&(code, connection))
            {
                texts.push((packet, Text::Note { connection, code, severity }));
            }
        }
        left_out
    }
}

impl Comments {
    /// The comment on the file: what it is, and its findings.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The comments on a packet; packets are asked for in rising order, and those that were passed by are passed by here.
    pub fn on(&mut self, packet: PacketNo) -> Vec<String> {
        let rest = self.texts.get(self.next..).unwrap_or_default();
        let start = self.next + rest.iter().take_while(|(of, _)| *of < packet).count();
        let rest = self.texts.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|(of, _)| *of == packet).count();
        self.next = start + count;
        self.left_out += count.saturating_sub(MOST_ON_ONE) as u64;
        let lead = match &self.origin {
            Some(file) if count > 0 => format!("handshark: packet {packet} of {file}: "),
            Some(_) | None => "handshark: ".to_owned(),
        };
        rest.iter().take(count.min(MOST_ON_ONE)).map(|(_, text)| text.told(&lead)).collect()
    }

    /// Comments that were left out because there are too many.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Text {
    fn told(&self, lead: &str) -> String {
        match self {
            Self::Whole(text) => format!("{lead}{text}"),
            Self::Note { connection, code, severity } => {
                format!("{lead}{code} ({}), connection {connection}", severity.name())
            }
        }
    }
}

/// What it is about stands on the first packet that proves it.
fn headline(texts: &mut Vec<(PacketNo, Text)>, example: &Evidence, text: impl FnOnce() -> String) {
    let of_ladder = || example.ladder.first().map(|step| step.packet);
    if let Some(packet) = example.packets.first().copied().or_else(of_ladder) {
        texts.push((packet, Text::Whole(text())));
    }
}

/// `missing-sni (error, confidence high) 10.0.0.2:443 (api.example), 3 of 6 connections: ...`.
fn about_finding(finding: &Finding) -> String {
    format!("{}: {}", title(finding), finding.summary)
}

fn title(finding: &Finding) -> String {
    let (severity, confidence) = (finding.severity.name(), finding.confidence.name());
    let mut text = format!("{} ({severity}, confidence {confidence})", finding.code);
    if let Some(service) = &finding.service {
        let _ = write!(text, " {}", service.endpoint());
        if let Some(name) = &service.server_name {
            let _ = write!(text, " ({name})");
        }
    }
    match finding.also_at.len() {
        0 | 1 => {}
        services => {
            let _ = write!(text, " and {} more", services - 1);
        }
    }
    match (finding.affected, finding.of) {
        (_, 0) => {}
        (affected, 1) => {
            let _ = write!(text, ", {affected} of 1 connection");
        }
        (affected, of) => {
            let _ = write!(text, ", {affected} of {of} connections");
        }
    }
    text
}

fn about_unexplained(kind: &Unexplained) -> String {
    format!("{}. {}", unexplained(kind), kind.example)
}

fn unexplained(kind: &Unexplained) -> String {
    let connections = match kind.connections {
        1 => "1 connection".to_owned(),
        count => format!("{count} connections"),
    };
    let Unexplained { outcome, reached, ended_by, .. } = kind;
    let what = match kind.undecided {
        true => "reset, and the capture does not show whether anyone still waited",
        false => "failed, and no check explains why",
    };
    format!("{what}: {connections}, {}, {reached}, {ended_by}", outcome.name())
}

/// Every step of every example, once for each connection, with the findings that its packet proves.
fn steps(texts: &mut Vec<(PacketNo, Text)>, report: &Report) {
    let of_findings = report.findings.iter().flat_map(|finding| finding.evidence.iter().map(|e| (finding.code, e)));
    let of_rest = report.unexplained.iter().map(|kind| match kind.undecided {
        true => ("a RST that may have been a way to leave", &kind.evidence),
        false => ("a failure that no check explains", &kind.evidence),
    });
    let mut connections: BTreeMap<u64, Vec<(&str, &Evidence)>> = BTreeMap::new();
    for (code, example) in of_findings.chain(of_rest) {
        connections.entry(example.connection).or_default().push((code, example));
    }
    for (number, examples) in connections {
        let Some((_, example)) = examples.first() else { continue };
        let proven = |packet: PacketNo| {
            let codes: BTreeSet<&str> =
                examples.iter().filter(|(_, each)| each.packets.contains(&packet)).map(|(code, _)| *code).collect();
            match codes.is_empty() {
                true => String::new(),
                false => format!("; evidence of {}", codes.into_iter().collect::<Vec<_>>().join(", ")),
            }
        };
        for step in &example.ladder {
            let arrow = match step.from {
                Side::Client => "client -> server",
                Side::Server => "client <- server",
            };
            let mut text = format!("connection {number}, {arrow}: {}", step.what);
            match step.offset_s.as_nanos() {
                0 => {}
                1.. => drop(write!(text, ", {} after its first packet", step.offset_s)),
                _ => drop(write!(text, ", {} before its first packet", step.offset_s.abs())),
            }
            text.push_str(&proven(step.packet));
            texts.push((step.packet, Text::Whole(text)));
        }
        // Of some packets that prove something no more than the number is kept.
        let is_step = |packet: &PacketNo| example.ladder.iter().any(|step| step.packet == *packet);
        let others: BTreeSet<PacketNo> = examples.iter().flat_map(|(_, each)| &each.packets).copied().collect();
        for packet in others.into_iter().filter(|packet| !is_step(packet)) {
            texts.push((packet, Text::Whole(format!("connection {number}{}", proven(packet)))));
        }
    }
}

/// What made the comments, from what, and all findings, a line for each.
fn about_file(report: &Report, file: &str, renumbered: bool) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let what = if renumbered { "an excerpt, the packets of example connections" } else { "all packets, with comments" };
    let (connections, failed) = (report.totals.connections, report.totals.failed);
    let mut text = format!("handshark {version}: {file}, {what}. Of {connections} connections {failed} failed.");
    text.push_str("\nDisplay filter: frame.comment contains \"handshark\"");
    let findings = report.findings.iter().map(title);
    let mut lines: Vec<String> = findings.chain(report.unexplained.iter().map(unexplained)).collect();
    if lines.is_empty() {
        lines.push("No finding.".to_owned());
    }
    for (told, line) in lines.iter().enumerate() {
        let more = format!("\nand {} more", lines.len() - told);
        if text.len() + 1 + line.len() + more.len() > MAX_COMMENT {
            text.push_str(&more);
            break;
        }
        text.push('\n');
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn comments(report: &Report, connections: &[Connection], renumbered: bool) -> Comments {
        let mut notes = Notes::default();
        connections.iter().for_each(|connection| notes.connection(connection, &Interfaces::default()));
        notes.told(report, "node1.pcapng.gz", renumbered)
    }

    fn all(comments: &mut Comments) -> Vec<(u64, Vec<String>)> {
        let on = |number| (number, comments.on(samples::packet(number)));
        (1..=200).map(on).filter(|(_, texts)| !texts.is_empty()).collect()
    }

    #[test]
    fn an_example_is_told_step_by_step_and_its_finding_first() {
        let report = samples::report();
        let finding = &report.findings[0];
        let example = &finding.evidence[0];
        let told = all(&mut comments(&report, &[], false));
        let on = |packet: PacketNo| &told.iter().find(|(number, _)| *number == packet.number()).expect("told").1;
        let first = on(example.packets[0]);
        assert!(first[0].starts_with("handshark: stale-reuse (error, confidence "), "{first:?}");
        assert!(first[0].ends_with(&format!(": {}", finding.summary)), "{first:?}");
        for step in &example.ladder {
            let texts = on(step.packet);
            let proves = example.packets.contains(&step.packet);
            let text = texts.iter().find(|text| text.contains(&*step.what)).expect("every step is told");
            assert!(text.starts_with(&format!("handshark: connection {}, client ", example.connection)), "{text}");
            assert_eq!(text.contains("; evidence of stale-reuse"), proves, "{text}");
        }
    }

    #[test]
    fn other_connections_are_told_where_the_report_has_a_finding_for_them() {
        let mut report = samples::report();
        let mut connection = samples::connection(17);
        let Some(symptom) = connection.symptoms.first_mut() else { panic!("a sample without a symptom") };
        let packets: Vec<PacketNo> = symptom.evidence.to_vec();
        report.findings.truncate(1);
        report.findings[0].code = symptom.code;
        report.findings[0].evidence.clear();
        let service = report.findings[0].service.as_mut().expect("a service");
        (service.address, service.port) = (connection.server.address, connection.server.port);
        let note = format!("handshark: {} (error), connection 17", symptom.code);
        let told = all(&mut comments(&report, std::slice::from_ref(&connection), false));
        assert_eq!(told, packets.iter().map(|packet| (packet.number(), vec![note.clone()])).collect::<Vec<_>>());
        // At another server the same code is another matter.
        report.findings[0].service.as_mut().expect("a service").port += 1;
        assert_eq!(all(&mut comments(&report, &[connection], false)), []);
    }

    #[test]
    fn too_many_notes_are_counted() {
        let mut report = samples::report();
        let connection = samples::connection(17);
        let symptom = connection.symptoms.first().expect("a symptom");
        report.findings.truncate(1);
        report.findings[0].code = symptom.code;
        report.findings[0].evidence.clear();
        report.findings[0].service = None;
        let each = symptom.evidence.len();
        let mut notes = Notes::default();
        let fit = MOST_NOTES / each;
        (0..fit + 3).for_each(|_| notes.connection(&connection, &Interfaces::default()));
        let mut comments = notes.told(&report, "in", false);
        assert_eq!(comments.left_out(), 3 * each as u64);
        // And all those are on a few packets.
        assert!(all(&mut comments).iter().all(|(_, texts)| texts.len() == MOST_ON_ONE));
        assert_eq!(comments.left_out(), ((fit + 3 - MOST_ON_ONE) * each) as u64);
    }

    #[test]
    fn an_excerpt_names_the_packets_of_the_whole() {
        let told = all(&mut comments(&samples::report(), &[], true));
        assert!(!told.is_empty());
        for (number, texts) in told {
            let lead = format!("handshark: packet {number} of node1.pcapng.gz: ");
            assert!(texts.iter().all(|text| text.starts_with(&lead)), "{texts:?}");
        }
    }

    #[test]
    fn the_file_is_told_its_findings_and_how_many_more() {
        let mut report = samples::report();
        let told = comments(&report, &[], false).file().to_owned();
        assert!(told.contains("node1.pcapng.gz, all packets, with comments. Of 40 connections 3 failed."), "{told}");
        assert_eq!(told.lines().count(), 2 + report.findings.len(), "{told}");
        let many = report.findings.clone().into_iter().cycle().take(500).collect();
        report.findings = many;
        let told = comments(&report, &[], false).file().to_owned();
        let last = told.lines().last().expect("a line");
        let lines = told.lines().count() - 3;
        assert_eq!(last, format!("and {} more", 500 - lines), "{told}");
        assert!(told.len() <= MAX_COMMENT);
        report.findings.clear();
        assert!(comments(&report, &[], false).file().ends_with("\nNo finding."));
    }
}
