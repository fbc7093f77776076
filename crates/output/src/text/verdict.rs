//! The first words: how many connections failed out of all, and the largest cause. They never say that all is well.

use std::collections::BTreeSet;

use handshark::Report;
use handshark::detect::{Severity, by_code};
use handshark::record::Outcome;
use handshark::report::{Finding, Unexplained};
use handshark::types::{Endpoint, Span};

use super::Scope;
use crate::paint::STRONG;
use crate::sheet::{Sheet, columns, wrapped};

/// Lines that the verdict may take, and the widest it is.
const MAX_LINES: usize = 2;
pub(crate) const MAX_WIDTH: usize = 100;

/// Writes the verdict, then the counts that it rests on.
pub(super) fn write(sheet: &mut Sheet, report: &Report, scope: Scope<'_>) {
    let width = sheet.width().min(MAX_WIDTH);
    for line in wrapped(&verdict(report, scope, width), width) {
        let painted = sheet.paint.with(STRONG, &line);
        sheet.line(0, &painted);
    }
    let counts = counts(report, scope);
    if !counts.is_empty() {
        sheet.paragraph(0, "", &counts);
    }
}

/// The verdict in at most two lines of this width.
pub(crate) fn verdict(report: &Report, scope: Scope<'_>, width: usize) -> String {
    let of = report.totals.connections;
    if report.capture.packets == 0 {
        return "No packet was read: nothing could be checked.".to_owned();
    }
    if of == 0 {
        return format!(
            "No TCP connection in {}: nothing could be checked.",
            counted(report.capture.packets, "packet")
        );
    }
    let worst = report.findings.first().filter(|finding| finding.severity > Severity::Info);
    let error = worst.filter(|finding| finding.severity == Severity::Error);
    let failed = failed(report);
    if failed == 0 {
        return match worst {
            _ if report.totals.undecided > 0 => undecided(report),
            Some(finding) => of_warning(finding, of, width),
            None => nothing_found(report, scope),
        };
    }
    let without_cause = without_cause(report).map(|kind| kind.connections).sum();
    let share = share(failed, of);
    let cause = error.or_else(|| report.findings.iter().find(|finding| may_explain(finding)));
    match cause {
        Some(finding) if error.is_some() || without_cause < failed => {
            let more = match without_cause {
                0 => String::new(),
                1 => " 1 more is not explained by any check.".to_owned(),
                more => format!(" {more} more are not explained by any check."),
            };
            told(finding, width, |sentence| match finding.affected {
                affected if affected >= failed => format!("{share} failed: {sentence}.{more}"),
                affected => format!("{share} failed. The largest cause, {affected} of them: {sentence}.{more}"),
            })
        }
        None if without_cause == 0 && report.findings.iter().any(Finding::made_good) => {
            format!("{share} failed, and each was made good at another address at once: no harm is seen.")
        }
        Some(_) | None if !scope.hidden.is_empty() && without_cause < failed => {
            format!("{share} failed, for causes that are not shown here.")
        }
        Some(_) | None => {
            let each: Vec<String> = each_failure(report).collect();
            format!("{share} failed, and no check explains why: {}.", each.join(", "))
        }
    }
}

/// Connections that failed, by their outcome or by what was found in them.
fn failed(report: &Report) -> u64 {
    let error = report.findings.first().filter(|finding| finding.severity == Severity::Error);
    let found = report.totals.failed.max(error.map_or(0, |finding| finding.affected));
    found.max(failed_by_outcome(report)).min(report.totals.connections)
}

fn failed_by_outcome(report: &Report) -> u64 {
    let failures = report.totals.by_outcome.iter().filter(|(outcome, _)| outcome.is_failure());
    failures.map(|(_, count)| *count).sum::<u64>().saturating_sub(report.totals.undecided)
}

fn without_cause(report: &Report) -> impl Iterator<Item = &Unexplained> {
    report.unexplained.iter().filter(|kind| !kind.undecided)
}

/// Where it is not known of any connection that it failed.
fn undecided(report: &Report) -> String {
    let share = share(report.totals.undecided, report.totals.connections);
    format!("{share} ended by a RST; whether anyone still waited for something, this capture does not show.")
}

/// A warning that is about a service, not about the capture.
fn may_explain(finding: &Finding) -> bool {
    finding.severity == Severity::Warning && finding.service.is_some()
}

fn each_failure(report: &Report) -> impl Iterator<Item = String> {
    let failures = report.totals.by_outcome.iter().filter(|(outcome, _)| outcome.is_failure());
    let failed = failures.map(|(outcome, count)| match outcome {
        // Others are never undecided.
        Outcome::Reset => (outcome, count.saturating_sub(report.totals.undecided)),
        _ => (outcome, *count),
    });
    failed.filter(|(_, count)| *count > 0).map(|(outcome, count)| format!("{count} {}", outcome.name()))
}

fn of_warning(finding: &Finding, of: u64, width: usize) -> String {
    told(finding, width, |sentence| match finding.affected {
        0 => format!("No failure found, but: {sentence}."),
        affected => {
            let verb = if affected == 1 { "is" } else { "are" };
            format!("No failure found, but {} {verb} affected: {sentence}.", share(affected.min(of), of))
        }
    })
}

/// The verdict with as much of the finding's first sentence as there is room for.
fn told(finding: &Finding, width: usize, verdict: impl Fn(&str) -> String) -> String {
    let fits = |text: &String| wrapped(text, width).len() <= MAX_LINES;
    let with_code = |sentence: &str| verdict(&format!("{} ({})", after_a_colon(sentence), finding.code));
    let sentence = without_asides(first_sentence(&finding.summary));
    // A thought is left out as a whole before one is cut in two.
    let cuts = [": ", "; ", ", and "].iter().flat_map(|mark| sentence.rmatch_indices(mark));
    let shorter = cuts.filter_map(|(end, _)| sentence.get(..end)).filter(|kept| columns(kept) >= 30).map(with_code);
    let whole = std::iter::once(with_code(&sentence));
    whole.chain(shorter).find(fits).unwrap_or_else(|| with_code(&title(finding)))
}

/// The finding's name in words, and where: what its manual page has as its title.
fn title(finding: &Finding) -> String {
    let page = by_code(finding.code).map_or("", |detector| detector.page());
    let title = page.lines().next().and_then(|line| line.split_once(": ")).map_or(finding.code, |(_, title)| title);
    match &finding.service {
        Some(service) => format!("{title}, at {}", Endpoint::new(service.address, service.port)),
        None => title.to_owned(),
    }
}

fn nothing_found(report: &Report, scope: Scope<'_>) -> String {
    let connections = report.totals.connections;
    let codes = |whole: bool| -> BTreeSet<&str> {
        let these = report.not_assessed.iter().filter(|check| (check.connections >= connections) == whole);
        these.map(|check| check.code).collect()
    };
    let (not_at_all, in_part) = (codes(true), codes(false));
    let made = scope.checks.len().saturating_sub(not_at_all.len());
    let mut gaps = Vec::new();
    if !not_at_all.is_empty() {
        gaps.push(format!("{} could not be made", counted(not_at_all.len() as u64, "check")));
    }
    let in_part = in_part.difference(&not_at_all).count();
    if in_part > 0 {
        gaps.push(format!("{in_part} not for all connections"));
    }
    gaps.extend(super::blind::in_short(report));
    if gaps.is_empty() {
        gaps.push("every check could be made".to_owned());
    }
    let (checks, connections) = (counted(made as u64, "check"), counted(connections, "connection"));
    format!("No failure found among {checks} in {connections}; {}.", gaps.join(", "))
}

/// `40 connections in 60.0 s: 37 established, 3 reset; 2 failed after that. Found: 1 error, 2 warnings.`
pub(crate) fn counts(report: &Report, scope: Scope<'_>) -> String {
    let mut counts = String::new();
    if report.totals.connections > 0 {
        let outcomes: Vec<String> =
            report.totals.by_outcome.iter().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
        let span = report.capture.duration_s.filter(|span| *span > Span::ZERO);
        let span = span.map_or_else(String::new, |span| format!(" in {span}"));
        // An outcome tells how far TCP and TLS came.
        let later = match failed(report).saturating_sub(failed_by_outcome(report)) {
            0 => String::new(),
            later if failed_by_outcome(report) > 0 => format!("; {later} more failed after that"),
            later => format!("; {later} failed after that"),
        };
        let undecided = match report.totals.undecided {
            undecided if undecided > 0 && failed(report) > 0 => {
                format!("; of {undecided} reset it can not be seen whether anyone still waited")
            }
            _ => String::new(),
        };
        let connections = counted(report.totals.connections, "connection");
        counts = format!("{connections}{span}: {}{later}{undecided}.", outcomes.join(", "));
    }
    let of = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let mut findings = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")] {
        if of(severity) > 0 {
            findings.push(counted(of(severity), word));
        }
    }
    if !scope.hidden.is_empty() {
        findings.push(format!("{} not shown here", counted(scope.hidden.len() as u64, "finding")));
    }
    if !findings.is_empty() {
        counts += &format!(" Found: {}.", findings.join(", "));
    }
    counts.trim_start().to_owned()
}

/// `1 connection`, `2 connections`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// `1 of 1 connection`, `1 of 2 connections`.
pub(crate) fn share(count: u64, of: u64) -> String {
    format!("{count} of {}", counted(of, "connection"))
}

/// Without its full stop.
fn first_sentence(summary: &str) -> &str {
    let end = summary.find(". ").unwrap_or(summary.len());
    summary.get(..end).unwrap_or(summary).trim_end_matches('.')
}

/// Without what stands in parentheses: shares of other totals, lists, abbreviations.
fn without_asides(sentence: &str) -> String {
    let mut kept = String::new();
    let mut rest = sentence;
    while let Some((before, aside)) = rest.split_once(" (") {
        let Some((_, after)) = aside.split_once(')') else { break };
        kept.push_str(before);
        rest = after;
    }
    kept + rest
}

/// A word that begins with a capital because it begins the sentence is written without it; names keep theirs.
fn after_a_colon(sentence: &str) -> String {
    let first = sentence.split(' ').next().unwrap_or_default();
    let is_name = first.chars().skip(1).any(|c| !c.is_ascii_lowercase() && c != '\'' && c != '-');
    let mut chars = sentence.chars();
    match chars.next() {
        Some(c) if !is_name => format!("{}{}", c.to_lowercase(), chars.as_str()),
        _ => sentence.to_owned(),
    }
}
