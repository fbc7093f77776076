//! Keep-alive probes that nobody answers.

use crate::detect::recapture;
use crate::detect::thresholds::LOST_PROBES;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::Side;

/// Detector of `keepalive-unanswered`.
#[derive(Debug)]
pub(in crate::detect) struct KeepaliveUnanswered;

const CODE: &str = "keepalive-unanswered";
const SERVER_GONE: &str = "server-gone";
const CLIENT_GONE: &str = "client-gone";

impl Detector for KeepaliveUnanswered {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("keepalive_unanswered.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["icmp-rejected"]
    }

    fn needs(&self) -> Shape {
        Shape::PROBED
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if c.traffic.client.probes.is_none() && c.traffic.server.probes.is_none() {
            return;
        }
        if c.visibility.one_way.is_some() {
            exam.not_visible(
                "only one direction was captured: answers to the probes would not be seen",
                recapture::HEADERS,
            );
            return;
        }
        exam.applies();
        for (side, kind) in [(Side::Client, SERVER_GONE), (Side::Server, CLIENT_GONE)] {
            let Some(probes) = c.traffic[side].probes.as_deref() else { continue };
            let heard = c.traffic[side.peer()].last_packet;
            let silent = heard.is_none_or(|heard| heard.packet < probes.first.packet);
            if probes.count < LOST_PROBES || !silent {
                continue;
            }
            let gave_up = c.ending.reset.filter(|reset| reset.by == side).map(|reset| reset.at);
            exam.symptom(
                CODE,
                kind,
                Severity::Error,
                Confidence::High,
                &[heard, Some(probes.first), Some(probes.last), gave_up],
            )
            .happened(probes.first)
            .span(Some(probes.last.at.since(probes.first.at)))
            .count(Some(probes.count));
            return;
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let kinds = [(SERVER_GONE, Side::Client), (CLIENT_GONE, Side::Server)];
        kinds
            .iter()
            .filter_map(|&(kind, prober)| {
                let count = case.group.of_kind(kind);
                let spread = case.group.spread(kind)?;
                let (probes, lasted) = (spread.counts.whole()?, spread.spans.whole()?);
                let address = service.address();
                let (who, gone) = match prober {
                    Side::Client => ("the client".to_owned(), address),
                    Side::Server => (address, "the client".to_owned()),
                };
                let mut told = Told { affected: Some(count), example_kind: Some(kind), remedy: remedy(), ..Told::default() };
                told.summary = format!(
                    "Keep-alive probes of {who} were not answered: {} in a row over {} without a packet from {gone} ({count} of {}). \
                     The connection is open on one end alone.",
                    probes.largest,
                    lasted.longest(),
                    case.group.applied,
                );
                told.facts.add("prober", prober.name());
                told.facts.add("probes_most", u64::try_from(probes.largest).unwrap_or_default());
                told.facts.add("probed_for_s", lasted.longest());
                told.not_visible.push(
                    "whether the other end is gone, or its packets or these are dropped on the way: that takes a capture there, `tcpdump \
                     -i any -s 128 -w FILE 'host CLIENT and tcp port PORT'`"
                        .to_owned(),
                );
                Some(told)
            })
            .collect()
    }
}

fn remedy() -> Vec<String> {
    vec![
        "See what happened to the other end before the first probe: a node or pod that is gone without a FIN, a virtual machine that \
         was stopped, a VPN that went down, a device that forgot the connection (`silent-idle-drop`)."
            .to_owned(),
        "Let it be noticed sooner: `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (Linux waits 7200 s, then 9 probes every 75 s) and \
         `TCP_USER_TIMEOUT` for what was written; Go `net.KeepAliveConfig`, Java `ExtendedSocketOptions.TCP_KEEPIDLE`, Envoy and \
         Istio `tcpKeepalive`, PostgreSQL `tcp_keepalives_idle`."
            .to_owned(),
    ]
}
