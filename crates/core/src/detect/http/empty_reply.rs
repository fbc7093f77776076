//! A server takes a request and closes at once, without a byte of an answer.

use super::asked::{Asked, heads_unread, last_request, waited};
use super::first_words;
use crate::detect::recapture;
use crate::detect::thresholds::WAITED_LEAST;
use crate::detect::words::counted;
use crate::detect::{Case, Cluster, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{CloseKind, Connection};
use crate::types::{Moment, Side};

/// Detector of `empty-reply`.
#[derive(Debug)]
pub(in crate::detect) struct EmptyReply;

const CODE: &str = "empty-reply";
/// The connection had answered nothing before.
const FIRST: &str = "first-request";
/// It had answered requests before: clients send such a request again where they may.
const LATER: &str = "later-request";
/// The first bytes of application data under TLS, where HTTP was offered.
const ENCRYPTED: &str = "first-request-tls";
/// The server closed right after it had accepted, before the first request came: that was answered by RST.
const TURNED_AWAY: &str = "closed-before-request";

impl Detector for EmptyReply {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("empty_reply.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["plaintext-to-tls", "proxy-protocol-mismatch"]
    }

    fn needs(&self) -> Shape {
        Shape::CLIENT_SPOKE | Shape::ENDED_BY_FIN | Shape::CLOSED_BY_SERVER
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let by_server = c.ending.kind == CloseKind::Fin && c.ending.closed_by == Some(Side::Server);
        let Some(fin) = c.ending.fin.server.filter(|_| by_server) else { return };
        if let Some((accepted, lost, reset)) = was_turned_away(c) {
            exam.applies();
            let evidence = [Some(accepted), Some(fin.at), Some(lost), Some(reset)];
            exam.symptom(CODE, TURNED_AWAY, Severity::Error, Confidence::High, &evidence)
                .happened(fin.at)
                .delay(Some(fin.at.at.since(accepted.at)));
            return;
        }
        if c.http.as_ref().is_some_and(|http| http.incomplete && http.requests > 0 && http.switched.is_none()) {
            heads_unread(exam);
            return;
        }
        let read = last_request(c).filter(|asked| asked.in_clear || is_first_of_http_in_tls(c));
        let Some(asked) = read.or_else(|| {
            let words = first_words::unanswered(c)?;
            Some(Asked { at: words, answered: false, in_clear: true })
        }) else {
            return;
        };
        exam.applies();
        if asked.answered || fin.at.packet < asked.at.packet || is_announced(c) {
            return;
        }
        // What the FIN does not acknowledge had not arrived, and ends no silence: that is `stale-reuse`.
        let Some(waited) = waited(c, &asked, fin.at) else { return };
        if waited >= WAITED_LEAST {
            return;
        }
        if c.misses(Side::Server) {
            exam.not_visible(
                "packets of the server are missing from the capture, perhaps the answer",
                recapture::ALL_WHOLE,
            );
            return;
        }
        let (kind, severity, confidence) = match &c.http {
            _ if !asked.in_clear => (ENCRYPTED, Severity::Warning, Confidence::Medium),
            Some(http) if http.responses > 0 => (LATER, Severity::Warning, Confidence::High),
            _ => (FIRST, Severity::Error, Confidence::High),
        };
        // Under TLS the turn begins with the client's Finished.
        let last = c.traffic.client.last_payload.filter(|last| !asked.in_clear && last.packet < fin.at.packet);
        exam.symptom(CODE, kind, severity, confidence, &[last.or(Some(asked.at)), Some(fin.at)])
            .happened(fin.at)
            .span(Some(waited));
        first_words::quote(c, exam);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (first, later, encrypted) = (group.of_kind(FIRST), group.of_kind(LATER), group.of_kind(ENCRYPTED));
        let turned_away = group.spread(TURNED_AWAY).and_then(|spread| spread.delays.whole());
        let turned_away = turned_away.map(|after| tell_turned_away(&after, service));
        if first + later + encrypted == 0 {
            return turned_away.into_iter().collect();
        }
        let count = first + later + encrypted;
        let mut told = Told { affected: Some(count), remedy: remedy(later > 0), ..Told::default() };
        told.example_kind = [FIRST, LATER, ENCRYPTED].into_iter().find(|kind| group.of_kind(kind) > 0);
        told.summary = format!(
            "{} closed {} without a byte of an answer to the request ({} of {} that it closed), in order, by FIN",
            service.address(),
            counted(count, "connection"),
            count,
            group.applied,
        );
        if let Some(waits) = group.spans.whole() {
            told.summary += &format!(", {waits} after it");
            told.facts.add("waited_shortest_s", waits.shortest());
            told.facts.add("waited_longest_s", waits.longest());
        }
        told.summary += ". The FIN acknowledges the request: it had arrived.";
        if encrypted > 0 {
            let subject = if encrypted == count { "It".to_owned() } else { format!("On {encrypted} of them it") };
            told.summary += &format!(" {subject} is encrypted: that it was a request is inferred from the records.");
        }
        if later > 0 {
            told.summary += &match later {
                all if all == count => {
                    " The connection had answered requests before: most clients send it again.".to_owned()
                }
                some => format!(" {some} of them had answered requests before."),
            };
        }
        first_words::tell(FIRST, group, &mut told);
        told.facts.add("first_requests", first + encrypted);
        told.facts.add("later_requests", later);
        told.not_visible.push("why the server closed: its log at that time tells".to_owned());
        std::iter::once(told).chain(turned_away).collect()
    }
}

/// The SYN-ACK, the first bytes of the client and the RST that answered them, where the server had closed in between and said nothing.
pub(in crate::detect) fn was_turned_away(c: &Connection) -> Option<(Moment, Moment, Moment)> {
    let (accepted, closed, reset) = (c.opening.syn_ack?, c.ending.fin.server?, c.ending.reset?);
    let lost = c.ending.late_write.filter(|write| write.by == Side::Client)?.at?;
    let silent = c.traffic.server.first_payload.is_none() && !c.misses_payload();
    let first = c.traffic.client.first_payload == Some(lost);
    let at_once = closed.at.at.since(accepted.at) < WAITED_LEAST;
    // Of a ClientHello that gets nothing `no-server-hello` tells.
    (silent && first && at_once && c.tls.is_none() && c.lost_a_write()).then_some((accepted, lost, reset.at))
}

/// Whoever accepts and closes without a word has no use for the client, whatever it asks.
fn tell_turned_away(after: &Cluster, service: &Service) -> Told {
    let address = service.address();
    let mut told = Told { affected: Some(after.count), example_kind: Some(TURNED_AWAY), ..Told::default() };
    told.summary = format!(
        "{address} accepted {} and closed without a byte, by FIN, {after} after its SYN-ACK: before the client had asked anything. What \
         the client wrote then was answered by RST.",
        counted(after.count, "connection"),
    );
    told.facts.add("closed_after_shortest_s", after.shortest());
    told.facts.add("closed_after_longest_s", after.longest());
    told.remedy = [
        "A load balancer or proxy without a live server behind it closes like this: HAProxy `mode tcp` (log: `backend NAME has no server \
         available`, termination state SC), Envoy (`no healthy upstream`), kube-proxy and IPVS with no ready endpoint behind a proxy. Look \
         at the health checks of its backends.",
        "A list of who may connect does too: TCP wrappers (`/etc/hosts.allow`), nginx stream `deny`, an allow-list of the application. \
         Compare a client that is served.",
        "So does a limit on connections: xinetd `instances` and `cps`, nginx stream `limit_conn`, HAProxy `tcp-request connection reject`.",
    ]
    .map(str::to_owned)
    .to_vec();
    told.not_visible.push("why the server closed: its log at that time tells".to_owned());
    told
}

/// A server that announced the end takes no request after that answer (RFC 9112 section 9.6).
fn is_announced(c: &Connection) -> bool {
    c.http.as_ref().is_some_and(|http| {
        let counted_down = http.keep_alive.is_some_and(|keep_alive| keep_alive.max == Some(0));
        http.server_announced_close.is_some() || counted_down
    })
}

/// Whether nothing was answered yet under TLS, and the client offered HTTP: other protocols have messages that want no answer,
/// as do alerts.
fn is_first_of_http_in_tls(c: &Connection) -> bool {
    let Some(tls) = &c.tls else { return false };
    let offers_http = tls
        .client_hello
        .as_ref()
        .is_some_and(|hello| hello.alpn.iter().any(|name| matches!(name.as_str(), "h2" | "http/1.1" | "http/1.0")));
    offers_http && c.exchanges == 0 && tls.alerts.is_empty() && tls.encrypted_alerts.client.is_none()
}

fn remedy(reused: bool) -> Vec<String> {
    let race = reused.then_some(
        "On a connection that had answered before, the keep-alive timer, a restart or the recycling of a worker can meet the request: let the \
         server wait longer than its clients keep connections (nginx `keepalive_timeout`, node `server.keepAliveTimeout`), and let clients \
         send idempotent requests again.",
    );
    let always = [
        "Look into the server's log at that time: a handler that failed (Go logs `http: panic serving`, node `uncaughtException`), a worker \
         that crashed or was killed (PHP-FPM `exited on signal 11`, Gunicorn `WORKER TIMEOUT`). A proxy in front of it logs `upstream \
         prematurely closed connection`.",
        "A rule can close on purpose: nginx `return 444`, HAProxy `http-request reject`, ModSecurity `drop`, a web application firewall. \
         Compare a request that is answered: host name, path, user agent.",
        "Ask whether the port speaks something else: HTTPS, HTTP/2 only (`curl --http2-prior-knowledge`), or a PROXY protocol header before \
         the request.",
    ];
    always.into_iter().chain(race).map(str::to_owned).collect()
}
