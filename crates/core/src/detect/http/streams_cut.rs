//! A server that closes with requests of HTTP/2 open: a kind of `answer-cut-short` (RFC 9113 section 6.8).

use super::http2::{PATH, is_unread, paths};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Exam, Severity, Told};
use crate::http::Http2;
use crate::record::{CloseKind, Connection};
use crate::types::Side;

/// The symptom.
pub(super) const OPEN: &str = "streams-open";

/// Quoted: that to one of them at least no answer had begun.
const UNANSWERED: &str = "unanswered";
/// Quoted: what the server's GOAWAY said, where one came.
const GOAWAY: &str = "goaway";

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, http2: &Http2, code: &'static str, exam: &mut Exam<'_>) {
    let by_server = c.ending.kind == CloseKind::Fin && c.ending.closed_by == Some(Side::Server);
    let is_opened = c.opening.syn.is_some() && c.opening.syn_ack.is_some() && c.both_spoke();
    if !is_opened || !by_server || is_unread(c, http2, exam) {
        return;
    }
    exam.applies();
    let (Some(open), Some(fin)) = (http2.streams.open.as_ref(), c.ending.fin.server) else { return };
    let goaway = http2.goaway.as_ref().filter(|goaway| goaway.by == Side::Server && goaway.at.packet <= fin.at.packet);
    // Where it says why, that is what is told: see `server-error-message` and `too-many-pings`.
    if goaway.is_some_and(|goaway| goaway.error != Some(0)) {
        return;
    }
    let severity = if open.unanswered > 0 { Severity::Error } else { Severity::Warning };
    let evidence = [Some(open.asked.at), goaway.map(|goaway| goaway.at), Some(fin.at)];
    exam.symptom(code, OPEN, severity, Confidence::High, &evidence)
        .happened(fin.at)
        .count(Some(open.count))
        .quote(PATH, &open.asked.path);
    if open.unanswered > 0 {
        exam.quote(UNANSWERED, "yes");
    }
    if let Some(goaway) = goaway {
        exam.quote(GOAWAY, &goaway.debug);
    }
}

/// What is told of them.
pub(super) fn tell(case: &Case<'_>, address: &str) -> Option<Told> {
    let group = case.group;
    let requests = group.spread(OPEN)?.counts.whole()?;
    let count = requests.count;
    let times = |name: &str| -> u64 { group.quotes(OPEN, name).iter().map(|(_, count)| count).sum() };
    let (unanswered, said) = (times(UNANSWERED), times(GOAWAY));
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(OPEN),
        severity: Some(if unanswered > 0 { Severity::Error } else { Severity::Warning }),
        ..Told::default()
    };
    let paths = paths(group, OPEN, &mut told);
    let open = match requests.largest {
        1 => "a request".to_owned(),
        most => format!("up to {most} requests"),
    };
    told.summary = format!(
        "{address} closed {} of HTTP/2 with {open} open{paths}, {count} of {}: the end of an answer had not come. gRPC clients report UNAVAILABLE.",
        counted(count, "connection"),
        group.applied,
    );
    if unanswered > 0 {
        told.summary += &format!(" On {unanswered} of them nothing of an answer had come.");
    }
    if said > 0 {
        let words = group.quotes(OPEN, GOAWAY).iter().map(|(words, _)| *words).find(|words| !words.is_empty());
        let words = words.map_or(String::new(), |words| format!(" (`{words}`)"));
        told.summary +=
            &format!(" Before that it had said GOAWAY{words} on {said} of them: what outlived its grace was cut.");
    }
    told.facts.add("open_requests_most", u64::try_from(requests.largest).unwrap_or(0));
    told.facts.add("without_any_answer", unanswered);
    told.facts.add("goaway_before", said);
    if said > 0 {
        told.remedy.push(
            "A limit on the connection's age is at work, or a deploy: give streams more time (gRPC `MaxConnectionAgeGrace`, Envoy `drain_timeout`, \
             Kubernetes `terminationGracePeriodSeconds` with a `preStop` sleep), or end long streams from time to time by yourself."
                .to_owned(),
        );
    }
    if said < count {
        told.remedy.push(
            "Without a GOAWAY the process was killed or crashed, or a proxy on the way cut: look into its log, for its last lines and for out of \
             memory (`kubectl describe pod`: OOMKilled)."
                .to_owned(),
        );
    }
    told.remedy.push(
        "Let clients try again what is safe to repeat (gRPC retry policy for UNAVAILABLE), and open streams anew."
            .to_owned(),
    );
    told.not_visible.push("why the server stopped: its log at that time tells".to_owned());
    Some(told)
}
