//! What a page holds, and what can not get into it.

use handshark::Report;

use super::*;
use crate::samples;

const SCOPE: Scope<'_> = Scope { checks: &["stale-reuse", "mtu-blackhole"], hidden: &[] };

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    write_report(&mut out, report, SCOPE).expect("a Vec takes all");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_page_says_what_the_report_says() {
    let page = page(&samples::report());
    let said = [
        "<!DOCTYPE html>",
        "<title>handshark: node1.pcapng.gz</title>",
        "40 connections in 10.0 min: 37 established, 3 reset. Found: 1 error, 1 warning, 1 note.",
        ">error</span> <b>stale-reuse</b> 10.0.0.5:3000 (api.example) ",
        "3 of 40 connections, ",
        "confidence high",
        "The server closes idle connections after 6.00 s (38 of 40)",
        "late writes: 3",
        "<code>tcp.stream eq 17 and frame.number in {20, 21, 22}</code>",
        "Connection 17, ",
        "mtu-blackhole",
        "<code>tcpdump -s 0 -w FILE 'tcp port 3000'</code>",
        "cut-short: node1.pcapng.gz",
    ];
    for words in said {
        assert!(page.contains(words), "{words}\n{page}");
    }
}

#[test]
fn packets_that_prove_are_told_from_the_others() {
    let report = samples::report();
    let example = &report.findings[0].evidence[0];
    let (proof, other) = (example.packets[0], &example.ladder[0]);
    assert!(!example.packets.contains(&other.packet), "the sample has both");
    let page = page(&report);
    assert!(page.contains(&format!("<b>{proof}</b>")), "{page}");
    assert!(page.contains(&format!(">{}</td>", other.packet)), "{page}");
}

#[test]
fn text_of_strangers_adds_no_markup() {
    let evil = "</title></style><script>alert('x')</script><img src=x onerror=\"y\">`";
    let mut report = samples::report();
    report.capture.files = vec![evil.to_owned()];
    report.services[0].server_names = vec![evil.to_owned()];
    let finding = &mut report.findings[0];
    finding.summary = evil.to_owned();
    finding.remedy = vec![evil.to_owned()];
    finding.evidence[0].filter = evil.to_owned();
    finding.evidence[0].ladder[0].what = evil.to_owned().into();
    if let Some(service) = &mut finding.service {
        service.server_name = Some(evil.to_owned());
    }
    let page = page(&report);
    for markup in ["<script", "<img", "</title></style>"] {
        assert!(!page.contains(markup), "{markup}\n{page}");
    }
    assert!(page.matches("&lt;script&gt;").count() >= 7, "{page}");
}

#[test]
fn a_page_has_no_script_and_loads_nothing() {
    let page = page(&samples::report());
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""), "{page}");
    for loads in ["<script", "<link", "<img", "src=", "href=", "url("] {
        assert!(!page.contains(loads), "{loads}\n{page}");
    }
}

#[test]
fn backticks_become_code_only_in_pairs() {
    assert_eq!(parts::prose("set `a` and `b`").into_string(), "set <code>a</code> and <code>b</code>");
    assert_eq!(parts::prose("a ` alone").into_string(), "a ` alone");
}
