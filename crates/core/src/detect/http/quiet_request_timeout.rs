//! The answer took so long that the path had forgotten the connection when it came.

use crate::detect::recapture;
use crate::detect::thresholds::{QUIET_LIMIT, SILENT_DROP_RETRANSMISSIONS};
use crate::detect::timeouts::path_candidates;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{Connection, Protocol, ResetKind};
use crate::types::{Moment, Side, Span};

/// Detector of `quiet-request-timeout`.
#[derive(Debug)]
pub(in crate::detect) struct QuietRequestTimeout;

const CODE: &str = "quiet-request-timeout";
/// The server's answer was sent again and again, and nobody took it.
const ANSWER_LOST: &str = "answer-lost";
/// The server's answer was answered by a RST: no such connection.
const ANSWER_REFUSED: &str = "answer-refused";
/// No answer came; the client's close was answered by a RST: no such connection.
const CLOSE_REFUSED: &str = "close-refused";
/// No answer came, and the client's close was not acknowledged either.
const CLOSE_LOST: &str = "close-lost";

impl Detector for QuietRequestTimeout {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("quiet_request_timeout.md")
    }

    fn needs(&self) -> Shape {
        Shape::PAYLOAD | Shape::BOTH_SIDES
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD | Shape::BOTH_SIDES, Shape::BARE_RESET | Shape::UNANSWERED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if !c.carried_payload() || c.traffic.client.packets == 0 || c.traffic.server.packets == 0 {
            return;
        }
        exam.applies();
        let Some(Failure { asked, broke, kind, proof }) = failure(c) else { return };
        let silence = broke.at.since(asked.at);
        if silence < QUIET_LIMIT || c.was_probed() {
            return;
        }
        if c.misses(Side::Client) || c.misses(Side::Server) {
            exam.not_visible(
                "packets are missing from the capture: it may not have been silent",
                recapture::ALL_HEADERS,
            );
            return;
        }
        // Other protocols send what needs no answer: there a message without one is no request.
        let known = matches!(c.protocol, Protocol::Http1 | Protocol::Http2 | Protocol::Tls);
        let answer_came = matches!(kind, ANSWER_LOST | ANSWER_REFUSED);
        if !known && !answer_came {
            return;
        }
        exam.symptom(CODE, kind, Severity::Error, Confidence::Medium, &[Some(asked), Some(broke), Some(proof)])
            .happened(broke)
            .span(Some(silence));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let Some(silences) = group.spans.whole() else { return Vec::new() };
        let at_server = group.of_kind(ANSWER_LOST) + group.of_kind(ANSWER_REFUSED);
        let at_client = group.of_kind(CLOSE_REFUSED) + group.of_kind(CLOSE_LOST);
        let waited = if group.count == 1 { silences.longest().to_string() } else { silences.to_string() };
        let what = match (at_server, at_client) {
            (_, 0) => "when its answer came, nobody took it",
            (0, _) => "no answer was captured, and the client's own close was refused or not acknowledged",
            _ => "then the answer, or the client's close, met nobody who knew the connection",
        };
        let mut told = Told {
            summary: format!(
                "{} to {} got no answer that arrived ({} of {}): the request was followed by {waited} of silence, and {what}. The server \
                 was at work, not a single packet passed meanwhile, and something on the way, or the other end, had forgotten the connection or was gone.",
                counted(group.count, "request"),
                service.address(),
                group.count,
                group.applied,
            ),
            remedy: remedy(silences.shortest()),
            ..Told::default()
        };
        if at_server == 0 {
            told.summary = told.summary.replace("The server was at work, not", "Not");
            told.not_visible.push(
                "whether the server sent an answer: capture at the server, where it would be seen to be retransmitted: `tcpdump -i any -s 128 -w FILE 'host \
                 CLIENT and tcp port PORT'`, at the same time; `handshark correlate` lays the two side by side"
                    .to_owned(),
            );
        } else {
            told.not_visible.push("where the answer was lost: capture at the client at the same time, `tcpdump -i any -s 128 -w FILE 'tcp port \
                     PORT'`"
                    .to_owned());
        }
        told.facts.add("silence_shortest_s", silences.shortest());
        told.facts.add("silence_longest_s", silences.longest());
        told.facts.add("answer_not_taken", at_server);
        told.facts.add("close_not_known", at_client);
        // What was survived elsewhere bounds the limit from below, as long as it is shorter.
        let survived = service.longest_survived.filter(|survived| *survived > Span::ZERO);
        let below = survived.filter(|survived| *survived < silences.shortest());
        if survived == below {
            told.candidates = path_candidates(below, silences.shortest());
        }
        vec![told]
    }
}

/// What happened after the silence.
struct Failure {
    asked: Moment,
    /// The packet that ended the silence.
    broke: Moment,
    kind: &'static str,
    proof: Moment,
}

fn failure(c: &Connection) -> Option<Failure> {
    let (asked, answered) = c.last_exchange?;
    let forgotten_by = |side: Side, after: Moment| {
        let reset = c.ending.reset?;
        let forgotten = reset.kind == ResetKind::NoSuchConnection && reset.by == side;
        (forgotten && reset.at.packet > after.packet).then_some(reset.at)
    };
    let dead = |side: Side, first: Moment| {
        let unanswered = c.traffic[side].unanswered.as_deref()?;
        let dead = unanswered.retransmissions >= SILENT_DROP_RETRANSMISSIONS && unanswered.first == first;
        dead.then_some(unanswered.last)
    };
    let heard = |side: Side| c.traffic[side].last_packet;
    if let Some(answer) = answered {
        let quiet_since = heard(Side::Client).filter(|heard| heard.packet < answer.packet);
        if let (Some(proof), Some(_)) = (dead(Side::Server, answer), quiet_since) {
            return Some(Failure { asked, broke: answer, kind: ANSWER_LOST, proof });
        }
        let proof = forgotten_by(Side::Client, answer).filter(|reset| heard(Side::Client) == Some(*reset))?;
        let closed_before = c.ending.fin.client.is_some_and(|fin| fin.at.packet < answer.packet);
        return (!closed_before).then_some(Failure { asked, broke: answer, kind: ANSWER_REFUSED, proof });
    }
    let close = c.ending.fin.client.filter(|_| c.ending.closed_by == Some(Side::Client))?.at;
    let acknowledged = c.traffic.client.unanswered.as_deref().is_none_or(|lost| lost.first.packet >= close.packet);
    if !acknowledged || close.packet < asked.packet {
        return None;
    }
    if let Some(proof) = forgotten_by(Side::Server, close).filter(|reset| heard(Side::Server) == Some(*reset)) {
        return Some(Failure { asked, broke: close, kind: CLOSE_REFUSED, proof });
    }
    let proof = dead(Side::Client, close)?;
    let silent = heard(Side::Server).is_none_or(|heard| heard.packet < close.packet);
    silent.then_some(Failure { asked, broke: close, kind: CLOSE_LOST, proof })
}

fn remedy(died: Span) -> Vec<String> {
    let half = (died.as_secs_f64() / 2.0).floor().max(10.0);
    vec![
        format!(
            "Keep the path awake while the server works: TCP keep-alive probes with a first probe after at most {half:.0} s on one of the \
             two sockets (Linux `TCP_KEEPIDLE`; nginx `so_keepalive` and `proxy_socket_keepalive on`; Envoy and Istio `tcp_keepalive`; \
             JDBC drivers `tcpKeepAlive=true`), or a heartbeat of the protocol (HTTP/2 PING, WebSocket ping)."
        ),
        "Or do not wait so long on one connection: answer at once and let the client ask for the result (HTTP 202), or stream part of \
         the answer early."
            .to_owned(),
        "Or raise the limit of the device on the way: AWS NLB `tcp.idle_timeout.seconds` (350 s), NAT gateway (350 s, fixed), Azure Load \
         Balancer `idleTimeoutInMinutes` (4 min), `nf_conntrack_tcp_timeout_established`."
            .to_owned(),
    ]
}
