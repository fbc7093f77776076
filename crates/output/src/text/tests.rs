use super::*;
use crate::samples;
use crate::sheet::columns;

fn text(report: &Report, scope: Scope, style: Style) -> String {
    let mut out = Vec::new();
    write_report(&mut out, report, scope, style).expect("a Vec takes all");
    String::from_utf8(out).expect("text is UTF-8")
}

fn plain(report: &Report, width: usize) -> String {
    text(report, Scope { checks: 43, hidden: 0 }, Style { width, color: false })
}

fn first_line(report: &Report) -> String {
    plain(report, 100).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_report_reads_from_verdict_to_capture() {
    let expected = include_str!("sample.txt");
    assert_eq!(plain(&samples::report(), 100), expected);
}

#[test]
fn prose_keeps_within_eighty_columns() {
    let text = plain(&samples::report(), 80);
    // The verdict is one line for whoever takes the first line; filters and commands are copied whole.
    let long: Vec<&str> = text.lines().skip(1).filter(|line| columns(line) > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn colour_adds_sequences_and_nothing_else() {
    let report = samples::report();
    let colored = text(&report, Scope { checks: 43, hidden: 0 }, Style { width: 100, color: true });
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
fn without_a_failure_the_verdict_counts_the_checks() {
    let mut report = samples::report();
    report.findings.retain(|finding| finding.severity == handshark::detect::Severity::Info);
    assert_eq!(first_line(&report), "3 of 40 connections failed, and no check explains why: 3 reset.");
    report.totals.by_outcome = vec![(handshark::record::Outcome::Established, 40)];
    assert_eq!(
        first_line(&report),
        "No failure found among 42 checks in 40 connections; 1 check could not be made, 2 not for all connections."
    );
    report.not_assessed.clear();
    assert_eq!(first_line(&report), "No failure found among 43 checks in 40 connections; every check could be made.");
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
fn a_summary_that_begins_with_the_share_does_not_say_it_twice() {
    let mut report = samples::report();
    report.findings[0].summary = "3 of 40 connections were reset. More.".to_owned();
    assert_eq!(first_line(&report), "3 of 40 connections were reset (stale-reuse).");
    report.findings[0].summary = "The server closed too early (3 of 40). More.".to_owned();
    assert_eq!(first_line(&report), "3 of 40 connections failed: the server closed too early (stale-reuse).");
    report.findings[0].severity = handshark::detect::Severity::Warning;
    report.findings[0].summary = "SYNs were sent twice.".to_owned();
    assert_eq!(first_line(&report), "3 of 40 connections are affected: SYNs were sent twice (stale-reuse).");
}

#[test]
fn what_was_hidden_is_said() {
    let scope = Scope { checks: 43, hidden: 2 };
    let text = text(&samples::report(), scope, Style { width: 120, color: false });
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
