//! The first line: what failed, how often, out of how many. It never says that all is well.

use std::collections::BTreeSet;

use handshark::Report;
use handshark::detect::Severity;
use handshark::record::Outcome;
use handshark::report::Finding;

use super::Scope;
use crate::paint::STRONG;
use crate::sheet::Sheet;

/// Writes the verdict, then the counts that it rests on.
pub(super) fn write(sheet: &mut Sheet, report: &Report, scope: Scope) {
    let worst = report.findings.first().filter(|finding| finding.severity > Severity::Info);
    let verdict = match worst {
        Some(finding) => of_finding(finding, report),
        None => nothing_found(report, scope),
    };
    let painted = sheet.paint.with(STRONG, &verdict);
    sheet.line(0, &painted);
    let counts = counts(report, scope);
    if !counts.is_empty() {
        sheet.paragraph(0, "", &counts);
    }
}

fn of_finding(finding: &Finding, report: &Report) -> String {
    let (code, share) = (finding.code, format!("{} of {}", finding.affected, finding.of));
    let sentence = first_sentence(&finding.summary);
    if finding.affected == 0 || sentence.starts_with(&share) {
        return format!("{sentence} ({code}).");
    }
    let sentence = sentence.strip_suffix(&format!(" ({share})")).unwrap_or(sentence);
    let sentence = after_a_colon(sentence);
    let (failed, of) = (failures(report).iter().map(|(_, count)| count).sum::<u64>(), report.totals.connections);
    let errors = report.findings.iter().filter(|other| other.severity == Severity::Error).count();
    match (finding.severity, finding.affected) {
        (Severity::Error, affected) if failed > affected && errors > 1 => {
            format!("{failed} of {of} connections failed; the largest cause, {share}: {sentence} ({code}).")
        }
        (Severity::Error, _) => format!("{share} connections failed: {sentence} ({code})."),
        (Severity::Warning | Severity::Info, 1) => format!("{share} connections is affected: {sentence} ({code})."),
        (Severity::Warning | Severity::Info, _) => format!("{share} connections are affected: {sentence} ({code})."),
    }
}

fn nothing_found(report: &Report, scope: Scope) -> String {
    let connections = report.totals.connections;
    if report.capture.packets == 0 {
        return "No packet was read: nothing could be checked.".to_owned();
    }
    if connections == 0 {
        return format!("No TCP connection in {} packets: nothing could be checked.", report.capture.packets);
    }
    if let Some(failed) = unexplained(report) {
        return failed;
    }
    let codes = |whole: bool| -> BTreeSet<&str> {
        let these = report.not_assessed.iter().filter(|check| (check.connections >= connections) == whole);
        these.map(|check| check.code).collect()
    };
    let (not_at_all, in_part) = (codes(true), codes(false));
    let made = scope.checks.saturating_sub(not_at_all.len());
    let mut verdict = format!(
        "No failure found among {} in {}; {}",
        counted(made as u64, "check"),
        counted(connections, "connection"),
        match not_at_all.len() {
            0 => "every check could be made".to_owned(),
            some => format!("{} could not be made", counted(some as u64, "check")),
        }
    );
    let in_part = in_part.difference(&not_at_all).count();
    if in_part > 0 {
        verdict += &format!(", {in_part} not for all connections");
    }
    verdict + "."
}

/// Outcomes that are failures, though no finding tells of them.
fn unexplained(report: &Report) -> Option<String> {
    let bad = failures(report);
    let count: u64 = bad.iter().map(|(_, count)| count).sum();
    let each: Vec<String> = bad.iter().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
    (count > 0).then(|| {
        let of = counted(report.totals.connections, "connection");
        format!("{count} of {of} failed, and no check explains why: {}.", each.join(", "))
    })
}

/// The outcomes that are failures, with their counts.
fn failures(report: &Report) -> Vec<(Outcome, u64)> {
    use Outcome::{Prohibited, Refused, Reset, ResetInHandshake, TimedOut, TlsFailed, Unanswered};
    let failures = [Refused, Unanswered, Prohibited, ResetInHandshake, TlsFailed, Reset, TimedOut];
    report.totals.by_outcome.iter().copied().filter(|(outcome, _)| failures.contains(outcome)).collect()
}

/// `40 connections: 37 established, 3 reset. 1 error, 2 warnings.`
fn counts(report: &Report, scope: Scope) -> String {
    let mut counts = String::new();
    if report.totals.connections > 0 {
        let outcomes: Vec<String> =
            report.totals.by_outcome.iter().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
        counts = format!("{}: {}.", counted(report.totals.connections, "connection"), outcomes.join(", "));
    }
    let of = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let mut findings = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")] {
        if of(severity) > 0 {
            findings.push(counted(of(severity), word));
        }
    }
    if scope.hidden > 0 {
        findings.push(format!("{} not shown here", counted(scope.hidden as u64, "finding")));
    }
    if !findings.is_empty() {
        counts += &format!(" Found: {}.", findings.join(", "));
    }
    counts.trim_start().to_owned()
}

/// `1 connection`, `2 connections`.
pub(super) fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// Without its full stop.
fn first_sentence(summary: &str) -> &str {
    let end = summary.find(". ").unwrap_or(summary.len());
    summary.get(..end).unwrap_or(summary).trim_end_matches('.')
}

/// Words that begin a sentence with a capital for no other reason than that they begin it.
const ORDINARY: [&str; 17] = [
    "A",
    "An",
    "All",
    "Both",
    "Clients",
    "Connections",
    "Each",
    "Every",
    "Hellos",
    "New",
    "No",
    "One",
    "Requests",
    "Several",
    "Some",
    "The",
    "These",
];

fn after_a_colon(sentence: &str) -> String {
    let first = sentence.split(' ').next().unwrap_or_default();
    if !ORDINARY.contains(&first) {
        return sentence.to_owned();
    }
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |c| format!("{}{}", c.to_lowercase(), chars.as_str()))
}
