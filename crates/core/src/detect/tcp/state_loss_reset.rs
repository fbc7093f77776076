//! A live connection is answered by a host that does not know it.

use crate::detect::recapture;
use crate::detect::thresholds::{PATH_TIMER_LEAST, QUIET_LIMIT, SAME_HOST_HOPS, STATE_LOSS_SAMPLES, STATE_LOSS_WITHIN};
use crate::detect::words::idle_on_the_way;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Outcome, Reset, ResetKind};
use crate::types::{Side, Span};

/// Detector of `state-loss-reset`.
#[derive(Debug)]
pub(in crate::detect) struct StateLossReset;

const CODE: &str = "state-loss-reset";

/// The RST carries the server's address.
const SERVER: &str = "server";
/// The RST carries the client's address.
const CLIENT: &str = "client";

/// Under which name a time to live is quoted that is not quite that of the side's other packets.
const TTLS: &str = "ttls";

impl Detector for StateLossReset {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("state_loss_reset.md")
    }

    fn needs(&self) -> Shape {
        Shape::BARE_RESET | Shape::ENDED_BY_RESET
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SPOKE, Shape::RESET))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(reset) = c.ending.reset else {
            if is_live(c) {
                exam.applies();
            }
            return;
        };
        if c.ending.kind != CloseKind::Reset || reset.kind != ResetKind::NoSuchConnection {
            return;
        }
        if let Some((reason, instead)) = why_not_visible(c, &reset) {
            exam.not_visible(reason, instead);
            return;
        }
        if !is_live(c) {
            return;
        }
        exam.applies();
        let same_host = reset.usual_ttl.is_none_or(|usual| usual.abs_diff(reset.ttl) <= SAME_HOST_HOPS);
        // Since the side that is said to have forgotten the connection last proved that it knew it.
        let Some(known) = c.traffic[reset.by].last_payload else { return };
        let quiet = reset.at.at.since(known.at);
        if !same_host || quiet >= QUIET_LIMIT {
            return;
        }
        let kind = match reset.by {
            Side::Server => SERVER,
            Side::Client => CLIENT,
        };
        let provoked = c.traffic[reset.by.peer()].last_payload.filter(|last| last.packet < reset.at.packet);
        exam.symptom(CODE, kind, Severity::Error, Confidence::Medium, &[Some(known), provoked, Some(reset.at)])
            .span(Some(quiet));
        if let Some(usual) = reset.usual_ttl.filter(|usual| *usual != reset.ttl) {
            exam.quote(TTLS, &format!("{} instead of {usual}", reset.ttl));
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let address = service.address();
        let refused = service.of(Outcome::Refused);
        let burst = group.count >= STATE_LOSS_SAMPLES && group.duration() <= STATE_LOSS_WITHIN;
        let quiet = group.spans.whole();
        let longest = quiet.map_or(Span::ZERO, |spans| spans.longest());
        // A timer that all of them had outlived, and that nobody is seen to have survived.
        let timer = quiet.map(|spans| spans.shortest()).filter(|shortest| *shortest >= PATH_TIMER_LEAST);
        let timer = timer.filter(|shortest| service.longest_survived.is_none_or(|survived| survived < *shortest));
        let mut told = Told {
            confidence: Some(match (refused, burst && group.of_kind(SERVER) > 0) {
                // Neither a timer nor a host that was started anew knows the connection.
                _ if timer.is_some() => Confidence::Low,
                (0, true) => Confidence::High,
                (0, false) => Confidence::Medium,
                _ => Confidence::Low,
            }),
            remedy: remedy(timer),
            ..Told::default()
        };
        let answered_by = match (group.of_kind(SERVER), group.of_kind(CLIENT)) {
            (_, 0) => "in the server's name",
            (0, _) => "in the client's name",
            _ => "in the name of either side",
        };
        told.summary = format!(
            "Live connections to {address} were reset in mid-flow without a close, {answered_by} ({} of {}; that side \
             had sent payload at most {longest} before){}. The shape of the RST is the answer of a host that does not \
             know the connection: its state was lost on the way or at the end.",
            group.count,
            group.applied,
            if timer.is_some() { "" } else { ": no idle timeout explains that" },
        );
        if let Some(shortest) = timer {
            told.facts.add("shortest_quiet_s", shortest);
            told.summary += &format!(
                " All of them had been quiet for {shortest} or longer, and no connection survived so long a silence here: an idle timeout on the way \
                 that is set as short would look the same."
            );
        }
        let ttls: Vec<String> = [SERVER, CLIENT]
            .iter()
            .flat_map(|kind| group.quotes(kind, TTLS))
            .map(|(ttls, count)| format!("{ttls} ({count})"))
            .collect();
        if !ttls.is_empty() {
            told.facts.add("ttl_of_rsts", ttls.clone());
            told.summary += &format!(
                " The RSTs carry another TTL than that side's other packets: {}. The next host on the way, a router or a firewall, may have sent \
                 them.",
                ttls.join(", ")
            );
        }
        if burst && group.count > 1 {
            told.summary += &format!(" They came within {}.", group.duration());
        }
        if refused > 0 {
            told.summary += &format!(
                " Also, {} refused: a host that was started anew would look the same.",
                if refused == 1 {
                    "1 new connection was".to_owned()
                } else {
                    format!("{refused} new connections were")
                }
            );
        }
        told.facts.add("longest_quiet_s", longest);
        told.facts.add("within_s", group.duration());
        told.facts.add("by_server", group.of_kind(SERVER));
        told.facts.add("by_client", group.of_kind(CLIENT));
        told.facts.add("refused", refused);
        // One that left by a RST of its own answers what was still on its way in the same manner: where that was lost, only this one is seen.
        if group.of_kind(SERVER) == 0 && group.count < STATE_LOSS_SAMPLES {
            (told.severity, told.confidence) = (Some(Severity::Warning), Some(Confidence::Low));
            told.summary +=
                " A client that had left by a RST which was lost before the place of the capture would look the same.";
        }
        told.not_visible.push(
            "where the state was lost: captures at both ends would show whether the far host sent this RST, and whether the \
             packet before it arrived there: `tcpdump -i any -s 128 -w FILE 'host CLIENT and tcp port PORT'`"
                .to_owned(),
        );
        if group.of_kind(CLIENT) > 0 {
            told.not_visible.push(
                "what had happened at the client before: one that was reset by a device on its side of the path answers the \
                 server in this way"
                    .to_owned(),
            );
        }
        vec![told]
    }
}

/// Whether both sides had sent payload before any RST: one that answers a challenge ACK while the connection opens speaks of an
/// older connection on the same tuple.
fn is_live(c: &Connection) -> bool {
    let spoke = |side: Side| {
        let first = c.traffic[side].first_payload;
        first.is_some_and(|first| c.ending.reset.is_none_or(|reset| first.packet < reset.at.packet))
    };
    spoke(Side::Client) && spoke(Side::Server)
}

fn why_not_visible(c: &Connection, reset: &Reset) -> Option<(&'static str, Option<&'static str>)> {
    let seen = &c.visibility;
    let all = recapture::ALL_HEADERS;
    if seen.flags_only {
        return Some(("without its packets it can not be told how long the connection had been quiet", all));
    }
    if seen.one_way.is_some() {
        return Some(("only one direction was captured: a close by the other side would not be seen", all));
    }
    let sender = &c.traffic[reset.by];
    // A RST without ACK carries the number that its reader acknowledged last: one more than the payload is a FIN.
    let fin_is_missing = sender.stream_bytes.is_some_and(|bytes| bytes != sender.payload_bytes);
    (fin_is_missing || seen.gaps[reset.by] > 0)
        .then_some(("packets of the side that reset are missing from the capture, perhaps its close", all))
}

/// `timer`: the shortest silence, where an idle timeout can be the cause.
fn remedy(timer: Option<Span>) -> Vec<String> {
    let idle = timer.map(idle_on_the_way);
    let others = [
        "Look at the connection tracking on the nodes between the two at that time. Cilium: `cilium monitor --type drop`, and \
         `cilium bpf ct list global | wc -l` against `bpf-ct-global-tcp-max` (raise it, or `bpf-map-dynamic-size-ratio`).",
        "Linux conntrack: `conntrack -S` (insert_failed, drop, early_drop) and `nf_conntrack_count` against \
         `nf_conntrack_max`; out-of-window packets: `nf_conntrack_tcp_be_liberal=1`.",
        "Look for what restarted, failed over or loaded new rules at that time: nodes, agents, load balancer targets, gateways, firewalls (a rule \
         that rejects with a TCP reset).",
        "Fewer short connections leave more room in the table: reuse connections, see connection-churn.",
        "To prove it, capture at both ends at the same time and look for the RST in both captures.",
    ]
    .map(str::to_owned);
    idle.into_iter().chain(others).collect()
}
