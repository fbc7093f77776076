//! TLS to a port that speaks something else.

use super::fault;
use crate::detect::recapture;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Group, Lead, Service, ServiceKey, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::{ClientHello, Tls};
use crate::types::{Side, is_plain};

use super::hello_summary::{self, Answer};

/// Detector of `tls-to-plaintext`.
#[derive(Debug)]
pub(in crate::detect) struct TlsToPlaintext;

const CODE: &str = "tls-to-plaintext";

impl Detector for TlsToPlaintext {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("tls_to_plaintext.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else { return };
        let answer = hello_summary::answer(c, tls);
        if matches!(answer, Answer::ServerHello | Answer::Alert | Answer::OtherProtocol) {
            exam.applies();
        }
        if answer != Answer::OtherProtocol || fault::told_by(c, tls) != Some(CODE) {
            return;
        }
        if c.visibility.mid_stream && language(&tls.other_bytes) == UNKNOWN {
            exam.not_visible(
                "packets of the server are missing from the capture, perhaps the beginning of its answer",
                recapture::ALL_WHOLE,
            );
            return;
        }
        let kind = if spoke_first(c, hello) { "spoke-first" } else { "answered" };
        let at = other_bytes_at(tls).or(c.traffic.server.first_payload);
        let greeting = c.traffic.server.first_payload.filter(|_| kind == "spoke-first");
        let alert = tls.alerts.first().map(|alert| alert.at);
        let evidence = [greeting, Some(hello.begun), Some(hello.completed), at, alert, c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, Confidence::High, &evidence).happened(hello.completed);
        if !tls.other_bytes.is_empty() {
            exam.quote("answer", &first_line(&tls.other_bytes)).quote("speaks", language(&tls.other_bytes));
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let first = |name: &str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            let how = match kind {
                "spoke-first" => {
                    "the server had greeted first and not in TLS, as mail, FTP and database servers do: the port wants STARTTLS, or TLS is on \
                     another one"
                }
                _ => "the server answered with bytes that are not TLS",
            };
            told.summary = format!(
                "The client began TLS with {}, and {how} ({count} of {}).",
                service.address(),
                counted(group.applied, "ClientHello")
            );
            let greets = first("speaks")
                .is_some_and(|speaks| ["SMTP or FTP", "POP3 or Redis", "IMAP"].contains(&speaks.as_str()));
            if let Some(speaks) = first("speaks").filter(|speaks| speaks != UNKNOWN) {
                told.summary += &format!(" It speaks {speaks}.");
                told.facts.add("server_speaks", speaks);
            }
            if let Some(answer) = first("answer") {
                told.summary += &format!(" Its answer to the hello begins: \"{answer}\".");
                told.facts.add("answer_begins", answer);
            }
            if kind == "spoke-first" || greets {
                told.remedy.push(STARTTLS.to_owned());
            }
            told.remedy.push(PLAIN.to_owned());
            told.remedy.push(format!("By hand: `printf '\\n' | {}` shows what greets there.", nc(group, service)));
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

/// A command that connects to where TLS began.
fn nc(group: &Group, service: &Service) -> String {
    let ServiceKey { address, port } = service.key;
    let Some(Lead::Proxy(target)) = group.lead_to_tls() else { return format!("nc {address} {port}") };
    let target = target.as_deref().filter(|target| is_plain(target)).and_then(|target| target.rsplit_once(':'));
    let (host, behind) = target.unwrap_or(("TARGET", "443"));
    format!("nc -X connect -x {} {host} {behind}", service.address())
}

const STARTTLS: &str = "Let the client begin in clear and turn to TLS (SMTP, IMAP, LDAP, PostgreSQL STARTTLS; `openssl s_client -starttls \
                        smtp`), or use the port that speaks TLS from the start (465, 993, 636).";
const PLAIN: &str = "Use the port that speaks TLS, or no TLS to this one: http:// in place of https://, nginx `proxy_pass http://`, HAProxy \
                     `server` without `ssl`, Istio DestinationRule `tls.mode: DISABLE` (or the port's name and `appProtocol`), Envoy cluster \
                     without transport_socket. Or give the server TLS (nginx `listen ... ssl`).";
const UNKNOWN: &str = "an unknown protocol";

/// Whether the server's first bytes came before the hello, as a greeting. A proxy's answer to CONNECT is none.
fn spoke_first(c: &Connection, hello: &ClientHello) -> bool {
    c.http.is_none() && c.traffic.server.first_payload.is_some_and(|first| first.packet < hello.begun.packet)
}

fn other_bytes_at(tls: &Tls) -> Option<crate::types::Moment> {
    tls.malformed.filter(|(side, _)| *side == Side::Server).map(|(_, at)| at)
}

/// Its first line, or the bytes as far as they go.
fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

/// What a server speaks whose first bytes are these.
fn language(bytes: &[u8]) -> &'static str {
    let code = |first: u8| matches!(bytes, [a, b, c, b' ' | b'-', ..] if *a == first && b.is_ascii_digit() && c.is_ascii_digit());
    match bytes {
        // A server of HTTP/0.9, or one that forgets the head of its refusal.
        _ if bytes.starts_with(b"HTTP/") || bytes.starts_with(b"<") => "HTTP in clear",
        _ if bytes.starts_with(b"SSH-") => "SSH",
        _ if bytes.starts_with(b"+OK") || bytes.starts_with(b"-ERR") => "POP3 or Redis",
        _ if bytes.starts_with(b"* ") => "IMAP",
        // SETTINGS on stream 0 (RFC 9113 section 6.5).
        [0, 0, _, 4, 0 | 1, 0, 0, 0, 0, ..] => "HTTP/2 in clear",
        // A packet of MySQL: length, number, protocol 10 or an error.
        [_, _, 0, _, 0x0a | 0xff, ..] => "MySQL",
        _ if code(b'2') || code(b'4') || code(b'5') => "SMTP or FTP",
        _ => UNKNOWN,
    }
}
