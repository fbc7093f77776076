//! The client wrote on a connection that the server had closed, and got a RST: what it wrote was lost.

use super::after_handshake;
use super::idle_timer;
use crate::detect::spoken::{self, Spoken};
use crate::detect::thresholds::{CLOSED_SOCKET_WAITS, IDLE_LEAST, NOTICED_WITHIN, REQUEST_BYTES};
use crate::detect::{Case, Confidence, Detector, Distribution, Exam, Group, Service, Severity, Shape, Told, timeouts};
use crate::detect::{event, recapture};
use crate::record::{Connection, Fin, IdleTime, LateWrite, Reset, ResetKind};
use crate::tls::Stage;
use crate::types::{Side, Span};

/// Detector of `stale-reuse`.
#[derive(Debug)]
pub(in crate::detect) struct StaleReuse;

const CODE: &str = "stale-reuse";

/// The write and the FIN crossed on the way.
const CROSSED: &str = "crossed";
/// The client's host had acknowledged the FIN before the client wrote.
const UNAWARE: &str = "unaware";

/// Quoted: which request of its connection was lost, counted from the first.
const REQUEST: &str = "request";
/// Quoted: how the server had said that it would close.
const ANNOUNCED: &str = "announced";

impl Detector for StaleReuse {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("stale_reuse.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["server-error-message"]
    }

    fn needs(&self) -> Shape {
        Shape::PAYLOAD | Shape::SERVER_FIN | Shape::CLOSED_BY_SERVER
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD | Shape::SERVER_FIN | Shape::CLOSED_BY_SERVER, Shape::LATE_WRITE))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(closed) = c.ending.fin.server else { return };
        if c.ending.closed_by != Some(Side::Server) || !c.carried_payload() {
            return;
        }
        if c.refused_unseen() {
            exam.not_visible(
                "the payload was not captured: what the server refused after it had closed may be a request, or a goodbye of the client, which \
                 closed as well",
                recapture::HEADERS,
            );
            return;
        }
        exam.applies();
        let (Some(write), Some(reset)) = (c.ending.late_write, c.ending.reset) else { return };
        let answered = reset.by == Side::Server && reset.at.packet > closed.at.packet;
        if write.by != Side::Client || !answered || reset.kind == ResetKind::FromThePath {
            return;
        }
        if write.at.is_none() && write.after_fin >= CLOSED_SOCKET_WAITS {
            exam.not_visible(
                "the payload was not captured, and after a minute a keep-alive probe is answered by RST too",
                recapture::HEADERS,
            );
            return;
        }
        if write.at.is_none() && c.ending.idle.is_some_and(|idle| idle.span < IDLE_LEAST) {
            exam.not_visible(
                "the payload was not captured, and right after an answer it may be no more than a goodbye (a TLS alert)",
                recapture::HEADERS,
            );
            return;
        }
        if c.answered_the_close_unseen() {
            exam.not_visible(
                "the payload was not captured, and what follows the close at once may be no more than a goodbye (a TLS alert)",
                recapture::HEADERS,
            );
            return;
        }
        if !is_established(c, &closed)
            || !proves(&reset, &closed, &write)
            || c.is_farewell(&write, &reset)
            || is_rest_of_a_request(c, &write)
            || crate::detect::http::empty_reply::was_turned_away(c).is_some()
            || c.tls.as_ref().is_some_and(|tls| crate::detect::tls::refuses_client(c, tls))
            // The server speaks another protocol: what comes after its answer was part of the same misunderstanding.
            || c.http2.as_ref().is_some_and(|http2| http2.answered_in_http1.is_some())
            || asked_nothing_after_close(c)
        {
            return;
        }
        let kind = if write.had_acknowledged { UNAWARE } else { CROSSED };
        let confidence = match (c.ending.idle, write.at) {
            // After a pause what is written begins something new; right after an answer it may be the rest of a request.
            (Some(idle), _) if idle.span >= IDLE_LEAST => Confidence::High,
            (_, Some(_)) if begins_a_request(c, &write) => Confidence::High,
            (Some(_) | None, _) => Confidence::Medium,
        };
        let acknowledged = closed.acknowledged.filter(|_| write.had_acknowledged);
        exam.symptom(
            CODE,
            kind,
            Severity::Error,
            confidence,
            &[Some(closed.at), acknowledged, write.at, Some(reset.at)],
        )
        .span(c.ending.idle.map(|idle| idle.span))
        .delay(Some(write.after_fin.abs()))
        .count(write.bytes);
        spoken::quote(c, exam);
        after_handshake::quote(c, closed.at, exam);
        if let Some(http) = c.http.as_ref().filter(|http| !http.incomplete) {
            if c.opening.syn.is_some() && begins_a_request(c, &write) {
                exam.quote(REQUEST, &http.requests.to_string());
            }
            if http.server_announced_close.is_some_and(|at| at.packet <= closed.at.packet) {
                exam.quote(ANNOUNCED, "Connection: close");
            }
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        [CROSSED, UNAWARE].into_iter().filter_map(|kind| tell_kind(kind, case, service)).collect()
    }
}

/// Whether frames of HTTP/2 in clear show that what was written after the close was no request, even if one was open.
fn asked_nothing_after_close(c: &Connection) -> bool {
    let readable = c.http2.as_ref().filter(|http2| http2.in_clear && !http2.streams.incomplete);
    !c.misses(Side::Client) && readable.is_some_and(|http2| http2.streams.asked_after_close.is_none())
}

/// Whether TLS, where it is spoken, was ready for requests before the close: a handshake that is cut off is another matter.
fn is_established(c: &Connection, closed: &Fin) -> bool {
    c.tls.as_ref().is_none_or(|tls| {
        tls.stage == Stage::MidStream || tls.client_finished.is_some_and(|at| at.packet < closed.at.packet)
    })
}

/// Whether the RST answers a segment that came after the FIN or crossed it: a RST without ACK takes its number from that
/// segment's ACK field (RFC 9293 section 3.5.2), which is the FIN's and one more, the FIN's, or that of what came before it.
fn proves(reset: &Reset, closed: &Fin, write: &LateWrite) -> bool {
    let seen = write.at.is_some();
    !reset.ack && reset.seq.distance_from(closed.seq) <= 1 && (seen || write.proof == reset.at)
}

/// Whether the write goes on with what the client was sending when the server closed: an upload that was refused early.
/// Where requests can not be read, what is written right after an answer must be as short as one request.
fn is_rest_of_a_request(c: &Connection, write: &LateWrite) -> bool {
    if let Some(IdleTime { last_by: Some(Side::Client), .. }) = c.ending.idle {
        return true;
    }
    let readable = c.http.as_ref().is_some_and(|http| !http.incomplete && http.switched.is_none());
    if readable && write.at.is_some() {
        return !begins_a_request(c, write);
    }
    let at_once = c.ending.idle.is_some_and(|idle| idle.span < IDLE_LEAST);
    at_once && write.bytes.is_some_and(|bytes| bytes > REQUEST_BYTES)
}

/// Whether an HTTP request head begins in the write.
fn begins_a_request(c: &Connection, write: &LateWrite) -> bool {
    let request = c.http.as_ref().and_then(|http| http.last_request);
    matches!((request, write.at), (Some(request), Some(write)) if request.packet >= write.packet)
}

fn tell_kind(kind: &'static str, case: &Case<'_>, service: &Service) -> Option<Told> {
    let count = case.group.of_kind(kind);
    let spread = case.group.spread(kind)?;
    let late = spread.delays.whole()?;
    let address = service.address();
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(kind),
        summary: format!(
            "The client wrote on connections that {address} had closed, and got RST ({count} of {}): what it wrote was lost.",
            case.group.applied
        ),
        ..Told::default()
    };
    // The bytes of a write are known where it was captured.
    let unseen = count.saturating_sub(spread.counts.count());
    let when = match kind {
        _ if unseen > 0 => format!("the RST came {late} after the FIN"),
        CROSSED => format!("{late} apart"),
        _ => format!("written {late} after the FIN"),
    };
    told.summary += &match kind {
        CROSSED => format!(
            " The write and the server's FIN crossed on the way ({when}): a race that comes with every such close."
        ),
        _ if late.longest() < NOTICED_WITHIN => format!(
            " The client's host had acknowledged the FIN before the write ({when}): the close had only just arrived."
        ),
        _ => format!(
            " The client's host had acknowledged the FIN before the write ({when}): the client had not noticed the close."
        ),
    };
    told.summary += &what_was_lost(case.group, kind, count);
    if unseen > 0 {
        told.not_visible.push(format!(
            "the write itself on {unseen} of the connections: the number of the RST proves it, and times are those of the RST; `tcpdump \
             -i any -s 128 -w FILE 'tcp port PORT'` shows it"
        ));
    }
    // What was measured: of a write that was not captured only its RST has a time, and one that crossed came before the FIN.
    let [shortest, middle, longest] = match kind {
        _ if unseen > 0 => ["reset_after_fin_shortest_s", "reset_after_fin_s", "reset_after_fin_longest_s"],
        CROSSED => ["fin_after_write_shortest_s", "fin_after_write_s", "fin_after_write_longest_s"],
        _ => ["after_fin_shortest_s", "after_fin_s", "after_fin_longest_s"],
    };
    told.facts.add(shortest, late.shortest());
    told.facts.add(middle, late.middle());
    told.facts.add(longest, late.longest());
    told.remedy = Vec::new();
    tell_idle(&mut told, case.group, kind, service);
    told.remedy.extend(remedy(kind, late.longest()));
    Some(told)
}

/// Which request it was, where that is the same on all, and whether the client had been told of the close.
fn what_was_lost(group: &Group, kind: &str, count: u64) -> String {
    let mut text = match group.quotes(kind, REQUEST).as_slice() {
        [(number, times)] if *times == count => match count {
            1 => format!(" It was request {number} of its connection."),
            _ => format!(" Each was request {number} of its connection."),
        },
        _ => String::new(),
    };
    if let Some((how, times)) = group.quotes(kind, ANNOUNCED).first() {
        text += &match times {
            1 if count == 1 => format!(" The server had announced the close in its last answer (`{how}`)."),
            _ => format!(" The server had announced the close in its last answer on {times} of them (`{how}`)."),
        };
    }
    text
}

/// How long the connections had been idle when the server closed them, and what that says.
fn tell_idle(told: &mut Told, group: &Group, kind: &str, service: &Service) {
    let (count, Some(spread)) = (group.of_kind(kind), group.spread(kind)) else { return };
    let Some(idle) = spread.spans.whole() else {
        told.not_visible.push("how long the connections were idle before the server closed them: `tcpdump -i any -s 128 -w FILE 'tcp port PORT'` shows it"
                .to_owned());
        return;
    };
    told.facts.add("idle_s", idle.middle());
    told.facts.add("idle_shortest_s", idle.shortest());
    told.facts.add("idle_longest_s", idle.longest());
    let unknown = count.saturating_sub(spread.spans.count());
    if unknown > 0 {
        told.not_visible.push(format!("how long {unknown} of the connections were idle before the server closed them"));
    }
    if after_handshake::tell(kind, group, told) {
        return;
    }
    if is_at_once(&spread.spans) {
        told.summary += &format!(" The server had closed {idle} after its last answer, so no idle timeout did that.");
        told.remedy.push(
            "The server closes right after an answer. In clear HTTP it announces that (`Connection: close`), in TLS by an alert \
             before the FIN: the client must obey either, and take another connection."
                .to_owned(),
        );
        return;
    }
    if group.spans.whole().is_some_and(|all| group.is_one_event(all.shortest(), all.longest())) {
        told.summary += &format!(
            " The server had closed them at one moment, within {}, after {idle} of silence: no idle timeout of each does that, but a stop, a \
             restart, a reload, or a sweep.",
            group.duration()
        );
        told.facts.add("closes_within_s", group.duration());
        told.remedy.extend(event::remedy());
        return;
    }
    told.summary += &format!(" The server had closed after {idle} idle");
    match service.announced_timeout {
        Some(announced) => {
            told.summary += &format!(", it announces `Keep-Alive: timeout={}`.", announced.as_secs_f64());
            told.facts.add("announced_timeout_s", announced);
        }
        None => told.summary.push('.'),
    }
    if idle.shortest() >= IDLE_LEAST {
        told.facts.add("safe_client_idle_s", idle_timer::safe_client_idle(&idle, service.announced_timeout));
        let spoken = Spoken::of(group, &[kind]);
        told.candidates =
            timeouts::idle_candidates(&idle, spoken, service.software.as_deref(), service.announced_timeout);
        told.remedy.extend(idle_timer::of_a_database(spoken));
        told.remedy.extend(idle_timer::remedy(&idle, service.announced_timeout, count));
    }
}

fn is_at_once(spans: &Distribution) -> bool {
    spans.whole().is_some_and(|spans| spans.longest() < IDLE_LEAST)
}

fn remedy(kind: &str, after_fin: Span) -> Vec<String> {
    let mut remedy = Vec::new();
    if kind == UNAWARE && after_fin >= NOTICED_WITHIN {
        remedy.push(format!(
            "Let the client watch its idle sockets: it could have known of the close up to {after_fin} before it wrote. A pool \
             must drop a connection when its socket becomes readable at its end (EOF), or check it before use."
        ));
    }
    remedy.push(
        "Retry what was reset before any answer came: Envoy `retry_on: reset-before-request`, Istio `retries.retryOn`, OkHttp \
         `retryOnConnectionFailure`, Go `Request.GetBody` or idempotent methods. The server has read none of it. Envoy and Istio log each as \
         503 with the response flag UC."
            .to_owned(),
    );
    remedy
}
