//! From one moment on nothing of a live connection gets through, while others between the same ends go on.

use crate::detect::recapture;
use crate::detect::thresholds::{ALIVE_AFTER, BIG_SEGMENT_SHARE, DEAD_RETRANSMISSIONS, PATH_TIMER_LEAST};
use crate::detect::words::idle_on_the_way;
use crate::detect::{Case, Confidence, Detector, Exam, Group, Service, Severity, Shape, Told};
use crate::record::{Connection, Outcome, Traffic, Unanswered};
use crate::types::{Side, Span, Timestamp};

/// Detector of `state-loss-drop`.
#[derive(Debug)]
pub(in crate::detect) struct StateLossDrop;

const CODE: &str = "state-loss-drop";

/// The client's segments went unanswered.
const SERVER_SILENT: &str = "server-silent";
/// The server's segments went unanswered.
const CLIENT_SILENT: &str = "client-silent";

impl Detector for StateLossDrop {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("state_loss_drop.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["silent-idle-drop", "icmp-rejected"]
    }

    fn needs(&self) -> Shape {
        Shape::UNANSWERED
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SPOKE, Shape::UNANSWERED | Shape::ONE_WAY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let both_spoke = c.traffic.client.first_payload.is_some() && c.traffic.server.first_payload.is_some();
        if let (Some(side), true) = (c.visibility.one_way, c.carried_payload()) {
            if c.traffic[side].unanswered.is_some() {
                exam.not_visible("only one direction was captured: answers would not be seen", recapture::HEADERS);
            }
            return;
        }
        if !both_spoke {
            return;
        }
        exam.applies();
        for (writer, kind) in [(Side::Client, SERVER_SILENT), (Side::Server, CLIENT_SILENT)] {
            let Some(unanswered) = unanswered(c, writer) else { continue };
            let answered = c.traffic[writer.peer()].last_packet;
            let waited = unanswered.last.at.since(unanswered.first.at);
            exam.symptom(
                CODE,
                kind,
                Severity::Error,
                Confidence::Medium,
                &[answered, Some(unanswered.first), Some(unanswered.second), Some(unanswered.last)],
            )
            // By the first retransmission the other end had fallen silent.
            .happened(unanswered.second)
            .span(Some(waited))
            .delay(answered.map(|answered| unanswered.first.at.since(answered.at)))
            .count(Some(unanswered.retransmissions))
            // Whether the other end was alive is only known from its other connections.
            .quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        [SERVER_SILENT, CLIENT_SILENT].into_iter().filter_map(|kind| tell_kind(kind, case, service)).collect()
    }
}

/// The segment that was sent again and again, where the other side fell silent and the size does not explain it.
fn unanswered(c: &Connection, writer: Side) -> Option<Unanswered> {
    let unanswered = *c.traffic[writer].unanswered.as_deref()?;
    let silent = c.traffic[writer.peer()].last_packet.is_none_or(|last| last.at <= unanswered.second.at);
    let dead = unanswered.retransmissions >= DEAD_RETRANSMISSIONS && unanswered.length > 0;
    // A side that had closed may be gone: what is not answered then is a goodbye.
    let live = c.ending.first.is_none_or(|end| end.packet > unanswered.second.packet);
    (dead && live && silent && !size_can_explain(c, writer, &unanswered)).then_some(unanswered)
}

/// Whether the segment is big and none so big had passed before: then the path's MTU can be the cause.
fn size_can_explain(c: &Connection, writer: Side, unanswered: &Unanswered) -> bool {
    let mss = c.traffic[writer.peer()].mss.or(c.traffic[writer].mss).map_or(1_200, u32::from);
    let big = f64::from(mss) * BIG_SEGMENT_SHARE;
    let is_big = f64::from(unanswered.length) >= big && average_payload(&c.traffic[writer]) < big / 2.0;
    is_big || super::mtu_blackhole::is_big_one(c, writer, unanswered)
}

fn average_payload(traffic: &Traffic) -> f64 {
    traffic.payload_bytes as f64 / traffic.payload_packets.max(1) as f64
}

fn tell_kind(kind: &'static str, case: &Case<'_>, service: &Service) -> Option<Told> {
    let group = case.group;
    let count = group.of_kind(kind);
    let spread = group.spread(kind)?;
    let waited = spread.spans.whole()?;
    if !was_alive(kind, group, service, group.first?.plus(ALIVE_AFTER)) {
        return None;
    }
    let sent = spread.counts.whole()?;
    let address = service.address();
    let (writer, silent) = match kind {
        SERVER_SILENT => ("client", address.clone()),
        _ => ("server", format!("the client of {address}")),
    };
    // A timer that all of them had outlived, and that nobody is seen to have survived.
    let timer = spread.delays.whole().map(|quiet| quiet.shortest()).filter(|shortest| *shortest >= PATH_TIMER_LEAST);
    let timer = timer.filter(|shortest| service.longest_survived.is_none_or(|survived| survived < *shortest));
    let well = service.of(Outcome::Established) + service.of(Outcome::Open);
    let mut told = Told {
        affected: Some(count),
        confidence: Some(Confidence::Medium),
        example_kind: Some(kind),
        remedy: remedy(timer),
        ..Told::default()
    };
    told.summary = format!(
        "Live connections to {address} went dead ({count} of {}): the {writer} sent one segment again up to {} times over up \
         to {}, and nothing came back. Meanwhile {silent} was heard on other connections. That fits connection state that \
         was lost on the way, with packets dropped since.",
        group.applied,
        sent.largest,
        waited.longest()
    );
    if let Some(shortest) = timer {
        told.facts.add("quiet_before_s", shortest);
        told.summary += &format!(
            " All of them had been quiet for {shortest} or longer before, and no connection survived so long a silence here: an idle timeout on the \
             way that is set as short, and drops without a word, would look the same."
        );
    }
    told.facts.add("retransmissions_most", u64::try_from(sent.largest).unwrap_or(0));
    told.facts.add("waited_longest_s", waited.longest());
    told.facts.add("connections_well", well);
    told.not_visible.push(
        "where the packets were dropped: captures at both ends would show whether the segments arrived, and whether answers \
         were sent: `tcpdump -i any -s 128 -w FILE 'host CLIENT and tcp port PORT'`"
            .to_owned(),
    );
    Some(told)
}

/// Whether the side that fell silent was heard on another connection at or after a time.
fn was_alive(kind: &str, group: &Group, service: &Service, at: Timestamp) -> bool {
    if kind == SERVER_SILENT {
        return service.heard() >= Some(at);
    }
    group.clients.iter().any(|(client, _)| service.client_heard(*client) >= Some(at))
}

/// `timer`: the shortest silence, where an idle timeout can be the cause.
fn remedy(timer: Option<Span>) -> Vec<String> {
    let idle = timer.map(idle_on_the_way);
    let others = [
        "Look at the connection tracking on the nodes between the two at that time: a full or flushed table, a failover, a \
         policy that takes the replies for a new connection. Cilium: `cilium monitor --type drop`; Linux: `conntrack -S`, \
         `nf_conntrack_max`.",
        "Let the sender give up sooner than after 15 minutes: TCP_USER_TIMEOUT (gRPC keepalive sets it; HAProxy `tcp-ut`), Linux \
         `net.ipv4.tcp_retries2=8`, or a timeout or HTTP/2 PING of the application. TCP keep-alive does not make it notice sooner: \
         no probe is sent while data waits for its ACK.",
        "To find the place, capture at both ends at the same time and look for the lost segment in both captures.",
    ]
    .map(str::to_owned);
    idle.into_iter().chain(others).collect()
}
