//! An alert that ended a handshake.

use super::{alerts, fault, hello_summary};
use crate::detect::recapture;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Group, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::{Alert, AlertLevel, Sni, Tls, names};
use crate::types::Side;

/// Detector of `tls-alert`.
#[derive(Debug)]
pub(in crate::detect) struct TlsAlert;

const CODE: &str = "tls-alert";
/// What servers say to the end of a connection in place of a ClientHello (RFC 8446 section 6.2).
const DECODE_ERROR: u8 = 50;

impl Detector for TlsAlert {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("tls_alert.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["missing-sni", "sni-ip-literal", "sni-malformed"]
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let no_hello = tls.client_hello.is_none() && tls.server_hello.is_none();
        // Servers of TLS answer the end of a check by TCP with an alert.
        if no_hello && (tls.alerts.is_empty() || c.client_said_nothing()) {
            return;
        }
        let unheard =
            c.traffic.client.payload_packets == 0 && tls.alerts.iter().all(|alert| alert.description == DECODE_ERROR);
        if no_hello && unheard {
            exam.not_visible(
                "what the server answered by an alert is not in the capture: it may be a check by TCP",
                recapture::ALL_WHOLE,
            );
            return;
        }
        exam.applies();
        if fault::told_by(c, tls) != Some(CODE) {
            return;
        }
        let Some(alert) = hello_summary::deciding_alert(c, tls) else { return };
        let fatal = alert.level == AlertLevel::FATAL;
        let confidence = if fatal { Confidence::High } else { Confidence::Medium };
        let hello = tls.client_hello.as_ref().map(|hello| hello.completed);
        let answer = tls.server_hello.as_ref().map(|hello| hello.completed);
        let evidence = [hello, answer, Some(alert.at), c.ending.first];
        exam.symptom(CODE, alerts::meaning(alert, tls).kind, Severity::Error, confidence, &evidence);
        exam.happened(alert.at).quote("alert", &wording(alert));
        quote_handshake(tls, alert, exam);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let tell = |&(kind, count): &(&'static str, u64)| {
            let meaning = alerts::of_kind(kind);
            let group = case.group;
            let alert = first_quote(group, kind, "alert").unwrap_or_else(|| format!("alert {}", meaning.name));
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            let versions: Vec<&str> =
                group.quotes(kind, "version_chosen").into_iter().map(|(version, _)| version).collect();
            let stage = if versions.is_empty() {
                "before a ServerHello was seen".to_owned()
            } else {
                format!("after the ServerHello ({})", versions.join(", "))
            };
            let mut summary = format!(
                "The {} sent the {alert} {stage}, and the handshake ended there ({count} of {} to {}): {}.",
                meaning.by,
                counted(case.group.applied, "TLS connection"),
                service.address(),
                meaning.says,
            );
            if let [(name, _)] = group.quotes(kind, "server_name").as_slice() {
                summary += &format!(" The ClientHello asked for {name}.");
            } else if first_quote(group, kind, "without_name").is_some() {
                summary += " The ClientHello carries no server name (SNI).";
            }
            let answered = service.with_name_answered + service.without_name_answered;
            if versions.is_empty() && answered > 0 {
                summary +=
                    &format!(" The same server answered {} with a ServerHello.", counted(answered, "other hello"));
            }
            told.facts.add("alert", alert);
            told.facts.add("alert_code", u32::from(meaning.code));
            told.facts.add("alert_by", meaning.by.name());
            for name in QUOTED {
                if let Some(text) = all_quotes(group, kind, name) {
                    told.facts.add(name, text);
                }
            }
            if concerns_certificate(meaning.by, meaning.code) && versions.contains(&"TLS 1.3") {
                let whose = if versions.len() > 1 { " of the connections with TLS 1.3" } else { "" };
                told.not_visible.push(format!("the certificate{whose}: TLS 1.3 encrypts it"));
            }
            if meaning.by == Side::Server && versions.is_empty() && first_quote(group, kind, "without_name").is_some() {
                told.remedy.push(SEND_A_NAME.to_owned());
            }
            told.summary = summary;
            told.remedy.push(meaning.remedy.to_owned());
            told
        };
        case.group.kinds.iter().map(tell).collect()
    }
}

/// What is quoted of the handshake besides the alert.
const QUOTED: &[&str] = &[
    "server_name",
    "versions_offered",
    "version_chosen",
    "suites_offered",
    "suite_chosen",
    "groups_offered",
    "signature_schemes_offered",
    "alpn_offered",
];

/// What many shared servers and content networks want before anything else.
const SEND_A_NAME: &str = "First send a server name: `openssl s_client -connect ADDRESS:PORT -servername RIGHT-NAME`. Servers that hold \
                           several names, content networks above all, refuse a hello without one with just such an alert.";

fn quote_handshake(tls: &Tls, alert: &Alert, exam: &mut Exam<'_>) {
    if let Some(hello) = &tls.client_hello {
        match &hello.sni {
            Sni::Present(name) => _ = exam.quote("server_name", name),
            Sni::Empty | Sni::Absent => _ = exam.quote("without_name", "yes"),
            Sni::NotVisible(_) => {}
        }
        if concerns_parameters(alert.description) {
            hello_summary::quote_offer(hello, exam);
        }
    }
    if let Some(hello) = &tls.server_hello {
        exam.quote("version_chosen", &names::version(hello.version));
        if let Some(suite) = hello.suite() {
            exam.quote("suite_chosen", &names::cipher_suite(suite));
        }
    }
}

/// `fatal alert handshake_failure (40)`.
fn wording(alert: &Alert) -> String {
    format!("{} alert {} ({})", alert.level.name(), names::alert(alert.description), alert.description)
}

/// The text quoted most often.
fn first_quote(group: &Group, kind: &str, name: &str) -> Option<String> {
    group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned())
}

/// All texts quoted, the most frequent first and each with its count where there are several: they are of different connections.
fn all_quotes(group: &Group, kind: &str, name: &str) -> Option<String> {
    let quotes = group.quotes(kind, name);
    if let [(text, _)] = quotes.as_slice() {
        return Some((*text).to_owned());
    }
    let each: Vec<String> = quotes.iter().take(3).map(|(text, count)| format!("{text} ({count})")).collect();
    let more = if quotes.len() > 3 { "; ..." } else { "" };
    (!each.is_empty()).then(|| each.join("; ") + more)
}

/// Whether this alert can be about what the hello offers.
const fn concerns_parameters(code: u8) -> bool {
    matches!(code, 0 | 10 | 40 | 47 | 50 | 70 | 71 | 86 | 109 | 120)
}

/// Whether this alert speaks of the peer's certificate.
const fn concerns_certificate(by: Side, code: u8) -> bool {
    matches!(by, Side::Client) && matches!(code, 42..=46 | 48 | 49 | 113)
}
