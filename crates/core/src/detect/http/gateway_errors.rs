//! A gateway that says that what is behind it failed: kinds of `server-error-message` (RFC 9110 sections 15.6.3 and 15.6.5).

use super::gateway_words;
use crate::detect::thresholds::{WAIT_SAMPLES, WAIT_SPREAD, WAIT_SPREAD_SHARE};
use crate::detect::timeouts::wait_candidates;
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::http::{Http2Streams, Response};
use crate::record::Connection;
use crate::types::{Moment, Side};

/// 502: what came from behind was no answer.
const BAD_GATEWAY: &str = "bad-gateway";
/// 503, and it says that what is behind it is why: the status alone may be maintenance.
const UNAVAILABLE: &str = "gateway-unavailable";
/// 504: nothing came from behind in time.
const TIMEOUT: &str = "gateway-timeout";

/// The fact by which these findings are known.
pub(crate) const GATEWAY_STATUS: &str = "gateway_status";

pub(super) const KINDS: [&str; 3] = [BAD_GATEWAY, UNAVAILABLE, TIMEOUT];

/// The last answer of a connection, where it is one of a gateway that failed.
pub(super) fn last_answer(c: &Connection) -> Option<Response> {
    let http = c.http.as_ref().filter(|http| !http.incomplete && http.unfinished_request.is_none())?;
    http.last_response.filter(|answer| match answer.status {
        502 | 504 => true,
        503 => gateway_words::meant(http).is_some(),
        _ => false,
    })
}

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, code: &'static str, exam: &mut Exam<'_>) {
    exam.applies();
    let (Some(answer), Some(http)) = (last_answer(c), &c.http) else { return };
    let asked = http.last_request.filter(|asked| asked.packet < answer.at.packet);
    attach(code, answer.status, asked, answer.at, exam);
    gateway_words::quote(http, exam);
}

/// The same of the requests of HTTP/2; `false` where there is none.
pub(super) fn examine_streams(streams: &Http2Streams, code: &'static str, exam: &mut Exam<'_>) -> bool {
    let Some(said) = streams.gateway.iter().max_by_key(|said| said.count) else { return false };
    exam.applies();
    attach(code, said.status, said.asked.as_ref().map(|asked| asked.at), said.at, exam);
    true
}

fn attach(code: &'static str, status: u16, asked: Option<Moment>, at: Moment, exam: &mut Exam<'_>) {
    let kind = match status {
        504 => TIMEOUT,
        503 => UNAVAILABLE,
        _ => BAD_GATEWAY,
    };
    exam.symptom(code, kind, Severity::Warning, Confidence::High, &[asked, Some(at)])
        .happened(at)
        .span(asked.map(|asked| at.at.since(asked.at)));
}

/// What is told of one kind.
pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Told {
    // Whatever else of the kind is told at the same address: it did not fail itself.
    let severity = Some(Severity::Warning);
    let mut told = Told { affected: Some(count), example_kind: Some(kind), severity, ..Told::default() };
    let connections = format!("on {} ({count} of {})", counted(count, "connection"), group.applied);
    let waits = group.spread(kind).and_then(|spread| spread.spans.whole());
    let after = waits.map_or_else(String::new, |waits| format!(", {waits} after the request"));
    let (status, name, why) = match kind {
        TIMEOUT => (504_u32, "Gateway Timeout", "what is behind it did not answer in time"),
        UNAVAILABLE => (503, "Service Unavailable", "what is behind it is why"),
        _ => (502, "Bad Gateway", "it got no answer that it could use from what is behind it"),
    };
    told.summary = format!(
        "{address} answered {status} ({name}) {connections}{after}: by its own word it is a gateway, and {why}. The connections to the gateway \
         work."
    );
    told.facts.add(GATEWAY_STATUS, status);
    if let Some(waits) = waits {
        let spread = waits.largest - waits.smallest;
        let alike = spread <= WAIT_SPREAD.as_nanos() && spread as f64 <= waits.smallest as f64 * WAIT_SPREAD_SHARE;
        if kind == TIMEOUT && alike && count >= WAIT_SAMPLES {
            told.summary += " The wait is the same each time: it is the gateway's timeout.";
            told.candidates = wait_candidates(&waits, Side::Server);
        }
        told.facts.add("waited_shortest_s", waits.shortest());
        told.facts.add("waited_longest_s", waits.longest());
    }
    told.remedy = vec![
        "Capture behind the gateway, or on its host with `-i any`: the connections to its upstreams show what fails, and handshark names the \
         leg."
            .to_owned(),
        "Its log has the upstream and the reason: nginx `upstream timed out`, `upstream prematurely closed connection`, HAProxy's \
         termination state (`sC`, `sH`, `SH`), Envoy's response flags (`UF`, `UC`, `UT`)."
            .to_owned(),
    ];
    gateway_words::explain(kind, group, &mut told);
    told.not_visible
        .push("what happened behind the gateway, unless its connections are in this capture too".to_owned());
    told
}
