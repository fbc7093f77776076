//! A handshake that failed over the version.

use super::hello_summary::{self, VersionFault};
use crate::detect::words::{counted, listed};
use crate::detect::{Case, Confidence, Detector, Exam, Group, Service, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::names;

/// Detector of `tls-version-mismatch`.
#[derive(Debug)]
pub(in crate::detect) struct TlsVersionMismatch;

const CODE: &str = "tls-version-mismatch";

impl Detector for TlsVersionMismatch {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("tls_version_mismatch.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        if tls.client_hello.is_none() && tls.server_hello.is_none() && tls.alerts.is_empty() {
            return;
        }
        exam.applies();
        let Some(fault) = hello_summary::version_fault(c, tls) else { return };
        let (kind, alert, chosen) = match fault {
            VersionFault::ServerRefused(alert) => ("server-refused", alert, tls.server_hello.as_deref()),
            VersionFault::ClientRefused(alert, hello) => ("client-refused", alert, Some(hello)),
            VersionFault::Downgrade(alert, hello) => ("downgrade", alert, Some(hello)),
        };
        let hello = tls.client_hello.as_ref().map(|hello| hello.completed);
        let evidence = [hello, chosen.map(|hello| hello.completed), Some(alert.at), c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, Confidence::High, &evidence);
        if let Some(hello) = &tls.client_hello {
            exam.quote("versions_offered", &hello_summary::versions(hello));
        }
        if let Some(hello) = chosen {
            exam.quote("version_chosen", &names::version(hello.version));
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        case.group.kinds.iter().map(|(kind, count)| tell(kind, *count, case, service)).collect()
    }
}

fn tell(kind: &'static str, count: u64, case: &Case<'_>, service: &Service) -> Told {
    let offered = quoted(case.group, kind, "versions_offered");
    let chosen = quoted(case.group, kind, "version_chosen");
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let offer = match &offered {
        Some(versions) => format!("the ClientHello offers {versions}"),
        None => "what the ClientHello offers was not captured".to_owned(),
    };
    let share = format!("({count} of {})", counted(case.group.applied, "TLS connection"));
    let address = service.address();
    let chosen_text = chosen.as_deref().unwrap_or("a version that was not captured");
    told.summary = match kind {
        "server-refused" => format!(
            "{address} refused the handshake with the alert protocol_version (70): {offer}, and the server accepts none of it \
             {share}."
        ),
        "client-refused" => format!(
            "The client refused the handshake with {address} by the alert protocol_version (70): the server chose {chosen_text}, \
             {offer} {share}."
        ),
        _ => format!(
            "The client broke off the handshake with {address} (illegal_parameter, 47): the server chose {chosen_text} and marked its \
             random as a downgrade, though {offer} {share}. Something on the path took the higher version out of the hello, or the \
             hello that the server saw is not the one in this capture."
        ),
    };
    if kind == "server-refused" {
        let versions = listed(
            service.versions_chosen.iter().map(|(version, count)| format!("{} ({count})", names::version(*version))),
            8,
        );
        if !versions.is_empty() {
            told.summary += &format!(" On other connections the same address chose {versions}.");
            told.facts.add("versions_chosen_elsewhere", versions);
        }
    }
    if let Some(offered) = offered {
        told.facts.add("versions_offered", offered);
    } else {
        told.not_visible.push("the versions that the ClientHello offers".to_owned());
    }
    if let Some(chosen) = chosen {
        told.facts.add("version_chosen", chosen);
    }
    told.remedy = remedy(kind);
    told
}

/// The text quoted most often, and whether there are others.
fn quoted(group: &Group, kind: &str, name: &str) -> Option<String> {
    match group.quotes(kind, name).as_slice() {
        [] => None,
        [(text, _)] => Some((*text).to_owned()),
        [(text, _), others @ ..] => Some(format!(
            "{text} (other hellos: {})",
            others.iter().map(|(text, _)| *text).collect::<Vec<_>>().join("; ")
        )),
    }
}

fn remedy(kind: &str) -> Vec<String> {
    let hand =
        "Try single versions by hand: `openssl s_client -connect ADDRESS:PORT -servername NAME -tls1_2` (or -tls1_3).";
    let texts: &[&str] = match kind {
        "downgrade" => &[
            "Look for a device between client and server that opens or rewrites TLS (inspection proxy, old load balancer), and \
             update or by-pass it. Do not lower the client's versions: the mark is there to stop that.",
            hand,
        ],
        "client-refused" => &[
            "Raise the server's highest version, or lower the client's floor: OpenSSL `MinProtocol` and Java \
             `jdk.tls.disabledAlgorithms` forbid TLS 1.0 and 1.1 by default; Go `tls.Config.MinVersion` is 1.2; nginx \
             `proxy_ssl_protocols`, HAProxy `ssl-min-ver` on the server line, Envoy `tls_params`.",
            hand,
        ],
        _ => &[
            "nginx takes `ssl_protocols` from the default_server block of the listening socket, before it looks at the server name: \
             set it there, not only in the virtual host.",
            "HAProxy `ssl-min-ver`/`ssl-max-ver` on bind, Envoy and Istio `tls_minimum_protocol_version`/`minProtocolVersion`, the \
             security policy of an AWS load balancer or Azure gateway, Java `jdk.tls.client.protocols` or \
             `jdk.tls.disabledAlgorithms`, Windows Schannel registry keys.",
            hand,
        ],
    };
    texts.iter().map(|text| (*text).to_owned()).collect()
}
