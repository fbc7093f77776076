//! What is told of a server that closes idle connections after a time of its own: by whose timer, and what to do.

use super::idle_close::{ALIKE_LEAST, HIT, HIT_BY_TIMESTAMPS, QUIET_BY_TIMESTAMPS, UNCLEAR_BY_TIMESTAMPS, WEBSOCKET};
use crate::detect::http::websocket_cut;
use crate::detect::spoken::Spoken;
use crate::detect::thresholds::{SAFE_IDLE_SHARE, TIMER_SAMPLES, TIMER_SHARE, TIMER_SPREAD_SHARE};
use crate::detect::{Case, Cluster, Common, Confidence, Group, Service, Severity, Told, timeouts};
use crate::types::Span;

/// The finding about one timer, where there is enough of it.
pub(super) fn tell_timer(idle: &Cluster, case: &Case<'_>, service: &Service) -> Option<Told> {
    let group = case.group;
    let spread = idle.largest as f64 / idle.smallest.max(1) as f64 - 1.0;
    if spread > TIMER_SPREAD_SHARE {
        return None;
    }
    let announced = service.announced_timeout.filter(|announced| is_announced(idle, *announced));
    let websockets = within(group, &[WEBSOCKET], idle);
    let kinds: Vec<&str> = group.kinds.iter().map(|(kind, _)| *kind).collect();
    let spoken = if websockets == idle.count { Spoken::WebSocket } else { Spoken::of(group, &kinds) };
    let candidates = timeouts::idle_candidates(idle, spoken, service.software.as_deref(), announced);
    let of_idle_closes = idle.count as f64 / group.count as f64;
    let known = announced.is_some() || !candidates.is_empty();
    if idle.count < TIMER_SAMPLES && !(of_idle_closes >= TIMER_SHARE && known) {
        return None;
    }
    let hits = hits_among(group, idle);
    let by_timestamps = within(group, &[QUIET_BY_TIMESTAMPS, UNCLEAR_BY_TIMESTAMPS, HIT_BY_TIMESTAMPS], idle);
    let unclear = within(group, &[UNCLEAR_BY_TIMESTAMPS], idle);
    let confidence = match (idle.count, announced) {
        (1, None) => Confidence::Low,
        (count, None) if count < TIMER_SAMPLES => Confidence::Medium,
        _ if by_timestamps == idle.count => Confidence::Medium,
        _ => Confidence::High,
    };
    let mut told = Told {
        severity: Some(if hits + websockets > 0 { Severity::Warning } else { Severity::Info }),
        confidence: Some(confidence),
        affected: Some(idle.count),
        candidates,
        example_kind: [HIT, HIT_BY_TIMESTAMPS, UNCLEAR_BY_TIMESTAMPS, WEBSOCKET]
            .into_iter()
            .find(|kind| within(group, &[kind], idle) > 0),
        example_span: Some((idle.shortest(), idle.longest())),
        ..Told::default()
    };
    told.facts.add("idle_s", idle.middle());
    told.facts.add("idle_shortest_s", idle.shortest());
    told.facts.add("idle_longest_s", idle.longest());
    if websockets == idle.count {
        told.summary = websocket_cut::tell_quiet(idle, &service.address(), group.applied);
        told.facts.add("websockets_cut", websockets);
        told.remedy = websocket_cut::remedy_of_quiet(idle);
        return Some(told);
    }
    told.summary = summary(idle, service, announced, (hits, unclear), group.applied);
    if websockets > 0 {
        told.summary += &websocket_cut::among(websockets);
        told.facts.add("websockets_cut", websockets);
        told.remedy = websocket_cut::remedy_of_quiet(idle);
    }
    told.facts.add("requests_hit", hits);
    if let Some(announced) = announced {
        told.facts.add("announced_timeout_s", announced);
    }
    told.facts.add("safe_client_idle_s", safe_client_idle(idle, announced));
    if unclear > 0 {
        told.facts.add("refused_unseen", unclear);
    }
    told.remedy.extend(of_a_database(spoken));
    told.remedy.extend(remedy(idle, announced, hits + unclear));
    told.common = Vec::from_iter((hits + unclear + websockets == 0).then(|| alike(idle)));
    if by_timestamps > 0 {
        told.facts.add("idle_from_timestamps", by_timestamps);
        told.not_visible.push(format!(
            "payload: {by_timestamps} of {} idle times come from TCP timestamps and are a few milliseconds off; which \
             side sent the last payload is unknown; `tcpdump -i any -s 128 -w FILE 'tcp port PORT'` shows both",
            idle.count
        ));
    }
    Some(told)
}

/// Services with the same timeout, which harms none of them: one story.
fn alike(idle: &Cluster) -> Common {
    let seconds = idle.middle().as_secs_f64();
    // Timers fire late rather than early. Half a percent, so that 59.99 s is a minute.
    let step = if seconds < 10.0 { 0.1 } else { 1.0 };
    let about = Span::from_secs_f64((seconds * 1.005 / step).floor() * step);
    Common {
        key: about.to_string(),
        least: ALIKE_LEAST,
        sentence: format!("SERVICES services close idle connections after about {about} (COUNT connections)."),
        advice: None,
    }
}

/// How many of these closes met a write of the client.
pub(super) fn hits_among(group: &Group, idle: &Cluster) -> u64 {
    within(group, &[HIT, HIT_BY_TIMESTAMPS], idle)
}

/// How many of these kinds were after such an idle time.
pub(super) fn within(group: &Group, kinds: &[&str], idle: &Cluster) -> u64 {
    let of = |kind: &&str| group.spread(kind).map_or(0, |spread| spread.spans.between(idle.smallest, idle.largest));
    kinds.iter().map(of).sum()
}

/// Whether a cluster of idle times is what the server announced: not shorter, and longer by no more than a slow timer.
fn is_announced(idle: &Cluster, announced: Span) -> bool {
    let ratio = idle.shortest().as_secs_f64() / announced.as_secs_f64();
    // Node announces 5 s and waits for 6 s.
    (0.98..=1.0 + TIMER_SPREAD_SHARE).contains(&ratio)
}

fn summary(idle: &Cluster, service: &Service, announced: Option<Span>, (hits, unclear): (u64, u64), of: u64) -> String {
    let address = service.address();
    let mut summary = format!("{address} closes idle connections after {idle} ({} of {of}).", idle.count);
    if let Some(announced) = announced {
        summary += &format!(" It announces `Keep-Alive: timeout={}`.", announced.as_secs_f64());
    }
    summary += &match (hits, unclear) {
        (0, 0) => " No request was seen to meet such a close.".to_owned(),
        (0, _) => String::new(),
        _ => format!(" {hits} of these closes met a write of the client, see stale-reuse."),
    };
    if unclear > 0 {
        summary += &format!(
            " On {unclear} of them the server refused something that the client had written by then: a request or a goodbye, the payload was \
             not captured."
        );
    }
    summary
}

/// The idle timeout for the client that leaves room for a slow timer and a round trip: in tenths of a second below 10 s,
/// else whole seconds.
pub(super) fn safe_client_idle(idle: &Cluster, announced: Option<Span>) -> Span {
    let server = announced.unwrap_or_else(|| idle.shortest()).min(idle.shortest());
    let safe = server.as_secs_f64() * SAFE_IDLE_SHARE;
    // Half a percent, so that 4.999 s of a timer of 5 s gives 4 s and not 3.9 s.
    let step = if safe < 9.95 { 0.1 } else { 1.0 };
    Span::from_secs_f64((safe * 1.005 / step).floor() * step)
}

/// Where the two sides of a database's connection set how long it may be idle.
pub(super) fn of_a_database(spoken: Spoken) -> Option<String> {
    let server = match spoken {
        Spoken::Named("PostgreSQL") => {
            "PostgreSQL `idle_session_timeout` and, with a transaction open, `idle_in_transaction_session_timeout`; PgBouncer `client_idle_timeout`, \
             `idle_transaction_timeout`"
        }
        Spoken::Named("MySQL") => "MySQL and MariaDB `wait_timeout`",
        Spoken::Named("Redis") => "Redis `timeout`",
        _ => return None,
    };
    Some(format!(
        "The server's side: {server}. The client's: let its pool retire or check connections earlier (HikariCP `idleTimeout`, `maxLifetime`, \
         `keepaliveTime`; SQLAlchemy `pool_recycle`, `pool_pre_ping`; Go `SetConnMaxIdleTime`)."
    ))
}

/// What to do about it, at both ends.
pub(super) fn remedy(idle: &Cluster, announced: Option<Span>, hits: u64) -> Vec<String> {
    let server = announced.unwrap_or_else(|| idle.shortest()).min(idle.shortest());
    let safe = safe_client_idle(idle, announced);
    let mut remedy = vec![
        format!(
            "Let the client close first: its idle timeout below {server}, at most {safe} to have a margin (Envoy \
             `common_http_protocol_options.idle_timeout`, nginx upstream `keepalive_timeout`, Go `IdleConnTimeout`, \
             Apache HttpClient `validateAfterInactivity`)."
        ),
        format!(
            "Or let the server wait longer than the client: its keep-alive timeout above {} and above the idle timeout \
             of everything that connects to it (an AWS ALB: 60 s unless set; Envoy: 1 h unless set).",
            idle.longest()
        ),
    ];
    if hits == 0 {
        remedy.insert(
            0,
            "Nothing failed here. A client that keeps connections longer than this will at some time write on \
                          one that is being closed."
                .to_owned(),
        );
    }
    remedy
}
