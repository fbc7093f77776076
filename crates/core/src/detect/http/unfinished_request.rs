//! Requests that did not come whole, or too slowly: kinds of `request-timeout` of which the answer is not the cause.

use super::asked::{is_stuck_before, refused_answer};
use crate::detect::thresholds::WAITED_LEAST;
use crate::detect::timeouts::wait_candidates;
use crate::detect::words::{counted, listed};
use crate::detect::{Cluster, Confidence, Exam, Group, Service, Severity, Told};
use crate::http::{Missing, Response, UnfinishedRequest};
use crate::record::Connection;
use crate::types::{Moment, Side, Span};

/// The server waited for the rest, and closed or answered 408.
pub(super) const UNFINISHED: &str = "request-unfinished";
/// The server answered 408 while the request was still coming.
pub(super) const CUT_OFF: &str = "request-cut-off";
/// The client left in the middle of its own request.
pub(super) const ABANDONED: &str = "request-abandoned";
/// The client had sent the rest, by its own numbers, and it did not come.
pub(super) const LOST: &str = "request-lost";
/// The client gave up on a request that had taken most of the time to arrive.
pub(super) const SLOW: &str = "request-slow";

/// RFC 9110 section 15.5.9: the server did not receive a complete request in the time that it was prepared to wait.
const REQUEST_TIMEOUT: u16 = 408;

/// Quoted for what is missing.
const PART: &str = "part";
/// Quoted where the server said why it closed.
const STATUS: &str = "status";

/// Whether the last request was not whole when the connection ended, and what is to be said of that.
pub(super) fn examine(c: &Connection, by: Side, end: Moment, code: &'static str, exam: &mut Exam<'_>) -> bool {
    let Some(http) = c.http.as_ref().filter(|http| http.switched.is_none() && !http.incomplete) else { return false };
    if c.visibility.one_way.is_some() {
        return false;
    }
    let Some(request) = http.unfinished_request.filter(|request| request.at.packet < end.packet) else { return false };
    let later = |answer: &Response| answer.at.packet > request.at.packet;
    let answer = http.last_response.filter(|answer| later(answer) && answer.at.packet <= end.packet);
    let refusal = answer.filter(|answer| is_refusal(c, request, answer));
    // Who is answered early need not send the rest; what follows an answer without end is no request.
    let raw = http.last_response.is_some_and(|answer| !later(&answer) && answer.until_close);
    if raw || (answer.is_some() && refusal.is_none()) {
        return false;
    }
    exam.applies();
    let by = if refusal.is_some() { Side::Server } else { by };
    let end = refusal.map_or(end, |refusal| refusal.at);
    let Some(last) = c.traffic.client.last_payload.filter(|_| may_be_judged(c, end)) else { return true };
    let (took, waited) = (end.at.since(request.at.at), end.at.since(last.at));
    let lost = c.traffic.client.unseen.as_deref();
    let (kind, span) = match by {
        _ if lost.is_some() && (by == Side::Client || waited >= WAITED_LEAST) => (LOST, took),
        // A client may be on its way out with what it had sent before.
        Side::Client => (ABANDONED, took),
        Side::Server if last.packet < end.packet && waited >= WAITED_LEAST => (UNFINISHED, waited),
        Side::Server if refusal.is_some() && took >= WAITED_LEAST => (CUT_OFF, took),
        Side::Server => return true,
    };
    let last = Some(last).filter(|last| last.packet < end.packet);
    let evidence = [Some(request.at), last, Some(end), lost.map(|lost| lost.told)];
    exam.symptom(code, kind, Severity::Warning, Confidence::High, &evidence)
        .happened(end)
        .span(Some(span))
        .count(lost.map_or_else(|| missing_bytes(request), |lost| Some(lost.bytes)))
        .quote(PART, part(request));
    if let Some(refusal) = refusal {
        exam.quote(STATUS, &refusal.status.to_string());
    }
    true
}

/// Whether an answer says that the rest of the request did not come: in as many words, or as an error after the client had been quiet. Who
/// holds the body back until it is told to go on is quiet by intent.
fn is_refusal(c: &Connection, request: UnfinishedRequest, answer: &Response) -> bool {
    let last = c.traffic.client.last_payload.filter(|last| last.packet < answer.at.packet);
    let after_silence = last.is_some_and(|last| answer.at.at.since(last.at) >= WAITED_LEAST);
    answer.status == REQUEST_TIMEOUT || (answer.status >= 400 && after_silence && !request.awaits_continue)
}

/// Where nothing is missing from the capture, an answer included, and nothing on the way: what is lost is sent again, and who does not
/// read says so.
fn may_be_judged(c: &Connection, end: Moment) -> bool {
    let gaps = c.visibility.gaps.client + c.visibility.gaps.server;
    let whole = gaps == 0 && c.traffic.server.unseen.is_none() && !c.visibility.over_limit;
    let stuck = is_stuck_before(c, Side::Client, end);
    let closed_window = c.traffic.server.zero_window.as_deref().is_some_and(|window| window.since.is_some());
    whole && !stuck && !closed_window
}

fn missing_bytes(request: UnfinishedRequest) -> Option<u32> {
    match request.missing {
        Missing::Body(bytes) => u32::try_from(bytes).ok(),
        Missing::EndOfHead | Missing::LastChunk => None,
    }
}

const fn part(request: UnfinishedRequest) -> &'static str {
    match request.missing {
        _ if request.awaits_continue => "held back",
        Missing::EndOfHead => "head",
        Missing::Body(_) => "body",
        Missing::LastChunk => "last chunk",
    }
}

/// A whole request in clear that took longer to send than the client then waited, to which the answer came too late.
pub(super) fn examine_slow(
    c: &Connection,
    asked: Moment,
    end: Moment,
    code: &'static str,
    exam: &mut Exam<'_>,
) -> bool {
    let Some(answer) = refused_answer(c, end) else { return false };
    let Some(last) = c.traffic.client.last_payload.filter(|last| last.packet > asked.packet) else { return false };
    // Bytes that are sent again after the close were on their way before it.
    let sending = last.at.min(end.at).since(asked.at);
    let took = end.at.since(asked.at);
    if took < WAITED_LEAST || sending.as_nanos() * 2 < took.as_nanos() {
        return false;
    }
    exam.symptom(code, SLOW, Severity::Warning, Confidence::Medium, &[Some(asked), Some(end), Some(answer)])
        .happened(end)
        .span(Some(took))
        .count(Some(c.traffic.client.retransmitted));
    true
}

/// What is told of requests of one kind that waited alike.
pub(super) fn tell(kind: &'static str, waits: &Cluster, is_a_timeout: bool, group: &Group, service: &Service) -> Told {
    let mut told = Told {
        affected: Some(waits.count),
        example_kind: Some(kind),
        example_span: Some((waits.shortest(), waits.longest())),
        ..Told::default()
    };
    if is_a_timeout {
        told.severity = Some(Severity::Error);
        told.confidence = Some(Confidence::High);
    }
    let (requests, address) = (counted(waits.count, "request"), service.address());
    let refused = match group.quotes(kind, STATUS).as_slice() {
        [] => String::new(),
        statuses => format!(" with the answer {}", listed(statuses.iter().map(|(status, _)| (*status).to_owned()), 3)),
    };
    let missing = missing(kind, group);
    match kind {
        UNFINISHED => {
            told.summary = format!(
                "{requests} to {address} did not come whole: the server waited {waits} for the rest and closed{refused}. {missing}"
            );
            if is_a_timeout {
                told.summary += " The wait is the same each time: it is the server's limit, and not the cause.";
            }
        }
        CUT_OFF => {
            told.summary = format!(
                "{requests} to {address} took too long to arrive: {waits} after the first byte the server answered 408, while more was coming. {missing}"
            );
        }
        ABANDONED => {
            told.summary = format!(
                "The client left in the middle of {requests} to {address}, {waits} after the first byte: an answer could not come. {missing}"
            );
            if is_a_timeout {
                told.summary += " The time is the same each time: it is a timeout of the client's.";
            }
        }
        LOST => {
            let most = group.spread(LOST).and_then(|spread| spread.counts.whole()).map_or(0, |bytes| bytes.largest);
            told.summary = format!(
                "{requests} to {address} did not come whole, though the client had sent the rest: by its sequence numbers up to {} are \
                 lost on the way. {waits} after the first byte one side closed.",
                counted(most.unsigned_abs(), "byte")
            );
        }
        _ => {
            told.summary = format!(
                "{requests} to {address} took most of the time to be sent that the client gave them: it left {waits} after their first \
                 byte. Each answer came after that, and was refused with a RST: nobody waited for it any more."
            );
            let resent = group.spread(SLOW).and_then(|spread| spread.counts.whole());
            if let Some(resent) = resent.filter(|resent| resent.largest > 0) {
                told.summary += &format!(
                    " Up to {} of each were sent again: they are lost on the way.",
                    counted(resent.largest.unsigned_abs(), "segment")
                );
                told.facts.add("resent_most", resent.largest.unsigned_abs());
            }
        }
    }
    let by_server = kind == UNFINISHED || kind == CUT_OFF;
    let gave_up = if by_server { Side::Server } else { Side::Client };
    if is_a_timeout {
        told.candidates = wait_candidates(waits, gave_up);
    }
    if kind != LOST {
        told.facts.add("gave_up", gave_up.name());
    }
    told.facts.add("waited_shortest_s", waits.shortest());
    told.facts.add("waited_longest_s", waits.longest());
    told.facts.add("same_wait_each_time", if is_a_timeout { "yes" } else { "no" });
    told.remedy = remedy(kind, waits.middle());
    if kind == UNFINISHED {
        told.not_visible.push(
            "whether the client sent the rest: what is lost before the place of the capture is not in it; a capture at the client tells"
                .to_owned(),
        );
    } else if kind == ABANDONED {
        told.not_visible.push(
            "why the client left: a timeout, a person, the end of its process; its log at that time tells".to_owned(),
        );
    }
    told
}

/// What the requests lack.
fn missing(kind: &str, group: &Group) -> String {
    let parts = group.quotes(kind, PART);
    let bytes = group.spread(kind).and_then(|spread| spread.counts.whole());
    let of_body = bytes.map(|bytes| {
        let most = counted(bytes.largest.unsigned_abs(), "byte");
        if bytes.smallest == bytes.largest { most } else { format!("{} to {most}", bytes.smallest) }
    });
    let one = |part: &str| match (part, &of_body) {
        ("body", Some(bytes)) => format!("{bytes} of the body that its Content-Length announces"),
        ("body", None) => "most of the body that its Content-Length announces".to_owned(),
        ("held back", _) => "the body, for which the client waited to be told `100 Continue`".to_owned(),
        ("head", _) => "the empty line that ends the head".to_owned(),
        (part, _) => format!("the {part}"),
    };
    let parts: Vec<String> = parts.iter().map(|(part, _)| one(part)).collect();
    format!("Missing: {}.", parts.join("; or "))
}

fn remedy(kind: &str, waited: Span) -> Vec<String> {
    let limits = "If requests may take that long, raise the server's limit: nginx `client_header_timeout` and `client_body_timeout` (60 s between \
                  two reads), HAProxy `timeout http-request` and `timeout client`, Apache `RequestReadTimeout` (20 s, 500 bytes a second), \
                  node `server.headersTimeout` (60 s) and `server.requestTimeout` (300 s for all of a request), Kestrel `MinRequestBodyDataRate`.";
    match kind {
        UNFINISHED => vec![
            format!(
                "Look at the sender, not at the server: what the client, or the proxy before this server, did in these {waited}. A \
                 Content-Length larger than the body, a head without its empty line, a source that it reads from and that stopped, a wait \
                 for `100 Continue`."
            ),
            "Capture at the client too: if it sends the rest again and again it is lost on the way; if large segments alone are, it is the MTU."
                .to_owned(),
            limits.to_owned(),
        ],
        CUT_OFF => vec![
            "Find out why the upload is slow: the rate and the retransmissions of the client's side, or a client that sends little at a time."
                .to_owned(),
            limits.to_owned(),
        ],
        ABANDONED => vec![
            "Look at the client at that time: its own timeout for the whole request, a cancelled upload, a process that ended. The server \
             logs it as 400, 408 or 499 and is not the cause."
                .to_owned(),
            "If it is a timeout of the client's: find out why the upload takes longer, then raise it.".to_owned(),
        ],
        _ => vec![
            "Look at the way from the client to the server: loss makes an upload slow (`handshark connections FILE` has the \
             retransmissions), and so does a narrow link."
                .to_owned(),
            format!("If uploads may take that long, give the client more than {waited} for the whole request."),
        ],
    }
}
