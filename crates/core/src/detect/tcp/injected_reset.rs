//! A RST that did not come from the host whose address it carries.

use super::refusal_of_syn_ack;
use crate::detect::recapture;
use crate::detect::thresholds::SAME_HOST_HOPS;
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Reset, ResetKind};
use crate::types::{Side, Span};

/// Detector of `injected-reset`.
#[derive(Debug)]
pub(in crate::detect) struct InjectedReset;

const CODE: &str = "injected-reset";

/// In the server's name, one sign.
const SERVER: &str = "server";
/// In the server's name, two signs or more.
const SERVER_SURE: &str = "server-sure";
/// In the client's name, one sign.
const CLIENT: &str = "client";
/// In the client's name, two signs or more.
const CLIENT_SURE: &str = "client-sure";
/// A refusal in the name of a server that had sent something else before.
const REFUSAL: &str = "refusal";

impl Detector for InjectedReset {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("injected_reset.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["silent-idle-drop"]
    }

    fn needs(&self) -> Shape {
        Shape::ENDED_BY_RESET
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::ENDED_BY_RESET | Shape::USUAL_TTL, Shape::ANY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(reset) = c.ending.reset else { return };
        if c.ending.kind != CloseKind::Reset {
            // After a FIN the connection was over: whoever answered late packets did no harm.
            return;
        }
        let Some(usual) = reset.usual_ttl else {
            if c.ending.reset_count[reset.by] > 0 && c.traffic[reset.by.peer()].payload_packets > 0 {
                exam.not_visible(
                    "that side's other packets were not captured, so its usual TTL is unknown",
                    recapture::HEADERS,
                );
            }
            return;
        };
        exam.applies();
        // Who answers a SYN-ACK so may have written its SYN with a TTL of its own, as scanners do, and its system the RST: one packet is no
        // usual TTL.
        if has_usual_ttl(&reset) || refusal_of_syn_ack(c).is_some() {
            return;
        }
        let signs = more_signs(c, &reset);
        let kind = match (reset.by, reset.ack && reset.seq.0 == 0, !signs.is_empty()) {
            (_, true, _) => REFUSAL,
            (Side::Server, false, false) => SERVER,
            (Side::Server, false, true) => SERVER_SURE,
            (Side::Client, false, false) => CLIENT,
            (Side::Client, false, true) => CLIENT_SURE,
        };
        let confidence = if signs.is_empty() { Confidence::Low } else { Confidence::High };
        let provoked = c.traffic[reset.by.peer()].last_payload.filter(|last| last.packet < reset.at.packet);
        exam.symptom(CODE, kind, Severity::Error, confidence, &[provoked, Some(reset.at)])
            .count(Some(both(reset.ttl, usual)));
        for sign in signs {
            exam.quote(SIGN, sign);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let told = [
            tell_side(&[SERVER_SURE, SERVER], Side::Server, case, service),
            tell_side(&[CLIENT_SURE, CLIENT], Side::Client, case, service),
            tell_side(&[REFUSAL], Side::Server, case, service),
        ];
        told.into_iter().flatten().collect()
    }
}

/// Whether a RST came from as far as its side's other packets.
pub(in crate::detect) fn has_usual_ttl(reset: &Reset) -> bool {
    let near = |usual: u8| usual.abs_diff(reset.ttl) <= SAME_HOST_HOPS;
    reset.usual_ttl.is_some_and(near) && reset.kind != ResetKind::FromThePath
}

/// Signs besides the hop count, in words.
fn more_signs(c: &Connection, reset: &Reset) -> Vec<&'static str> {
    let signs = [
        // A host that gave a connection up sends no more payload on it.
        (reset.followed_by_data > 0, "payload of the real sender came after it"),
        (reset.payload_len > 0, "it carries payload"),
        // Devices that hope to hit the window send several, with steps of the sequence number.
        (c.ending.reset_count[reset.by] >= 3, "there were three or more of them"),
        (is_too_early(c, reset), "it came faster than that server answers"),
    ];
    signs.into_iter().filter(|(seen, _)| *seen).map(|(_, words)| words).collect()
}

/// Under which name a sign is quoted.
const SIGN: &str = "sign";

/// Whether the RST followed what it answers in less than half the time that the server takes to answer anything.
fn is_too_early(c: &Connection, reset: &Reset) -> bool {
    let (Some(syn), Some(syn_ack)) = (c.opening.syn, c.opening.syn_ack) else { return false };
    if reset.by != Side::Server || c.opening.syns_sent() > 1 {
        return false;
    }
    let answer = syn_ack.at.since(syn.at);
    let sent = c.traffic.client.last_payload.filter(|last| last.packet < reset.at.packet);
    // Beside the server every answer is early.
    answer >= Span::from_millis(2)
        && sent.is_some_and(|sent| reset.at.at.since(sent.at).as_nanos() < answer.as_nanos() / 2)
}

/// Two hop counts as one count of a symptom.
fn both(ttl: u8, usual: u8) -> u32 {
    u32::from(ttl) << 8 | u32::from(usual)
}

fn tell_side(kinds: &[&'static str], side: Side, case: &Case<'_>, service: &Service) -> Option<Told> {
    let of = |kind: &&'static str| case.group.of_kind(kind);
    let count: u64 = kinds.iter().map(of).sum();
    let first = *kinds.iter().find(|kind| of(kind) > 0)?;
    let seen = case.group.spread(first)?.counts.quantile(0.5).and_then(|both| u32::try_from(both).ok())?;
    let [.., ttl, usual] = seen.to_be_bytes();
    let sure: u64 = [SERVER_SURE, CLIENT_SURE].iter().filter(|kind| kinds.contains(kind)).map(of).sum();
    let address = service.address();
    let mut told = Told {
        affected: Some(count),
        confidence: Some(if sure > 0 { Confidence::High } else { Confidence::Low }),
        example_kind: Some(first),
        remedy: remedy(),
        ..Told::default()
    };
    let whose = match side {
        Side::Server => address,
        Side::Client => format!("clients of {address}"),
    };
    told.summary = if first == REFUSAL {
        format!(
            "Connections were refused in the name of {whose} by a device in front of it ({count} of {}).",
            case.group.applied
        )
    } else {
        format!("Connections were reset in the name of {whose} by another device ({count} of {}).", case.group.applied)
    };
    told.summary += &format!(
        " The RST arrived with TTL {ttl} ({}), that side's other packets with TTL {usual} ({}).",
        distance(ttl),
        distance(usual)
    );
    if sure > 0 {
        let seen = |kind: &&'static str| case.group.quotes(kind, SIGN);
        let signs = kinds.iter().flat_map(seen).map(|(sign, count)| format!("{sign} ({count})"));
        told.summary += &format!(" There are more signs: {}.", signs.collect::<Vec<_>>().join(", "));
    } else {
        told.summary += " The TTL alone says so: a load balancer that speaks for the server can do this rightly.";
        told.not_visible.push("who sent it: a capture on the host itself would show that it sent no RST, `tcpdump -i any -s 128 -w FILE 'host CLIENT \
                 and tcp port PORT'`"
                    .to_owned());
    }
    told.facts.add("reset_ttl", u64::from(ttl));
    told.facts.add("usual_ttl", u64::from(usual));
    told.facts.add("reset_hops", u64::from(hops(ttl)));
    told.facts.add("usual_hops", u64::from(hops(usual)));
    told.facts.add("with_more_signs", sure);
    Some(told)
}

/// How far away a sender is, if it began with one of the usual initial values 64, 128 and 255.
fn hops(ttl: u8) -> u8 {
    let initial = [64, 128].into_iter().find(|initial| ttl <= *initial).unwrap_or(255);
    initial - ttl
}

fn distance(ttl: u8) -> String {
    match hops(ttl) {
        0 => "from here or the next host".to_owned(),
        1 => "about 1 hop away".to_owned(),
        hops => format!("about {hops} hops away"),
    }
}

fn remedy() -> Vec<String> {
    [
        "Show these packets and their TTLs to those who run the firewalls, proxies and load balancers between the two: the hop \
         count says at which distance to look (`traceroute -T -p PORT ADDRESS`).",
        "Look for a rule that rejects with a reset: `iptables -j REJECT --reject-with tcp-reset`, a NetworkPolicy, an IPS or a \
         filter by server name.",
        "Prove it with a second capture at the same time on the host whose address the RST carries: `handshark correlate` with both shows between which \
         points the RST was made.",
    ]
    .map(str::to_owned)
    .to_vec()
}
