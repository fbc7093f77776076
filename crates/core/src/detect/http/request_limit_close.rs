//! A server closes each connection after the same number of requests.

use crate::detect::recapture;
use crate::detect::thresholds::{ESTIMATE_LEAST, ESTIMATE_SHARE, LIMIT_CLOSE_AFTER, TIMER_SAMPLES};
use crate::detect::{Blind, Case, Cluster, Confidence, Detector, Exam, Group, Severity, Shape, Told, timeouts};
use crate::http::Http;
use crate::record::{CloseKind, Connection, Protocol};
use crate::types::{Side, Span};

/// Detector of `request-limit-close`.
#[derive(Debug)]
pub(in crate::detect) struct RequestLimitClose;

const CODE: &str = "request-limit-close";

/// Where the number of requests is from, and whether a request after the last one was lost.
const ANNOUNCED: &str = "announced";
const ANNOUNCED_LOST: &str = "announced-lost";
const UNANNOUNCED: &str = "unannounced";
const UNANNOUNCED_LOST: &str = "unannounced-lost";
const ESTIMATED: &str = "estimated";
const ESTIMATED_LOST: &str = "estimated-lost";

/// Only SYN, FIN and RST were captured.
const FLAGS_ONLY: Blind = Blind {
    shape: Shape::ANY,
    reason: "requests can not be counted without their packets",
    capture_instead: Some("tcpdump -i any -w FILE 'tcp port PORT'"),
};

impl Detector for RequestLimitClose {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("request_limit_close.md")
    }

    fn needs(&self) -> Shape {
        Shape::ENDED_BY_FIN | Shape::CLOSED_BY_SERVER
    }

    fn blind(&self) -> Option<Blind> {
        Some(Blind { shape: self.needs() | Shape::FLAGS_ONLY | Shape::PAYLOAD, ..FLAGS_ONLY })
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if c.ending.kind != CloseKind::Fin || c.ending.closed_by != Some(Side::Server) {
            return;
        }
        if c.visibility.flags_only && c.carried_payload() {
            exam.not_visible(FLAGS_ONLY.reason, FLAGS_ONLY.capture_instead);
            return;
        }
        let Some((requests, how)) = requests(c) else {
            let handshake_failed = c.tls.as_ref().is_some_and(|tls| !tls.is_established());
            // A tunnel or a websocket has no more requests: nothing is missing.
            let switched = c.http.as_ref().is_some_and(|http| http.switched.is_some());
            if !matches!(c.protocol, Protocol::Http1 | Protocol::Tls) || handshake_failed || switched {
                return;
            }
            exam.not_visible(
                "requests can not be counted: packets or parts of them are missing from the capture",
                recapture::ALL_WHOLE,
            );
            return;
        };
        if c.http.as_ref().is_some_and(|http| http.client_announced_close.is_some()) {
            return;
        }
        exam.applies();
        if c.http.as_ref().is_some_and(|http| was_refused(http)) {
            return;
        }
        let Some(idle) = c.ending.idle else { return };
        let right_after = idle.span <= LIMIT_CLOSE_AFTER.plus(c.rtt().unwrap_or(Span::ZERO));
        if requests < 2 || !right_after || idle.last_by != Some(Side::Server) {
            return;
        }
        let lost = c.ending.late_write.is_some_and(|write| write.by == Side::Client)
            && c.ending.reset.is_some_and(|reset| reset.by == Side::Server);
        let announced = c.http.as_ref().is_some_and(|http| http.server_announced_close.is_some());
        let kind = match (how, announced, lost) {
            (Counted::Read, true, false) => ANNOUNCED,
            (Counted::Read, true, true) => ANNOUNCED_LOST,
            (Counted::Read, false, false) => UNANNOUNCED,
            (Counted::Read, false, true) => UNANNOUNCED_LOST,
            (Counted::Estimated, _, false) => ESTIMATED,
            (Counted::Estimated, _, true) => ESTIMATED_LOST,
        };
        let (severity, confidence) = match (lost, how) {
            (true, Counted::Read) => (Severity::Warning, Confidence::High),
            (true, Counted::Estimated) => (Severity::Warning, Confidence::Medium),
            (false, Counted::Read) => (Severity::Info, Confidence::High),
            (false, Counted::Estimated) => (Severity::Info, Confidence::Medium),
        };
        let answer = c.http.as_ref().and_then(|http| http.last_response).map(|response| response.at);
        let write = c.ending.late_write.filter(|_| lost).and_then(|write| write.at);
        let reset = c.ending.reset.filter(|_| lost).map(|reset| reset.at);
        exam.symptom(CODE, kind, severity, confidence, &[answer, c.ending.first, write, reset])
            .span(Some(idle.span))
            .count(Some(requests))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let estimated = case.group.of_kind(ESTIMATED) + case.group.of_kind(ESTIMATED_LOST) > 0;
        // Read counts must be equal; estimates of one number lie near each other.
        let (ratio, gap) = if estimated { (ESTIMATE_SHARE, ESTIMATE_LEAST as i64) } else { (0.0, 0) };
        let clusters = case.group.counts.clusters(ratio, gap);
        if clusters.len() > 1 && case.group.is_at_one_moment() {
            // A limit would have ended each at the same request; a server that stops or reloads ends all at one time.
            return Vec::new();
        }
        clusters.iter().filter_map(|requests| tell_limit(requests, case)).collect()
    }
}

/// How requests were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Heads were read.
    Read,
    /// From the turns of direction of encrypted payload.
    Estimated,
}

/// Whether the last answer closes because of its request: it did not come whole, or in time, or was none that could be read (RFC 9112
/// section 9.3, RFC 9110 sections 15.5.1 and 15.5.9).
fn was_refused(http: &Http) -> bool {
    let unfinished = http.unfinished_request.is_some();
    unfinished || http.last_response.is_some_and(|answer| answer.early || matches!(answer.status, 400 | 408))
}

/// The requests that were answered before the close.
fn requests(c: &Connection) -> Option<(u32, Counted)> {
    match (c.protocol, &c.http, &c.tls) {
        (Protocol::Http1, Some(http), _) if !http.incomplete && http.switched.is_none() => {
            Some((http.responses, Counted::Read))
        }
        (Protocol::Tls, _, Some(tls)) if !c.visibility.mid_stream && c.visibility.one_way.is_none() => {
            tls.is_established().then_some((c.exchanges, Counted::Estimated))
        }
        _ => None,
    }
}

fn tell_limit(requests: &Cluster, case: &Case<'_>) -> Option<Told> {
    let service = case.service?;
    if requests.count < TIMER_SAMPLES {
        return None;
    }
    let group = case.group;
    let within = |kinds: &[&str]| -> u64 {
        let of = |kind: &&str| group.spread(kind).map_or(0, |s| s.counts.between(requests.smallest, requests.largest));
        kinds.iter().map(of).sum()
    };
    let estimated = within(&[ESTIMATED, ESTIMATED_LOST]) > 0;
    let limit = if estimated {
        nearest_round(requests)?
    } else if requests.smallest == requests.largest {
        u64::try_from(requests.smallest).ok()?
    } else {
        return None;
    };
    let lost = within(&[ANNOUNCED_LOST, UNANNOUNCED_LOST, ESTIMATED_LOST]);
    let round = is_round(limit) || is_round(limit + 1);
    let address = service.address();
    let slack = if estimated { tolerance(limit) } else { 0 };
    let mut told = Told {
        severity: Some(if lost > 0 { Severity::Warning } else { Severity::Info }),
        confidence: Some(match (estimated, round) {
            (false, true) => Confidence::High,
            (false, false) | (true, _) => Confidence::Medium,
        }),
        affected: Some(requests.count),
        candidates: timeouts::request_candidates(limit - slack, limit + slack, service.software.as_deref()),
        example_kind: lost_kind(group),
        example_count: u32::try_from(requests.smallest).ok().zip(u32::try_from(requests.largest).ok()),
        ..Told::default()
    };
    told.summary = if estimated {
        format!(
            "{address} closes connections right after about {limit} requests ({} of {}; estimated from the turns of \
             encrypted payload).",
            requests.count, group.applied
        )
    } else {
        format!("{address} closes connections right after request {limit} ({} of {}).", requests.count, group.applied)
    };
    told.summary += " This is a limit on requests, not an idle timeout.";
    told.summary += &announcement(within(&[ANNOUNCED, ANNOUNCED_LOST]), requests.count, estimated);
    if lost > 0 {
        told.summary += &format!(
            " On {lost} of them the client sent another request after the close; it was answered by RST and lost."
        );
    }
    told.facts.add("requests", limit);
    told.facts.add("requests_fewest", u64::try_from(requests.smallest).unwrap_or(0));
    told.facts.add("requests_most", u64::try_from(requests.largest).unwrap_or(0));
    told.facts.add("estimated", if estimated { "yes" } else { "no" });
    told.facts.add("requests_lost", lost);
    if let Some(announced) = service.announced_max {
        told.facts.add("announced_max", announced);
    }
    if estimated {
        told.not_visible
            .push("the requests themselves, and whether the last answer announced the close: encrypted".to_owned());
    }
    told.remedy = remedy(limit, lost);
    Some(told)
}

fn announcement(announced: u64, of: u64, estimated: bool) -> String {
    match announced {
        _ if estimated => String::new(),
        0 => " No answer announced it (`Connection: close`).".to_owned(),
        all if all == of => " The last answer announced it (`Connection: close`).".to_owned(),
        some => format!(" The last answer announced it (`Connection: close`) on {some} of {of}."),
    }
}

fn lost_kind(group: &Group) -> Option<&'static str> {
    [ANNOUNCED_LOST, UNANNOUNCED_LOST, ESTIMATED_LOST].into_iter().find(|kind| group.of_kind(kind) > 0)
}

/// How far an estimate may be from the true count.
fn tolerance(limit: u64) -> u64 {
    ((limit as f64 * ESTIMATE_SHARE) as u64).max(ESTIMATE_LEAST)
}

/// The round number that an estimate can be; without one, equal jobs of a client explain equal numbers as well.
fn nearest_round(requests: &Cluster) -> Option<u64> {
    let median = u64::try_from(requests.median).ok()?;
    let (least, most) = (u64::try_from(requests.smallest).ok()?, u64::try_from(requests.largest).ok()?);
    let round = |number: &u64| *number >= ROUND_FROM && matches!(mantissa(*number), 1 | 2 | 5 | 25);
    let slack = tolerance(median);
    let limit = (median.saturating_sub(slack)..=median + slack).filter(round).min_by_key(|n| n.abs_diff(median))?;
    (limit.abs_diff(least) <= slack && limit.abs_diff(most) <= slack).then_some(limit)
}

/// Estimates of less than this are round too easily.
const ROUND_FROM: u64 = 50;

/// Numbers that people set: 10, 50, 100, 120, 250, 1000 ...
fn is_round(number: u64) -> bool {
    number >= 10 && matches!(mantissa(number), 1..=9 | 12 | 15 | 25 | 75)
}

/// A number without the zeros at its end.
fn mantissa(mut number: u64) -> u64 {
    while number > 0 && number.is_multiple_of(10) {
        number /= 10;
    }
    number
}

fn remedy(limit: u64, lost: u64) -> Vec<String> {
    let below = limit.saturating_sub(1);
    let mut remedy = vec![format!(
        "Let the client or proxy stop first, after at most {below} requests on one connection (Envoy \
         `max_requests_per_connection: {below}`, nginx upstream `keepalive_requests {below}`)."
    )];
    if lost > 0 {
        remedy.push(
            "Let the client obey `Connection: close` and the server's FIN: no request may follow on that connection."
                .to_owned(),
        );
    }
    remedy.push(
        "Or raise the server's limit: nginx `keepalive_requests`, Apache `MaxKeepAliveRequests`, Tomcat \
         `maxKeepAliveRequests`. Amazon S3 has no such setting."
            .to_owned(),
    );
    remedy
}
