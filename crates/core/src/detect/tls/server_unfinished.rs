//! The client has done its part of the handshake, and the server does not go on.
//!
//! What the server has to do then is to look at what the client sent: its key exchange, and its certificate where one was asked for. In
//! TLS 1.2 and older its Finished is due; in TLS 1.3 it has sent that before, and nothing has to follow.

use crate::detect::thresholds::ABANDONED_AFTER;
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::record::{CloseKind, Connection};
use crate::tls::Tls;
use crate::types::{Moment, Side, Span};

/// The server closed.
const LEFT: &str = "server-left";
/// It was silent until the client closed.
const SILENT: &str = "server-silent";
/// TLS 1.3: the server closed as the next thing, before either side sent data.
const LEFT_AFTER: &str = "server-left-after";
pub(super) const KINDS: [&str; 3] = [LEFT, SILENT, LEFT_AFTER];

const TLS_1_2: u16 = 0x0303;
/// What closes later may be an idle timeout.
const AT_ONCE: Span = Span::from_secs(1);

/// Quoted: what became of the client's certificate, where the server asked for one.
const CERTIFICATE: &str = "client_certificate";

/// How such a handshake ended.
pub(super) struct Unfinished {
    kind: &'static str,
    finished: Moment,
    end: Moment,
}

/// Where the server's Finished was due and one side ended the connection, with nothing more said.
pub(super) fn of(c: &Connection, tls: &Tls) -> Option<Unfinished> {
    let finished = tls.client_finished.filter(|_| tls.malformed.is_none())?;
    let is_due = tls.waits_for_server();
    let end = c.ending.first.filter(|end| end.packet > finished.packet)?;
    if tls.alerts.iter().any(|alert| alert.at.packet < end.packet) {
        return None;
    }
    let by_program = c.ending.is_by_program();
    // Where the client's flight did not arrive the path is at fault.
    let arrived = c.traffic.client.unanswered.is_none() && c.traffic.server.unanswered.is_none();
    let kind = match c.ending.closed_by {
        Some(Side::Server) if is_due => LEFT,
        Some(Side::Server) if left_after(c, tls, finished, end) => LEFT_AFTER,
        Some(Side::Client) if is_due && end.at.since(finished.at) >= ABANDONED_AFTER => SILENT,
        _ => return None,
    };
    (by_program && arrived).then_some(Unfinished { kind, finished, end })
}

/// Whether a server of TLS 1.3 closed right after the client's Finished: nothing came of either side between.
fn left_after(c: &Connection, tls: &Tls, finished: Moment, end: Moment) -> bool {
    let before = |last: Option<Moment>| last.is_some_and(|last| last.packet <= finished.packet);
    let is_tls13 = tls.server_hello.as_ref().is_some_and(|hello| hello.version > TLS_1_2);
    is_tls13
        && tls.is_established()
        && tls.client_data_records == 0
        && tls.server_data_records == 0
        && tls.encrypted_alerts.each().into_iter().all(|(_, alert)| alert.is_none_or(|alert| alert.packet > end.packet))
        && before(c.traffic.server.last_payload)
        && end.at.since(finished.at) <= AT_ONCE
}

pub(super) fn examine(c: &Connection, tls: &Tls, code: &'static str, exam: &mut Exam<'_>) {
    let Some(Unfinished { kind, finished, end }) = of(c, tls) else { return };
    let is_mild = kind == LEFT_AFTER && c.ending.kind == CloseKind::Fin;
    let severity = if is_mild { Severity::Warning } else { Severity::Error };
    exam.symptom(code, kind, severity, Confidence::Medium, &[Some(finished), Some(end)])
        .happened(end)
        .span(Some(end.at.since(finished.at)));
    let certificate = match &tls.client_certificate {
        Some(message) if message.is_empty() => Some("asked for, and none sent"),
        Some(_) => Some("asked for and sent"),
        None => tls.certificate_request.map(|_| "asked for"),
    };
    if let Some(certificate) = certificate {
        exam.quote(CERTIFICATE, certificate);
    }
}

pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Told {
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let waited = group.spread(kind).and_then(|spread| spread.spans.whole());
    let after = waited.as_ref().map_or_else(String::new, |waited| format!(", {waited} after the client's Finished"));
    let of = format!("({count} of {})", counted(group.applied, "TLS connection"));
    told.summary = match kind {
        LEFT_AFTER => format!(
            "{address} closed right after the TLS handshake{after} {of}: without an alert, and before either side sent anything. In TLS 1.3 a server \
             looks at the client's certificate and Finished only then."
        ),
        LEFT => format!(
            "{address} closed without an alert in the middle of the TLS handshake{after} {of}: the client had done its part, and the server's \
             Finished never came."
        ),
        _ => format!(
            "{address} did not finish the TLS handshake {of}: the client had done its part, got no Finished and no alert, and left{after}."
        ),
    };
    if let Some(waited) = waited {
        told.facts.add("waited_shortest_s", waited.shortest());
        told.facts.add("waited_longest_s", waited.longest());
    }
    let certificates = group.quotes(kind, CERTIFICATE);
    if let Some((certificate, times)) = certificates.first() {
        told.summary += &format!(" A certificate of the client was {certificate}");
        told.summary += &if *times == count { ".".to_owned() } else { format!(" ({times} of {count}).") };
        told.facts.add(CERTIFICATE, (*certificate).to_owned());
        told.remedy.push(AT_CERTIFICATE.to_owned());
    }
    told.remedy.push(if kind == SILENT { AT_SILENCE.to_owned() } else { AT_LEAVING.to_owned() });
    told
}

const AT_CERTIFICATE: &str = "Look first at the client's certificate: this is the moment at which the server checks it. Issuer and validity against what \
                              the server trusts (`ssl_client_certificate`, `ca-file`, truststore); by hand: `openssl s_client -connect ADDRESS:PORT \
                              -servername NAME -cert CERT -key KEY -tls1_2`.";
const AT_LEAVING: &str = "The server's log at this time names the reason: a worker that died, a key or HSM that failed, a check of the client that closes \
                          without an alert. Behind a router of connections (SNI proxy, load balancer) ask whether its backend was gone in the middle.";
const AT_SILENCE: &str = "Find out what the server waits for: a lookup for the client's certificate (OCSP, CRL, LDAP), an HSM or key server, a process that \
                          is paused or has no thread left.";
