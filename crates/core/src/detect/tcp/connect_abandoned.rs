//! The SYN-ACK came after the client had given up.

use super::refusal_of_syn_ack;
use crate::detect::races::Raced;
use crate::detect::thresholds::CONNECT_TIMEOUT_LEAST;
use crate::detect::timeouts::connect_candidates;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::{Moment, Span};

/// Detector of `connect-abandoned`.
#[derive(Debug)]
pub(in crate::detect) struct ConnectAbandoned;

const CODE: &str = "connect-abandoned";

/// The first SYN was answered, late.
const SLOW: &str = "slow-answer";
/// A SYN that was sent again was answered.
const RETRIED: &str = "after-retry";

impl Detector for ConnectAbandoned {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("connect_abandoned.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["time-wait-collision"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::SYN_ACK
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::SYN_ACK_REFUSED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let (Some(syn), Some(syn_ack)) = (c.opening.syn, c.opening.syn_ack) else { return };
        exam.applies();
        let Some(reset) = refusal_of_syn_ack(c) else { return };
        let waited = syn_ack.at.since(syn.at);
        if waited < CONNECT_TIMEOUT_LEAST {
            return;
        }
        let before = |retry: &&Moment| retry.packet < syn_ack.packet;
        let asked_last = c.opening.syn_retries.iter().rfind(before).copied();
        let kind = if asked_last.is_some() { RETRIED } else { SLOW };
        exam.symptom(
            CODE,
            kind,
            if kind == RETRIED { Severity::Error } else { Severity::Warning },
            if kind == RETRIED { Confidence::High } else { Confidence::Medium },
            &[Some(syn), asked_last, Some(syn_ack), Some(reset.at)],
        )
        .span(Some(waited))
        // At its last SYN it still waited.
        .delay(asked_last.map(|last| last.at.since(syn.at)));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let Some(waited) = group.spans.whole() else { return Vec::new() };
        let waited_at_least = group
            .spread(RETRIED)
            .and_then(|spread| spread.delays.whole())
            .map_or(Span::ZERO, |still_there| still_there.longest());
        let retried = group.of_kind(RETRIED);
        let mut told = Told::default();
        told.facts.add("answered_after_shortest_s", waited.shortest());
        told.facts.add("answered_after_longest_s", waited.longest());
        told.facts.add("answered_after_a_retry", retried);
        told.summary = format!(
            "The SYN-ACK of {} came {waited} after the first SYN, and the client, which had given up by then, answered with a RST \
             ({} of {}).",
            service.address(),
            group.count,
            counted(group.applied, "attempt"),
        );
        if let Some(raced) = case.load.races.of(service.key).filter(|raced| raced.attempts == group.count) {
            return vec![lost_a_race(told, raced, retried)];
        }
        // Races are won on other connections; where each of several attempts ends so, none was.
        let raced = retried == 0 && (group.count < 2 || group.count < group.applied);
        if retried == 0 && !raced {
            told.severity = Some(Severity::Error);
        }
        if raced {
            told.summary += " A connect timeout does that, and so does a race that another attempt won (IPv6 against IPv4, \
                             HTTP/3 against TCP): then nothing is wrong.";
        }
        // One timeout explains all if it is longer than all waits that were still borne, and shorter than all that were not.
        if waited_at_least < waited.shortest() {
            told.facts.add("gave_up_within_s", waited.shortest());
            if waited_at_least > Span::ZERO {
                told.facts.add("gave_up_after_at_least_s", waited_at_least);
                told.candidates = connect_candidates(waited_at_least, waited.shortest());
            }
            told.summary += &if waited_at_least > Span::ZERO {
                format!(" One connect timeout between {waited_at_least} and {} explains all.", waited.shortest())
            } else {
                format!(" A connect timeout would be {} or shorter.", waited.shortest())
            };
        } else {
            told.summary += " No single connect timeout explains all.";
        }
        if retried > 0 {
            let which = if retried == group.count { String::new() } else { format!("In {retried} of them: ") };
            told.summary += &format!(" {which}A SYN had to be sent again: loss, not distance, made the answer late.");
        }
        told.remedy = remedy(retried);
        vec![told]
    }
}

/// Each was given up while another attempt was answered: no connect timeout.
fn lost_a_race(mut told: Told, raced: Raced, retried: u64) -> Told {
    told.severity = Some(if retried == 0 { Severity::Info } else { Severity::Warning });
    told.facts.add("made_good_by", raced.by.to_string());
    told.facts.add("made_good_in_packet", raced.proof.packet.number());
    told.summary += &format!(
        " Beside each of them an attempt at another address was answered first (for example {}, SYN-ACK in packet {}): the loser of a race \
         between addresses, as clients run it that try IPv6 and IPv4 (RFC 8305). Nothing was lost by it.",
        raced.by, raced.proof.packet,
    );
    let mut remedy = "Nothing has to change. Each connection costs the client the head start of the slower address, mostly 0.25 s: mend the \
                      way to it, or do not announce the address (its AAAA or A record)."
        .to_owned();
    if retried > 0 {
        remedy += " A SYN to it was lost, see `handshark explain syn-retried`.";
    }
    told.remedy = vec![remedy];
    told
}

fn remedy(retried: u64) -> Vec<String> {
    let mut remedy = vec![
        "Give connecting more time than a lost SYN costs, 1 s and then 3 s: Envoy and Istio `connect_timeout` (cluster) / \
         `connectionPool.tcp.connectTimeout`, 5 s is common; Linkerd `config.linkerd.io/proxy-outbound-connect-timeout` (1 s by \
         default); nginx `proxy_connect_timeout`; HAProxy `timeout connect`; Cilium `proxy-connect-timeout`; Go \
         `net.Dialer.Timeout`; Node.js undici `connectTimeout`; Java `connectTimeout`."
            .to_owned(),
    ];
    if retried > 0 {
        remedy.push(
            "Find out why the first SYN had no answer: `nstat -az TcpExtListenOverflows TcpExtListenDrops` on the server, \
             `conntrack -S` on nodes that translate addresses, loss on the path."
                .to_owned(),
        );
    } else {
        remedy.push(
            "No SYN was lost: the path is long (a proxy in another region, a VPN) or the server answers slowly (out of CPU, a SYN \
             proxy, a load balancer that connects to its target first)."
                .to_owned(),
        );
    }
    remedy
}
