//! A proxy answers 503 at once, and no SYN leaves it: the source port it wants is in use.

use crate::detect::thresholds::{LOCAL_ANSWER_WITHIN, LOCAL_FAILURES_LEAST};
use crate::detect::words::{counted, listed};
use crate::detect::{Beside, Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{Connection, Protocol};
use crate::types::{Moment, Side};

/// Detector of `local-connect-failure`.
#[derive(Debug)]
pub(in crate::detect) struct LocalConnectFailure;

const CODE: &str = "local-connect-failure";
const PORT_IN_USE: &str = "port-in-use";

impl Detector for LocalConnectFailure {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("local_connect_failure.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::BOTH_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if c.protocol != Protocol::Http1 || c.opening.syn.is_none() || !c.both_spoke() {
            return;
        }
        exam.applies();
        if quick_503(c).is_some() {
            exam.hold_for_others_of(Side::Client);
        }
    }

    fn examine_beside(&self, c: &Connection, beside: &[Beside], incomplete: bool, exam: &mut Exam<'_>) {
        let Some((asked, answered)) = quick_503(c).filter(|_| !incomplete) else { return };
        let others = || beside.iter().filter(|other| other.server != c.server);
        // A SYN from that port meanwhile, or bytes on the other connection later than the request: it was tried after all.
        let tried = others().any(|other| {
            let within = |packet| asked.packet < packet && packet < answered.packet;
            other.last_syn.is_some_and(within) || within(other.first.packet)
        });
        let in_use = |other: &&Beside| {
            // What the client itself opened to the proxy, at another of its ports, takes no port of the proxy's.
            let upstream = other.server.address != c.server.address;
            let quiet = other.last_payload.is_none_or(|last| last < asked.packet);
            upstream && other.first.packet < asked.packet && quiet && other.holds_port_at(answered.at)
        };
        let Some(other) = others().find(in_use).filter(|_| !tried) else { return };
        exam.symptom(CODE, PORT_IN_USE, Severity::Error, Confidence::Medium, &[Some(asked), Some(answered)])
            .happened(answered)
            .span(Some(answered.at.since(asked.at)))
            .quote("upstream", &other.server.to_string())
            .quote("port", &c.client.port.to_string())
            .quote("packet", &other.first.packet.to_string());
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (Some(service), count) = (case.service, case.group.count) else { return Vec::new() };
        let Some(spans) = case.group.spans.whole().filter(|_| count >= LOCAL_FAILURES_LEAST) else { return Vec::new() };
        let names = |name| listed(case.group.quotes(PORT_IN_USE, name).into_iter().map(|(text, _)| text.to_owned()), 3);
        let (upstream, ports) = (names("upstream"), names("port"));
        let mut told = Told { remedy: remedy(), ..Told::default() };
        told.summary = format!(
            "{} answered {} with 503 within {} ({count} of {}), and no SYN from the client's port left meanwhile. At that time the same port \
             (source ports {ports}) was in use for a connection to {upstream}. A proxy that connects from its client's address and port fails \
             locally then (EADDRNOTAVAIL); the network and {upstream} are not involved.",
            service.address(),
            counted(count, "request"),
            spans.longest(),
            case.group.applied,
        );
        told.facts.add("answered_within_s", spans.longest());
        told.facts.add("upstream", upstream);
        told.facts.add("source_ports", ports);
        told.facts.add("first_packets_with_these_ports", names("packet"));
        told.not_visible.push(
            "the error itself: the proxy's log has it (Envoy: response flag UF, \"immediate connect error\", \"Cannot assign requested address\")"
                .to_owned(),
        );
        vec![told]
    }
}

/// The last exchange, where it was a 503 that came too soon for anything to have been tried.
fn quick_503(c: &Connection) -> Option<(Moment, Moment)> {
    let http = c.http.as_ref().filter(|http| !http.incomplete)?;
    let (asked, answer) = (http.last_request?, http.last_response?);
    let quick = answer.at.at.since(asked.at) <= LOCAL_ANSWER_WITHIN;
    (answer.status == 503 && asked.packet < answer.at.packet && quick).then_some((asked, answer.at))
}

fn remedy() -> Vec<String> {
    [
        "Do not let the proxy connect from its client's own port: Cilium with the change of https://github.com/cilium/cilium/issues/36427, \
         Envoy without `original_src` ports, no fixed `upstream_bind_config` port.",
        "Let it not need a second connection from that port: an idle timeout and a limit of requests below the server's, so that the proxy \
         closes first (Envoy `max_requests_per_connection`, `idle_timeout`).",
        "Retries from the same port fail in the same way: they multiply the error, see `retry-storm`.",
    ]
    .map(str::to_owned)
    .to_vec()
}
