//! A client that left the TLS handshake without a word, or a server that did not finish it.

use super::{certificate_words, client_stopped, server_stopped, server_unfinished};
use crate::detect::recapture;
use crate::detect::thresholds::{ABANDONED_AFTER, ABANDONED_ROUND_TRIPS, SILENT_AFTER_HELLO};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Group, Pace, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::{Stage, Tls};
use crate::types::{Moment, Side, Span};

/// Detector of `handshake-abandoned`.
#[derive(Debug)]
pub(in crate::detect) struct HandshakeAbandoned;

const CODE: &str = "handshake-abandoned";

/// No answer had come.
const WAITING: &str = "waiting";
/// The ServerHello came after it had left.
const TOO_LATE: &str = "too-late";
/// The server's flight had come.
const ANSWERED: &str = "answered";

impl Detector for HandshakeAbandoned {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("handshake_abandoned.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &[
            "missing-sni",
            "alpn-mismatch",
            "certificate-rejected",
            "mtu-blackhole",
            "large-client-hello-dropped",
            "injected-reset",
        ]
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        if let Some(waited) = client_stopped::waited_for_words(c, tls) {
            exam.applies();
            return client_stopped::examine(&waited, CODE, exam);
        }
        if let Some(left) = client_stopped::left_after(c, tls) {
            exam.applies();
            return client_stopped::examine(&left, CODE, exam);
        }
        let Some(hello) = tls.last_client_hello() else { return };
        let by_server = server_unfinished::of(c, tls).is_some();
        let stopped = server_stopped::of(c, tls);
        let end = left_by_client(c, tls, hello.completed);
        let silent = client_stopped::of(c, tls);
        if end.is_none() && !by_server && stopped.is_none() && silent.is_none() {
            exam.applies();
            return;
        }
        let seen = &c.visibility;
        if seen.one_way.is_some() || c.misses(Side::Client) || c.misses(Side::Server) || seen.over_limit {
            exam.not_visible("who left may have said why in packets that were not captured", recapture::ALL_WHOLE);
            return;
        }
        exam.applies();
        if by_server && seen.is_whole_of(Side::Server) {
            return server_unfinished::examine(c, tls, CODE, exam);
        }
        if let Some(stopped) = stopped {
            if seen.is_whole_of(Side::Server) {
                server_stopped::examine(&stopped, CODE, exam);
            }
            return;
        }
        if let Some(silent) = silent {
            if seen.is_whole_of(Side::Client) && seen.is_whole_of(Side::Server) {
                client_stopped::examine(&silent, CODE, exam);
            }
            return;
        }
        let Some(end) = end else { return };
        let Some(left) = how(c, tls, hello.completed, end) else { return };
        let (severity, confidence) = match left.kind {
            TOO_LATE => (Severity::Error, Confidence::High),
            WAITING => (Severity::Error, Confidence::Medium),
            _ => (Severity::Warning, Confidence::Medium),
        };
        let late = left.answer.filter(|answer| answer.packet > end.packet);
        let before = left.answer.filter(|answer| answer.packet < end.packet);
        let evidence = [Some(hello.completed), before, Some(end), late];
        exam.symptom(CODE, left.kind, severity, confidence, &evidence).happened(end);
        exam.span(Some(left.waited)).delay(late.map(|late| late.at.since(hello.completed.at)));
        if let (ANSWERED, Some(message)) = (left.kind, tls.server_certificate.as_deref()) {
            certificate_words::quote(message, exam);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let each = case.group.kinds.iter();
        let address = service.address();
        let tell = |&(kind, count): &(&'static str, u64)| match kind {
            _ if server_unfinished::KINDS.contains(&kind) => server_unfinished::tell(kind, count, &address, case.group),
            _ if client_stopped::KINDS.contains(&kind) => client_stopped::tell(kind, count, &address, case.group),
            _ if server_stopped::KINDS.contains(&kind) => server_stopped::tell(kind, count, &address, case.group),
            _ => tell_kind(case.group, &address, kind, count),
        };
        each.map(tell).collect()
    }
}

/// How the client left.
struct Left {
    kind: &'static str,
    /// Since its hello, or since the server's flight.
    waited: Span,
    /// The server's flight, or its ServerHello that came too late.
    answer: Option<Moment>,
}

/// Where the client ended an unfinished handshake in which it said nothing after its hello: no alert, and nothing else.
fn left_by_client(c: &Connection, tls: &Tls, hello: Moment) -> Option<Moment> {
    let by_program = c.ending.is_by_program();
    let unfinished = tls.stage <= Stage::ServerFlight && tls.client_finished.is_none();
    let said_more = c.traffic.client.last_payload.is_some_and(|last| last.packet > hello.packet);
    let end = c.ending.first.filter(|end| end.packet > hello.packet)?;
    let by_client = c.ending.closed_by == Some(Side::Client);
    (by_client && by_program && unfinished && !said_more && !tls.reversed && tls.malformed.is_none()).then_some(end)
}

/// `None` where it left so soon, or in such a place, that nothing can be said of it.
fn how(c: &Connection, tls: &Tls, hello: Moment, end: Moment) -> Option<Left> {
    // Where packets of either side did not arrive, the path is at fault. OpenSSL answers a FIN in the middle of it with an alert.
    let spoke = tls.alerts.iter().any(|alert| alert.at.packet < end.packet);
    if c.traffic.client.unanswered.is_some() || c.traffic.server.unanswered.is_some() || spoke {
        return None;
    }
    let server = &c.traffic.server;
    let answered = |at: &Moment| hello.packet < at.packet && at.packet < end.packet;
    let server_hello = tls.server_hello.as_ref().map(|hello| hello.completed);
    let certificate = tls.server_certificate.as_ref().map(|message| message.completed);
    let steps = [server_hello, certificate, tls.server_finished];
    if let Some(flight) = steps.into_iter().flatten().filter(answered).max() {
        let waited = end.at.since(flight.at);
        let is_whole = tls.stage == Stage::ServerFlight;
        return is_whole.then_some(Left { kind: ANSWERED, waited, answer: Some(flight) });
    }
    // A part of an answer.
    if [server.first_payload, server.last_payload].into_iter().flatten().any(|at| answered(&at)) {
        return None;
    }
    let long = ABANDONED_AFTER.max(c.rtt().unwrap_or_default().times(ABANDONED_ROUND_TRIPS));
    let waited = end.at.since(hello.at);
    let answer = server_hello.filter(|answer| answer.packet > end.packet);
    // no-server-hello tells of longer silence; who leaves at once waited for nothing.
    let is_told = answer.is_none() && waited >= SILENT_AFTER_HELLO;
    let kind = if answer.is_some() { TOO_LATE } else { WAITING };
    (waited >= long && !is_told).then_some(Left { kind, waited, answer })
}

fn tell_kind(group: &Group, address: &str, kind: &'static str, count: u64) -> Told {
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let spread = group.spread(kind);
    let of = format!("({count} of {})", counted(group.applied, "TLS connection"));
    let waited = spread.and_then(|spread| spread.spans.whole());
    let since = match kind {
        ANSWERED => "the server's flight and without an alert",
        TOO_LATE => "its ClientHello",
        _ => "its ClientHello and before any answer",
    };
    let after = waited.map_or_else(String::new, |waited| format!(", {waited} after {since}"));
    if let Some(waited) = waited {
        told.facts.add("waited_shortest_s", waited.shortest());
        told.facts.add("waited_longest_s", waited.longest());
    }
    told.summary = format!("The client left the handshake with {address} without a word{after} {of}");
    told.remedy = match kind {
        ANSWERED => {
            told.severity = Some(Severity::Warning);
            told.confidence = Some(Confidence::Medium);
            told.summary += ": it does not accept the certificate and does not say so, or it only wanted to look (a scanner, a health check, \
                             a check of certificates).";
            if let Some(period) = beat(group) {
                told.facts.add("period_s", period);
                told.summary += &format!(" It comes every {period}, as a check does that a clock starts.");
            }
            let certificate = certificate_words::tell(group, kind, &mut told);
            told.summary += &certificate;
            vec![LOOK_AT_CERTIFICATE.to_owned()]
        }
        TOO_LATE => {
            let answer = spread.and_then(|spread| spread.delays.whole());
            if let Some(answer) = answer {
                told.facts.add("answered_after_longest_s", answer.longest());
                told.summary += &format!(". The ServerHello came after that, {answer} after the hello");
            }
            told.summary += ": the server was slower than the client's patience.";
            vec![AT_SERVER.to_owned(), AT_CLIENT.to_owned()]
        }
        _ => {
            told.severity = Some(Severity::Error);
            told.confidence = Some(Confidence::Medium);
            told.summary += ": a timeout of the client, or a request that was cancelled.";
            vec![AT_SERVER.to_owned(), AT_CLIENT.to_owned()]
        }
    };
    told
}

const AT_SERVER: &str = "Find out what the server waits for before it answers: CPU throttling (cgroup `nr_throttled`), a blocked event loop, too few \
                         workers, a proxy that opens its own connection first, lookups (LDAP, an HSM or vault, OCSP). From the client's network: \
                         `curl -so /dev/null -w '%{time_connect} %{time_appconnect}\\n' https://NAME:PORT/`.";
const AT_CLIENT: &str = "Give TCP and TLS together more time at the client: Kubernetes probes `timeoutSeconds` (1 s by default), health checks of load \
                         balancers, Envoy `connect_timeout` (includes TLS), Go `TLSHandshakeTimeout` and context deadlines, Node.js undici \
                         `connectTimeout`, Python `timeout=`.";
const LOOK_AT_CERTIFICATE: &str = "The client's log at this time names the reason. By hand, with the CAs that the client knows: `openssl s_client -connect \
                                   ADDRESS:PORT -servername NAME -CAfile CA.pem -verify_return_error </dev/null`. Is the client a scanner or a \
                                   monitor, nothing has to change.";

/// The time between two, where each client that left after an answer came by the clock.
fn beat(group: &Group) -> Option<Span> {
    let mut beats = group.paces.iter().filter(|pace| pace.kind == ANSWERED).map(Pace::period);
    let first = beats.next()??;
    beats.all(|beat| beat.is_some()).then_some(first)
}
