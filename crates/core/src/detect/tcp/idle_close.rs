//! A server closes connections after they were quiet for a time: harmless alone, and the cause of `stale-reuse`.

use super::idle_timer::{hits_among, tell_timer, within};
use crate::detect::http::asked::got_no_answer_but_records;
use crate::detect::http::websocket_cut;
use crate::detect::spoken::{self, Spoken};
use crate::detect::thresholds::{
    IDLE_LEAST, IDLE_UNCERTAINTY_SHARE, TIMER_GAP, TIMER_GAP_SHARE, TIMER_SAMPLES, TIMER_SPREAD_SHARE,
};
use crate::detect::{Case, Cluster, Confidence, Detector, Exam, Group, Service, Severity, Shape, Told, timeouts};
use crate::detect::{event, recapture};
use crate::record::{CloseKind, Connection, IdleSource, IdleTime};
use crate::types::Side;

/// Detector of `idle-close`.
#[derive(Debug)]
pub(in crate::detect) struct IdleClose;

const CODE: &str = "idle-close";

/// The close met no request; the idle time is from captured payload.
const QUIET: &str = "quiet";
/// The client wrote after the close; the idle time is from captured payload.
pub(super) const HIT: &str = "hit";
/// As [`QUIET`], and the idle time is from TCP timestamps.
pub(super) const QUIET_BY_TIMESTAMPS: &str = "quiet-by-timestamps";
/// As [`QUIET_BY_TIMESTAMPS`], and the server refused something: a request or a goodbye.
pub(super) const UNCLEAR_BY_TIMESTAMPS: &str = "unclear-by-timestamps";
/// As [`HIT`], and the idle time is from TCP timestamps.
pub(super) const HIT_BY_TIMESTAMPS: &str = "hit-by-timestamps";
/// A WebSocket that was quiet, and that nobody had closed.
pub(super) const WEBSOCKET: &str = "websocket";
/// No payload was captured, and no timestamps tell: how long the connection lived is an upper bound.
const LIFE: &str = "life";

/// All that tell of a silence.
pub(super) const TIMED: [&str; 6] =
    [QUIET, HIT, WEBSOCKET, QUIET_BY_TIMESTAMPS, UNCLEAR_BY_TIMESTAMPS, HIT_BY_TIMESTAMPS];

/// Services from which those with the same timeout are told together.
pub(super) const ALIKE_LEAST: usize = 3;

impl Detector for IdleClose {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("idle_close.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["stale-reuse", "answer-cut-short", "server-error-message"]
    }

    fn needs(&self) -> Shape {
        Shape::PAYLOAD | Shape::ENDED_BY_FIN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD | Shape::ENDED_BY_FIN | Shape::FLAGS_ONLY | Shape::BUSY, Shape::ONE_WAY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if c.ending.kind != CloseKind::Fin || !c.carried_payload() || was_announced(c) {
            return;
        }
        if let Some((reason, instead)) = why_idle_is_not_visible(c) {
            exam.not_visible(reason, instead);
            note_life(c, exam);
            return;
        }
        let Some(idle) = c.ending.idle else { return };
        let websocket = c.http.as_ref().and_then(|http| http.websocket.as_deref());
        if websocket.is_some_and(|websocket| websocket_cut::is_unread(c, websocket, exam)) {
            return;
        }
        exam.applies();
        if websocket.is_some() && !websocket_cut::is_quiet(c) {
            return;
        }
        // A handshake that does not go on is no idle connection.
        let in_handshake = c.tls.as_ref().is_some_and(|tls| tls.waits_for_client());
        if in_handshake && c.visibility.is_whole_of(Side::Client) {
            return;
        }
        // A server that closes with a request before it, and no answer, gave up on it: it was not idle. Messages need no answer.
        let after_a_request = idle.last_by == Some(Side::Client) && websocket.is_none() || got_no_answer_but_records(c);
        if c.ending.closed_by != Some(Side::Server) || after_a_request || idle.span < IDLE_LEAST {
            return;
        }
        let unclear = c.refused_unseen() || c.answered_the_close_unseen();
        let hit = c.lost_a_write() && !unclear;
        let (kind, confidence) = match (idle.source, hit) {
            _ if websocket.is_some() => (WEBSOCKET, Confidence::High),
            (IdleSource::Payload, false) => (QUIET, Confidence::High),
            (IdleSource::Payload, true) => (HIT, Confidence::High),
            (IdleSource::TcpTimestamps, false) if unclear => (UNCLEAR_BY_TIMESTAMPS, Confidence::Medium),
            (IdleSource::TcpTimestamps, false) => (QUIET_BY_TIMESTAMPS, Confidence::Medium),
            (IdleSource::TcpTimestamps, true) => (HIT_BY_TIMESTAMPS, Confidence::Medium),
        };
        let severity = if hit || kind == WEBSOCKET { Severity::Warning } else { Severity::Info };
        let last_payload = match idle.last_by {
            // What came after the FIN is not what came before the silence.
            Some(_) => c.traffic.server.last_payload.filter(|last| Some(*last) < c.ending.first),
            None => None,
        };
        exam.symptom(CODE, kind, severity, confidence, &[last_payload, c.ending.first])
            .span(Some(idle.span))
            .delay(c.ending.first.map(|end| end.at.since(c.first.at)))
            .quietly();
        spoken::quote(c, exam);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let spans = &case.group.spans;
        if let Some(all) = one_event(case.group) {
            // Opened together and ended together is a limit on their age as well: see max-age-close.
            let differ = ages_differ(case.group);
            return differ.then(|| tell_event(&all, case, service)).into_iter().collect();
        }
        let clusters = spans.clusters(TIMER_GAP_SHARE, TIMER_GAP.as_nanos());
        let timers = clusters.iter().filter_map(|cluster| tell_timer(cluster, case, service));
        let lives = case.group.spread(LIFE).map(|spread| spread.delays.clusters(TIMER_GAP_SHARE, TIMER_GAP.as_nanos()));
        timers.chain(lives.iter().flatten().filter_map(|life| tell_life(life, case, service))).collect()
    }
}

/// A connection of SYN, FIN and RST alone that its server ended: its life, where its idle time is not known.
fn note_life(c: &Connection, exam: &mut Exam<'_>) {
    let (Some(syn), Some(end)) = (c.opening.syn, c.ending.first) else { return };
    if !c.visibility.flags_only || c.ending.idle.is_some() {
        return;
    }
    exam.applies();
    let life = end.at.since(syn.at);
    if c.ending.closed_by == Some(Side::Server) && life >= IDLE_LEAST {
        exam.symptom(CODE, LIFE, Severity::Info, Confidence::Low, &[Some(syn), Some(end)]).delay(Some(life)).quietly();
        spoken::quote(c, exam);
    }
}

/// Equal lives that fit a known idle timeout. Others are equal for other reasons: answers that take as long as each other.
fn tell_life(life: &Cluster, case: &Case<'_>, service: &Service) -> Option<Told> {
    let spread = life.largest as f64 / life.smallest.max(1) as f64 - 1.0;
    let candidates =
        timeouts::idle_candidates(life, Spoken::of(case.group, &[LIFE]), service.software.as_deref(), None);
    if life.count < TIMER_SAMPLES || spread > TIMER_SPREAD_SHARE || candidates.is_empty() {
        return None;
    }
    let mut told = Told {
        severity: Some(Severity::Info),
        confidence: Some(Confidence::Low),
        affected: Some(life.count),
        example_kind: Some(LIFE),
        candidates,
        ..Told::default()
    };
    told.summary = format!(
        "{} ended {} of {} connections {life} after they were opened. That fits an idle timeout, but no payload was captured: how long they \
         were idle is unknown, their life is an upper bound of it, and requests that met these closes can not be counted.",
        service.address(),
        life.count,
        case.group.applied,
    );
    told.facts.add("life_shortest_s", life.shortest());
    told.facts.add("life_longest_s", life.longest());
    told.not_visible
        .push("idle times and lost requests: `tcpdump -i any -s 128 -w FILE 'tcp port PORT'` shows both".to_owned());
    Some(told)
}

/// Whether one side had said that it would close: then the close is no timer's.
fn was_announced(c: &Connection) -> bool {
    c.http.as_ref().is_some_and(|http| {
        let announced = http.server_announced_close.is_some() || http.client_announced_close.is_some();
        // What says goodbye in a protocol that is not read may have done so.
        let unread = http.switched.is_some() && http.websocket.is_none() && c.tls.is_none();
        announced || unread
    })
}

/// Whether the TCP timestamps alone show well that it was not quiet before its end: what it said in clear may say more.
pub(in crate::detect) fn is_busy(c: &Connection) -> bool {
    let by_clock = |idle: IdleTime| idle.source == IdleSource::TcpTimestamps;
    let is_short = |idle: IdleTime| idle.span < IDLE_LEAST && !is_uncertain(&idle);
    c.ending.idle.is_some_and(|idle| by_clock(idle) && is_short(idle)) && c.http.is_none()
}

fn is_uncertain(idle: &IdleTime) -> bool {
    idle.uncertainty.as_secs_f64() > idle.span.as_secs_f64().max(1.0) * IDLE_UNCERTAINTY_SHARE
}

fn why_idle_is_not_visible(c: &Connection) -> Option<(&'static str, Option<&'static str>)> {
    let seen = &c.visibility;
    if seen.one_way.is_some() {
        return Some(("only one direction was captured", recapture::HEADERS));
    }
    match c.ending.idle {
        Some(idle) if is_uncertain(&idle) => {
            Some(("the TCP timestamps are too coarse to tell the idle time", recapture::HEADERS))
        }
        // Payload that was not captured may be the last.
        Some(idle) if idle.source == IdleSource::Payload && (c.misses(Side::Client) || c.misses(Side::Server)) => {
            Some(("packets are missing from the capture, perhaps the last before the close", recapture::ALL_HEADERS))
        }
        Some(_) => None,
        None if seen.flags_only => Some((
            "only SYN, FIN and RST were captured and they carry no usable TCP timestamps: the age of the connection is an \
             upper bound of its idle time",
            recapture::HEADERS,
        )),
        None => Some(("no payload was captured before the close", recapture::HEADERS)),
    }
}

/// All idle times, where the closes are one event.
fn one_event(group: &Group) -> Option<Cluster> {
    // Of lives alone the time of the close is not what the group counts.
    let all = group.spans.whole()?;
    (group.of_kind(LIFE) == 0 && group.is_one_event(all.shortest(), all.longest())).then_some(all)
}

/// Whether the connections that ended together had begun at other times.
fn ages_differ(group: &Group) -> bool {
    let ages: Vec<Cluster> = TIMED.iter().filter_map(|kind| group.spread(kind)?.delays.whole()).collect();
    let shortest = ages.iter().map(Cluster::shortest).min();
    let longest = ages.iter().map(Cluster::longest).max();
    shortest.zip(longest).is_some_and(|(shortest, longest)| group.is_one_event(shortest, longest))
}

/// Closes that came together: the timer of each connection would have ended each in its own time.
fn tell_event(idle: &Cluster, case: &Case<'_>, service: &Service) -> Told {
    let group = case.group;
    let (address, lasted) = (service.address(), group.duration());
    let (hits, websockets) = (hits_among(group, idle), within(group, &[WEBSOCKET], idle));
    let mut told = Told {
        severity: Some(if hits + websockets > 0 { Severity::Warning } else { Severity::Info }),
        confidence: Some(Confidence::Medium),
        ..Told::default()
    };
    told.summary = format!(
        "{address} closed {} idle connections at one moment, within {lasted}, after {idle} of silence. That is no idle timeout of \
         each: the process was stopped, restarted or reloaded, or one timer sweeps all that are idle.",
        idle.count
    );
    if hits > 0 {
        told.summary += &format!(" {hits} of these closes met a write of the client, see stale-reuse.");
    }
    if websockets > 0 {
        told.summary += &websocket_cut::among(websockets);
        told.facts.add("websockets_cut", websockets);
    }
    told.facts.add("closes_within_s", lasted);
    told.facts.add("idle_shortest_s", idle.shortest());
    told.facts.add("idle_longest_s", idle.longest());
    told.facts.add("requests_hit", hits);
    told.remedy = event::remedy();
    told.remedy.push(format!(
        "If it comes again and again it is a sweep: then the idle timeout is {} or less.",
        idle.shortest()
    ));
    told
}
