//! A proxy that does not connect for its client, and says so: kinds of `server-error-message` (RFC 9110 section 9.3.6).

use super::gateway_words;
use crate::detect::words::{counted, listed};
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::http::Response;
use crate::record::Connection;

/// 407: it wants credentials (RFC 9110 section 15.5.8).
const WANTS_CREDENTIALS: &str = "proxy-wants-credentials";
/// Its rules do not allow it.
const FORBIDS: &str = "proxy-forbids";
/// It could not connect itself.
const COULD_NOT: &str = "proxy-could-not-connect";

pub(super) const KINDS: [&str; 3] = [WANTS_CREDENTIALS, FORBIDS, COULD_NOT];

/// Quoted: the target, as the client named it.
const TARGET: &str = "target";
/// Quoted: what the proxy answered.
const STATUS: &str = "status";

/// Whether the client asked a proxy for a tunnel, in clear.
pub(super) fn is_asked(c: &Connection) -> bool {
    c.http.as_ref().is_some_and(|http| http.first_method.as_deref() == Some("CONNECT"))
}

/// The proxy's answer, where it is no yes.
pub(super) fn refusal(c: &Connection) -> Option<Response> {
    let http = c.http.as_ref().filter(|http| http.switched.is_none() && !http.incomplete)?;
    http.last_response.filter(|answer| answer.status >= 300 && is_asked(c))
}

/// Attaches the symptom of a refused tunnel.
pub(super) fn examine(c: &Connection, code: &'static str, exam: &mut Exam<'_>) {
    exam.applies();
    let (Some(answer), Some(http)) = (refusal(c), &c.http) else { return };
    let (kind, severity) = match answer.status {
        407 => (WANTS_CREDENTIALS, Severity::Warning),
        500.. => (COULD_NOT, Severity::Error),
        _ => (FORBIDS, Severity::Error),
    };
    exam.symptom(code, kind, severity, Confidence::High, &[http.last_request, Some(answer.at), c.ending.first])
        .happened(answer.at)
        .quote(STATUS, &answer.status.to_string());
    if let Some(host) = &http.host {
        exam.quote(TARGET, host);
    }
    gateway_words::quote(http, exam);
    if kind == WANTS_CREDENTIALS {
        // The first of two: who gets it asks again, with credentials.
        exam.quietly();
    }
}

/// What is told of one kind; `None` where nothing failed by it.
pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Option<Told> {
    let (says, remedy) = match kind {
        WANTS_CREDENTIALS if group.applied == count => (
            "It wants credentials, and no connection to it brought any that it took.",
            "Give the client the proxy's credentials (`HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT`, `curl --proxy-user`, `Proxy-Authorization`), \
             or except the target (`NO_PROXY`). Clients that know only Basic fail where the proxy offers Negotiate or NTLM alone: see its \
             `Proxy-Authenticate`.",
        ),
        FORBIDS => (
            "Its rules do not let this client connect there: it is not the network that refuses.",
            "Ask for a rule in the proxy (target, port, client), or except the target from it (`NO_PROXY`). Squid allows CONNECT to port 443 \
             alone by default (`SSL_ports`); its log has the rule.",
        ),
        COULD_NOT => (
            "It could not connect itself: the failure lies between the proxy and the target, or in the name.",
            "Look from the proxy's host: `getent hosts TARGET`, `curl -v https://TARGET/`; the proxy's log says whether the name, the connection \
             or a timeout failed. 503 is also said by proxies without a healthy upstream.",
        ),
        _ => return None,
    };
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let names = |name: &str, at_most: usize| {
        listed(group.quotes(kind, name).iter().map(|(text, _)| (*text).to_owned()), at_most)
    };
    let (statuses, targets) = (names(STATUS, 4), names(TARGET, 3));
    let to = if targets.is_empty() { String::new() } else { format!(" to {targets}") };
    told.summary = format!(
        "The proxy {address} refused to connect ({count} of {}): it answered CONNECT{to} by {statuses}. {says}",
        counted(group.applied, "connection"),
    );
    told.facts.add("status", statuses);
    if !targets.is_empty() {
        told.facts.add("target", targets);
    }
    told.remedy = vec![remedy.to_owned()];
    gateway_words::explain(kind, group, &mut told);
    Some(told)
}
