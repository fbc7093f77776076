//! The server has said its part of the handshake, and the client does not go on: it is there, and says nothing.

use crate::detect::thresholds::ABANDONED_AFTER;
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::record::{CloseKind, Connection, ResetKind};
use crate::tls::{Stage, Tls};
use crate::types::{Moment, Side};

/// The server waited, and closed.
const SILENT: &str = "client-silent";
pub(super) const KINDS: [&str; 1] = [SILENT];

/// How such a handshake ended.
pub(super) struct Stopped {
    flight: Moment,
    end: Moment,
}

/// Where the server's flight was whole and acknowledged, and nothing more came until the server ended the connection.
pub(super) fn of(c: &Connection, tls: &Tls) -> Option<Stopped> {
    let hello = tls.last_client_hello()?.completed;
    let end = c.ending.first.filter(|_| c.ending.closed_by == Some(Side::Server))?;
    let flight = c.traffic.server.last_payload.filter(|last| hello.packet < last.packet && last.packet < end.packet)?;
    let whole = tls.stage == Stage::ServerFlight && !tls.server_record_open && !tls.reversed;
    let silent =
        c.traffic.client.last_payload.is_some_and(|last| last.packet <= hello.packet) && tls.client_finished.is_none();
    let by_program = match c.ending.kind {
        CloseKind::Fin => true,
        CloseKind::Reset => c.ending.reset.is_some_and(|reset| reset.kind == ResetKind::Abort),
        CloseKind::Timeout | CloseKind::Open => false,
    };
    let said_why = !tls.alerts.is_empty() || tls.malformed.is_some();
    let arrived = c.traffic.client.unanswered.is_none() && c.traffic.server.unanswered.is_none();
    let waited = end.at.since(flight.at) >= ABANDONED_AFTER;
    (whole && silent && by_program && arrived && waited && !said_why).then_some(Stopped { flight, end })
}

pub(super) fn examine(&Stopped { flight, end }: &Stopped, code: &'static str, exam: &mut Exam<'_>) {
    exam.symptom(code, SILENT, Severity::Warning, Confidence::Medium, &[Some(flight), Some(end)])
        .happened(end)
        .span(Some(end.at.since(flight.at)));
}

pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Told {
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(kind),
        severity: Some(Severity::Warning),
        confidence: Some(Confidence::Medium),
        ..Told::default()
    };
    let of = format!("({count} of {})", counted(group.applied, "TLS connection"));
    let waited = group.spread(kind).and_then(|spread| spread.spans.whole());
    let after = waited.as_ref().map_or_else(String::new, |waited| format!(" {waited} later"));
    told.summary = format!(
        "The client did not go on with the TLS handshake with {address} after the server's flight {of}: it had got that, said nothing more, \
         and the server closed{after}."
    );
    if let Some(waited) = waited {
        told.facts.add("waited_shortest_s", waited.shortest());
        told.facts.add("waited_longest_s", waited.longest());
    }
    told.not_visible.push(
        "whether the client sent the rest: only a capture at the client shows it, where the path loses it".to_owned(),
    );
    told.remedy = vec![AT_CLIENT.to_owned(), A_SCANNER.to_owned()];
    told
}

const AT_CLIENT: &str = "Find out what the client does between the server's certificate and its own Finished: it asks for revocation (OCSP, CRL) at an address \
                         that does not answer, waits for a PIN, a smart card or an HSM, or its thread or event loop is blocked (a thread dump at that moment \
                         shows it).";
const A_SCANNER: &str = "A scanner, or a client that holds connections on purpose, looks the same: the server's limit ends it (nginx `client_header_timeout`, \
                         HAProxy `timeout client`, Envoy `transport_socket_connect_timeout`, Go `ReadHeaderTimeout`).";
