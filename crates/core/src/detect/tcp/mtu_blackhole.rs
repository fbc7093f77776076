//! Small segments pass, big ones do not.

use std::net::IpAddr;

use crate::detect::recapture;
use crate::detect::thresholds::{BIG_SEGMENT_SHARE, MTU_RETRANSMISSIONS};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{Connection, Traffic, Unanswered};
use crate::types::{Moment, Side};

/// Detector of `mtu-blackhole`.
#[derive(Debug)]
pub(in crate::detect) struct MtuBlackhole;

const CODE: &str = "mtu-blackhole";
const FROM_CLIENT: &str = "from-client";
const FROM_SERVER: &str = "from-server";

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
        Shape::UNANSWERED
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SPOKE, Shape::UNANSWERED | Shape::ONE_WAY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let unanswered = c.traffic.client.unanswered.is_some() || c.traffic.server.unanswered.is_some();
        let both_spoke = c.traffic.client.first_payload.is_some() && c.traffic.server.first_payload.is_some();
        if !unanswered && (!both_spoke || c.visibility.one_way.is_some()) {
            return;
        }
        if c.visibility.one_way.is_some() {
            exam.not_visible("only one direction was captured: acknowledgments would not be seen", recapture::HEADERS);
            return;
        }
        exam.applies();
        for (writer, kind) in [(Side::Client, FROM_CLIENT), (Side::Server, FROM_SERVER)] {
            let Some(lost) = c.traffic[writer].unanswered.as_deref().filter(|lost| is_stuck(c, writer, lost)) else {
                continue;
            };
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
            .count(Some(lost.length));
            if let Some((_, length)) = smaller {
                exam.quote("arrived", &length.to_string());
            }
            if let Some(error) = said {
                exam.quote("icmp", &error.from.to_string());
            }
            return;
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        [(FROM_CLIENT, Side::Client), (FROM_SERVER, Side::Server)]
            .iter()
            .filter_map(|&(kind, writer)| {
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
                    (_, None) => "`ping -M do -s 1372 HOST` (1400 bytes on the wire) up and down, or `tracepath HOST`, in the direction that \
                                  loses"
                        .to_owned(),
                };
                let mut told = Told { affected: Some(count), example_kind: Some(kind), remedy: remedy(&ping), ..Told::default() };
                let size =
                    if sizes.smallest == sizes.largest { sizes.largest.to_string() } else { format!("{} to {}", sizes.smallest, sizes.largest) };
                // Who is heard after the loss proves that something passes.
                let meanwhile =
                    if case.group.confidence >= Some(Confidence::Medium) { ", while small packets passed" } else { "" };
                told.summary = format!(
                    "Big segments from {from} to {to} do not get through ({count} of {}): segments with {size} bytes of payload were sent again \
                     and again without an ACK{meanwhile}. A link on the way takes less than the two ends agreed on.",
                    case.group.applied,
                );
                let arrived = case.group.quotes(kind, "arrived");
                let connections: u64 = arrived.iter().map(|(_, connections)| connections).sum();
                let largest = arrived.iter().filter_map(|(length, _)| length.parse::<u64>().ok()).max();
                if let Some(largest) = largest {
                    told.summary += &format!(
                        " On {} the other end said by SACK that smaller ones behind them arrived: {largest} bytes at most.",
                        counted(connections, "connection")
                    );
                    told.facts.add("arrived_bytes_most", largest);
                }
                if let [(router, _), ..] = case.group.quotes(kind, "icmp").as_slice() {
                    told.summary += &format!(" {router} said so by ICMP (packet too big), and the sender did not send smaller ones.");
                    told.facts.add("icmp_from", (*router).to_owned());
                } else {
                    told.not_visible.push(
                        "whether a router said so: the capture holds no ICMP error about it (a filter may have left it out; \
                         `tcpdump -i any -s 128 -w FILE 'host SERVER and (tcp port PORT or icmp or icmp6)'` has both)"
                            .to_owned(),
                    );
                }
                told.facts.add("writer", writer.name());
                told.facts.add("lost_bytes_least", u64::try_from(sizes.smallest).unwrap_or_default());
                told.facts.add("lost_bytes_most", u64::try_from(sizes.largest).unwrap_or_default());
                Some(told)
            })
            .collect()
    }
}

/// Whether a big segment is stuck where only smaller ones had passed.
pub(super) fn is_stuck(c: &Connection, writer: Side, lost: &Unanswered) -> bool {
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
    // What the network card splits later has the MSS then, less the options.
    let on_the_wire = lost.length.min(mss(c, writer).saturating_sub(MOST_OPTIONS));
    lost.arrived.filter(|(_, largest)| *largest < on_the_wire)
}

fn mss(c: &Connection, writer: Side) -> u32 {
    c.traffic[writer.peer()].mss.or(c.traffic[writer].mss).map_or(1_200, u32::from)
}

/// Bytes of TCP options in one segment at most (RFC 9293 section 3.1), for which the MSS has no room set aside.
const MOST_OPTIONS: u32 = 40;

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
