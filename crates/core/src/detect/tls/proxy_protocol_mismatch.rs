//! A PROXY protocol header that the server did not want, or one that it missed.

use super::hello_summary::{self, Answer};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Protocol};
use crate::types::{Moment, Side};

/// Detector of `proxy-protocol-mismatch`.
#[derive(Debug)]
pub(in crate::detect) struct ProxyProtocolMismatch;

const CODE: &str = "proxy-protocol-mismatch";
const UNEXPECTED: &str = "unexpected";
const MISSING: &str = "missing";

impl Detector for ProxyProtocolMismatch {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("proxy_protocol_mismatch.md")
    }

    fn needs(&self) -> Shape {
        Shape::CLIENT_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let hello = c.tls.as_ref().and_then(|tls| tls.client_hello.as_ref()).map(|hello| hello.completed);
        let Some(header) = &c.proxy_header else {
            let tls_closed = c.tls.as_ref().is_some_and(|tls| {
                hello.is_some() && matches!(hello_summary::answer(c, tls), Answer::Fin | Answer::Reset(_))
            });
            if tls_closed {
                // Told only where others had one and were answered.
                exam.symptom(CODE, MISSING, Severity::Error, Confidence::Medium, &[hello, c.ending.first]).quietly();
            }
            return;
        };
        exam.applies();
        let Some(refused) = refused(c) else { return };
        let evidence = [Some(header.at), hello, Some(refused), c.ending.first];
        exam.symptom(CODE, UNEXPECTED, Severity::Error, Confidence::Medium, &evidence).happened(refused);
        exam.quote("version", if header.version == 1 { "1" } else { "2" });
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (with, without) =
            (service.hellos.after_proxy_header_answered, service.hellos.without_proxy_header_answered);
        let (unexpected, missing) = (group.of_kind(UNEXPECTED), group.of_kind(MISSING));
        let mut findings = Vec::new();
        if unexpected > 0 && with == 0 {
            let version = group.quotes(UNEXPECTED, "version").first().map_or("1", |(version, _)| *version).to_owned();
            let mut told = Told { affected: Some(unexpected), example_kind: Some(UNEXPECTED), ..Told::default() };
            told.of = Some(group.applied.saturating_sub(missing).max(unexpected));
            told.confidence = Some(if without > 0 { Confidence::High } else { Confidence::Medium });
            told.summary = format!(
                "The client's first bytes to {} are a PROXY protocol header (version {version}), and the server refused or closed the \
                 connection ({}): it does not expect the header, or not this version.",
                service.address(),
                counted(unexpected, "connection")
            );
            if without > 0 {
                told.summary +=
                    &format!(" Hellos without a header were answered at the same address and port ({without}).");
            }
            told.facts.add("proxy_protocol_version", version);
            told.facts.add("answered_without_header", without);
            told.remedy = UNEXPECTED_REMEDY.map(str::to_owned).to_vec();
            findings.push(told);
        }
        if missing > 0 && with > 0 && without == 0 {
            let mut told = Told { affected: Some(missing), example_kind: Some(MISSING), ..Told::default() };
            told.of = Some(missing + with);
            told.confidence = Some(Confidence::Medium);
            told.summary = format!(
                "The server {} closed {} that came without a PROXY protocol header, without a byte; all that began with a header were \
                 answered ({with}): it expects the header.",
                service.address(),
                counted(missing, "TLS connection")
            );
            told.facts.add("answered_after_header", with);
            told.remedy = MISSING_REMEDY.map(str::to_owned).to_vec();
            findings.push(told);
        }
        findings
    }
}

const UNEXPECTED_REMEDY: [&str; 2] = [
    "Let the server expect it: nginx `listen ... proxy_protocol`, HAProxy `bind ... accept-proxy`, Envoy listener filter \
     `envoy.filters.listener.proxy_protocol`, Traefik `proxyProtocol.trustedIPs`, ingress-nginx `use-proxy-protocol: \"true\"`.",
    "Or let the balancer leave it out: AWS NLB `proxy_protocol_v2.enabled=false`, HAProxy `server` without `send-proxy`/`send-proxy-v2`, nginx \
     `proxy_protocol off`. The version must fit too: some servers know version 1 alone.",
];
const MISSING_REMEDY: [&str; 2] = [
    "Let whoever connects directly (health checks, pods in the cluster, a second balancer) send the header too (HAProxy `send-proxy-v2`, \
     `check-send-proxy`, NLB `proxy_protocol_v2.enabled`, curl `--haproxy-protocol`), or go through the balancer.",
    "Or give it a port without: a second nginx `listen` line, Envoy `allow_requests_without_proxy_protocol`.",
];

/// The server's refusal: an alert or a status 400, its FIN or RST before any byte that means something.
fn refused(c: &Connection) -> Option<Moment> {
    if let Some(tls) = &c.tls {
        let alert = tls.alerts.iter().find(|alert| alert.by == Side::Server).map(|alert| alert.at);
        return match hello_summary::answer(c, tls) {
            Answer::Alert => alert,
            Answer::Fin | Answer::Reset(_) => c.ending.first,
            Answer::OtherProtocol => c.traffic.server.first_payload,
            Answer::ServerHello
            | Answer::Begun
            | Answer::Silence(_)
            | Answer::Unacknowledged(_)
            | Answer::GivenUp
            | Answer::NotVisible(..) => None,
        };
    }
    if let Some(http) = &c.http {
        let status = http.last_response.filter(|response| response.status == 400 && http.responses == 1)?;
        return Some(status.at);
    }
    let silent = c.traffic.server.payload_bytes == 0 && c.traffic.server.stream_bytes.unwrap_or(0) == 0;
    let closed = c.ending.closed_by == Some(Side::Server) && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
    let whole = c.visibility.one_way.is_none() && !c.misses(Side::Server) && c.protocol != Protocol::None;
    c.ending.first.filter(|_| silent && closed && whole)
}
