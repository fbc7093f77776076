//! A SYN to which no answer was captured.

use crate::detect::thresholds::{ANSWER_WAIT, NO_WAY_NEAR, SYN_RETRY_LEAST};
use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Group, Host, Service, Severity, Shape, Told};
use crate::record::{Connection, IcmpNote, Outcome, timeline};
use crate::types::{Moment, Side, Span};

/// Detector of `syn-unanswered`.
#[derive(Debug)]
pub(in crate::detect) struct SynUnanswered;

const CODE: &str = "syn-unanswered";
const FOR_LONGER: Option<&str> =
    Some("timeout 60 tcpdump -i any -w FILE 'host SERVER and (tcp port PORT or icmp or icmp6)'");
const BOTH_WAYS: Option<&str> = Some("tcpdump -i any -w FILE 'host SERVER and (tcp port PORT or icmp or icmp6)'");

impl Detector for SynUnanswered {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("syn_unanswered.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["accept-queue-overflow", "stale-nat-target", "new-flow-drop"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::ANY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(syn) = c.opening.syn else { return };
        if answered(c) {
            exam.applies();
            return;
        }
        if c.visibility.one_way.is_some() || c.opening.ack.is_some() {
            exam.not_visible("only one direction of the connection was captured", BOTH_WAYS);
            return;
        }
        if c.ending.reset.is_some() {
            // A client answers a segment that it did not expect with a RST (RFC 9293 section 3.10.7.3): something came back.
            exam.not_visible("the client reset its own attempt: what it reacted to was not captured", BOTH_WAYS);
            return;
        }
        if c.visibility.evicted {
            exam.not_visible("too many connections were open at once to watch this attempt to its end", None);
            return;
        }
        if c.last.at.since(syn.at).plus(c.visibility.capture_went_on) < ANSWER_WAIT {
            exam.not_visible("less than 3 s after the SYN the capture ends or the ports are used again", FOR_LONGER);
            return;
        }
        let retries = &c.opening.syn_retries;
        let repeated = retries.iter().any(|retry| retry.at.since(syn.at) >= SYN_RETRY_LEAST);
        let (kind, severity, confidence) = if repeated {
            ("retried", Severity::Error, Confidence::Medium)
        } else {
            ("once", Severity::Warning, Confidence::Low)
        };
        let mut evidence = vec![Some(syn)];
        evidence.extend(retries.iter().copied().map(Some));
        exam.symptom(CODE, kind, severity, confidence, &evidence)
            .span(Some(c.last.at.since(syn.at)))
            .count(Some(c.opening.syns_sent()));
        if let Some(schedule) = schedule(syn, retries) {
            exam.quote("retries", schedule);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let unseen = service.server_side_unseen + case.host.unseen_elsewhere;
        if unseen > 0 && service.answered + case.host.answered_elsewhere == 0 {
            // Other connections to the address prove that its answers are not in this capture.
            return Vec::new();
        }
        let retried = case.group.of_kind("retried");
        let refused = service.of(Outcome::Refused);
        let answered = case.group.applied.saturating_sub(case.group.count).saturating_sub(refused);
        let mut told = Told::default();
        told.facts.add("unanswered", case.group.count);
        told.facts.add("answered", answered);
        told.facts.add("refused", refused);
        told.facts.add("attempts_with_retries", retried);
        if let Some(syns) = case.group.counts.whole() {
            told.facts.add("syns_per_attempt", u64::try_from(syns.median).unwrap_or_default());
        }
        if let Some(tried) = case.group.spans.whole() {
            told.facts.add("tried_for_s", tried.longest());
        }
        if let [(schedule, _)] = case.group.quotes("retried", "retries").as_slice() {
            told.facts.add("retry_schedule", (*schedule).to_owned());
        }
        let count = case.group.count;
        let mut summary = format!(
            "No answer to the SYN was captured for {} to {} ({count} of {}).",
            counted(count, "attempt"),
            service.address(),
            case.group.applied,
        );
        let longest = case.group.spans.whole().map_or(Span::ZERO, |tried| tried.longest());
        summary += &match (count, retried) {
            (_, 0) => {
                " None was repeated after a second: the client gave up early, or it did get an answer that is not in the capture."
                    .to_owned()
            }
            (1, _) => format!(" The client repeated it for {longest}."),
            (_, retried) => format!(" The client repeated it in {retried} of them, for up to {longest}."),
        };
        let no_way = no_way_near(case.group, case.host);
        match (answered, refused) {
            _ if no_way.is_some() => {}
            (0, 0) => {
                if retried > 0 {
                    told.confidence = Some(Confidence::High);
                    summary += " Nothing at this address and port answered in this capture.";
                }
            }
            (0, refused) => {
                summary +=
                    &format!(" The same address and port refused {} by a RST.", counted(refused, "other attempt"));
            }
            (answered, _) => {
                summary += &format!(
                    " The same address and port answered {}: a full accept queue (Linux drops the SYN without a word), \
                     packet loss, or one dead host behind the address fits better than a rule against the port.",
                    counted(answered, "other attempt")
                );
            }
        }
        if answered == 0 && case.host.answered_elsewhere > 0 {
            told.facts.add("answered_on_other_ports", case.host.answered_elsewhere);
            summary += &format!(
                " Other ports of the address answered {}: the address is alive.",
                counted(case.host.answered_elsewhere, "attempt")
            );
        }
        if let Some((error, _)) = no_way {
            let says = timeline::icmp(&error);
            summary += &format!(
                " Beside them {} answered packets to this address with the ICMP error \"{says}\" (first in packet {}): routers send few of these, so that \
                 attempts without one may have the same cause.",
                error.from, error.at.packet,
            );
            told.facts.add("icmp_from", error.from.to_string());
            told.facts.add("icmp_error", says);
            told.facts.add("icmp_in_packet", error.at.packet.number());
        }
        told.not_visible
            .push("where the SYN or its answer was lost: that takes a second capture at the server, `timeout 60 tcpdump -i any -w FILE 'host \
                   CLIENT and tcp port PORT'`, at the same time; `handshark correlate` lays the two side by side"
                .to_owned());
        told.summary = summary;
        told.remedy = match no_way {
            Some((error, _)) => vec![format!(
                "{} has no way to {}: `ip route get {}` and `ip neigh show {}` there, and its log of that time (a route that was removed, a \
                 link or a routing daemon that went down, a host that is gone).",
                error.from, service.key.address, service.key.address, service.key.address
            )],
            None => remedy(service, answered, case.host),
        };
        told.common.push(Common::of_host(service, "No answer to the SYN was captured for COUNT attempts"));
        let of_client = Common::of_client(case.group, "No answer to the SYN was captured for COUNT attempts");
        told.common.extend(of_client.map(|common| Common { advice: Some(NEAR_THE_CLIENT.to_owned()), ..common }));
        vec![told]
    }
}

/// Several services at once.
const NEAR_THE_CLIENT: &str = "What these services have in common is the client: look at its own side first (loss or a full queue on its \
                               uplink, a firewall, NAT or connection tracking near it, a route), before the servers. If it tries \
                               many addresses or ports on purpose, it is a scan.";

/// The errors that say that there is no way to the address, where they came near the attempts.
fn no_way_near(group: &Group, host: Host) -> Option<(IcmpNote, IcmpNote)> {
    let (first, last) = (group.first?, group.last?);
    host.no_way
        .filter(|(error, latest)| error.at.at <= last.plus(NO_WAY_NEAR) && latest.at.at.plus(NO_WAY_NEAR) >= first)
}

/// Whether anything came back: from the server, or about the attempt.
fn answered(c: &Connection) -> bool {
    c.opening.is_answered()
        || c.traffic[Side::Server].packets > 0
        || c.icmp_error.is_some()
        || c.ending.reset.is_some_and(|reset| reset.by == Side::Server)
}

/// Which schedule the repetitions follow, where the first three gaps tell.
fn schedule(syn: Moment, retries: &[Moment]) -> Option<&'static str> {
    let near = |span: Span, seconds: i64| span.plus(Span::from_secs(-seconds)).abs() <= Span::from_millis(300);
    let [first, second, ..] = retries else { return None };
    let gaps = (first.at.since(syn.at), second.at.since(first.at));
    if near(gaps.0, 1) && near(gaps.1, 1) {
        Some("that of Linux 6.5 and later: 1, 1, 1, 1, 1, 2, 4 s ...")
    } else if near(gaps.0, 1) && near(gaps.1, 2) {
        Some("that of Linux before 6.5, Windows and others: 1, 2, 4, 8 s ...")
    } else if near(gaps.0, 3) && near(gaps.1, 6) {
        Some("that of older systems: 3, 6, 12 s ...")
    } else {
        None
    }
}

fn remedy(service: &Service, answered: u64, host: Host) -> Vec<String> {
    let port = service.key.port;
    let at_server = format!(
        "See whether the SYN arrives: on the server `tcpdump -ni any 'tcp port {port} and host CLIENT'`. It arrives and is not \
         answered: the host drops it. It does not arrive: the path does."
    );
    if answered > 0 {
        return vec![
            format!(
                "Accept queue: on the server `nstat -az TcpExtListenOverflows TcpExtListenDrops` and `ss -ltn 'sport = \
                 :{port}'` (Recv-Q at Send-Q is full). Raise `net.core.somaxconn` and the application's backlog (nginx `listen \
                 ... backlog=`, gunicorn `backlog`, Node.js `backlog` of `listen`), or add workers."
            ),
            "Connection tracking: `conntrack -S` (insert_failed, drop), `dmesg` (\"nf_conntrack: table full\"), \
             `net.netfilter.nf_conntrack_max`; Cilium: `cilium monitor --type drop`, `bpf-ct-global-tcp-max`."
                .to_owned(),
            "Several hosts behind the address: take the one that does not answer out of rotation (health checks, readinessProbe)."
                .to_owned(),
            at_server,
        ];
    }
    let mut remedy = vec![
        at_server,
        format!(
            "Rules that drop without a word: cloud security group or network ACL, Kubernetes NetworkPolicy (ingress at the server, \
             egress at the client), iptables or nftables DROP, host firewall: allow TCP {port} from the client."
        ),
    ];
    if host.answered_elsewhere == 0 {
        remedy.push(
            "Is the address alive: a pod address of a pod that is gone, a stale DNS record or endpoint (`kubectl get endpointslices`)."
                .to_owned(),
        );
        remedy.push(
            "Return path: a route back to the client, and reverse path filtering (`net.ipv4.conf.*.rp_filter=2` for asymmetric \
             routes)."
                .to_owned(),
        );
    }
    remedy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    fn at(seconds: i64) -> Moment {
        Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(seconds * 1_000_000_000) }
    }

    #[test]
    fn both_schedules_of_linux_are_known() {
        assert!(schedule(at(0), &[at(1), at(2), at(3)]).is_some_and(|name| name.contains("6.5 and later")));
        assert!(schedule(at(0), &[at(1), at(3), at(7)]).is_some_and(|name| name.contains("before 6.5")));
        assert_eq!(schedule(at(0), &[at(1)]), None, "both begin alike");
        assert_eq!(schedule(at(0), &[at(5), at(50)]), None);
    }
}
