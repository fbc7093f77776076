//! Connections that end at the same age, however busy they are.

use crate::detect::thresholds::{AGE_IDLE_RATIO, AGE_LEAST, AGE_OTHERS, AGE_SPREAD_SHARE, TIMER_GAP, TIMER_SAMPLES};
use crate::detect::timeouts::age_candidates;
use crate::detect::words::counted;
use crate::detect::{Case, Cluster, Confidence, Detector, Exam, Service, Severity, Shape, Spread, Told};
use crate::record::{CloseKind, Connection};
use crate::types::Side;

/// Detector of `max-age-close`.
#[derive(Debug)]
pub(in crate::detect) struct MaxAgeClose;

const CODE: &str = "max-age-close";
const BY_SERVER: &str = "by-server";
const BY_CLIENT: &str = "by-client";

impl Detector for MaxAgeClose {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("max_age_close.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["idle-close", "stale-reuse"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::PAYLOAD | Shape::ENDED_BY_FIN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::PAYLOAD | Shape::ENDED_BY_FIN, Shape::OLD))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let (Some(syn), Some(end)) = (c.opening.syn, c.ending.first) else { return };
        if c.ending.kind != CloseKind::Fin || !c.carried_payload() {
            return;
        }
        exam.applies();
        let age = end.at.since(syn.at);
        let Some(idle) = c.ending.idle.map(|idle| idle.span) else { return };
        if age < AGE_LEAST || idle >= age {
            return;
        }
        let kind = if c.ending.closed_by == Some(Side::Server) { BY_SERVER } else { BY_CLIENT };
        exam.symptom(CODE, kind, Severity::Info, Confidence::Medium, &[Some(syn), Some(end)])
            .span(Some(age))
            .delay(Some(idle))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        [(BY_SERVER, Side::Server), (BY_CLIENT, Side::Client)]
            .into_iter()
            .filter_map(|(kind, closer)| {
                let spread = case.group.spread(kind)?;
                let ages = spread.spans.clusters(AGE_SPREAD_SHARE, TIMER_GAP.as_nanos());
                let limit = ages.iter().filter(|ages| is_a_limit(ages)).max_by_key(|ages| ages.count)?;
                let idle = idle_at(limit, spread)?;
                let most = limit.count * 2 > spread.spans.count();
                most.then(|| tell_limit(kind, closer, limit, &idle, service, case))
            })
            .collect()
    }
}

fn is_a_limit(ages: &Cluster) -> bool {
    ages.count >= TIMER_SAMPLES && (ages.largest - ages.smallest) as f64 <= ages.smallest as f64 * AGE_SPREAD_SHARE
}

/// How long the connections of one age had been quiet, where that differs widely: then it was not the silence.
fn idle_at(limit: &Cluster, spread: &Spread) -> Option<Cluster> {
    let idle = spread.pairs.delays(limit.smallest, limit.largest);
    // A few that end at this age for another reason do not make a limit of an idle timeout.
    let few = idle.len() / AGE_OTHERS;
    let (shortest, longest) = (*idle.get(few)?, *idle.get(idle.len().checked_sub(few + 1)?)?);
    let varies = longest as f64 >= shortest.max(1) as f64 * AGE_IDLE_RATIO
        && longest - shortest > limit.largest - limit.smallest;
    let (count, median) = (idle.len() as u64, *idle.get(idle.len() / 2)?);
    varies.then_some(Cluster { count, smallest: shortest, median, largest: longest })
}

fn tell_limit(
    kind: &'static str,
    closer: Side,
    ages: &Cluster,
    idle: &Cluster,
    service: &Service,
    case: &Case<'_>,
) -> Told {
    let address = service.address();
    let who = match closer {
        Side::Server => address,
        Side::Client => format!("The client of {address}"),
    };
    let mut told = Told {
        severity: Some(Severity::Info),
        confidence: Some(Confidence::Medium),
        affected: Some(ages.count),
        example_kind: Some(kind),
        example_span: Some((ages.shortest(), ages.longest())),
        candidates: age_candidates(ages, closer),
        ..Told::default()
    };
    told.summary = format!(
        "{who} closes connections at an age of {ages} ({} of {}), whether they were quiet before ({idle}) or not: a limit on \
         their age. It does no harm unless a request is lost by it.",
        ages.count,
        counted(case.group.applied, "connection"),
    );
    if case.group.is_at_one_moment() {
        // The beginnings are what the group counts; with one age the ends are as near to each other.
        told.summary += " They were opened together as well: a stop or a restart at that moment looks the same.";
        told.confidence = Some(Confidence::Low);
    }
    told.facts.add("closed_by", closer.name());
    told.facts.add("age_shortest_s", ages.shortest());
    told.facts.add("age_longest_s", ages.longest());
    told.facts.add("idle_shortest_s", idle.shortest());
    told.facts.add("idle_longest_s", idle.longest());
    told.remedy = vec![
        "Nothing has to change while no request is lost. Where one is (`stale-reuse`), let the other side close earlier, or retry on a \
         new connection."
            .to_owned(),
        "The usual settings: nginx `keepalive_time` (1 h), Envoy `max_connection_duration`, HikariCP `maxLifetime` (30 min), AWS ALB client \
         keep-alive (1 h), gRPC `MAX_CONNECTION_AGE`, Go `SetConnMaxLifetime`."
            .to_owned(),
    ];
    told
}
