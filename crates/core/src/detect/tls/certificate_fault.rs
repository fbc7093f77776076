//! A server's certificate that is wrong by itself, whether or not this client minds.

use super::{certificate_words, fault};
use crate::detect::thresholds::{CLOCK_LEAST, NAME_COMPARED_WITHIN, SHA1_DISTRUSTED, SHORT_RSA_DISTRUSTED};
use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection};
use crate::tls::{Certificate, CertificateMessage, Tls, Validity};
use crate::types::{Side, Span, Timestamp};

/// Detector of `certificate-fault`.
#[derive(Debug)]
pub(in crate::detect) struct CertificateFault;

const CODE: &str = "certificate-fault";
/// It does not name what the client asked for.
const NAME: &str = "name";
/// The same, and the client left after the handshake without a word.
const NAME_LEFT: &str = "name-left";

impl Detector for CertificateFault {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("certificate_fault.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.server_hello else { return };
        let Some(message) = &tls.server_certificate else {
            // Of a handshake that went well nobody asks.
            let failed = tls.client_finished.is_none() && !tls.is_established() && c.visibility.one_way.is_none();
            if hello.version > 0x0303 && failed && tls.resumed != Some(true) {
                exam.not_visible("TLS 1.3 encrypts the certificate", None);
            }
            return;
        };
        let Some(leaf) = message.leaf() else {
            exam.not_visible("the server's Certificate message is not whole in the capture", None);
            return;
        };
        exam.applies();
        if matches!(fault::told_by(c, tls), Some("certificate-rejected" | "sni-mismatch")) {
            return;
        }
        let Some((kind, harm)) = fault_of(message, leaf, tls) else { return };
        let kind = if kind == NAME && left_unused(c, tls) { NAME_LEFT } else { kind };
        let refused = client_left(c, tls);
        let (severity, end) = match harm {
            _ if kind == NAME_LEFT => (Severity::Warning, c.ending.first),
            Severity::Warning if refused => (Severity::Error, c.ending.first),
            other => (other, None),
        };
        let confidence = if refused || kind == NAME_LEFT { Confidence::Medium } else { Confidence::High };
        let evidence = [Some(message.begun), Some(message.completed), end];
        exam.symptom(CODE, kind, severity, confidence, &evidence).happened(message.completed);
        if refused {
            exam.quote("refused", "yes");
        }
        if let Some(name) = fault::asks_for(tls) {
            exam.quote("server_name", name);
        }
        certificate_words::quote(message, exam);
        if let Some(other) = message.certificates().iter().skip(1).find(|other| is_expired(other, message.completed.at))
        {
            exam.quote("expired_intermediate", &other.subject);
        }
        exam.quote("key", &certificate_words::key(leaf)).quote("signature", &leaf.signature);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let first =
                |name: &str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned()).unwrap_or_default();
            let what = match kind {
                "expired" => "had expired when it was sent".to_owned(),
                "not-yet" => "was not valid yet when it was sent".to_owned(),
                "intermediate" => {
                    format!("is fine, but an authority's in its chain had expired: {}", first("expired_intermediate"))
                }
                "key" => format!("has a key that clients refuse since 2014: {}", first("key")),
                "signature" => format!("has a signature that clients refuse since 2017: {}", first("signature")),
                NAME_LEFT => format!(
                    "does not name {}, which the client asked for, and the client ended the connection right after the handshake without \
                     sending anything: clients that compare names after the handshake (curl, Node.js) refuse so",
                    first("server_name")
                ),
                _ => format!(
                    "does not name {}, which the client asked for; it accepted it all the same",
                    first("server_name")
                ),
            };
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            told.severity = Some(if kind == NAME { Severity::Info } else { Severity::Warning });
            told.confidence = Some(if kind == NAME_LEFT { Confidence::Medium } else { Confidence::High });
            let refused: u64 = group.quotes(kind, "refused").iter().map(|(_, count)| *count).sum();
            told.summary = format!(
                "The certificate of {} {what} ({count} of {} in clear).",
                service.address(),
                counted(group.applied, "certificate"),
            );
            if refused > 0 && kind != NAME {
                told.severity = Some(Severity::Error);
                told.confidence = Some(Confidence::Medium);
                told.summary +=
                    &format!(" The client ended the handshake right after it, without an alert ({refused}).");
            }
            told.common.push(Common {
                key: kind.to_owned(),
                least: 4,
                sentence: format!("COUNT certificates of SERVICES services {}.", fault_of_all(kind)),
                advice: (kind == "not-yet").then(|| CLOCK.to_owned()),
            });
            let certificate = certificate_words::tell(group, kind, &mut told);
            told.summary += &certificate;
            told.remedy.push(
                match kind {
                    "expired" | "not-yet" => RENEW,
                    "intermediate" => CHAIN,
                    NAME => NAMED,
                    NAME_LEFT => NAMED_LEFT,
                    _ => REISSUE,
                }
                .to_owned(),
            );
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

/// What is wrong with certificates of several services.
fn fault_of_all(kind: &str) -> &'static str {
    match kind {
        "expired" => "had expired when they were sent",
        "not-yet" => "were not valid yet when they were sent",
        "intermediate" => "came with an authority's that had expired",
        "key" => "have a key that clients refuse since 2014",
        "signature" => "have a signature that clients refuse since 2017",
        NAME_LEFT => "do not name what the client asked for, which then ended the connection without sending anything",
        _ => "do not name what the client asked for; it accepted them all the same",
    }
}

const CLOCK: &str = "Where the certificates of several services are not valid yet, look at the clock of the capturing host first: the times \
                     that are compared are its own.";

const RENEW: &str = "Renew the certificate and reload what serves it (nginx -s reload; cert-manager: `kubectl describe certificate`); check \
                     the clocks of both hosts: the comparison is with the time of the capture.";
const CHAIN: &str =
    "Let the server send the authority's present intermediate certificates (fullchain.pem), without the expired one.";
const REISSUE: &str = "Have it issued again: RSA with 2048 bits or more, or P-256, signed with SHA-256.";
const NAMED: &str = "Nothing failed here. A client that checks names would refuse it: add the name to the certificate's SANs, or let the \
                     client ask for one that it has.";
const NAMED_LEFT: &str = "Look for the client's own words (curl: `no alternative certificate subject name matches`, Node.js: \
                          ERR_TLS_CERT_ALTNAME_INVALID); a check of the port that sends nothing looks the same. Add the name to the \
                          certificate's SANs, let the server choose its certificate by SNI, or let the client ask for a name that it has.";

/// The worst fault, and how bad it is where nobody refused.
fn fault_of(message: &CertificateMessage, leaf: &Certificate, tls: &Tls) -> Option<(&'static str, Severity)> {
    let at = message.completed.at;
    let others = message.certificates().iter().skip(1);
    let distrusted = |since: Timestamp| at >= since;
    // A capture whose clock was never set says nothing of dates.
    let dated = at >= CLOCK_LEAST;
    match leaf.validity_at(at) {
        _ if !dated => {}
        Validity::Expired => return Some(("expired", Severity::Warning)),
        Validity::NotYet => return Some(("not-yet", Severity::Warning)),
        Validity::Valid => {}
    }
    if dated && others.clone().any(|other| is_expired(other, at)) && !others.clone().any(|other| other.self_issued) {
        Some(("intermediate", Severity::Warning))
    } else if certificate_words::has_short_key(leaf) && distrusted(SHORT_RSA_DISTRUSTED) {
        Some(("key", Severity::Warning))
    } else if certificate_words::has_old_signature(leaf) && distrusted(SHA1_DISTRUSTED) {
        Some(("signature", Severity::Warning))
    } else if fault::shows_another_name(tls) && tls.is_established() {
        Some((NAME, Severity::Info))
    } else {
        None
    }
}

/// Expired, and no root: clients go by their own copy of that.
fn is_expired(certificate: &Certificate, at: Timestamp) -> bool {
    !certificate.malformed && !certificate.self_issued && certificate.validity_at(at) == Validity::Expired
}

/// The client ended the handshake after the certificate, and said nothing.
fn client_left(c: &Connection, tls: &Tls) -> bool {
    let by_client =
        c.ending.closed_by == Some(Side::Client) && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
    by_client && tls.client_finished.is_none() && !tls.is_established() && !c.misses(Side::Client)
}

/// The handshake was done, and the client ended the connection at once, before either side had sent data.
fn left_unused(c: &Connection, tls: &Tls) -> bool {
    let whole = !c.misses(Side::Client) && !c.misses(Side::Server) && c.visibility.one_way.is_none();
    let silent = tls.client_data_records == 0 && tls.server_data_records == 0;
    // A server that answers close_notify by a FIN of its own may be the first with that.
    let by_client = c.ending.closed_by == Some(Side::Client) || tls.encrypted_alerts.client.is_some();
    let at_once =
        tls.server_finished.max(tls.client_finished).zip(c.ending.first).is_some_and(|(done, end)| {
            end.at.since(done.at) <= NAME_COMPARED_WITHIN.plus(c.rtt().unwrap_or(Span::ZERO))
        });
    by_client && silent && whole && at_once && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset)
}
