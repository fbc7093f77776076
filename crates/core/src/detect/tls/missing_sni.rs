//! A ClientHello without a server name: an error where names are needed, a hint where that can not be told.

use super::hello_summary;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Told};
use crate::record::{CloseKind, Connection};
use crate::tls::{Sni, Tls};
use crate::types::{NotVisible, Side};

/// Detector of `missing-sni`.
#[derive(Debug)]
pub(in crate::detect) struct MissingSni;

const CODE: &str = "missing-sni";

impl Detector for MissingSni {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("missing_sni.md")
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else {
            if let Some((_, NotVisible::CutBySnaplen)) = tls.client_hello_cut {
                exam.not_visible(
                    "the ClientHello is cut by the snap length",
                    Some("tcpdump -s 0 -w FILE 'tcp port PORT'"),
                );
            } else if tls.client_hello_cut.is_some() {
                exam.not_visible(
                    "a part of the ClientHello was not captured",
                    Some("tcpdump -s 0 -B 65536 -w FILE 'tcp port PORT'"),
                );
            }
            return;
        };
        exam.applies();
        match &hello.sni {
            Sni::Absent | Sni::Empty => {}
            Sni::Present(_) => return,
            Sni::NotVisible(_) => {
                exam.not_visible("the ClientHello's extensions are malformed", None);
                return;
            }
        }
        let failed = failed(c, tls);
        let (kind, severity, confidence) = match failed {
            Some(true) => ("failed", Severity::Warning, Confidence::Medium),
            Some(false) => ("worked", Severity::Info, Confidence::High),
            None => ("undecided", Severity::Info, Confidence::Low),
        };
        let end =
            (failed == Some(true)).then(|| c.ending.first().or(tls.fatal_alert().map(|alert| alert.at))).flatten();
        let answer = tls.server_hello.as_ref().map(|hello| hello.completed);
        exam.symptom(CODE, kind, severity, confidence, &[Some(hello.begun), Some(hello.completed), answer, end]);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let failed = case.group.of_kind("failed");
        let worked = case.group.of_kind("worked");
        let mut told = Told::default();
        told.facts.add("hellos_without_name_failed", failed);
        told.facts.add("hellos_without_name_answered", worked);
        told.facts.add("hellos_with_name_answered", service.with_name_answered);
        told.facts.add("hellos_with_name_unanswered", service.with_name_unanswered);
        let address = service.address();
        if failed == 0 {
            told.severity = Some(Severity::Info);
            told.summary = match worked {
                0 => format!(
                    "ClientHellos to {address} carry no server name (SNI); what became of them can not be told."
                ),
                _ => format!(
                    "ClientHellos to {address} carry no server name (SNI), and the server answered ({worked} of {worked}): \
                     information only."
                ),
            };
            return vec![told];
        }
        told.affected = Some(failed);
        told.of = Some(failed + worked + service.with_name_answered + service.with_name_unanswered);
        told.example_kind = Some("failed");
        told.remedy = remedy();
        let without = failed + worked;
        let mut summary = format!(
            "The ClientHello to {address} carries no server name (SNI), and the handshake failed before a ServerHello \
             ({failed} of {without})."
        );
        if service.with_name_answered > 0 && worked == 0 {
            told.severity = Some(Severity::Error);
            told.confidence = Some(Confidence::High);
            let name = service.main_name().unwrap_or_default();
            summary += &format!(
                " Hellos with a server name ({name}) to the same address were answered ({} of {}).",
                service.with_name_answered,
                service.with_name_answered + service.with_name_unanswered
            );
            if let Some(same) = same_client_stack(service.ja4_with_name.as_deref(), service.ja4_without_name.as_deref())
            {
                summary += same;
            }
            if let (Some(with), Some(without)) = (&service.ja4_with_name, &service.ja4_without_name) {
                told.facts.add("ja4_with_name", with.clone());
                told.facts.add("ja4_without_name", without.clone());
            }
        } else if worked > 0 {
            told.severity = Some(Severity::Info);
            told.confidence = Some(Confidence::Low);
            summary += &format!(
                " The same server answered other hellos without a name ({worked}): the name is not the cause."
            );
            told.remedy.clear();
        } else {
            told.severity = Some(Severity::Warning);
            told.confidence = Some(Confidence::Medium);
            summary += " Servers shared by many names need SNI; this capture has no hello with a name to the same address \
                        that would prove it.";
            told.not_visible.push(format!("whether {address} answers a hello with a server name"));
        }
        told.summary = summary;
        vec![told]
    }
}

/// Whether the handshake failed before a ServerHello; `None` where the capture can not tell.
fn failed(c: &Connection, tls: &Tls) -> Option<bool> {
    if tls.server_hello.is_some() || tls.hello_retry.is_some() {
        return Some(false);
    }
    if tls.fatal_alert().is_some_and(|alert| alert.by == Side::Server) {
        return Some(true);
    }
    if c.visibility.one_way.is_some() || c.visibility.gaps.server > 0 {
        return None;
    }
    match c.ending.kind {
        CloseKind::Fin | CloseKind::Reset | CloseKind::Timeout => Some(true),
        CloseKind::Open
            if hello_summary::silence_after_hello(c) >= Some(crate::detect::thresholds::SILENT_AFTER_HELLO) =>
        {
            Some(true)
        }
        CloseKind::Open => None,
    }
}

/// JA4 parts b and c do not depend on the server name: equal ones prove the same client software and settings.
fn same_client_stack(with: Option<&str>, without: Option<&str>) -> Option<&'static str> {
    let parts = |ja4: &str| ja4.split_once('_').map(|(_, rest)| rest.to_owned());
    (parts(with?)? == parts(without?)?)
        .then_some(" Both come from the same client software (JA4 parts b and c are equal): only the name is missing.")
}

fn remedy() -> Vec<String> {
    [
        "Send the name in whatever starts this TLS connection. Envoy: `auto_sni: true` with `auto_san_validation: true` in \
         upstream_http_protocol_options, or `sni:` in the TLS context. Istio: DestinationRule `tls.sni`. Cilium: a release \
         whose proxy sets auto_sni.",
        "nginx: `proxy_ssl_server_name on` (and `proxy_ssl_name`). HAProxy: `sni str(NAME)` or `sni req.hdr(host)` on the \
         server line.",
        "A client that dials an IP address sends no name: dial the name, or set it (curl `--connect-to`, Go \
         `tls.Config.ServerName`, Java `SSLParameters.setServerNames`).",
    ]
    .map(str::to_owned)
    .to_vec()
}
