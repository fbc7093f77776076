//! The client refused the server's certificate.

use super::{alerts, certificate_words, fault, hello_summary};
use crate::detect::words::{capitalised, counted};
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::{Stage, Tls, names};
use crate::types::{Moment, Side};

/// Detector of `certificate-rejected`.
#[derive(Debug)]
pub(in crate::detect) struct CertificateRejected;

const CODE: &str = "certificate-rejected";
/// The kind where the alert is encrypted and its size alone tells.
const HIDDEN: &str = "hidden-alert";

impl Detector for CertificateRejected {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("certificate_rejected.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.server_hello else { return };
        exam.applies();
        let owner = fault::told_by(c, tls);
        let (kind, confidence, at) = match (owner, hello_summary::deciding_alert(c, tls)) {
            (Some(CODE), Some(alert)) => (alerts::meaning(alert, tls).kind, Confidence::High, alert.at),
            (None, None) => match hidden_alert(c, tls) {
                Some(at) => (HIDDEN, Confidence::Medium, at),
                None => return,
            },
            _ => return,
        };
        let certificate = tls.server_certificate.as_deref();
        let shown = certificate.map(|message| message.completed);
        let evidence = [Some(hello.completed), shown, Some(at), c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence).happened(at);
        exam.quote("version_chosen", &names::version(hello.version));
        if let Some(name) = fault::asks_for(tls) {
            exam.quote("server_name", name);
        }
        if let Some(message) = certificate {
            certificate_words::quote(message, exam);
            // unknown_ca and expired are about something else.
            if matches!(
                kind,
                "client-bad_certificate" | "client-certificate_unknown" | "client-unsupported_certificate"
            ) {
                certificate_words::quote_weakness(message, exam);
            }
            if let ([leaf], true) = (message.certificates(), kind == "client-unknown_ca")
                && !leaf.self_issued
            {
                exam.quote("alone", "yes");
            }
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            let meaning = alerts::of_kind(kind);
            let of = format!("({count} of {} to {})", counted(group.applied, "answered TLS hello"), service.address());
            let versions: Vec<&str> =
                group.quotes(kind, "version_chosen").iter().map(|(version, _)| *version).collect();
            told.summary = if kind == HIDDEN {
                told.confidence = Some(Confidence::Medium);
                format!(
                    "The client broke off the TLS 1.3 handshake with an encrypted alert in place of its Finished, right after the server's \
                     certificate {of}: most likely it does not accept the certificate. Which alert it was is encrypted."
                )
            } else {
                told.facts.add("alert", format!("{} ({})", meaning.name, meaning.code));
                format!(
                    "{}. It said so with the alert {} ({}), and the handshake ended there {of}.",
                    capitalised(meaning.says),
                    meaning.name,
                    meaning.code,
                )
            };
            if let [(name, _)] = group.quotes(kind, "server_name").as_slice() {
                told.summary += &format!(" It had asked for {name}.");
                told.facts.add("server_name", (*name).to_owned());
            }
            let certificate = certificate_words::tell(group, kind, &mut told);
            told.summary += &certificate;
            let weakness = certificate_words::tell_weakness(group, kind, &mut told);
            told.summary += &weakness;
            let alone = !group.quotes(kind, "alone").is_empty();
            if alone {
                told.summary += " It was sent alone: if its issuer is an intermediate authority, the server must send that one too.";
            }
            if versions.contains(&"TLS 1.3") {
                let whose = if versions.len() > 1 { " of the connections with TLS 1.3" } else { "" };
                told.not_visible.push(format!("the certificate{whose}: TLS 1.3 encrypts it"));
            }
            told.remedy.push(if kind == HIDDEN { BY_HAND.to_owned() } else { meaning.remedy.to_owned() });
            if alone {
                told.remedy.push(WHOLE_CHAIN.to_owned());
            }
            if let Some(version) = versions.first() {
                told.facts.add("version_chosen", (*version).to_owned());
            }
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

const WHOLE_CHAIN: &str = "Let the server send the whole chain: nginx `ssl_certificate fullchain.pem`, HAProxy one PEM with leaf and \
                           intermediates, Kubernetes `tls.crt` with both.";
const BY_HAND: &str = "The client's log at this time names the reason (Go: `x509: ...`, browsers: NET::ERR_CERT_...). To see the \
                       certificate: `openssl s_client -connect ADDRESS:PORT -servername NAME -showcerts </dev/null`; check its dates, its \
                       names, and whether the client knows the CA (truststore, SSL_CERT_FILE, Envoy `trusted_ca`).";

/// An encrypted alert of a TLS 1.3 client in place of its Finished, which ended the connection.
fn hidden_alert(c: &Connection, tls: &Tls) -> Option<Moment> {
    let at = tls.encrypted_alerts.client?;
    let hello = tls.server_hello.as_ref().filter(|hello| hello.version > 0x0303)?;
    // A resumed session has no certificate; early data may have this length.
    let resumes = tls.resumed == Some(true) || hello.pre_shared_key;
    let early = tls.client_hello.as_ref().is_none_or(|hello| hello.early_data);
    let flight = tls.server_finished.filter(|flight| flight.packet <= at.packet)?;
    let first_word = tls.client_finished.is_none() && tls.client_data_records == 0 && tls.server_data_records == 0;
    let ended = c.ending.first.is_some_and(|end| end.packet >= at.packet) && !tls.reversed;
    let by_server = tls.encrypted_alerts.server.is_some_and(|alert| alert.packet < at.packet);
    let seen = tls.stage == Stage::ServerFlight && !c.misses_payload() && flight.packet >= hello.completed.packet;
    let closed = c.ending.closed_by == Some(Side::Client) || c.ending.first.is_some_and(|end| end.packet > at.packet);
    (!resumes && !early && first_word && ended && !by_server && seen && closed).then_some(at)
}
