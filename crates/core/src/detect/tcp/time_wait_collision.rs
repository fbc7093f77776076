//! A SYN that met an older connection on the same addresses and ports.

use crate::detect::thresholds::{ANSWER_WAIT, SYN_RETRY_LEAST};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::Moment;

/// Detector of `time-wait-collision`.
#[derive(Debug)]
pub(in crate::detect) struct TimeWaitCollision;

const CODE: &str = "time-wait-collision";

/// The client cleared the older connection and opened the new one with its next SYN.
const RECOVERED: &str = "recovered";
/// The client cleared the older connection, and its next SYN is not in the capture on these ports.
const CLEARED: &str = "cleared";
/// No SYN-ACK followed.
const STUCK: &str = "stuck";

impl Detector for TimeWaitCollision {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("time_wait_collision.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN, Shape::CHALLENGED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(syn) = c.opening.syn else { return };
        exam.applies();
        let Some(challenge) = c.opening.challenge_ack else { return };
        let after = |retry: &&Moment| retry.packet > challenge.packet;
        let in_time = |retry: &&Moment| retry.at.since(syn.at) >= SYN_RETRY_LEAST;
        // A NAT in front of the client may send what comes sooner from another port.
        let later = c.opening.syn_retries.iter().filter(after).find(in_time);
        let again = later.or_else(|| c.opening.syn_retries.iter().find(after)).copied();
        let repeated = later.is_some();
        let cleared = c.ending.reset_count.client > 0;
        if let Some(syn_ack) = c.opening.syn_ack {
            // An ACK of the connection before that came late harms nothing: the SYN itself was accepted.
            if repeated && again.is_some_and(|again| again.packet < syn_ack.packet) {
                exam.symptom(
                    CODE,
                    RECOVERED,
                    Severity::Warning,
                    Confidence::High,
                    &[Some(syn), Some(challenge), again, Some(syn_ack)],
                )
                .span(c.opening.connect());
            }
            return;
        }
        if c.carried_payload() || c.ending.fin.server.is_some() {
            return;
        }
        // A host that still wants to connect sends no FIN.
        if cleared && again.is_none() && c.ending.fin.client.is_none() {
            let reset = c.ending.reset.map(|reset| reset.at);
            exam.symptom(CODE, CLEARED, Severity::Warning, Confidence::High, &[Some(syn), Some(challenge), reset]);
            return;
        }
        if c.last.at.since(syn.at).plus(c.visibility.capture_went_on) < ANSWER_WAIT {
            exam.not_visible(
                "less than 3 s after the SYN the capture ends or the ports are used again",
                Some("timeout 60 tcpdump -i any -w FILE 'host SERVER and tcp port PORT'"),
            );
            return;
        }
        let confidence = if cleared || repeated { Confidence::High } else { Confidence::Medium };
        let reset = c.ending.reset.map(|reset| reset.at);
        let mut evidence = [Some(syn), Some(challenge), reset, again];
        evidence.sort_by_key(|moment| moment.map(|moment| moment.packet));
        exam.symptom(CODE, STUCK, Severity::Error, confidence, &evidence).span(Some(c.last.at.since(syn.at)));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (recovered, cleared, stuck) = (group.of_kind(RECOVERED), group.of_kind(CLEARED), group.of_kind(STUCK));
        let mut told = Told::default();
        told.facts.add("opened_after_a_retry", recovered);
        told.facts.add("cleared", cleared);
        told.facts.add("never_opened", stuck);
        told.facts.add("clients", group.clients.len() as u64);
        let mut summary = format!(
            "{} answered the SYN of {} with an ACK for something else ({} of {}): it still holds an older connection on the same \
             addresses and ports.",
            service.address(),
            counted(group.count, "attempt"),
            group.count,
            group.applied,
        );
        if let Some(took) = group.spread(RECOVERED).and_then(|spread| spread.spans.whole()) {
            told.facts.add("connect_longest_s", took.longest());
            let which = if stuck + cleared == 0 { String::new() } else { format!("In {recovered} of them: ") };
            summary += &format!(" {which}A later SYN opened the connection, and connecting took {took}.");
        }
        if cleared > 0 {
            let which = if recovered + stuck == 0 { String::new() } else { format!("In {cleared} of them: ") };
            summary += &format!(
                " {which}The client cleared the older one with a RST, and its next SYN is not here on these ports: a NAT in front of it sent that from \
                 another port, it gave up, or the capture ended."
            );
        }
        if stuck > 0 {
            let which = if recovered + cleared == 0 { String::new() } else { format!("In {stuck} of them: ") };
            summary += &format!(
                " {which}No connection was opened: the RST with which a client clears the older one was not sent, or it did not arrive."
            );
        }
        told.summary = summary;
        told.not_visible.push(
            "the state in which the server holds the older connection (TIME_WAIT, FIN_WAIT2, LAST_ACK, ESTABLISHED): `ss -tan` there \
             shows it"
                .to_owned(),
        );
        told.remedy = remedy(service);
        vec![told]
    }
}

fn remedy(service: &Service) -> Vec<String> {
    let port = service.key.port;
    vec![
        format!(
            "On the server `ss -tan state all 'sport = :{port}'` while it happens: TIME-WAIT there means that the server closes \
             first; ESTABLISHED means that it never heard of the end (a client or a NAT that forgot without FIN)."
        ),
        "Many clients behind one address (SNAT gateway, load balancer, proxy): ports come round too soon. More SNAT addresses or \
         ports (AWS NAT gateway secondary addresses, Azure `allocatedOutboundPorts`, GCP Cloud NAT `minPortsPerVm`), and \
         keep-alive so that fewer connections are made."
            .to_owned(),
        "Let the client close first, so that TIME_WAIT stays where the port is chosen; there `net.ipv4.tcp_tw_reuse=1` is safe with \
         timestamps. Keep `net.ipv4.tcp_timestamps=1` on both ends: with it a SYN replaces a TIME_WAIT at once."
            .to_owned(),
        "Proxies that reuse the client's own port (Cilium and Envoy with original source address, HAProxy `source 0.0.0.0 usesrc \
         clientip`): let the kernel choose the port, or close before reuse."
            .to_owned(),
        "Firewalls must let the client's RST pass (Linux conntrack may call it INVALID: \
         `net.netfilter.nf_conntrack_tcp_be_liberal=1`)."
            .to_owned(),
    ]
}
