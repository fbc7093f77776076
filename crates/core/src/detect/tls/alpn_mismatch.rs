//! Client and server share no application protocol.

use super::{fault, hello_summary};
use crate::detect::words::{counted, listed};
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::http::Http;
use crate::record::{CloseKind, Connection};
use crate::tls::{ClientHello, Tls};
use crate::types::{Moment, Seen, Side};

/// Detector of `alpn-mismatch`.
#[derive(Debug)]
pub(in crate::detect) struct AlpnMismatch;

const CODE: &str = "alpn-mismatch";
/// Without TLS nothing is agreed on: the client began with HTTP/2, the server answered in HTTP/1.
const NOT_ASKED: &str = "http1-answer";
/// The other way round.
const HTTP2_ALONE: &str = "http2-alone";

impl Detector for AlpnMismatch {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("alpn_mismatch.md")
    }

    fn needs(&self) -> Shape {
        Shape::CLIENT_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        // Where the roles could only be guessed, it can be the "server" that begins.
        if c.traffic.client.first_payload.is_none() {
            return;
        }
        if let Some(http2) = &c.http2
            && http2.in_clear
        {
            return in_clear(c, http2.answered_in_http1, exam);
        }
        if let Some(http) = &c.http {
            return in_http1(c, http, exam);
        }
        let Some(tls) = &c.tls else { return };
        let Some(hello) = tls.client_hello.as_ref().filter(|hello| !hello.alpn.is_empty()) else { return };
        exam.applies();
        let alert = hello_summary::deciding_alert(c, tls);
        let (kind, confidence, at) = match (fault::told_by(c, tls), alert) {
            (Some(CODE), Some(alert)) if alert.by == Side::Server => ("server-refused", Confidence::High, alert.at),
            (Some(CODE), Some(alert)) => ("client-refused", Confidence::High, alert.at),
            (None, None) => match left_without_h2(c, tls, hello) {
                Some(at) => ("left-without-h2", Confidence::Medium, at),
                None => return,
            },
            _ => return,
        };
        let answer = tls.server_hello.as_ref();
        let evidence = [Some(hello.completed), answer.map(|hello| hello.completed), Some(at), c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence).happened(at);
        exam.quote("alpn_offered", &listed(hello.alpn.iter().cloned(), 8));
        if let Some(Seen::Yes(chosen)) = answer.map(|hello| &hello.alpn) {
            exam.quote("alpn_chosen", chosen);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let first = |name: &str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
            if kind == NOT_ASKED || kind == HTTP2_ALONE {
                return tell_in_clear(kind, count, group.applied, &service.address());
            }
            let offered = first("alpn_offered").unwrap_or_default();
            let of = format!("({count} of {} with ALPN to {})", counted(group.applied, "hello"), service.address());
            let summary = match (kind, first("alpn_chosen")) {
                ("server-refused", _) => format!(
                    "The client offers the application protocols {offered}, and the server answered with the alert \
                     no_application_protocol (120) {of}: it speaks none of them."
                ),
                ("client-refused", _) => format!(
                    "The client offered the application protocols {offered} and refused the server's choice with the alert \
                     no_application_protocol (120) {of}."
                ),
                (_, chosen) => {
                    let chosen =
                        chosen.map_or_else(|| "chose no protocol".to_owned(), |chosen| format!("chose {chosen}"));
                    format!(
                        "The client offers {offered} alone, the server {chosen}, and the client closed right after the handshake without \
                         sending anything {of}: gRPC and other HTTP/2 clients do that."
                    )
                }
            };
            let mut told = Told { summary, affected: Some(count), example_kind: Some(kind), ..Told::default() };
            told.confidence = Some(if kind == "left-without-h2" { Confidence::Medium } else { Confidence::High });
            told.facts.add("alpn_offered", offered);
            told.remedy = REMEDY.map(str::to_owned).to_vec();
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

const REMEDY: [&str; 2] = [
    "Let both sides share a protocol: nginx `http2 on`, HAProxy `alpn h2,http/1.1` on bind and on server lines, Envoy `alpn_protocols`, \
     AWS target group protocol version, Go `http2.ConfigureServer`. A gRPC client needs h2.",
    "By hand: `openssl s_client -connect ADDRESS:PORT -servername NAME -alpn h2,http/1.1 </dev/null | grep ALPN`.",
];

const IN_CLEAR: &str = "Let both sides speak the same: nginx `listen PORT` with `http2 on` (1.25.1 or later), HAProxy `proto h2` on bind and on \
                        server lines, Envoy `http2_protocol_options`, Kubernetes Service `appProtocol: kubernetes.io/h2c`, Istio port name \
                        `grpc-` or `http2-`, Go `http.Server.Protocols.SetUnencryptedHTTP2` or `h2c.NewHandler`; or let the client \
                        speak the other; for checks of gRPC servers there are Kubernetes `grpc` probes, AWS target groups of version GRPC, \
                        `grpc_health_probe`.";

/// A client that begins with HTTP/2 in clear (prior knowledge, RFC 9113 section 3.3).
fn in_clear(c: &Connection, answered: Option<Moment>, exam: &mut Exam<'_>) {
    exam.applies();
    let Some(answered) = answered else { return };
    let evidence = [c.traffic.client.first_payload, Some(answered), c.ending.first];
    exam.symptom(CODE, NOT_ASKED, Severity::Error, Confidence::High, &evidence).happened(answered);
}

/// A client of HTTP/1, and a server that begins with HTTP/2.
fn in_http1(c: &Connection, http: &Http, exam: &mut Exam<'_>) {
    let Some(answered) = http.speaks_http2.filter(|_| !c.misses(Side::Server)) else { return };
    let evidence = [c.traffic.client.first_payload, Some(answered), c.ending.first];
    exam.symptom(CODE, HTTP2_ALONE, Severity::Error, Confidence::High, &evidence).happened(answered);
}

fn tell_in_clear(kind: &'static str, count: u64, of: u64, address: &str) -> Told {
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    told.summary = if kind == NOT_ASKED {
        format!(
            "The client began with HTTP/2 in clear, as gRPC clients do, and {address} answered in HTTP/1 ({count} of {of}): it does not \
             speak HTTP/2 on this port to a client that does not ask first, and no request was served."
        )
    } else {
        format!(
            "The client asked in HTTP/1, and {address} speaks HTTP/2 alone, as servers of gRPC do ({count} of {of}): no request was served. \
             Health checks of load balancers and of Kubernetes (`httpGet`) are made in HTTP/1."
        )
    };
    told.confidence = Some(Confidence::High);
    told.remedy = vec![
        IN_CLEAR.to_owned(),
        format!("By hand: `curl -v --http2-prior-knowledge http://{address}/` against `--http1.1`."),
    ];
    told
}

/// A client of HTTP/2 alone that got another protocol, or none, and left without a word; visible up to TLS 1.2.
fn left_without_h2(c: &Connection, tls: &Tls, hello: &ClientHello) -> Option<Moment> {
    let answer = tls.server_hello.as_ref()?;
    let end = c.ending.first?;
    let left = c.ending.closed_by == Some(Side::Client) && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
    let silent = tls.client_data_records == 0 && tls.server_data_records == 0;
    let whole = !c.misses(Side::Client) && !c.misses(Side::Server);
    if !(left && silent && whole && tls.is_established()) {
        return None;
    }
    let wants_h2 = hello.alpn.iter().all(|name| name == "h2" || name == "grpc-exp");
    let got_other = match &answer.alpn {
        Seen::Yes(chosen) => chosen != "h2",
        Seen::No => true,
        Seen::NotVisible(_) => false,
    };
    (wants_h2 && got_other).then_some(end)
}
