//! The server found nothing in the hello that it accepts.

use super::{fault, hello_summary};
use crate::detect::words::{counted, listed};
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::names;

/// Detector of `tls-parameter-mismatch`.
#[derive(Debug)]
pub(in crate::detect) struct TlsParameterMismatch;

const CODE: &str = "tls-parameter-mismatch";
/// After a HelloRetryRequest it is the group.
const AFTER_RETRY: &str = "after-retry";
/// All suites as numbers: read by `tell` alone.
const NUMBERS: &str = "suite_numbers";

impl Detector for TlsParameterMismatch {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("tls_parameter_mismatch.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["sni-ip-literal", "sni-malformed"]
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else { return };
        exam.applies();
        let (Some(CODE), Some(alert)) = (fault::told_by(c, tls), hello_summary::deciding_alert(c, tls)) else { return };
        let retry = tls.hello_retry.as_ref();
        let kind = match (retry, alert.description) {
            (Some(_), _) => AFTER_RETRY,
            (None, 71) => "insufficient-security",
            (None, _) => "handshake-failure",
        };
        let confidence = if kind == "handshake-failure" { Confidence::Medium } else { Confidence::High };
        let evidence = [Some(hello.completed), retry.map(|retry| retry.completed), Some(alert.at), c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence).happened(alert.at);
        exam.quote("alert", &format!("{} ({})", names::alert(alert.description), alert.description));
        exam.quote("alert_by", alert.by.name());
        hello_summary::quote_offer(hello, exam);
        let numbers: Vec<String> = hello.cipher_suites.iter().map(|suite| format!("{suite:04x}")).collect();
        exam.quote(NUMBERS, &numbers.join(" "));
        if let Some(group) = retry.and_then(|retry| retry.group) {
            exam.quote("group_wanted", &names::group(group));
        }
        if let Some(name) = fault::asks_for(tls) {
            exam.quote("server_name", name);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let first = |name: &str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            let alert = first("alert").unwrap_or_default();
            let of = format!("({count} of {} to {})", counted(group.applied, "hello"), service.address());
            told.summary = match kind {
                AFTER_RETRY => {
                    let wanted =
                        first("group_wanted").map(|group| format!(", for a key share of {group}")).unwrap_or_default();
                    format!(
                        "The server asked for another ClientHello{wanted} (HelloRetryRequest), and the {} then ended the handshake with the \
                         alert {alert} {of}: they do not agree on a group.",
                        first("alert_by").unwrap_or_default()
                    )
                }
                "insufficient-security" => format!(
                    "The server answered the ClientHello with the alert {alert} {of}: it wants stronger parameters than the client offers."
                ),
                _ => format!(
                    "The server answered the ClientHello with the alert {alert} {of}: it found nothing that it accepts among the suites, \
                     groups and signature schemes of the hello, or has nothing for its server name; the alert does not say which."
                ),
            };
            told.confidence = Some(if kind == "handshake-failure" { Confidence::Medium } else { Confidence::High });
            if kind == "handshake-failure"
                && let [(numbers, _)] = group.quotes(kind, NUMBERS).as_slice()
                && let Some(contrast) = contrast(numbers, &service.hellos.suites_chosen)
            {
                told.summary += &contrast;
                told.confidence = Some(Confidence::High);
            }
            if let Some(offered) = first("versions_offered") {
                told.summary += &format!(" The hello offers {offered}");
                told.summary += &first("suites_offered").map_or_else(String::new, |suites| in_short(&suites));
                told.summary.push('.');
            }
            const FACTS: [&str; 7] = [
                "alert",
                "server_name",
                "versions_offered",
                "suites_offered",
                "groups_offered",
                "signature_schemes_offered",
                "group_wanted",
            ];
            for name in FACTS {
                if let Some(text) = first(name) {
                    told.facts.add(name, text);
                }
            }
            told.remedy = REMEDY.map(str::to_owned).to_vec();
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

/// The suites of a hello, or how many they are where a sentence has no room for their names: the facts have them.
fn in_short(suites: &str) -> String {
    if suites.len() <= 120 {
        return format!(" with {suites}");
    }
    let (named, more) = match suites.rsplit_once(" and ") {
        Some((named, more)) => (named, more.trim_end_matches(" more").parse().unwrap_or(0)),
        None => (suites, 0),
    };
    format!(" with {} cipher suites", named.split(", ").count() + more)
}

const REMEDY: [&str; 3] = [
    "Compare what the hello offers (see the facts) with the server: nginx `ssl_ciphers`, `ssl_ecdh_curve`; HAProxy \
     `ssl-default-bind-ciphers`/`-ciphersuites`, `curves`; Envoy `cipher_suites`, `ecdh_curves`; the policy of a cloud load balancer. An \
     ECDSA certificate needs ECDSA suites: an RSA-only client has none.",
    "If the offer looks fair, it is the name: try one that the server is known to have (`openssl s_client -connect ADDRESS:PORT -servername \
     NAME`); content networks refuse unknown names with handshake_failure.",
    "One at a time: `openssl s_client -connect ADDRESS:PORT -servername NAME -cipher SUITE -groups GROUP -sigalgs ...`; `nmap --script \
     ssl-enum-ciphers -p PORT ADDRESS` lists what the server takes.",
];

/// What the server chose elsewhere, where this hello offers none of it. A quote that was cut proves nothing.
fn contrast(offered: &str, chosen: &[u16]) -> Option<String> {
    let offers = |suite: &u16| offered.split(' ').any(|number| number == format!("{suite:04x}"));
    let proves = !chosen.is_empty() && !offered.ends_with("...") && !chosen.iter().any(offers);
    proves.then(|| {
        let names = listed(chosen.iter().map(|suite| names::cipher_suite(*suite).into_owned()), 4);
        format!(" On other connections the same server chose {names}: this hello offers none of these.")
    })
}

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn many_suites_are_a_number() {
        let suites = |count: usize| vec!["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"; count].join(", ");
        assert_eq!(in_short("TLS_AES_128_GCM_SHA256"), " with TLS_AES_128_GCM_SHA256");
        assert_eq!(in_short(&suites(8)), " with 8 cipher suites");
        assert_eq!(in_short(&(suites(8) + " and 23 more")), " with 31 cipher suites");
    }
}
