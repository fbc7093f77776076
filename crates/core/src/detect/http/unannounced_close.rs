//! A server closes right after an answer that did not say so.

use super::asked::heads_unread;
use super::websocket_cut::{self, CUT};
use crate::detect::thresholds::{LIMIT_CLOSE_AFTER, TIMER_SAMPLES};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::http::Http;
use crate::record::{CloseKind, Connection, Protocol};
use crate::types::{Side, Span};

/// Detector of `unannounced-close`.
#[derive(Debug)]
pub(in crate::detect) struct UnannouncedClose;

const CODE: &str = "unannounced-close";
const HARMLESS: &str = "harmless";
const REQUEST_LOST: &str = "request-lost";

impl Detector for UnannouncedClose {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("unannounced_close.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["request-limit-close", "stale-reuse"]
    }

    fn needs(&self) -> Shape {
        Shape::ENDED_BY_FIN | Shape::CLOSED_BY_SERVER | Shape::BOTH_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let (Protocol::Http1, Some(http)) = (c.protocol, &c.http) else { return };
        let by_server = c.ending.kind == CloseKind::Fin && c.ending.closed_by == Some(Side::Server);
        if !by_server || !c.both_spoke() {
            return;
        }
        if let Some(websocket) = &http.websocket {
            return websocket_cut::examine(c, websocket, CODE, exam);
        }
        if http.switched.is_some() {
            return;
        }
        let (Some(answer), Some(end), Some(idle)) = (http.last_response, c.ending.first, c.ending.idle) else { return };
        if http.incomplete {
            heads_unread(exam);
            return;
        }
        exam.applies();
        let right_after = idle.span <= LIMIT_CLOSE_AFTER.plus(c.rtt().unwrap_or(Span::ZERO));
        // Before the request was whole it was an early answer: what comes then is no next request (`unread-data-reset`).
        let cut = http.answer_unfinished || answer.early;
        if !right_after || idle.last_by != Some(Side::Server) || is_announced(http) || cut {
            return;
        }
        let lost = c.ending.late_write.filter(|write| write.by == Side::Client);
        let reset = c.ending.reset.filter(|reset| reset.by == Side::Server);
        let (kind, severity, write, reset) = match (lost, reset) {
            (Some(write), Some(reset)) => (REQUEST_LOST, Severity::Warning, Some(write.proof), Some(reset.at)),
            _ => (HARMLESS, Severity::Info, None, None),
        };
        exam.symptom(CODE, kind, severity, Confidence::High, &[Some(answer.at), Some(end), write, reset])
            .happened(end)
            .span(Some(idle.span))
            .count(Some(http.responses))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let (address, cut) = (service.address(), case.group.of_kind(CUT));
        let websockets = (cut > 0).then(|| websocket_cut::tell(cut, &address, case.group.applied, case.group));
        let (count, lost) = (case.group.count - cut, case.group.of_kind(REQUEST_LOST));
        let Some(after) = case.group.counts.whole().filter(|_| lost > 0 || count >= TIMER_SAMPLES) else {
            return Vec::from_iter(websockets);
        };
        let (severity, kind) = if lost > 0 { (Severity::Warning, REQUEST_LOST) } else { (Severity::Info, HARMLESS) };
        let mut told =
            Told { severity: Some(severity), affected: Some(count), example_kind: Some(kind), ..Told::default() };
        told.summary = format!(
            "{address} closed {} right after an answer that did not announce it ({count} of {}): no `Connection: close`, so that a \
             client keeps the connection for its next request.",
            counted(count, "connection"),
            case.group.applied,
        );
        if lost > 0 {
            told.summary += &format!(
                " On {lost} of them the client had sent its next request, which was answered by RST and lost."
            );
        }
        told.facts.add("requests_fewest", u64::try_from(after.smallest).unwrap_or(0));
        told.facts.add("requests_most", u64::try_from(after.largest).unwrap_or(0));
        told.facts.add("requests_lost", lost);
        told.remedy = remedy();
        Vec::from_iter([told].into_iter().chain(websockets))
    }
}

/// Whether either side said that this is the last exchange, in one of the ways of RFC 9112 sections 6.3 and 9.6.
fn is_announced(http: &Http) -> bool {
    let counted_down = http.keep_alive.is_some_and(|keep_alive| keep_alive.max == Some(0));
    let by_body = http.last_response.is_some_and(|response| response.until_close);
    http.client_announced_close.is_some() || http.server_announced_close.is_some() || by_body || counted_down
}

fn remedy() -> Vec<String> {
    [
        "Let the server announce it: `Connection: close` in the last answer. Look for what ends its workers or connections: a deploy, \
         worker recycling (gunicorn `max_requests`, uWSGI `max-requests`, PHP-FPM `pm.max_requests` behind a server that passes it on), an \
         error handler that closes the socket.",
        "Until then let the client retry on a new connection what was sent on a reused one and got no byte of an answer (Envoy `retry_on: \
         reset-before-request`, nginx `proxy_next_upstream error`), or not reuse connections to it.",
    ]
    .map(str::to_owned)
    .to_vec()
}
