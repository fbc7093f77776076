//! The server began to answer the ClientHello, and did not come to the end of its flight.
//!
//! What belongs to the flight (RFC 8446 section 2, RFC 5246 section 7.3): after a HelloRetryRequest a ServerHello; after the ServerHello everything
//! up to ServerHelloDone, of TLS 1.3 at least one encrypted record; and every record to its last byte.

use crate::detect::thresholds::ABANDONED_AFTER;
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::record::Connection;
use crate::tls::{Stage, Tls};
use crate::types::{Moment, Side};

/// The server closed.
const LEFT: &str = "left-in-flight";
/// Nothing more came until the client closed.
const STUCK: &str = "stuck-in-flight";
pub(super) const KINDS: [&str; 2] = [LEFT, STUCK];

/// Quoted: how far the server had come.
const CAME_TO: &str = "server_came_to";
const AFTER_RETRY: &str = "a HelloRetryRequest, and no answer to the second ClientHello";
const IN_A_RECORD: &str = "a record that is not whole";
const AFTER_HELLO: &str = "its ServerHello";

/// How such a handshake ended.
pub(super) struct Stopped {
    kind: &'static str,
    came_to: &'static str,
    /// What it said last, or the second hello that it did not answer.
    last: Moment,
    end: Moment,
}

/// Where the server had begun its answer and one side ended the connection before that was whole.
pub(super) fn of(c: &Connection, tls: &Tls) -> Option<Stopped> {
    let hello = tls.last_client_hello()?.completed;
    let end = c.ending.first.filter(|end| end.packet > hello.packet)?;
    let spoke = c.traffic.server.last_payload.filter(|last| hello.packet < last.packet && last.packet < end.packet);
    let retried = tls.hello_retry.as_ref().is_some_and(|retry| retry.completed.packet < hello.packet);
    let (came_to, last) = match spoke {
        Some(spoke) if tls.server_record_open => (IN_A_RECORD, spoke),
        Some(spoke) if tls.stage == Stage::ServerHello && tls.server_finished.is_none() => (AFTER_HELLO, spoke),
        None if retried && tls.server_hello.is_none() => (AFTER_RETRY, hello),
        _ => return None,
    };
    let is_sslv2 = tls.server_hello.as_ref().is_some_and(|hello| hello.is_sslv2());
    let said_why = tls.alerts.iter().any(|alert| alert.at.packet < end.packet) || tls.malformed.is_some();
    // What the client still said after the hello is its Finished, or an alert of its own.
    let client_went_on =
        c.traffic.client.last_payload.is_some_and(|at| hello.packet < at.packet && at.packet < end.packet);
    if is_sslv2 || said_why || client_went_on || tls.reversed || tls.client_finished.is_some() {
        return None;
    }
    let by_program = c.ending.is_by_program();
    // Where packets are sent again and again the path is at fault.
    let arrived = c.traffic.client.unanswered.is_none() && c.traffic.server.unanswered.is_none();
    let kind = match c.ending.closed_by {
        Some(Side::Server) => LEFT,
        Some(Side::Client) if end.at.since(last.at) >= ABANDONED_AFTER => STUCK,
        _ => return None,
    };
    (by_program && arrived).then_some(Stopped { kind, came_to, last, end })
}

pub(super) fn examine(stopped: &Stopped, code: &'static str, exam: &mut Exam<'_>) {
    let &Stopped { kind, came_to, last, end } = stopped;
    exam.symptom(code, kind, Severity::Error, Confidence::Medium, &[Some(last), Some(end)])
        .happened(end)
        .span(Some(end.at.since(last.at)))
        .quote(CAME_TO, came_to);
}

pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Told {
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let waited = group.spread(kind).and_then(|spread| spread.spans.whole());
    let of = format!("({count} of {})", counted(group.applied, "TLS connection"));
    let came_to = match group.quotes(kind, CAME_TO).as_slice() {
        [(all, _)] => format!("The last that came of it is {all}"),
        several => {
            let each: Vec<String> = several.iter().map(|(text, times)| format!("{text} ({times})")).collect();
            format!("The last that came of it is {}", each.join("; "))
        }
    };
    let after = waited.as_ref().map_or_else(String::new, |waited| format!(", {waited} later"));
    told.summary = match kind {
        LEFT => format!(
            "{address} closed without an alert in the middle of its part of the TLS handshake {of}. {came_to}; it closed{after}."
        ),
        _ => format!(
            "{address} began to answer the ClientHello and did not get to the end of its part of the TLS handshake {of}. {came_to}; the client gave \
             up{after}."
        ),
    };
    if let Some(waited) = waited {
        told.facts.add("waited_shortest_s", waited.shortest());
        told.facts.add("waited_longest_s", waited.longest());
    }
    if let [(came_to, _), ..] = group.quotes(kind, CAME_TO).as_slice() {
        told.facts.add(CAME_TO, (*came_to).to_owned());
    }
    told.remedy.push(AT_SERVER.to_owned());
    if kind == STUCK {
        told.not_visible.push(
            "whether the rest was sent: a capture at the server shows it, repeated again and again, where the path loses it".to_owned(),
        );
        told.remedy.push(ON_THE_PATH.to_owned());
    }
    told
}

const AT_SERVER: &str = "The server's log at this time: between its hello and the end of its flight it takes the certificate and signs with its key. Look \
                         for a worker that died or is paused there, a key in an HSM or on a key server, a certificate that is fetched when it is asked \
                         for (nginx `ssl_certificate_by_lua`, Envoy SDS, on-demand TLS), a stapled OCSP answer, an SNI proxy whose backend was gone.";
const ON_THE_PATH: &str = "Where the server did send the rest, large packets get lost on the way: `ping -M do -s 1472 SERVER` from the client; clamp the MSS \
                           (`iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`).";
