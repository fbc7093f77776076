//! An end of HTTP/2 that says by an error code that it goes no further: kinds of `server-error-message` (RFC 9113 section 7).

use super::http2::{PATH, in_clear, paths};
use super::{gateway_errors, grpc_status};
use crate::detect::recapture;
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::http::{GoAway, Refused};
use crate::record::Connection;
use crate::types::{Moment, Side};

/// The server reset requests.
const RESET: &str = "http2-reset";
/// The server ended the connection by GOAWAY.
const GOAWAY: &str = "http2-goaway";
/// The client did.
const GOAWAY_OF_CLIENT: &str = "http2-goaway-of-client";

pub(super) const KINDS: [&str; 3] = [RESET, GOAWAY, GOAWAY_OF_CLIENT];

/// Quoted: the error code, and the words of a GOAWAY.
const ERROR: &str = "error";
const DEBUG: &str = "debug";

/// RFC 9113 section 7; the second is told by `too-many-pings` where pings are why.
const NO_ERROR: u32 = 0;
const ENHANCE_YOUR_CALM: u32 = 11;

enum Said<'a> {
    GoAway(&'a GoAway, u32),
    Reset(&'a Refused),
}

/// Whether one end said so.
pub(super) fn says_why(c: &Connection) -> bool {
    said(c).is_some() || grpc_status::says_why(c) || in_clear(c).is_some_and(|http2| !http2.streams.gateway.is_empty())
}

fn said(c: &Connection) -> Option<Said<'_>> {
    let http2 = in_clear(c)?;
    let goaway = http2.goaway.as_ref().and_then(|goaway| Some((goaway, goaway.error?)));
    match goaway.filter(|(_, error)| ![NO_ERROR, ENHANCE_YOUR_CALM].contains(error)) {
        Some((goaway, error)) => Some(Said::GoAway(goaway, error)),
        None => http2.streams.refused.as_ref().map(Said::Reset),
    }
}

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, code: &'static str, exam: &mut Exam<'_>) {
    let goes = matches!(said(c), Some(Said::GoAway(..)));
    if !goes && (of_gateway(c, code, exam) || grpc_status::examine(c, code, exam)) {
        return;
    }
    if said(c).is_none() && in_clear(c).is_some_and(|http2| http2.streams.heads_unread) {
        exam.not_visible("heads of HTTP/2 could not be read from some point on", recapture::ALL_WHOLE);
        return;
    }
    exam.applies();
    let (kind, severity, error, asked, at): (_, _, _, Option<Moment>, _) = match said(c) {
        Some(Said::GoAway(goaway, error)) if goaway.by == Side::Client => {
            (GOAWAY_OF_CLIENT, Severity::Error, error, None, goaway.at)
        }
        Some(Said::GoAway(goaway, error)) => (GOAWAY, Severity::Error, error, None, goaway.at),
        Some(Said::Reset(refused)) => (RESET, Severity::Warning, refused.error, Some(refused.asked.at), refused.at),
        None => return,
    };
    let end = c.ending.first.filter(|_| kind != RESET);
    exam.symptom(code, kind, severity, Confidence::High, &[asked, Some(at), end])
        .happened(at)
        .quote(ERROR, &error.to_string());
    if let Some(Said::GoAway(goaway, _)) = said(c)
        && !goaway.debug.is_empty()
    {
        exam.quote(DEBUG, &goaway.debug);
    }
    if let Some(Said::Reset(refused)) = said(c) {
        exam.count(Some(refused.count)).quote(PATH, &refused.asked.path);
    }
}

/// Attaches the symptom of a gateway, where more requests failed by it than calls of gRPC by their own.
fn of_gateway(c: &Connection, code: &'static str, exam: &mut Exam<'_>) -> bool {
    let Some(http2) = in_clear(c) else { return false };
    let answers = http2.streams.gateway.iter().map(|said| said.count).max();
    answers.is_some_and(|answers| answers > grpc_status::count(c))
        && gateway_errors::examine_streams(&http2.streams, code, exam)
}

/// What is told of one kind.
pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Told {
    let errors = group.quotes(kind, ERROR);
    let error = errors.first().and_then(|(error, _)| error.parse().ok()).unwrap_or(NO_ERROR);
    let (name, says) = meaning(error);
    let connections = format!("{} ({count} of {})", counted(count, "connection"), group.applied);
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let words = group.quotes(kind, DEBUG).first().map_or(String::new(), |(words, _)| format!(", `{words}`"));
    let others = if errors.len() > 1 { " (and others)" } else { "" };
    told.summary = match kind {
        RESET => {
            let most = group.spread(RESET).and_then(|spread| spread.counts.whole()).map_or(1, |counts| counts.largest);
            let requests = if most == 1 { "a request".to_owned() } else { format!("up to {most} requests") };
            let paths = paths(group, RESET, &mut told);
            format!("{address} reset {requests}{paths} on {connections}: HTTP/2 error {error} ({name}){others}. {says}")
        }
        GOAWAY => {
            format!("{address} ended {connections} by GOAWAY: HTTP/2 error {error} ({name}){words}{others}. {says}")
        }
        _ => format!(
            "Clients of {address} ended {connections} by GOAWAY: HTTP/2 error {error} ({name}){words}{others}. {says}"
        ),
    };
    told.facts.add("error", error);
    told.facts.add("error_name", name);
    told.remedy = vec![remedy(error).to_owned()];
    told
}

/// The name of an error code, and what it says.
fn meaning(error: u32) -> (&'static str, &'static str) {
    match error {
        1 => ("PROTOCOL_ERROR", BROKEN),
        2 => ("INTERNAL_ERROR", "Its own code failed, or what is behind it."),
        3 => ("FLOW_CONTROL_ERROR", BROKEN),
        4 => ("SETTINGS_TIMEOUT", "Its SETTINGS were not acknowledged in time."),
        5 => ("STREAM_CLOSED", BROKEN),
        6 => ("FRAME_SIZE_ERROR", BROKEN),
        7 => (
            "REFUSED_STREAM",
            "It did not look at them, so that they can be sent again: too many at once, or it is about to close.",
        ),
        8 => ("CANCEL", "It needs them no more: a proxy says so when what is behind it failed or was too slow."),
        9 => ("COMPRESSION_ERROR", BROKEN),
        10 => ("CONNECT_ERROR", "The connection behind a CONNECT was reset."),
        11 => ("ENHANCE_YOUR_CALM", "The peer asks for more than it bears."),
        12 => ("INADEQUATE_SECURITY", "The TLS below is too weak for HTTP/2."),
        13 => ("HTTP_1_1_REQUIRED", "The request needs HTTP/1.1: client certificates by renegotiation, NTLM."),
        _ => ("not in the registry", "What it means is the program's own."),
    }
}

const BROKEN: &str = "What it got is against the protocol.";

fn remedy(error: u32) -> &'static str {
    match error {
        7 | 11 => {
            "Compare how many requests are open at once with the server's `SETTINGS_MAX_CONCURRENT_STREAMS` (nginx `http2_max_concurrent_streams` 128, \
             Envoy `max_concurrent_streams`, gRPC `MaxConcurrentStreams`), use more connections, and let clients try again what was refused."
        }
        2 | 8 => {
            "The log of the side that said it, and of what is behind it, has the reason at that time. gRPC clients report 2 as INTERNAL and 8 as \
             CANCELLED, which are seldom the client's doing here."
        }
        1 | 3 | 5 | 6 | 9 => {
            "Look at the log of the side that said it: it names the frame. Usual reasons: a proxy between that changes frames or headers, header fields \
             that HTTP/2 forbids (`Connection`, upper case), headers or frames larger than allowed, one side that speaks something else."
        }
        _ => "The log of the side that said it has the reason at that time.",
    }
}
