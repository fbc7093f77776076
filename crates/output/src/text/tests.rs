use handshark::detect::Severity;
use handshark::record::Outcome;
use handshark::report::{SeenInPart, Totals, Unexplained};

use super::*;
use crate::samples;
use crate::sheet::columns;

/// Checks that were asked for.
const CHECKS: [&str; 4] = ["stale-reuse", "missing-sni", "no-server-hello", "icmp-rejected"];

fn text(report: &Report, hidden: &[Finding], style: Style) -> String {
    let mut out = Vec::new();
    let scope = Scope { checks: &CHECKS, hidden };
    write_report(&mut out, report, scope, style).expect("a Vec takes all");
    String::from_utf8(out).expect("text is UTF-8")
}

fn plain(report: &Report, width: usize) -> String {
    text(report, &[], Style { width, color: false })
}

/// The verdict: the lines before the counts.
fn verdict_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take_while(|line| !line.starts_with("40 connections in ")).collect();
    assert!(lines.len() <= 2 && lines.iter().all(|line| columns(line) <= 100), "{lines:#?}");
    lines.join(" ")
}

fn verdict(report: &Report) -> String {
    verdict_of(&plain(report, 200))
}

fn first_line(report: &Report) -> String {
    plain(report, 100).lines().next().unwrap_or_default().to_owned()
}

/// Two failures that no check explains.
fn unexplained() -> Unexplained {
    let mut evidence = samples::report().findings[0].evidence[0].clone();
    evidence.connection = 5;
    Unexplained {
        undecided: false,
        outcome: Outcome::Reset,
        reached: "after the TLS handshake",
        ended_by: "by a RST from the server",
        connections: 2,
        example: "connection 5, 10.0.0.9:40312 to 10.0.0.5:3000: RST in packet 20 from the server, 6.05 s.".to_owned(),
        evidence,
    }
}

#[test]
fn a_report_reads_from_verdict_to_capture() {
    let expected = include_str!("sample.txt");
    assert_eq!(plain(&samples::report(), 100), expected);
}

#[test]
fn prose_keeps_within_eighty_columns() {
    let text = plain(&samples::report(), 80);
    // Filters and commands are copied whole.
    let long: Vec<&str> = text.lines().filter(|line| columns(line) > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn colour_adds_sequences_and_nothing_else() {
    let report = samples::report();
    let colored = text(&report, &[], Style { width: 100, color: true });
    assert!(colored.contains("\u{1b}["));
    let mut bare = String::new();
    let mut rest = colored.as_str();
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        bare.push_str(before);
        rest = sequence.split_once('m').expect("only colours").1;
    }
    bare.push_str(rest);
    assert_eq!(bare, plain(&report, 100));
}

#[test]
fn without_a_failure_the_verdict_counts_the_checks_and_the_text_names_them() {
    let mut report = samples::report();
    report.findings.retain(|finding| finding.severity == Severity::Info);
    assert_eq!(verdict(&report), "3 of 40 connections failed, and no check explains why: 3 reset.");
    report.totals.by_outcome = vec![(Outcome::Established, 40)];
    report.totals.failed = 0;
    report.capture.quality.clear();
    assert_eq!(
        verdict(&report),
        "No failure found among 3 checks in 40 connections; 1 check could not be made, 2 not for all connections."
    );
    report.not_assessed.clear();
    assert_eq!(verdict(&report), "No failure found among 4 checks in 40 connections; every check could be made.");
    let text = plain(&report, 100);
    assert!(text.contains("Checks that found nothing\n  stale-reuse, no-server-hello, icmp-rejected\n"), "{text}");
}

#[test]
fn a_reset_of_which_nobody_knows_whether_it_was_a_failure_is_told_as_that() {
    let mut report = samples::report();
    report.findings.retain(|finding| finding.severity == Severity::Info);
    (report.totals.failed, report.totals.undecided) = (0, 3);
    assert_eq!(
        verdict(&report),
        "3 of 40 connections ended by a RST; whether anyone still waited for something, this capture does not show."
    );
    (report.totals.failed, report.totals.undecided) = (1, 2);
    assert_eq!(verdict(&report), "1 of 40 connections failed, and no check explains why: 1 reset.");
    let told = plain(&report, 200);
    assert!(told.contains("3 reset; of 2 reset it can not be seen whether anyone still waited."), "{told}");
}

#[test]
fn what_was_captured_in_part_was_not_checked_in_full() {
    let mut report = samples::report();
    report.findings.clear();
    report.not_assessed.clear();
    report.capture.quality.clear();
    report.totals.failed = 0;
    report.totals.by_outcome = vec![(Outcome::Established, 37), (Outcome::MidStream, 3)];
    let none = "No failure found among 4 checks in 40 connections; ";
    assert_eq!(verdict(&report), format!("{none}3 connections began before the capture."));
    let told = plain(&report, 200);
    let not_assessed = told.split("Not assessed\n").nth(1).expect("there is such a section");
    assert!(not_assessed.contains("missing-sni") && not_assessed.contains("syn-unanswered"), "{told}");
    report.totals.by_outcome = vec![(Outcome::Established, 40)];
    type See = fn(&mut SeenInPart);
    let cases: [(See, &str); 4] = [
        (|seen| seen.flags_only = 1, "1 connection without payload packets"),
        (|seen| seen.one_way = 1, "1 connection in one direction alone"),
        (|seen| seen.cut = 1, "1 connection with cut packets"),
        (|seen| seen.with_holes = 1, "1 connection with packets missing"),
    ];
    for (see, said) in cases {
        report.totals.seen_in_part = SeenInPart::default();
        see(&mut report.totals.seen_in_part);
        assert_eq!(verdict(&report), format!("{none}{said}."));
    }
    report.totals.seen_in_part = SeenInPart::default();
    report.capture = samples::report().capture;
    assert_eq!(verdict(&report), format!("{none}a part of the capture could not be read."));
}

#[test]
fn what_no_check_explains_is_told_with_its_packets() {
    let mut report = samples::report();
    report.totals.by_outcome = vec![(Outcome::Established, 35), (Outcome::Reset, 5)];
    report.totals.failed = 5;
    report.unexplained = vec![unexplained()];
    let told = plain(&report, 100);
    assert_eq!(
        verdict_of(&told),
        "5 of 40 connections failed. The largest cause, 3 of them: requests were written after 10.0.0.5:3000 had \
         closed (stale-reuse). 2 more are not explained by any check."
    );
    assert!(
        told.contains(
            "Failed, and no check explains why\n  2 reset, after the TLS handshake, by a RST from the server\n    \
             example: connection 5, 10.0.0.9:40312 to 10.0.0.5:3000: RST in packet 20 from the server,\n"
        ),
        "{told}"
    );
    // What is not shown here explains it all the same.
    let hidden = std::mem::take(&mut report.findings);
    let told = text(&report, &hidden, Style::default());
    assert_eq!(verdict_of(&told), "5 of 40 connections failed, for causes that are not shown here.");
    report.unexplained[0].connections = 5;
    let told = text(&report, &[], Style::default());
    assert_eq!(verdict_of(&told), "5 of 40 connections failed, and no check explains why: 5 reset.");
}

#[test]
fn nothing_seen_is_never_no_failure() {
    let mut report = samples::report();
    report.findings.clear();
    report.totals.connections = 0;
    assert_eq!(first_line(&report), "No TCP connection in 1234 packets: nothing could be checked.");
    report.capture.packets = 0;
    assert_eq!(first_line(&report), "No packet was read: nothing could be checked.");
}

#[test]
fn the_verdict_counts_out_of_all_connections() {
    let mut report = samples::report();
    report.findings[0].of = 7;
    report.findings[0].summary = "The server closed too early (3 of 7). More.".to_owned();
    assert_eq!(verdict(&report), "3 of 40 connections failed: the server closed too early (stale-reuse).");
    report.totals.by_outcome = vec![(Outcome::Established, 30), (Outcome::Reset, 10)];
    assert_eq!(
        verdict(&report),
        "10 of 40 connections failed. The largest cause, 3 of them: the server closed too early (stale-reuse)."
    );
    report.totals.failed = 0;
    report.totals.by_outcome = vec![(Outcome::Established, 40)];
    report.findings[0].severity = Severity::Warning;
    report.findings[0].summary = "SYNs were sent twice.".to_owned();
    assert_eq!(
        verdict(&report),
        "No failure found, but 3 of 40 connections are affected: SYNs were sent twice (stale-reuse)."
    );
    report.totals = Totals { connections: 1, failed: 1, by_outcome: vec![(Outcome::Reset, 1)], ..Totals::default() };
    report.findings[0].severity = Severity::Error;
    report.findings[0].affected = 1;
    assert_eq!(first_line(&report), "1 of 1 connection failed: SYNs were sent twice (stale-reuse).");
}

#[test]
fn a_long_verdict_takes_two_lines() {
    let mut report = samples::report();
    let long = "and it was followed by another that was as long as this one".repeat(3);
    report.findings[0].summary = format!("Something happened at 10.0.0.5:3000 in the night: {long}.");
    let cut = "3 of 40 connections failed: something happened at 10.0.0.5:3000 in the night (stale-reuse).";
    assert_eq!(verdict(&report), cut);
    report.findings[0].summary = long;
    let title = "the client wrote on a connection that the server had closed, at 10.0.0.5:3000";
    assert_eq!(verdict(&report), format!("3 of 40 connections failed: {title} (stale-reuse)."));
}

#[test]
fn what_was_hidden_is_said() {
    let hidden = samples::report().findings;
    let text = text(&samples::report(), &hidden[..2], Style { width: 120, color: false });
    assert!(text.contains("2 findings not shown here"), "{text}");
}

#[test]
fn many_findings_are_told_in_one_line_each() {
    let mut report = samples::report();
    let one = report.findings[1].clone();
    report.findings.extend(vec![one; 40]);
    let text = plain(&report, 120);
    assert_eq!(text.matches("syn-retried").count(), 41);
    assert_eq!(text.matches("The second thing").count(), MAX_TOLD - 1);
}

#[test]
fn a_symptom_is_one_line() {
    let connection = samples::connection(17);
    let mut out = Vec::new();
    write_symptom(&mut out, &connection, &samples::symptom(), Style::default()).expect("a Vec takes all");
    let line = String::from_utf8(out).expect("UTF-8");
    assert_eq!(line, "10:34:07 ERROR stale-reuse  [2001:db8::5]:3000  connection 17, packets 20, 21\n");
}

#[test]
fn no_text_says_clean() {
    for width in [40, 80, 120] {
        assert!(!plain(&samples::report(), width).to_lowercase().contains("clean"));
    }
}
