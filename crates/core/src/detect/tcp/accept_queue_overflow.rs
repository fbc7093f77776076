//! A listener that drops SYNs when many come at once, and answers before and after.

use super::never_taken::{self, NEVER_TAKEN};
use crate::detect::openings;
use crate::detect::{Case, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::Connection;

/// Detector of `accept-queue-overflow`.
#[derive(Debug)]
pub(in crate::detect) struct AcceptQueueOverflow;

const CODE: &str = "accept-queue-overflow";

impl Detector for AcceptQueueOverflow {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("accept_queue_overflow.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["new-flow-drop"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::SYN_REPEATED | Shape::UNANSWERED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if !openings::examine(c, exam, CODE) {
            never_taken::examine(c, CODE, exam);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let never_taken = never_taken::tell(case, service);
        let Some(bursts) = service.openings.bursts() else { return Vec::from_iter(never_taken) };
        let total = service.openings.total();
        let mut told = Told {
            severity: Some(if total.never > 0 { Severity::Error } else { Severity::Warning }),
            affected: Some(case.group.count - case.group.of_kind(NEVER_TAKEN)),
            ..Told::default()
        };
        told.facts.add("bursts", bursts.count);
        told.facts.add("attempts_in_bursts", bursts.attempts);
        told.facts.add("first_syns_unanswered_in_bursts", bursts.missed);
        told.facts.add("first_syns_unanswered", u64::from(total.missed()));
        told.facts.add("opened_by_a_retry", u64::from(total.late));
        told.facts.add("attempts_in_the_busiest_second", bursts.largest);
        told.facts.add("attempts_in_a_usual_second", bursts.usual);
        told.summary = format!(
            "{} leaves SYNs unanswered when many come at once: {} of {} attempts in {} ({} in the busiest one, {} in a usual one), while \
             it answers before and after. That fits an accept queue that overflows: Linux drops the SYN without a word.",
            service.address(),
            bursts.missed,
            bursts.attempts,
            if bursts.count == 1 { "one second".to_owned() } else { format!("{} seconds", bursts.count) },
            bursts.largest,
            bursts.usual,
        );
        if total.late > 0 {
            told.summary += &format!(" {} opened when the client had sent its SYN again.", total.late);
        }
        told.not_visible.push(
            "the queue itself: `nstat -az TcpExtListenOverflows` on the server before and after a burst proves it"
                .to_owned(),
        );
        told.remedy = remedy(service);
        Vec::from_iter([told].into_iter().chain(never_taken))
    }
}

pub(super) fn remedy(service: &Service) -> Vec<String> {
    let port = service.key.port;
    vec![
        format!(
            "Prove it on the server: `nstat -az TcpExtListenOverflows TcpExtListenDrops` grows during a burst, and `ss -ltn 'sport = \
             :{port}'` shows Recv-Q near Send-Q (Send-Q is the queue's size)."
        ),
        "Raise both, the smaller one holds: `net.core.somaxconn` (4096 since Linux 5.4, 128 before) and the application's backlog: \
         nginx `listen ... backlog=4096` (511), HAProxy `backlog`, Node.js `listen({backlog})` (511), gunicorn `--backlog` (2048), \
         uvicorn `--backlog` (2048), Redis `tcp-backlog` (511), Tomcat `acceptCount` (100), Jetty `acceptQueueSize`, Go takes \
         somaxconn. In Kubernetes set the sysctl in the pod's securityContext: each network namespace has its own."
            .to_owned(),
        "Accept faster: more workers or accept threads, `SO_REUSEPORT` (nginx `listen ... reuseport`), no blocking work in the event \
         loop. The queue fills while the process does not accept: look at its CPU throttling and pauses at that time."
            .to_owned(),
        "Make the bursts smaller: jitter for cron jobs and reconnects, keep-alive and pools on the clients.".to_owned(),
    ]
}
