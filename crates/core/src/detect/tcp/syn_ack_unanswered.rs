//! A SYN-ACK that the server had to send again, and that nobody acknowledged.

use crate::detect::thresholds::{ANSWER_WAIT, SYN_RETRY_LEAST};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::{Moment, Side};

/// Detector of `syn-ack-unanswered`.
#[derive(Debug)]
pub(in crate::detect) struct SynAckUnanswered;

const CODE: &str = "syn-ack-unanswered";

/// The client asked again after the SYN-ACK was captured: it did not receive it.
const ASKED_AGAIN: &str = "asked-again";
/// Nothing of the client was captured after its SYN.
const CLIENT_SILENT: &str = "client-silent";

/// Clients that are told apart in a group.
const TOLD_APART: usize = 32;

impl Detector for SynAckUnanswered {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("syn_ack_unanswered.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN_ACK
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::SYN_ACK_REPEATED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(syn_ack) = c.opening.syn_ack else { return };
        let repeated = c.opening.syn_ack_count > 1;
        let Some(syn) = c.opening.syn else {
            if repeated && c.visibility.one_way == Some(Side::Server) {
                exam.not_visible(
                    "only the server's packets were captured: the client's ACK would not be seen",
                    Some("tcpdump -i any -w FILE 'host SERVER and tcp port PORT'"),
                );
            }
            return;
        };
        exam.applies();
        if !repeated || !is_unanswered(c) {
            return;
        }
        let Some(last) = c.traffic.server.last_packet else { return };
        if last.at.since(syn_ack.at) < SYN_RETRY_LEAST {
            return;
        }
        if c.last.at.since(syn_ack.at).plus(c.visibility.capture_went_on) < ANSWER_WAIT {
            exam.not_visible(
                "the capture ends less than 3 s after the SYN-ACK",
                Some("timeout 60 tcpdump -i any -w FILE 'host SERVER and tcp port PORT'"),
            );
            return;
        }
        let asks_again = |retry: &&Moment| retry.packet > syn_ack.packet && retry.at.since(syn.at) >= SYN_RETRY_LEAST;
        let again = c.opening.syn_retries.iter().find(asks_again).copied();
        let (kind, severity, confidence) = match again {
            Some(_) => (ASKED_AGAIN, Severity::Error, Confidence::High),
            // A client that waits repeats its SYN: this one has its SYN-ACK, or is gone.
            None => (CLIENT_SILENT, Severity::Warning, Confidence::Medium),
        };
        let mut evidence = [Some(syn), Some(syn_ack), again, Some(last)];
        evidence.sort_by_key(|moment| moment.map(|moment| moment.packet));
        exam.symptom(CODE, kind, severity, confidence, &evidence)
            .span(Some(last.at.since(syn_ack.at)))
            .count(Some(c.opening.syn_ack_count));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (count, again) = (group.count, group.of_kind(ASKED_AGAIN));
        let opened = group.applied.saturating_sub(count);
        let mut told = Told::default();
        told.facts.add("syn_acks_unanswered", count);
        told.facts.add("client_asked_again", again);
        told.facts.add("other_attempts_opened_or_reset", opened);
        told.facts.add("clients", group.clients.len() as u64);
        if let Some(syn_acks) = group.counts.whole() {
            told.facts.add("syn_acks_per_attempt", u64::try_from(syn_acks.median).unwrap_or_default());
        }
        told.summary = format!(
            "{} answered the SYN of {}, sent its SYN-ACK again, and got no ACK ({count} of {}).",
            service.address(),
            counted(count, "attempt"),
            group.applied,
        );
        let spoofed = again == 0 && look_made_up(group.clients.iter().map(|(_, attempts)| *attempts));
        if spoofed {
            told.facts.add("looks_like_a_syn_flood", true.to_string());
            told.summary += &format!(
                " The SYNs come from {TOLD_APART} or more addresses, one or two from each, and none was repeated: sources that \
                 were made up (a SYN flood), or a scan."
            );
        } else if again > 0 {
            let which = if again == count { String::new() } else { format!("In {again} of them: ") };
            told.summary += &format!(
                " {which}The client sent its SYN again after the SYN-ACK had been captured: the SYN-ACK does not reach the client."
            );
        } else {
            told.summary += " The client was not heard again, though clients repeat a SYN whose answer does not come: its ACK is lost on the way \
                             here, it went away, or it is a scanner.";
        }
        told.not_visible
            .push("where the SYN-ACK or the ACK was lost: that takes a second capture at the client, `timeout 60 tcpdump -i any -w FILE 'host SERVER \
                   and tcp port PORT'`, at the same time; `handshark correlate` lays the two side by side"
                .to_owned());
        told.remedy = remedy(service, spoofed);
        vec![told]
    }
}

/// Whether nothing but SYNs came from the client, and nothing but SYN-ACKs from the server.
fn is_unanswered(c: &Connection) -> bool {
    c.opening.ack.is_none()
        && c.ending.first.is_none()
        && !c.carried_payload()
        && !c.opening.simultaneous
        && c.traffic.client.packets.saturating_sub(u64::from(c.visibility.twins)) <= u64::from(c.opening.syn_count)
        && c.traffic.server.packets.saturating_sub(u64::from(c.visibility.twins)) <= u64::from(c.opening.syn_ack_count)
}

/// Whether as many sources as are told apart made one or two attempts each: nobody there waits for the answers.
fn look_made_up(attempts: impl ExactSizeIterator<Item = u64>) -> bool {
    attempts.len() >= TOLD_APART && attempts.sum::<u64>() <= 2 * TOLD_APART as u64
}

fn remedy(service: &Service, spoofed: bool) -> Vec<String> {
    let port = service.key.port;
    if spoofed {
        return vec![
            "`nstat -az TcpExtSyncookiesSent TcpExtTCPReqQFullDoCookies`; keep `net.ipv4.tcp_syncookies=1`, raise \
             `net.ipv4.tcp_max_syn_backlog`; filter in front (AWS Shield, Azure DDoS Protection, Google Cloud Armor, SYN proxy of \
             the firewall)."
                .to_owned(),
        ];
    }
    vec![
        format!(
            "Capture at the client at the same time: `tcpdump -ni any -w FILE 'tcp port {port}'`. No SYN-ACK there: the way back \
             drops it. A SYN-ACK and an ACK there: the ACK is lost on the way to the server."
        ),
        "Asymmetric routes through a stateful firewall: it sees the SYN-ACK without the SYN (or the ACK without the SYN-ACK) and \
         drops it. Route both directions through the same device; on the server `ip route get CLIENT` shows the way back."
            .to_owned(),
        "Servers with two interfaces or addresses: source-based rules (`ip rule`) so that the answer leaves where the SYN came in; \
         `net.ipv4.conf.*.rp_filter=2`."
            .to_owned(),
        "Kubernetes and load balancers: `externalTrafficPolicy: Local`, or a load balancer that keeps the client's address while the \
         answer bypasses it (direct server return must be meant on both sides; AWS NLB: `preserve_client_ip.enabled`; HAProxy \
         `source ... usesrc`; Cilium DSR)."
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_many_sources_that_ask_once() {
        assert!(look_made_up([1; 32].into_iter()));
        assert!(!look_made_up([3; 32].into_iter()), "who asks again waits for an answer");
        assert!(!look_made_up([1; 31].into_iter()), "a few clients behind one broken path");
    }
}
