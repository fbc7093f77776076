//! Requests of HTTP/2 that their client took back for want of an answer: a kind of `request-timeout` (RFC 9113 section 8.1).

use super::asked::is_stuck_before;
use super::http2::{PATH, is_unread, paths};
use crate::detect::thresholds::{WAIT_SAMPLES, WAIT_SPREAD, WAIT_SPREAD_SHARE, WAITED_LEAST};
use crate::detect::timeouts::wait_candidates;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Exam, Severity, Told};
use crate::http::{Cancelled, Http2, Request};
use crate::record::Connection;
use crate::types::{Moment, Side, Span};

/// The symptom.
pub(super) const CANCELLED: &str = "streams-cancelled";

/// Quoted: whether all of one connection had waited for the same time.
const EVEN: &str = "even";
const NO: &str = "no";

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, http2: &Http2, code: &'static str, exam: &mut Exam<'_>) {
    if c.traffic.client.first_payload.is_none() || is_unread(c, http2, exam) {
        return;
    }
    exam.applies();
    let Some(GaveUp { asked, at, count, shortest, longest }) = gave_up(c, http2) else { return };
    // What does not arrive gets no answer, and that is another matter.
    let lost = is_stuck_before(c, Side::Client, at) || is_stuck_before(c, Side::Server, at);
    if lost || shortest < WAITED_LEAST {
        return;
    }
    exam.symptom(code, CANCELLED, Severity::Warning, Confidence::High, &[Some(asked.at), Some(at)])
        .happened(at)
        .span(Some(longest))
        .count(Some(count))
        .quote(EVEN, if is_same(shortest, longest) { "yes" } else { NO })
        .quote(PATH, &asked.path);
}

/// Requests for whose answer the client waited no longer.
struct GaveUp<'a> {
    asked: &'a Request,
    at: Moment,
    count: u32,
    shortest: Span,
    longest: Span,
}

/// By RST_STREAM, or by closing the connection with requests open.
fn gave_up<'a>(c: &Connection, http2: &'a Http2) -> Option<GaveUp<'a>> {
    if let Some(Cancelled { count, asked, at, shortest, longest }) = &http2.streams.cancelled {
        return Some(GaveUp { asked, at: *at, count: *count, shortest: *shortest, longest: *longest });
    }
    let end = c.ending.first.filter(|_| c.ending.closed_by == Some(Side::Client))?;
    let open = http2.streams.open.as_ref().filter(|open| open.unanswered > 0)?;
    let waited = end.at.since(open.asked.at.at);
    Some(GaveUp { asked: &open.asked, at: end, count: open.unanswered, shortest: waited, longest: waited })
}

fn is_same(shortest: Span, longest: Span) -> bool {
    let spread = Span::from_nanos(longest.as_nanos() - shortest.as_nanos());
    spread <= WAIT_SPREAD || spread.as_secs_f64() <= shortest.as_secs_f64() * WAIT_SPREAD_SHARE
}

/// What is told of them.
pub(super) fn tell(case: &Case<'_>, address: &str) -> Option<Told> {
    let spread = case.group.spread(CANCELLED)?;
    let (waits, requests) = (spread.spans.whole()?, spread.counts.whole()?);
    let all_even = case.group.quotes(CANCELLED, EVEN).iter().all(|(even, _)| *even != NO);
    let enough = waits.count >= WAIT_SAMPLES || requests.largest >= WAIT_SAMPLES as i64;
    let timeout = enough && all_even && is_same(waits.shortest(), waits.longest());
    let mut told = Told {
        affected: Some(waits.count),
        example_kind: Some(CANCELLED),
        severity: Some(if timeout { Severity::Error } else { Severity::Warning }),
        ..Told::default()
    };
    let at_most = match requests.largest {
        1 => String::new(),
        most => format!(", up to {most} on one connection"),
    };
    let paths = paths(case.group, CANCELLED, &mut told);
    told.summary = format!(
        "Requests to {address}{paths} got no answer before the client gave them up (HTTP/2) on {} of {}{at_most}: {waits} after they \
         were sent.",
        waits.count,
        counted(case.group.applied, "connection"),
    );
    if timeout {
        told.summary +=
            " The wait is the same each time, so it is the client's deadline; gRPC reports DEADLINE_EXCEEDED.";
        told.candidates = wait_candidates(&waits, Side::Client);
    }
    told.facts.add("gave_up", Side::Client.name());
    told.facts.add("requests_on_one_connection_most", u64::try_from(requests.largest).unwrap_or(0));
    told.facts.add("waited_shortest_s", waits.shortest());
    told.facts.add("waited_longest_s", waits.longest());
    told.facts.add("same_wait_each_time", if timeout { "yes" } else { "no" });
    told.remedy = vec![
        "Look at what the server does in that time: its log, its calls to others, and whether its workers are all taken (gRPC servers queue what \
         their threads can not take: Python `max_workers`, Java `executor`)."
            .to_owned(),
        "If the answer may take longer, raise the deadline where it is set: the client's `timeout` (gRPC passes it on as `grpc-timeout`), Envoy's \
         route `timeout` (15 s), nginx `grpc_read_timeout` (60 s)."
            .to_owned(),
    ];
    told.not_visible
        .push("what the server did meanwhile: its log and its own calls to others at that time tell".to_owned());
    Some(told)
}
