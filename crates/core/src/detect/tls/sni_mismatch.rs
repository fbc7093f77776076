//! The server has nothing, or something else, under the name that the client asked for.

use super::{certificate_words, fault, hello_summary};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection};
use crate::tls::{AlertLevel, Tls};
use crate::types::{Moment, Side};

/// Detector of `sni-mismatch`.
#[derive(Debug)]
pub(in crate::detect) struct SniMismatch;

const CODE: &str = "sni-mismatch";

impl Detector for SniMismatch {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("sni_mismatch.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["sni-ip-literal", "sni-malformed"]
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let (Some(name), Some(hello)) = (fault::asks_for(tls), &tls.client_hello) else { return };
        exam.applies();
        let alert = hello_summary::deciding_alert(c, tls);
        let (kind, confidence, at) = match (fault::told_by(c, tls), alert) {
            (Some(CODE), Some(alert)) if alert.by == Side::Server => {
                let fatal = alert.level == AlertLevel::FATAL;
                ("unrecognized-name", if fatal { Confidence::High } else { Confidence::Medium }, alert.at)
            }
            (Some(CODE), Some(alert)) => ("certificate", Confidence::High, alert.at),
            (None, None) => match left_after(c, tls) {
                Some(at) => ("certificate-left", Confidence::Medium, at),
                None => return,
            },
            _ => return,
        };
        let certificate = tls.server_certificate.as_deref();
        let shown = certificate.map(|message| message.completed);
        let evidence = [Some(hello.completed), shown, Some(at), c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence).happened(at).quote("server_name", name);
        if let (Some(message), true) = (certificate, kind != "unrecognized-name") {
            certificate_words::quote(message, exam);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            if kind == "certificate-left" {
                told.confidence = Some(Confidence::Medium);
            }
            let names = group.quotes(kind, "server_name");
            let asked: Vec<&str> = names.iter().take(3).map(|(name, _)| *name).collect();
            let more = if names.len() > 3 { " and others" } else { "" };
            let asked = format!("{}{more}", asked.join(", "));
            let of = format!("({count} of {} to {})", counted(group.applied, "named hello"), service.address());
            told.summary = match kind {
                "unrecognized-name" => format!(
                    "The client asked for {asked}, and the server answered with the alert unrecognized_name (112) {of}: it has nothing under \
                     that name."
                ),
                "certificate" => format!(
                    "The client asked for {asked}, the server's certificate does not name it, and the client refused it with an alert {of}."
                ),
                _ => format!(
                    "The client asked for {asked}, the server's certificate does not name it, and the client ended the handshake right after \
                     it, without an alert {of}."
                ),
            };
            let certificate = certificate_words::tell(group, kind, &mut told);
            told.summary += &certificate;
            if kind == "unrecognized-name" && service.with_name_answered > 0 {
                let other = counted(service.with_name_answered, "other hello");
                told.summary += &format!(" It answered {other} with a name on the same address and port.");
            }
            told.facts.add("server_name", asked);
            told.remedy.push(if kind == "unrecognized-name" { NAME.to_owned() } else { CERTIFICATE.to_owned() });
            told.remedy.push(
                "By hand: `openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null | openssl x509 -noout -subject -ext \
                 subjectAltName`."
                    .to_owned(),
            );
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

const NAME: &str = "Correct the name that the client sends, or give the server one: nginx `server_name` (and no \
                    `ssl_reject_handshake`), HAProxy `crt-list` without `strict-sni`, Envoy `filter_chain_match.server_names`, Istio \
                    Gateway `hosts` with `credentialName`, Kubernetes Ingress `tls.hosts`.";
const CERTIFICATE: &str = "The server sent the certificate of another host, often of its default one: give it a virtual host for this \
                           name (nginx `server_name`, Istio Gateway `hosts`/`credentialName`, Ingress `tls.hosts`), a certificate whose \
                           SANs hold the name, or let the client ask for a name that it has.";

/// The client ended the handshake itself, after a certificate that does not name what it asked for, and said nothing.
fn left_after(c: &Connection, tls: &Tls) -> Option<Moment> {
    let certificate = tls.server_certificate.as_ref().filter(|_| fault::shows_another_name(tls))?;
    let end = c.ending.first.filter(|end| end.packet > certificate.completed.packet)?;
    let by_client =
        c.ending.closed_by == Some(Side::Client) && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
    let unfinished = tls.client_finished.is_none() && !tls.is_established() && tls.encrypted_alerts.client.is_none();
    (by_client && unfinished && !c.misses(Side::Client)).then_some(end)
}
