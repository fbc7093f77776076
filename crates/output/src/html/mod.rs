//! The report as HTML: a page to attach to a ticket.
//!
//! In: a [`Report`], whose strings are escaped already; here they become HTML that no text of the wire can add to. Out:
//! plain markup with inline style, readable on light and dark. There is no script, and nothing is loaded from anywhere.
//! The words are those of [`text`](crate::text); what is folded away there with a count is here with all of it.

mod finding;
mod ladder;
mod parts;

use std::io::{self, Write};

use handshark::Report;
use handshark::report::Unexplained;
use handshark::types::Endpoint;
use maud::{Markup, html};

use crate::text::unexplained::parted;
use crate::text::verdict::{MAX_WIDTH, counted, counts, verdict};
use crate::text::{Scope, blind, capture, services};
use parts::{boxed, details, folded, page, rows};

/// Writes a report as a page.
///
/// # Errors
/// The writer refuses.
pub fn write_report(out: &mut dyn Write, report: &Report, scope: Scope<'_>) -> io::Result<()> {
    let title = match report.capture.files.as_slice() {
        [] => "handshark".to_owned(),
        files => format!("handshark: {}", files.join(", ")),
    };
    out.write_all(page(&title, &body(report, scope)).into_string().as_bytes())
}

fn body(report: &Report, scope: Scope<'_>) -> Markup {
    let used = report.services.iter().map(|one| {
        let names = one.server_names.join(", ");
        let (connections, clients) = (one.connections.to_string(), one.clients.to_string());
        [Endpoint::new(one.address, one.port).to_string(), names, connections, clients, services::outcomes(one)]
    });
    let heads = ["server", "server names", "connections", "clients", "outcomes"];
    let quality: Vec<String> = report.capture.quality.iter().map(|odd| format!("{}: {}", odd.code, odd.note)).collect();
    let found_nothing = match capture::found_nothing(report, scope) {
        none if none.is_empty() => Vec::new(),
        checks => vec![checks.join(", ")],
    };
    boxed(&html! {
        div style="font-size:1.15em;font-weight:600;margin:4px 0" { (verdict(report, scope, MAX_WIDTH)) }
        div style="margin:4px 0" { (counts(report, scope)) }
        div style="margin:4px 0;opacity:.7" { (capture::numbers(&report.capture)) }
        @for (title, kinds) in parted(&report.unexplained) { (unexplained(title, kinds)) }
        @for one in &report.findings { (finding::card(one)) }
        @if !report.services.is_empty() {
            (details(&format!("Services ({})", report.services.len()), false, &rows(heads, used)))
        }
        (folded("Checks that found nothing", false, &found_nothing))
        (folded("Not assessed", false, &not_assessed(report)))
        (folded("Capture", true, &quality))
    })
}

/// Checks that could not be made, and what the capture shows in part, each with the capture that would allow it.
fn not_assessed(report: &Report) -> Vec<String> {
    let with = |text: String, command: Option<&String>| match command {
        Some(command) => format!("{text}: `{command}`"),
        None => text,
    };
    let checks = report.not_assessed.iter().map(|check| {
        let text = format!("{} ({}): {}", check.code, counted(check.connections, "connection"), check.reason);
        with(text, check.capture_instead.as_ref())
    });
    let in_part = blind::in_full(report).into_iter().map(|unseen| with(unseen.text, unseen.command.as_ref()));
    checks.chain(in_part).collect()
}

fn unexplained(title: &str, kinds: &[Unexplained]) -> Markup {
    if kinds.is_empty() {
        return html! {};
    }
    let each = html! {
        @for kind in kinds {
            div style="margin:4px 0" {
                b { (kind.connections) } (format!(" {}, {}, {}. ", kind.outcome.name(), kind.reached, kind.ended_by))
                (kind.example)
                (finding::evidence(&kind.evidence, false))
            }
        }
    };
    details(title, true, &each)
}

#[cfg(test)]
mod tests;
