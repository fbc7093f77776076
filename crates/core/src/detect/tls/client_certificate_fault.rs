//! The server refused the client's certificate, or the lack of one.

use super::{alerts, certificate_words, fault, hello_summary};
use crate::detect::thresholds::REFUSED_AT_ONCE;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection};
use crate::tls::Tls;
use crate::types::{Moment, Side};

/// Detector of `client-certificate-fault`.
#[derive(Debug)]
pub(in crate::detect) struct ClientCertificateFault;

const CODE: &str = "client-certificate-fault";
/// The server closed without an alert after an empty list.
const NONE_SENT: &str = "none-sent";
/// The alert is encrypted, and its size and place alone tell.
const HIDDEN: &str = "hidden-alert";

/// The server names the dates.
const EXPIRED: &str = "server-certificate_expired";
const RENEW: &str = "Renew the client's certificate (not the server's), and let the client load the new one; check the server's clock where the \
                     dates are right.";

impl Detector for ClientCertificateFault {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("client_certificate_fault.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.server_hello else { return };
        exam.applies();
        let (kind, confidence, at) = match (fault::told_by(c, tls), hello_summary::deciding_alert(c, tls)) {
            (Some(CODE), Some(alert)) => (alerts::meaning(alert, tls).kind, Confidence::High, alert.at),
            (None, None) => match (closed_on_none(c, tls), hidden_alert(c, tls)) {
                (Some(at), _) => (NONE_SENT, Confidence::Medium, at),
                (None, Some(at)) => (HIDDEN, Confidence::Medium, at),
                (None, None) => return,
            },
            _ => return,
        };
        let sent = tls.client_certificate.as_deref();
        let shown = sent.map(|message| message.completed);
        let evidence =
            [Some(hello.completed), tls.certificate_request, shown, spoke_before(tls, at), Some(at), c.ending.first];
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence).happened(at);
        match sent {
            Some(message) if message.is_empty() => _ = exam.quote("sent", "none"),
            Some(message) => certificate_words::quote(message, exam),
            None => {}
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let tell = |&(kind, count): &(&'static str, u64)| {
            let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
            let of = format!("({count} of {} to {})", counted(group.applied, "answered TLS hello"), service.address());
            told.summary = match kind {
                HIDDEN => {
                    told.confidence = Some(Confidence::Medium);
                    told.not_visible
                        .push("the alert, and whether a certificate was asked for: TLS 1.3 encrypts both".to_owned());
                    format!(
                        "The server ended the TLS 1.3 connection with an encrypted alert right after the client's part of the \
                         handshake and before any data of its own {of}. That is how servers refuse a missing or wrong client certificate; which alert it was is \
                         encrypted."
                    )
                }
                NONE_SENT => {
                    told.confidence = Some(Confidence::Medium);
                    format!(
                        "The server asked for a client certificate, the client answered that it has none (an empty list), and the server \
                         closed before its Finished {of}."
                    )
                }
                kind => {
                    let meaning = alerts::of_kind(kind);
                    told.facts.add("alert", format!("{} ({})", meaning.name, meaning.code));
                    format!(
                        "The server ended the handshake over the client's certificate with the alert {} ({}) {of}: {}.",
                        meaning.name, meaning.code, meaning.says
                    )
                }
            };
            if !group.quotes(kind, "sent").is_empty() && kind != NONE_SENT && kind != alerts::WITHOUT_CERTIFICATE.kind {
                told.summary += " The client had answered the server's request with an empty list.";
            }
            let certificate = certificate_words::tell(group, kind, &mut told);
            told.summary += &certificate;
            told.remedy.push(if kind == EXPIRED { RENEW } else { alerts::CLIENT_CERTIFICATE }.to_owned());
            told.remedy.push(
                "By hand: `openssl s_client -connect ADDRESS:PORT -servername NAME -cert CLIENT.pem -key KEY.pem`; the lines after \
                 `Acceptable client certificate CA names` are what the server wants."
                    .to_owned(),
            );
            told
        };
        group.kinds.iter().map(tell).collect()
    }
}

/// The server closed after an empty list of client certificates, and before its Finished; visible up to TLS 1.2.
fn closed_on_none(c: &Connection, tls: &Tls) -> Option<Moment> {
    let sent = tls.client_certificate.as_ref().filter(|_| fault::has_no_certificate(tls))?;
    let end = c.ending.first.filter(|end| end.packet > sent.completed.packet)?;
    let by_server =
        c.ending.closed_by == Some(Side::Server) && matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
    (by_server && tls.server_finished.is_none() && !tls.is_established() && !c.misses_payload()).then_some(end)
}

/// The client's last handshake message that can have been the cause of an alert: its Finished, or in TLS 1.3 what it sends before that.
fn spoke_before(tls: &Tls, at: Moment) -> Option<Moment> {
    [tls.client_finished, tls.client_flight].into_iter().flatten().find(|spoke| spoke.packet <= at.packet)
}

/// Whether the server refused the client at the end of the handshake, or right after it: what the client wrote until it knew is lost with the
/// rest, and no idle connection was used again.
pub(in crate::detect) fn refuses_client(c: &Connection, tls: &Tls) -> bool {
    let tls13 = tls.server_hello.as_ref().is_some_and(|hello| hello.version > 0x0303);
    // TLS 1.3: it never said a word under the session, no ticket either, and went at once.
    let unheard = tls13 && tls.server_data_records == 0 && !c.misses(Side::Server);
    let at_once = tls
        .client_flight
        .zip(c.ending.fin.server)
        .is_some_and(|(spoke, closed)| closed.at.at.since(spoke.at) <= REFUSED_AT_ONCE);
    let alert = hello_summary::deciding_alert(c, tls).is_some_and(|alert| alert.by == Side::Server);
    alert || closed_on_none(c, tls).is_some() || hidden_alert(c, tls).is_some() || (unheard && at_once)
}

/// An encrypted alert of a TLS 1.3 server at once after the client's part of the handshake and before any data of its own.
fn hidden_alert(c: &Connection, tls: &Tls) -> Option<Moment> {
    tls.server_hello.as_ref().filter(|hello| hello.version > 0x0303 && !hello.pre_shared_key)?;
    let at = tls.encrypted_alerts.server?;
    let spoke = spoke_before(tls, at)?;
    let at_once = at.at.since(spoke.at) <= REFUSED_AT_ONCE;
    let silent_server = tls.server_data_records == 0 && !c.misses_payload() && !tls.reversed;
    let before_client_left = tls.encrypted_alerts.client.is_none_or(|left| left.packet > at.packet)
        && c.ending.fin.client.is_none_or(|fin| fin.at.packet > at.packet)
        && c.ending.reset.is_none_or(|reset| reset.at.packet > at.packet);
    // The client's FIN may be the first: it has read the alert by then.
    let ended = c.ending.first.is_some_and(|end| end.packet >= at.packet);
    (at_once && silent_server && before_client_left && ended).then_some(at)
}
