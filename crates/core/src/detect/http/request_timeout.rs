//! A request that was not answered until one side gave up.

use super::asked::{Asked, first_words, is_stuck_before, last_request, refused_answer, waited};
use super::http2::in_clear;
use super::lost_answer::{self, ANSWER_LOST};
use super::streams_cancelled;
use super::unfinished_request::{self, ABANDONED, CUT_OFF, LOST, SLOW, UNFINISHED};
use crate::detect::thresholds::{SAID_AT_CLOSE_WITHIN, WAIT_SAMPLES, WAIT_SPREAD, WAIT_SPREAD_SHARE, WAITED_LEAST};
use crate::detect::timeouts::wait_candidates;
use crate::detect::words::counted;
use crate::detect::{Case, Cluster, Confidence, Detector, Distribution, Exam, Group, Service, Severity, Shape, Told};
use crate::detect::{event, recapture};
use crate::record::{Connection, IdleSource, Protocol};
use crate::types::{Moment, Side, Span};

/// Detector of `request-timeout`.
#[derive(Debug)]
pub(in crate::detect) struct RequestTimeout;

const CODE: &str = "request-timeout";

const MEANWHILE: &str = "what the server did meanwhile: its log and its own calls to others at that time tell";

const WHETHER_WHOLE: &str = "whether the requests were whole: a server that waits for the rest looks the same";

/// Quoted where the answer came when nobody waited for it any more.
const TOO_LATE: &str = "too-late";

/// Who gave up, and how the request is known.
struct Kind {
    name: &'static str,
    by: Side,
    /// Read in clear, not inferred from the directions of encrypted records.
    in_clear: bool,
}

/// The answer had begun.
const STALLED: &str = "answer-stalled";

/// In a protocol that is not read.
const NEVER_ANSWERED: &str = "never-answered";

const KINDS: [Kind; 6] = [
    Kind { name: "client-gave-up", by: Side::Client, in_clear: true },
    Kind { name: "server-gave-up", by: Side::Server, in_clear: true },
    Kind { name: "client-gave-up-tls", by: Side::Client, in_clear: false },
    Kind { name: "server-gave-up-tls", by: Side::Server, in_clear: false },
    // Found by their names alone.
    Kind { name: STALLED, by: Side::Client, in_clear: true },
    Kind { name: NEVER_ANSWERED, by: Side::Client, in_clear: false },
];

const OTHERS: [&str; 6] = [UNFINISHED, CUT_OFF, ABANDONED, LOST, SLOW, ANSWER_LOST];

impl Detector for RequestTimeout {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("request_timeout.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["quiet-request-timeout"]
    }

    fn needs(&self) -> Shape {
        Shape::CLIENT_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let ended = c.ending.first.zip(c.ending.closed_by);
        if ended.is_some_and(|(end, by)| lost_answer::examine(c, by, end, CODE, exam)) {
            return;
        }
        if let Some(http2) = in_clear(c) {
            return streams_cancelled::examine(c, http2, CODE, exam);
        }
        let Some((end, by)) = ended else { return };
        if unfinished_request::examine(c, by, end, CODE, exam) {
            return;
        }
        if let Some(asked) = unread_request(c, end) {
            return never_answered(c, asked, by, end, exam);
        }
        let Some(request) = last_request(c) else { return };
        let Asked { at: asked, answered, in_clear } = request;
        if c.visibility.one_way.is_some() {
            exam.not_visible("only one direction was captured: the answer may be in the other", recapture::ALL_WHOLE);
            return;
        }
        exam.applies();
        if let Some([answer, last]) = stalled_answer(c, by) {
            let waited = end.at.since(last.at);
            exam.symptom(CODE, STALLED, Severity::Warning, Confidence::Medium, &[Some(answer), Some(last), Some(end)])
                .happened(end)
                .span(Some(waited));
            return;
        }
        let too_late = answered.then(|| refused_answer(c, end)).flatten();
        if (answered && too_late.is_none()) || end.packet < asked.packet {
            return;
        }
        if in_clear && by == Side::Client && unfinished_request::examine_slow(c, asked, end, CODE, exam) {
            return;
        }
        let lost = is_stuck_before(c, Side::Client, end) || is_stuck_before(c, Side::Server, end);
        // Last words before the FIN are no part of it.
        let Some(waited) = waited(c, &request, end) else { return };
        if lost || waited < WAITED_LEAST {
            return;
        }
        if c.visibility.gaps.server > 0 {
            exam.not_visible(
                "packets of the server are missing from the capture, perhaps the answer",
                recapture::ALL_WHOLE,
            );
            return;
        }
        let Some(kind) = KINDS.iter().find(|kind| kind.by == by && kind.in_clear == in_clear) else { return };
        let confidence = if in_clear { Confidence::Medium } else { Confidence::Low };
        let told = exam.symptom(CODE, kind.name, Severity::Warning, confidence, &[Some(asked), Some(end), too_late]);
        told.happened(end).span(Some(waited));
        if too_late.is_some() {
            told.quote(TOO_LATE, "");
        }
        if !in_clear {
            // One alone can be anything: it takes several that waited equally long.
            exam.quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let told = |kind: &Kind| {
            let Some(spread) = case.group.spread(kind.name) else { return Vec::new() };
            if let Some(all) = one_event(kind, &spread.spans, case.group) {
                return vec![tell_event(&all, case.group, service)];
            }
            let clusters = spread.spans.clusters(WAIT_SPREAD_SHARE, WAIT_SPREAD.as_nanos()).into_iter();
            let too_late = case.group.quotes(kind.name, TOO_LATE).iter().map(|(_, count)| count).sum();
            // That an answer is due, the others have to show, or that it came.
            let others = case.group.applied - case.group.count;
            let shown = kind.name != NEVER_ANSWERED || others >= WAIT_SAMPLES || too_late >= WAIT_SAMPLES;
            let enough = clusters.filter(|waits| shown && (kind.in_clear || is_a_timeout(waits)));
            enough.map(|waits| tell_one(kind, &waits, case, service, too_late)).collect::<Vec<Told>>()
        };
        let of_others = OTHERS.iter().flat_map(|kind| tell_others(kind, case.group, service));
        let of_streams = streams_cancelled::tell(case, &service.address());
        KINDS.iter().flat_map(told).chain(of_others).chain(of_streams).collect()
    }
}

/// Kinds in which the server is not slow: those that waited alike together.
fn tell_others(kind: &'static str, group: &Group, service: &Service) -> Vec<Told> {
    let Some(spread) = group.spread(kind) else { return Vec::new() };
    let clusters = spread.spans.clusters(WAIT_SPREAD_SHARE, WAIT_SPREAD.as_nanos()).into_iter();
    let one = |waits: Cluster| match kind {
        ANSWER_LOST => lost_answer::tell(&waits, is_a_timeout(&waits), group, service),
        _ => unfinished_request::tell(kind, &waits, is_a_timeout(&waits), group, service),
    };
    clusters.map(one).collect()
}

/// The client's first words in a protocol that is not read, and the server said nothing until the client left. One alone can be a
/// protocol in which the server never does.
fn never_answered(c: &Connection, asked: Asked, by: Side, end: Moment, exam: &mut Exam<'_>) {
    if asked.answered {
        return exam.applies();
    }
    let too_late = refused_answer(c, end);
    let lost = is_stuck_before(c, Side::Client, end) || c.visibility.gaps.server > 0 || c.visibility.one_way.is_some();
    let waited = c.ending.idle.filter(|idle| idle.last_by == Some(Side::Client)).map(|idle| idle.span);
    let is_wanted =
        c.traffic.server.last_payload.is_some_and(|last| last.packet > asked.at.packet) && too_late.is_none();
    if lost || is_wanted || by != Side::Client || waited.is_none_or(|waited| waited < WAITED_LEAST) {
        return;
    }
    exam.symptom(CODE, NEVER_ANSWERED, Severity::Warning, Confidence::Low, &[Some(asked.at), Some(end), too_late])
        .happened(end)
        .span(waited)
        .quietly();
    if too_late.is_some() {
        exam.quote(TOO_LATE, "");
    }
}

/// The client's first words, or later ones to which an answer came when the client had closed: of others it is not known whether they ask
/// for an answer.
fn unread_request(c: &Connection, end: Moment) -> Option<Asked> {
    let before_end = |moment: Moment| moment.packet < end.packet;
    if let Some(answer) = answered_late(c, end) {
        return Some(Asked { at: answer, answered: false, in_clear: false });
    }
    let answered = c.traffic.server.first_payload.is_some_and(before_end);
    first_words(c).map(|at| Asked { at, answered, in_clear: false })
}

/// The client's last words, where the server's answer to them came after the client's close, and not because of that.
fn answered_late(c: &Connection, end: Moment) -> Option<Moment> {
    let (asked, answer) = c.last_exchange.filter(|_| c.protocol == Protocol::Other)?;
    let round_trip = c.opening.syn.zip(c.opening.ack).map_or(Span::ZERO, |(syn, ack)| ack.at.since(syn.at));
    let by_itself = answer?.at.since(end.at.plus(round_trip)) > SAID_AT_CLOSE_WITHIN;
    by_itself.then_some(asked).filter(|asked| asked.packet < end.packet)
}

/// Where the server stopped in the middle of an answer whose length it had announced, and the client waited for the rest until it gave
/// up: the answer's first packet and the last that came. Who leaves while bytes come does not want them.
fn stalled_answer(c: &Connection, by: Side) -> Option<[Moment; 2]> {
    let http = c.http.as_ref().filter(|http| !http.incomplete && http.switched.is_none() && http.answer_unfinished)?;
    let answer = http.last_response.filter(|_| http.answer_missing.is_some_and(|missing| missing > 0))?;
    let idle = c.ending.idle.filter(|idle| idle.last_by == Some(Side::Server) && idle.span >= WAITED_LEAST)?;
    // What is lost on the way is sent again or leaves holes, and a client that does not read says so.
    let server = &c.traffic.server;
    let in_order = (server.retransmitted, server.out_of_order) == (0, 0);
    let flowed = in_order && server.unanswered.is_none() && c.traffic.client.zero_windows == 0;
    let whole = flowed && c.visibility.gaps.server == 0 && idle.source == IdleSource::Payload;
    let last = c.traffic.server.last_payload.filter(|_| whole && by == Side::Client)?;
    Some([answer.at, last])
}

/// Whether these waited alike, and often enough for that to be no chance.
pub(super) fn is_a_timeout(waits: &Cluster) -> bool {
    let spread = waits.largest - waits.smallest;
    waits.count >= WAIT_SAMPLES
        && (spread as f64 <= waits.smallest as f64 * WAIT_SPREAD_SHARE || spread <= WAIT_SPREAD.as_nanos())
}

fn tell_one(kind: &Kind, waits: &Cluster, case: &Case<'_>, service: &Service, too_late: u64) -> Told {
    let address = service.address();
    let timeout = is_a_timeout(waits);
    let requests = counted(waits.count, "request");
    let (who, meaning) = match kind.by {
        Side::Client => (
            "the client gave up",
            "the client's own, or that of a proxy in front of it, is shorter than the answer takes",
        ),
        Side::Server => {
            ("the server closed", "the server's own limit, or that of a proxy before the application, ended it")
        }
    };
    let mut told = Told {
        affected: Some(waits.count),
        example_kind: Some(kind.name),
        example_span: Some((waits.shortest(), waits.longest())),
        ..Told::default()
    };
    told.summary = if kind.name == STALLED {
        let answers = counted(waits.count, "answer");
        format!("{answers} of {address} stopped in the middle, and {who} {waits} after the last byte.")
    } else {
        format!("{requests} to {address} got no answer before {who}, {waits} after the request.")
    };
    // Begun together and ended together: that tells nothing of why.
    let together = kind.by == Side::Server && case.group.is_at_one_moment() && waits.count == case.group.count;
    if timeout && together {
        told.summary += &format!(
            " They began and ended together, within {}: a timeout of the server looks so, and so does a process that ended, was killed or \
             restarted at that moment.",
            case.group.duration()
        );
        told.severity = Some(Severity::Error);
        told.confidence = Some(if kind.in_clear { Confidence::Medium } else { Confidence::Low });
    } else if timeout {
        told.summary += &format!(" The wait is the same each time, so it is a timeout: {meaning}.");
        // Answers that came after all show that they were due.
        if kind.name != NEVER_ANSWERED || too_late > 0 {
            told.severity = Some(Severity::Error);
            told.confidence = Some(if kind.in_clear { Confidence::High } else { Confidence::Medium });
        }
        told.candidates = wait_candidates(waits, kind.by);
    }
    if kind.name == NEVER_ANSWERED {
        let others = case.group.applied - case.group.count;
        told.summary += " The protocol is not read";
        if too_late < waits.count && others >= WAIT_SAMPLES {
            told.summary += &format!(
                ": that an answer was due is inferred from the {} on which the client's first words got one",
                counted(others, "connection")
            );
        }
        told.summary += if too_late > 0 { "," } else { "." };
        told.not_visible.push(WHETHER_WHOLE.to_owned());
    } else if !kind.in_clear {
        told.summary +=
            " The requests are encrypted: that one was under way is inferred from the direction of the records.";
        told.not_visible.push(WHETHER_WHOLE.to_owned());
    }
    if too_late > 0 {
        let each = match (kind.name == NEVER_ANSWERED, too_late >= waits.count) {
            (true, true) => "but each answer came after all",
            (true, false) => "and an answer came after all",
            (false, true) => "Each answer came after that",
            (false, false) => "An answer came after that",
        };
        told.summary += &format!(" {each}, and was refused with a RST: nobody waited for it any more.");
        told.facts.add("answers_too_late", too_late);
    }
    told.facts.add("gave_up", kind.by.name());
    told.facts.add("waited_shortest_s", waits.shortest());
    told.facts.add("waited_longest_s", waits.longest());
    told.facts.add("same_wait_each_time", if timeout { "yes" } else { "no" });
    told.remedy = remedy(kind.by, waits);
    if kind.name == NEVER_ANSWERED {
        told.remedy.insert(
            0,
            format!(
                "The kernel accepts and acknowledges for a process that hangs: on the server `ss -tn 'sport = :{}'` shows bytes that were not \
                 read in Recv-Q. Look at what the process does then: `strace -f -p PID`, `jstack`, `py-spy dump`, its CPU and disk.",
                service.key.port
            ),
        );
    }
    told.not_visible.push(MEANWHILE.to_owned());
    told
}

/// All waits, where the server ended them in one event.
fn one_event(kind: &Kind, waits: &Distribution, group: &Group) -> Option<Cluster> {
    let all = waits.whole()?;
    let whole = kind.by == Side::Server && all.count == group.count;
    (whole && group.is_one_event(all.shortest(), all.longest())).then_some(all)
}

/// Closes that came together: a timeout would have ended each request in its own time.
fn tell_event(waits: &Cluster, group: &Group, service: &Service) -> Told {
    let (within, requests) = (group.duration(), counted(waits.count, "request"));
    let mut told = Told { severity: Some(Severity::Error), confidence: Some(Confidence::Medium), ..Told::default() };
    told.summary = format!(
        "{requests} to {} got no answer: it closed all their connections at one moment, within {within}, {waits} after the requests. No \
         timeout of a request does that: the process ended, was killed or restarted.",
        service.address()
    );
    told.facts.add("gave_up", Side::Server.name());
    told.facts.add("closes_within_s", within);
    told.facts.add("waited_shortest_s", waits.shortest());
    told.facts.add("waited_longest_s", waits.longest());
    told.not_visible.push(MEANWHILE.to_owned());
    told.remedy = event::remedy();
    told.remedy.push("Let clients retry what is safe to repeat: no answer came.".to_owned());
    told
}

fn remedy(by: Side, waits: &Cluster) -> Vec<String> {
    let waited = waits.middle();
    let first = match by {
        Side::Client => format!(
            "Find out what the server does in these {waited}: its slow log, a call to a database or another service that waits, a \
             worker queue that is full."
        ),
        Side::Server => format!(
            "Find who closes after {waited}: the application's own request timeout, or a proxy before it. Its log has the request at \
             that time."
        ),
    };
    let settings = match by {
        Side::Client => {
            "If the answer may take that long, raise the timeout on the side that gave up: Envoy and Istio route `timeout` (15 s by \
             default), nginx `proxy_read_timeout` (60 s), HAProxy `timeout server`, AWS ALB idle timeout (60 s), API Gateway (29 s), Go \
             `http.Client.Timeout`, node `headersTimeout` of undici (300 s), Java `HttpRequest.timeout`, Python `timeout=`."
        }
        Side::Server => {
            "If the answer may take that long, raise the limit that ends it: node `server.requestTimeout` (300 s), Gunicorn `--timeout` \
             (30 s), Go `WriteTimeout`, Tomcat and Kestrel limits, nginx `proxy_read_timeout`, Envoy route `timeout`, HAProxy `timeout \
             server`."
        }
    };
    vec![
        first,
        settings.to_owned(),
        "Let each hop wait a little longer than the one behind it, so that the one that knows the reason is the one that answers."
            .to_owned(),
    ]
}
