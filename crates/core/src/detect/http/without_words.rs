//! What is told where the server did not end the connection by words of its own: encryption that it declined, offers that do not fit, a
//! client that was silent for too long.

use super::client_silent::ALLOWED;
use super::server_errors::{NO_TLS_KIND, SILENT_KINDS, SSH_MISMATCH_KIND, STARTTLS_KIND};
use crate::detect::words::counted;
use crate::detect::{Group, Told};
use crate::types::Span;

/// The figures of such a kind.
pub(super) fn add_facts(told: &mut Told, kind: &str, group: &Group) {
    let first = |name: &str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
    for (name, fact) in [("code", "code"), ("message", "message"), (ALLOWED, "silence_allowed")] {
        if let Some(text) = first(name).filter(|text| !text.is_empty()) {
            told.facts.add(fact, text);
        }
    }
    if let Some(silence) = group.spread(kind).and_then(|spread| spread.spans.quantile(0.0)) {
        told.facts.add("silence_shortest_s", Span::from_nanos(silence));
    }
}

/// The sentence for such a kind; `None` for others.
pub(super) fn summary(kind: &str, count: u64, address: &str, protocol: &str, group: &Group) -> Option<String> {
    let connections = counted(count, "connection");
    let of = group.applied;
    let first = |name: &str| group.quotes(kind, name).first().map_or("", |(text, _)| *text).to_owned();
    let (code, message) = (first("code"), first("message"));
    Some(match kind {
        NO_TLS_KIND => format!(
            "{address} declined encryption on {connections} ({count} of {of}): it answered PostgreSQL's SSLRequest by `N`, and the client left \
             without another word."
        ),
        STARTTLS_KIND => format!(
            "{address} declined encryption on {connections} ({count} of {of}): {protocol}, `{code} {message}` in answer to {}.",
            if protocol == "FTP" { "AUTH TLS" } else { "STARTTLS" },
        ),
        SSH_MISMATCH_KIND => format!(
            "The client and {address} have no {code} of SSH in common, on {connections} ({count} of {of}): {message}."
        ),
        _ if SILENT_KINDS.contains(&kind) => {
            let said = if message.is_empty() {
                String::new()
            } else {
                format!(" It said so: {protocol} {code}, `{message}`.")
            };
            let silent = group.spread(kind).and_then(|spread| spread.spans.quantile(0.0)).map(Span::from_nanos);
            let more = if count > 1 { " or more" } else { "" };
            let silent =
                silent.map_or_else(String::new, |silent| format!(" after {silent}{more} without a word of the client"));
            let allowed = first(ALLOWED);
            let agreed =
                if allowed.is_empty() { String::new() } else { format!("; both had agreed on at most {allowed}") };
            format!("{address} closed {connections} ({count} of {of}){silent}{agreed}.{said}")
        }
        _ => return None,
    })
}
