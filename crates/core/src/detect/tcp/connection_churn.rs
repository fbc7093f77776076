//! One client opens connections at a high rate and uses each for one request.

use crate::detect::thresholds::{CHURN_PER_SECOND, CHURN_SECONDS, CHURN_WARNING_PER_SECOND, SHORT_LIFE};
use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Pace, Severity, Shape, Sure, Told};
use crate::record::{CloseKind, Connection, Outcome};
use crate::types::Span;

/// Detector of `connection-churn`.
#[derive(Debug)]
pub(in crate::detect) struct ConnectionChurn;

const CODE: &str = "connection-churn";

/// Neither half-open attempts nor health checks nor failures: those have findings of their own.
const USED: Shape = Shape::SYN.and(Shape::SYN_ACK).and(Shape::PAYLOAD).and(Shape::ENDED).and(Shape::USED);

/// The kind of connections whose requests were not captured.
const UNSEEN: &str = "requests-not-visible";

/// Seconds for which Linux keeps the ports of a connection that it closed first (TIME_WAIT).
const TIME_WAIT_SECONDS: f64 = 60.0;
/// Seconds for which netfilter tracks a closed connection (`nf_conntrack_tcp_timeout_time_wait`).
const TRACKED_SECONDS: f64 = 120.0;

impl Detector for ConnectionChurn {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("connection_churn.md")
    }

    fn needs(&self) -> Shape {
        USED | Shape::SHORT
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((USED, Shape::SHORT))
    }

    fn shows(&self) -> Option<Sure> {
        Some(Sure { shape: USED | Shape::SHORT | Shape::FLAGS_ONLY, kind: UNSEEN, span: Some(life) })
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let opened = c.opening.syn.is_some() && c.opening.is_answered();
        if !opened || !c.carried_payload() || !matches!(exam.outcome(), Outcome::Established | Outcome::Reset) {
            return;
        }
        exam.applies();
        if !is_short(c) {
            return;
        }
        let requests = requests(c);
        let kind = match requests {
            Some(0 | 1) => "one-request",
            Some(_) => return,
            None => UNSEEN,
        };
        exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[Some(c.first), c.ending.first])
            .span(life(c))
            .count(requests)
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let busy = |pace: &&Pace| pace.busy_seconds >= CHURN_SECONDS;
        let Some(worst) = case.group.paces.iter().filter(busy).max_by_key(|pace| pace.busy_count) else {
            return Vec::new();
        };
        let rate = worst.busy_rate();
        let mut told = Told::default();
        told.facts.add("client", worst.client.to_string());
        told.facts.add("short_connections", worst.count);
        told.facts.add("connections_per_second", rate);
        told.facts.add("peak_connections_per_second", worst.peak_per_second);
        told.facts.add("busy_seconds", worst.busy_seconds);
        told.facts.add("clients_at_this_pace", case.group.paces.iter().filter(busy).count() as u64);
        told.facts.add("ports_in_time_wait_if_sustained", (rate * TIME_WAIT_SECONDS) as u64);
        told.facts.add("conntrack_entries_if_sustained", (rate * TRACKED_SECONDS) as u64);
        let unseen = case.group.of_kind(UNSEEN);
        if let Some(life) = case.group.spans.quantile(0.5) {
            told.facts.add("median_life_s", Span::from_nanos(life));
        }
        let use_of_each = if unseen == 0 {
            "carried at most one request"
        } else if unseen == case.group.count {
            "carried payload that was not captured"
        } else {
            "carried at most one request, as far as was captured"
        };
        told.severity = Some(if rate >= CHURN_WARNING_PER_SECOND { Severity::Warning } else { Severity::Info });
        told.confidence = Some(if unseen == 0 { Confidence::High } else { Confidence::Medium });
        told.affected = Some(worst.count);
        told.summary = format!(
            "{} opened {} to {} that each lived less than 1 s and {use_of_each}: {rate:.0} a second on average over the {} \
             in which it opened {CHURN_PER_SECOND} or more, at most {} in one second. A reused connection would save the \
             handshakes, and the entries that each leaves in port and connection-tracking tables (at this rate about {} \
             tracked at once).",
            worst.client,
            counted(worst.count, "connection"),
            service.address(),
            counted(worst.busy_seconds, "second"),
            worst.peak_per_second,
            (rate * TRACKED_SECONDS) as u64,
        );
        if unseen > 0 {
            told.not_visible.push("how many requests each connection carried: its payload was not captured, `tcpdump -i any -s 0 -w FILE 'tcp port PORT'` \
                 has it"
                    .to_owned());
        }
        told.remedy = remedy();
        told.common.push(Common::of_all("COUNT connections lived less than 1 s each, at"));
        vec![told]
    }
}

/// From its first packet to its end.
fn life(c: &Connection) -> Option<Span> {
    c.ending.first.map(|end| end.at.since(c.first.at))
}

/// Whether it ended too soon to have been meant for more than one request.
pub(in crate::detect) fn is_short(c: &Connection) -> bool {
    c.ending.kind != CloseKind::Open && life(c).is_some_and(|life| life < SHORT_LIFE)
}

/// Requests as far as they can be known: read in clear, or estimated from the bursts of payload.
fn requests(c: &Connection) -> Option<u32> {
    if c.misses_payload() {
        return None;
    }
    match &c.http {
        Some(http) if !http.incomplete => Some(http.requests),
        // Bursts of the client that were answered; the messages of a TLS handshake are none.
        _ => Some(c.exchanges),
    }
}

fn remedy() -> Vec<String> {
    [
        "Keep one client object with its pool for the life of the process: Go one `http.Client` with `MaxIdleConnsPerHost` \
         above the default 2 and bodies read to the end; Python `requests.Session` or one `httpx.Client`; Java one \
         `HttpClient`; Node.js `keepAlive: true` agents (default since 19).",
        "Proxies: nginx `keepalive N` in the upstream block with `proxy_http_version 1.1` and an empty `Connection` header; \
         HAProxy `http-reuse safe` and no `option httpclose`; Envoy pools by itself unless `max_requests_per_connection: 1`.",
        "Servers that close after each response: gunicorn's sync worker (use `gthread` with `--keep-alive`), HTTP/1.0 \
         backends, `Connection: close` set in the application.",
        "Until then, room: `net.ipv4.ip_local_port_range=\"1024 65535\"`, `net.ipv4.tcp_tw_reuse=1`, `nf_conntrack_max`, \
         Cilium `bpf-ct-global-tcp-max`, more SNAT addresses.",
    ]
    .map(str::to_owned)
    .to_vec()
}
