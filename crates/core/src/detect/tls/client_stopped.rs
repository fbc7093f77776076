//! A client that is there and says nothing: after the server has said its part of the handshake, or from the beginning.

use crate::detect::thresholds::{ABANDONED_AFTER, WAITED_LEAST};
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::record::{Connection, Speaks};
use crate::tls::{Stage, Tls};
use crate::types::{Moment, Side, Span};

/// The server waited, and closed.
const SILENT: &str = "client-silent";
/// The client said nothing at all, and the server answered its end with an alert.
const NO_HELLO: &str = "no-hello";
/// A client of a database that left right after the handshake.
const LEFT_AFTER: &str = "client-left-after";
pub(super) const KINDS: [&str; 3] = [SILENT, NO_HELLO, LEFT_AFTER];

/// What comes later may have another reason.
const AT_ONCE: Span = Span::from_secs(1);

/// How such a handshake ended.
pub(super) struct Stopped {
    kind: &'static str,
    /// The last that was seen before: the server's flight, or the client's ACK.
    before: Moment,
    end: Moment,
    alert: Option<Moment>,
}

/// Where the client waited for the other side to speak first and left, and the server's answer to that shows that it speaks TLS.
pub(super) fn waited_for_words(c: &Connection, tls: &Tls) -> Option<Stopped> {
    let (opened, end) = (c.opening.ack?, c.ending.fin.client?.at);
    let alert = tls.alerts.first().filter(|alert| alert.by == Side::Server && end.packet < alert.at.packet)?.at;
    let silent = c.traffic.client.first_payload.is_none() && c.visibility.is_whole_of(Side::Client);
    let first = c.ending.closed_by == Some(Side::Client) && c.traffic.server.first_payload == Some(alert);
    let waited = end.at.since(opened.at) >= WAITED_LEAST;
    (silent && first && waited).then_some(Stopped { kind: NO_HELLO, before: opened, end, alert: Some(alert) })
}

/// Where the client of a database asked for TLS, finished the handshake and left without its first message.
pub(super) fn left_after(c: &Connection, tls: &Tls) -> Option<Stopped> {
    let finished = tls.client_finished.filter(|_| matches!(c.begun_in, Some(Speaks::Postgres | Speaks::Mysql)))?;
    let left = c.traffic.client.last_payload.filter(|left| left.packet >= finished.packet)?;
    let end = c.ending.first.filter(|end| end.at.since(finished.at) <= AT_ONCE)?;
    let unused = tls.client_data_records == 0 && tls.server_data_records <= tls.session_tickets;
    let alert = tls.encrypted_alerts.client.is_some_and(|alert| alert.packet <= end.packet);
    let by_client = alert || c.ending.closed_by == Some(Side::Client);
    let whole = c.visibility.is_whole_of(Side::Client) && c.visibility.is_whole_of(Side::Server);
    let finds = tls.is_established() && unused && by_client && whole && tls.alerts.is_empty();
    finds.then_some(Stopped { kind: LEFT_AFTER, before: finished, end: if alert { left } else { end }, alert: None })
}

/// Where the server's flight was whole and acknowledged, and nothing more came until the server ended the connection.
pub(super) fn of(c: &Connection, tls: &Tls) -> Option<Stopped> {
    let hello = tls.last_client_hello()?.completed;
    let end = c.ending.first.filter(|_| c.ending.closed_by == Some(Side::Server))?;
    let flight = c.traffic.server.last_payload.filter(|last| hello.packet < last.packet && last.packet < end.packet)?;
    let whole = tls.stage == Stage::ServerFlight && !tls.server_record_open && !tls.reversed;
    let silent =
        c.traffic.client.last_payload.is_some_and(|last| last.packet <= hello.packet) && tls.client_finished.is_none();
    let by_program = c.ending.is_by_program();
    let said_why = !tls.alerts.is_empty() || tls.malformed.is_some();
    let arrived = c.traffic.client.unanswered.is_none() && c.traffic.server.unanswered.is_none();
    let waited = end.at.since(flight.at) >= ABANDONED_AFTER;
    (whole && silent && by_program && arrived && waited && !said_why).then_some(Stopped {
        kind: SILENT,
        before: flight,
        end,
        alert: None,
    })
}

pub(super) fn examine(stopped: &Stopped, code: &'static str, exam: &mut Exam<'_>) {
    let &Stopped { kind, before, end, alert } = stopped;
    exam.symptom(code, kind, Severity::Warning, Confidence::Medium, &[Some(before), Some(end), alert])
        .happened(end)
        .span(Some(end.at.since(before.at)));
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
    if let Some(waited) = &waited {
        told.facts.add("waited_shortest_s", waited.shortest());
        told.facts.add("waited_longest_s", waited.longest());
    }
    if kind == NO_HELLO {
        let waited = waited.map_or_else(String::new, |waited| format!(" for {waited}"));
        told.summary = format!(
            "The client connected to {address}, said nothing{waited} and left {of}. The server answered that with an alert of TLS: it speaks TLS, \
             and waited for the client to begin. A client that waits too wants a protocol in which the server speaks first."
        );
        told.remedy = vec![SERVER_FIRST.to_owned()];
        return told;
    }
    if kind == LEFT_AFTER {
        let after = waited.map_or_else(String::new, |waited| format!(", {waited} after its Finished"));
        told.summary = format!(
            "The client left right after the TLS handshake with {address}{after} {of}, before its first message and without an alert that says why. \
             libpq and drivers like it compare the name in the certificate with that of the server only then (`sslmode=verify-full`)."
        );
        told.remedy = vec![COMPARE_NAMES.to_owned()];
        return told;
    }
    told.summary = format!(
        "The client did not go on with the TLS handshake with {address} after the server's flight {of}: it had got that, said nothing more, \
         and the server closed{after}."
    );
    told.not_visible.push(
        "whether the client sent the rest: only a capture at the client shows it, where the path loses it".to_owned(),
    );
    told.remedy = vec![AT_CLIENT.to_owned(), A_SCANNER.to_owned()];
    told
}

const SERVER_FIRST: &str = "In SMTP, IMAP, POP3, FTP, MySQL and SSH the server speaks first. Let the client begin with TLS here (implicit TLS: SMTP on 465, IMAP on 993, \
                            POP3 on 995, FTP on 990), or connect to the port of STARTTLS (587, 143, 110, 21). A check by TCP that keeps its connection open \
                            for so long looks the same, and nothing has to change.";
const COMPARE_NAMES: &str = "Compare the host in the client's settings with the names in the certificate: `openssl s_client -connect ADDRESS:PORT </dev/null | openssl x509 \
                             -noout -subject -ext subjectAltName`. An address needs an entry of type IP; else connect by a name that is in it (libpq: `host=` with \
                             `hostaddr=`), or check the CA alone (`sslmode=verify-ca`). The client's log has its reason.";
const AT_CLIENT: &str = "Find out what the client does between the server's certificate and its own Finished: it asks for revocation (OCSP, CRL) at an address \
                         that does not answer, waits for a PIN, a smart card or an HSM, or its thread or event loop is blocked (a thread dump at that moment \
                         shows it).";
const A_SCANNER: &str = "A scanner, or a client that holds connections on purpose, looks the same: the server's limit ends it (nginx `client_header_timeout`, \
                         HAProxy `timeout client`, Envoy `transport_socket_connect_timeout`, Go `ReadHeaderTimeout`).";
