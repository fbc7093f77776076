//! A finding as a card: what happened, what to change, why we think so, and its examples step by step.

use handshark::detect::Severity;
use handshark::report::{Evidence, Finding};
use maud::{Markup, html};

use super::ladder::ladder;
use super::parts::{LINE, details, folded, prose};
use crate::text::{facts, finding as words, times, verdict};

pub(super) fn card(finding: &Finding) -> Markup {
    let color = color(finding.severity);
    let style = format!("border:{LINE};border-left:4px solid {color};border-radius:4px;padding:6px 10px;margin:6px 0");
    let facts = facts::lines(&finding.facts).into_iter().map(|(label, value)| format!("{label}: {value}"));
    let limits = finding.candidates.iter().map(|one| format!("{} Source: {}", facts::describe(one), one.source));
    let services = finding.also_at.iter();
    let services = services.map(|hit| format!("{}: {} of {}", words::service(&hit.service), hit.affected, hit.of));
    html! {
        div style=(style) {
            (head(finding, color))
            div style="margin:4px 0" { (prose(&finding.summary)) }
            @for step in &finding.remedy { div style="margin:2px 0" { "\u{2192} " (prose(step)) } }
            (folded("Services", false, &services.collect::<Vec<_>>()))
            (folded("Why we think so", false, &facts.collect::<Vec<_>>()))
            (folded("Known limits that fit", false, &limits.collect::<Vec<_>>()))
            @for (place, example) in finding.evidence.iter().enumerate() { (evidence(example, place == 0)) }
            (folded("What the capture could not show", true, &finding.not_visible))
        }
    }
}

/// Severity, code, where, how many, when, and how sure.
fn head(finding: &Finding, color: &str) -> Markup {
    let chip = format!("background:{color};color:#fff;border-radius:3px;padding:0 6px");
    let mut said = Vec::new();
    if finding.of > 0 {
        said.push(verdict::share(finding.affected, finding.of));
    }
    said.extend(Some(times::range(finding.first, finding.last)).filter(|range| !range.is_empty()));
    said.push(format!("confidence {}", finding.confidence.name()));
    html! {
        span style=(chip) { (finding.severity.name()) } " "
        b { (finding.code) } " "
        (words::place(finding)) " "
        span style="opacity:.7" { (said.join(", ")) }
    }
}

/// An example, with the filter that shows it in Wireshark.
pub(super) fn evidence(example: &Evidence, is_open: bool) -> Markup {
    let title = format!("Connection {}, {} to {}", example.connection, example.client, example.server);
    let body = html! {
        (ladder(&example.ladder, &example.packets))
        @if !example.filter.is_empty() { div style="margin:2px 0" { "Wireshark: " code { (example.filter) } } }
    };
    details(&title, is_open, &body)
}

/// Colours that read on white and on black.
const fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "#d64545",
        Severity::Warning => "#b7791f",
        Severity::Info => "#3b82c4",
    }
}
