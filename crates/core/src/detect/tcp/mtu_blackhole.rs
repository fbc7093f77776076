//! Small segments pass, big ones do not.

use std::net::IpAddr;

use crate::detect::clients::Carried;
use crate::detect::recapture;
use crate::detect::thresholds::{
    BIG_SEGMENT_SHARE, ECMP_LEAST, HOLE_LEAST, HOLE_SPOKEN_ON, MTU_RETRANSMISSIONS, PASSED_WITHIN,
};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::{Connection, Hole, Traffic, Unanswered};
use crate::tcp::MOST_OPTION_BYTES;
use crate::types::{Moment, Side, Span};

/// Detector of `mtu-blackhole`.
#[derive(Debug)]
pub(in crate::detect) struct MtuBlackhole;

const CODE: &str = "mtu-blackhole";
// Captured where it was sent: the big segment is seen again and again.
const FROM_CLIENT: &str = "from-client";
const FROM_SERVER: &str = "from-server";
// Captured behind the loss: the big segment is not seen, and its receiver says so.
const CLIENT_MISSED: &str = "from-client-missed";
const SERVER_MISSED: &str = "from-server-missed";

impl Detector for MtuBlackhole {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("mtu_blackhole.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["icmp-rejected"]
    }

    fn needs(&self) -> Shape {
        Shape::STUCK
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SPOKE, Shape::STUCK | Shape::ONE_WAY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let is_stuck = c.traffic.client.is_stuck() || c.traffic.server.is_stuck();
        let both_spoke = c.traffic.client.first_payload.is_some() && c.traffic.server.first_payload.is_some();
        if !is_stuck && (!both_spoke || c.visibility.one_way.is_some()) {
            return;
        }
        if c.visibility.one_way.is_some() {
            exam.not_visible("only one direction was captured: acknowledgments would not be seen", recapture::HEADERS);
            return;
        }
        exam.applies();
        for (writer, kind) in [(Side::Client, FROM_CLIENT), (Side::Server, FROM_SERVER)] {
            if let Some(lost) = c.traffic[writer].unanswered.as_deref().filter(|lost| is_big_one(c, writer, lost)) {
                return sent_again(c, writer, lost, kind, exam);
            }
        }
        for (writer, kind) in [(Side::Client, CLIENT_MISSED), (Side::Server, SERVER_MISSED)] {
            if let Some(hole) = c.traffic[writer].hole.as_deref().filter(|hole| is_of_big_ones(c, writer, hole)) {
                return missed(c, writer, hole, kind, exam);
            }
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let kinds = [
            (FROM_CLIENT, Side::Client),
            (FROM_SERVER, Side::Server),
            (CLIENT_MISSED, Side::Client),
            (SERVER_MISSED, Side::Server),
        ];
        kinds.into_iter().filter_map(|(kind, writer)| tell_kind(case, service, kind, writer)).collect()
    }
}

fn tell_kind(case: &Case<'_>, service: &Service, kind: &'static str, writer: Side) -> Option<Told> {
    let count = case.group.of_kind(kind);
    let sizes = case.group.spread(kind)?.counts.whole()?;
    let address = service.address();
    let (from, to) = match writer {
        Side::Client => ("the client".to_owned(), address),
        Side::Server => (address, "the client".to_owned()),
    };
    let ping = match (writer, case.group.only_client()) {
        (Side::Client, Some(client)) => ping(client, service.key.address),
        (Side::Server, Some(client)) => ping(service.key.address, client),
        (_, None) => "`ping -M do -s 1372 HOST` (1400 bytes on the wire) up and down, or `tracepath HOST`, in the direction that loses"
            .to_owned(),
    };
    let mut told = Told { affected: Some(count), example_kind: Some(kind), remedy: remedy(&ping), ..Told::default() };
    let size = if sizes.smallest == sizes.largest {
        sizes.largest.to_string()
    } else {
        format!("{} to {}", sizes.smallest, sizes.largest)
    };
    let arrived = case.group.quotes(kind, "arrived");
    let largest = arrived.iter().filter_map(|(length, _)| length.parse::<u64>().ok()).max();
    let of = format!("Big segments from {from} to {to} do not get through ({count} of {})", case.group.applied);
    let how = if kind == CLIENT_MISSED || kind == SERVER_MISSED {
        how_missed(case, kind, &size, largest)
    } else {
        how_sent_again(case, kind, &size, largest)
    };
    let carried = as_large_passed(case, service, kind, writer);
    let why = carried.map_or_else(
        || "A link on the way takes less than the two ends agreed on.".to_owned(),
        |carried| {
            format!(
                "Connection {} of the same client carried segments of {} bytes that way at the time: this is loss, or one of several ways \
                 takes less (ECMP).",
                carried.connection, carried.bytes
            )
        },
    );
    told.summary = format!("{of}: {how} {why}");
    if let Some(largest) = largest {
        told.facts.add("arrived_bytes_most", largest);
    }
    if let [(router, _), ..] = case.group.quotes(kind, "icmp").as_slice() {
        told.summary +=
            &format!(" {router} said so by ICMP (packet too big), and the sender did not send smaller ones.");
        told.facts.add("icmp_from", (*router).to_owned());
    } else {
        told.not_visible.push(
            "whether a router said so: the capture holds no ICMP error about it (a filter may have left it out; \
             `tcpdump -i any -s 128 -w FILE 'host SERVER and (tcp port PORT or icmp or icmp6)'` has both)"
                .to_owned(),
        );
    }
    if let Some(carried) = carried {
        told.facts.add("carried_bytes", u64::from(carried.bytes));
        told.facts.add("carried_on_connection", carried.connection);
        if count < ECMP_LEAST {
            (told.severity, told.confidence) = (Some(Severity::Warning), Some(Confidence::Low));
        }
    }
    told.facts.add("writer", writer.name());
    told.facts.add("lost_bytes_least", u64::try_from(sizes.smallest).unwrap_or_default());
    told.facts.add("lost_bytes_most", u64::try_from(sizes.largest).unwrap_or_default());
    Some(told)
}

/// Where segments as large passed between the same two hosts at about that time, and no router said otherwise.
fn as_large_passed(case: &Case<'_>, service: &Service, kind: &str, writer: Side) -> Option<Carried> {
    let carried = service.carried(case.group.only_client()?, writer)?;
    let lost = case.group.quotes(kind, "segment").iter().filter_map(|(length, _)| length.parse::<u32>().ok()).min()?;
    let (first, last) = case.group.first.zip(case.group.last)?;
    let meanwhile = first < carried.at.plus(PASSED_WITHIN) && carried.at < last.plus(PASSED_WITHIN);
    (meanwhile && carried.bytes >= lost && case.group.quotes(kind, "icmp").is_empty()).then_some(carried)
}

/// By what it is seen where the big segments are sent.
fn how_sent_again(case: &Case<'_>, kind: &str, size: &str, largest: Option<u64>) -> String {
    // Who is heard after the loss proves that something passes.
    let meanwhile = if case.group.confidence >= Some(Confidence::Medium) { ", while small packets passed" } else { "" };
    let connections: u64 = case.group.quotes(kind, "arrived").iter().map(|(_, connections)| connections).sum();
    let smaller = largest.map_or_else(String::new, |largest| {
        let connections = counted(connections, "connection");
        format!(" On {connections} the other end said by SACK that smaller ones behind them arrived: {largest} bytes at most.")
    });
    format!("segments with {size} bytes of payload were sent again and again without an ACK{meanwhile}.{smaller}")
}

/// By what it is seen where they should arrive.
fn how_missed(case: &Case<'_>, kind: &str, size: &str, largest: Option<u64>) -> String {
    let spans = case.group.spread(kind).and_then(|spread| spread.spans.whole());
    let lasted = spans.map_or_else(String::new, |spans| format!(" within {}", Span::from_nanos(spans.largest)));
    let largest = largest.map_or_else(String::new, |largest| format!(" ({largest} bytes at most)"));
    format!(
        "{size} bytes, whole segments, did not come{lasted}, though TCP sends them again and again; their receiver says by SACK that it \
         misses them, while smaller segments behind them arrived{largest}."
    )
}

/// Seen where it is sent: again and again.
fn sent_again(c: &Connection, writer: Side, lost: &Unanswered, kind: &'static str, exam: &mut Exam<'_>) {
    let peer = &c.traffic[writer.peer()];
    // Who is heard after the loss is alive: what is small passes, in his direction at least.
    let heard = peer.last_packet.filter(|last| last.packet > lost.second.packet);
    let said = c.icmp_error.filter(|error| is_too_big(error.v6, error.kind, error.code));
    // Without a later word of his, both may have come to an end after the first loss.
    let smaller = smaller_arrived(c, writer, lost);
    let confidence = match (said, heard, smaller) {
        (Some(_), ..) | (None, Some(_), Some(_)) => Confidence::High,
        (None, Some(_), None) | (None, None, Some(_)) => Confidence::Medium,
        (None, None, None) => Confidence::Low,
    };
    exam.symptom(
        CODE,
        kind,
        Severity::Error,
        confidence,
        &[
            Some(lost.first),
            smaller.map(|(at, _)| at),
            Some(lost.second),
            Some(lost.last),
            heard,
            said.map(|error| error.at),
        ],
    )
    .happened(lost.first)
    .span(Some(lost.last.at.since(lost.first.at)))
    .count(Some(lost.length))
    .quote("segment", &on_the_wire(c, writer, lost).to_string());
    if let Some((_, length)) = smaller {
        exam.quote("arrived", &length.to_string());
    }
    if let Some(error) = said {
        exam.quote("icmp", &error.from.to_string());
    }
}

/// Seen behind the loss, where it does not arrive.
fn missed(c: &Connection, writer: Side, hole: &Hole, kind: &'static str, exam: &mut Exam<'_>) {
    let (one, peer) = (&c.traffic[writer], &c.traffic[writer.peer()]);
    // Later than the flight that it belongs to: the way is there, for what is small.
    let heard = one.last_packet.filter(|last| last.at.since(hole.told.at) >= HOLE_SPOKEN_ON);
    let confidence = if heard.is_some() { Confidence::High } else { Confidence::Medium };
    let moments = [one.last_payload, Some(hole.told), peer.last_packet, heard];
    exam.symptom(CODE, kind, Severity::Error, confidence, &moments)
        .happened(hole.told)
        .span(Some(lasted(c, hole)))
        .count(Some(hole.bytes))
        .quote("segment", &hole.bytes.min(mss(c, writer).saturating_sub(MOST_OPTION_BYTES)).to_string())
        .quote("arrived", &one.largest_payload.to_string());
}

/// Whether a big segment is stuck where only smaller ones had passed.
pub(super) fn is_big_one(c: &Connection, writer: Side, lost: &Unanswered) -> bool {
    let big = f64::from(mss(c, writer)) * BIG_SEGMENT_SHARE;
    let ended = c.ending.first.is_some_and(|end| end.packet <= lost.second.packet);
    let as_big_arrived = lost.arrived.is_some() && smaller_arrived(c, writer, lost).is_none();
    let only_smaller = smaller_arrived(c, writer, lost).is_some() && f64::from(lost.taken) < big;
    lost.retransmissions >= MTU_RETRANSMISSIONS
        && f64::from(lost.length) >= big
        && (passed(&c.traffic[writer], lost) < big / 2.0 || only_smaller)
        && !as_big_arrived
        && !ended
}

/// The largest block behind the lost segment that arrived, where each was smaller than that is on the wire.
fn smaller_arrived(c: &Connection, writer: Side, lost: &Unanswered) -> Option<(Moment, u32)> {
    lost.arrived.filter(|(_, largest)| *largest < on_the_wire(c, writer, lost))
}

/// What the network card splits later has the MSS then, less the options.
fn on_the_wire(c: &Connection, writer: Side, lost: &Unanswered) -> u32 {
    lost.length.min(mss(c, writer).saturating_sub(MOST_OPTION_BYTES))
}

/// Whether what is missing are whole segments, and none of that size has ever arrived.
///
/// Their sender sends them again for as long as they are missing, first after some 200 ms and then at doubled intervals.
fn is_of_big_ones(c: &Connection, writer: Side, hole: &Hole) -> bool {
    let (one, peer) = (&c.traffic[writer], &c.traffic[writer.peer()]);
    // No more than the peer takes (RFC 9293 section 3.7.1), and than fits into the writer's own link.
    let Some(mss) = peer.mss.map(|mss| one.mss.map_or(mss, |own| own.min(mss))) else { return false };
    let whole = u32::from(mss).saturating_sub(MOST_OPTION_BYTES);
    let none_arrived = one.largest_payload < whole && !fills_smaller_ones(one, whole);
    hole.bytes >= whole && none_arrived && lasted(c, hole) >= HOLE_LEAST
}

/// Whether what arrived looks cut to a size of its own: a sender that knows of the narrow link fills smaller segments.
fn fills_smaller_ones(traffic: &Traffic, whole: u32) -> bool {
    let (largest, packets) = (u64::from(traffic.largest_payload), traffic.payload_packets);
    let mostly_full = traffic.payload_bytes * 5 >= largest * packets * 4;
    packets >= FILLED_LEAST && mostly_full && largest * 2 >= u64::from(whole)
}

/// How long it is known to have been missing; after its end nobody waits for it.
fn lasted(c: &Connection, hole: &Hole) -> Span {
    let quiet = if c.has_ended() { Span::ZERO } else { c.visibility.capture_went_on };
    Span::from_nanos(c.last.at.since(hole.told.at).as_nanos() + quiet.as_nanos())
}

fn mss(c: &Connection, writer: Side) -> u32 {
    c.traffic[writer.peer()].mss.or(c.traffic[writer].mss).map_or(1_200, u32::from)
}

/// Segments of about one size from which that is no chance.
const FILLED_LEAST: u64 = 4;

/// Mean size of what was sent before it. The union of the ranges holds each byte once, the lost ones included.
fn passed(traffic: &Traffic, lost: &Unanswered) -> f64 {
    let others = traffic.payload_packets.saturating_sub(u64::from(lost.retransmissions) + 1);
    let bytes = traffic.payload_bytes.saturating_sub(u64::from(lost.length));
    // What was in flight behind it is as big as it, and is lost too: it does not count as passed.
    if others == 0 { 0.0 } else { (bytes as f64 / others as f64).min(bytes as f64) }
}

/// RFC 1191 section 4 and RFC 8201: fragmentation needed, packet too big.
const fn is_too_big(v6: bool, kind: u8, code: u8) -> bool {
    matches!((v6, kind, code), (false, 3, 4) | (true, 2, _))
}

/// How the size that passes is found.
fn ping(from: IpAddr, to: IpAddr) -> String {
    // 1400 bytes less the headers of IP and ICMP.
    let (version, payload) = if to.is_ipv6() { ("-6", 1_352) } else { ("-4", 1_372) };
    format!(
        "on {from} `ping {version} -M do -s {payload} {to}` (1400 bytes on the wire) up and down, or `tracepath {to}`"
    )
}

fn remedy(ping: &str) -> Vec<String> {
    vec![
        format!("Find the size that passes: {ping}."),
        "Set the MTU of overlay and tunnel right: CNI MTU (Calico `veth_mtu`, Cilium `mtu`, Flannel), WireGuard 1420, VPN and cloud \
         interconnects 1350 to 1440; jumbo frames on one side alone do the same."
            .to_owned(),
        "Or agree on less: `iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`, nftables `tcp \
         option maxseg size set rt mtu`."
            .to_owned(),
        "Let ICMP type 3 code 4 and ICMPv6 type 2 through; where that can not be, `net.ipv4.tcp_mtu_probing=1` on the sender.".to_owned(),
    ]
}
