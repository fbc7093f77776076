//! A handshake that was completed and took long.

use crate::detect::thresholds::{SLOW_STEP, SLOW_STEP_ROUND_TRIPS};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::Tls;
use crate::types::{Moment, Span};

/// Detector of `slow-handshake`.
#[derive(Debug)]
pub(in crate::detect) struct SlowHandshake;

const CODE: &str = "slow-handshake";
const SERVER: &str = "server";
const CLIENT: &str = "client";

impl Detector for SlowHandshake {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("slow_handshake.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["handshake-abandoned"]
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let (Some(rtt), Some((asked, answered))) = (c.rtt(), server_step(tls)) else { return };
        exam.applies();
        // What was lost and sent again explains the time by itself, and a hole may hide it.
        let traffic = &c.traffic;
        let repeated = traffic.client.retransmitted + traffic.server.retransmitted > 0;
        let holed = c.misses_payload();
        if repeated || holed || tls.reversed {
            return;
        }
        let limit = SLOW_STEP.max(rtt.times(SLOW_STEP_ROUND_TRIPS));
        let server = answered.at.since(asked.at);
        let (kind, from, to, took) = if server >= limit {
            (SERVER, asked, answered, server)
        } else {
            let Some((shown, finished)) = client_step(tls) else { return };
            let client = finished.at.since(shown.at);
            if client < limit {
                return;
            }
            (CLIENT, shown, finished, client)
        };
        let evidence = [c.opening.syn_ack, Some(from), Some(to)];
        exam.symptom(CODE, kind, Severity::Warning, Confidence::High, &evidence);
        exam.happened(from).span(Some(took)).delay(Some(rtt));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            let spread = group.spread(kind);
            let longest = spread.and_then(|spread| spread.spans.whole()).map_or(Span::ZERO, |spans| spans.longest());
            let rtt = spread.and_then(|spread| spread.delays.whole()).map_or(Span::ZERO, |delays| delays.longest());
            let of = format!("({count} of {})", counted(group.applied, "TLS connection"));
            let address = service.address();
            told.summary = if kind == SERVER {
                format!(
                    "The server {address} took up to {longest} from the ClientHello to its ServerHello {of}; the round trip of TCP took at most \
                     {rtt}: the time is spent in the server or in what it asks, not on the path."
                )
            } else {
                format!(
                    "The client took up to {longest} from the flight of {address} to its own Finished {of}; the round trip of TCP took at most \
                     {rtt}: the time is spent in the client, which checks the certificate (OCSP, CRL) or asks a person."
                )
            };
            told.facts.add("longest_s", longest);
            told.facts.add("rtt_max_s", rtt);
            told.remedy.push(if kind == SERVER { AT_SERVER } else { AT_CLIENT }.to_owned());
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

const AT_SERVER: &str = "Look at the server at this time: CPU throttling (cgroup `nr_throttled`), a blocked event loop, too few workers, a backlog \
                         of accepted connections; lookups before the answer (reverse DNS, LDAP, a key in an HSM or vault, OCSP for \
                         stapling); a proxy that opens its own connection first. Clients' connect timeouts must be longer than this.";
const AT_CLIENT: &str = "Look at the client at this time: CPU throttling, revocation checks that can not reach OCSP or CRL servers, a smart card \
                         or a prompt for a client certificate.";

/// From the hello that the ServerHello answers to the ServerHello.
fn server_step(tls: &Tls) -> Option<(Moment, Moment)> {
    let asked = tls.last_client_hello()?;
    if tls.hello_retry.is_some() && tls.second_client_hello.is_none() {
        return None;
    }
    Some((asked.completed, tls.server_hello.as_ref()?.completed))
}

/// From the certificate, or the server's flight in TLS 1.3, to the client's Finished.
fn client_step(tls: &Tls) -> Option<(Moment, Moment)> {
    let shown = match &tls.server_certificate {
        Some(message) => message.completed,
        None if tls.server_hello.as_ref()?.version > 0x0303 => tls.server_finished?,
        None => return None,
    };
    Some((shown, tls.client_finished?)).filter(|(shown, finished)| shown.packet < finished.packet)
}
