//! A connection that opened only after its SYN was sent again.

use crate::detect::thresholds::{SYN_RETRIED_SHARE, SYN_RETRY_LEAST, TIMER_GAP, TIMER_GAP_SHARE};
use crate::detect::words::{counted, is_share, listed};
use crate::detect::{Case, Confidence, Detector, Distribution, Exam, Service, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::{Moment, Side};

/// Detector of `syn-retried`.
#[derive(Debug)]
pub(in crate::detect) struct SynRetried;

const CODE: &str = "syn-retried";

/// No answer to the first SYN was captured before the second one.
const NO_ANSWER: &str = "no-answer";
/// Every SYN was answered, but later than the client waits.
const LATE_ANSWER: &str = "late-answer";
/// The answer was captured, and the client asked again all the same.
const ANSWER_LOST: &str = "answer-lost";

impl Detector for SynRetried {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("syn_retried.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["accept-queue-overflow", "time-wait-collision", "new-flow-drop"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::SYN_ACK
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::SYN_REPEATED))
    }

    fn explains_failures(&self) -> bool {
        false
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let (Some(syn), Some(syn_ack)) = (c.opening.syn, c.opening.syn_ack) else { return };
        exam.applies();
        let repeats = |retry: &&Moment| retry.at.since(syn.at) >= SYN_RETRY_LEAST;
        let Some(again) = c.opening.syn_retries.iter().find(repeats) else { return };
        let used = c.opening.ack.is_some() || c.carried_payload() || c.ending.fin.client.is_some();
        let given_up = c.ending.reset.is_some_and(|reset| reset.by == Side::Client) && !used;
        if given_up {
            return;
        }
        let kind = if syn_ack.packet < again.packet {
            if !used {
                // It was never opened: no SYN-ACK arrived.
                return;
            }
            ANSWER_LOST
        } else if c.opening.syn_ack_count >= c.opening.syn_count {
            LATE_ANSWER
        } else {
            NO_ANSWER
        };
        let mut evidence = vec![Some(syn)];
        evidence.extend(c.opening.syn_retries.iter().copied().map(Some));
        evidence.extend([Some(syn_ack), c.opening.ack]);
        evidence.sort_by_key(|moment| moment.map(|moment| moment.packet));
        exam.symptom(CODE, kind, Severity::Warning, Confidence::High, &evidence)
            .span(c.opening.connect())
            .count(Some(c.opening.syn_count - 1));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (count, of) = (group.count, group.applied);
        let mut told = Told::default();
        if !is_share(count, of, SYN_RETRIED_SHARE) {
            told.severity = Some(Severity::Info);
        }
        let took = group.spans.clusters(TIMER_GAP_SHARE, TIMER_GAP.as_nanos());
        if let (Some(first), Some(last)) = (took.first(), took.last()) {
            told.facts.add("connect_shortest_s", first.shortest());
            told.facts.add("connect_longest_s", last.longest());
        }
        let (late, lost) = (group.of_kind(LATE_ANSWER), group.of_kind(ANSWER_LOST));
        told.facts.add("no_answer_before_the_retry", group.of_kind(NO_ANSWER));
        told.facts.add("answered_late", late);
        told.facts.add("answer_captured_before_the_retry", lost);
        told.summary = format!(
            "{} to {} opened only after the client had sent its SYN again ({count} of {of}): connecting took {}.",
            counted(count, "connection"),
            service.address(),
            took_as_text(&group.spans),
        );
        if late > 0 {
            told.summary +=
                &format!(" In {late} every SYN was answered, later than the client waits: that is slowness, not loss.");
        }
        if lost > 0 {
            told.summary += &format!(
                " In {lost} the SYN-ACK had been captured before the client asked again: the way back lost it, or it came too late."
            );
        }
        told.not_visible
            .push("where the SYN or its answer was lost: that takes a second capture at the other end, `timeout 60 tcpdump -i any -w FILE 'host \
                   CLIENT and tcp port PORT'`, at the same time; `handshark correlate` lays the two side by side"
                .to_owned());
        told.remedy = remedy(service, count == late, count == lost);
        vec![told]
    }
}

/// `1.00-1.04 s (3 times), 3.01 s (once)`: the steps of the retry timer.
fn took_as_text(spans: &Distribution) -> String {
    let clusters = spans.clusters(TIMER_GAP_SHARE, TIMER_GAP.as_nanos());
    if let [only] = clusters.as_slice() {
        return only.to_string();
    }
    let times = |count| if count == 1 { "once".to_owned() } else { format!("{count} times") };
    listed(clusters.iter().map(|cluster| format!("{cluster} ({})", times(cluster.count))), 4)
}

fn remedy(service: &Service, only_slow: bool, only_lost: bool) -> Vec<String> {
    let port = service.key.port;
    let server = service.key.address;
    if only_slow {
        return vec![
            "The path or the server takes a second or more to answer a SYN. Look for queues: a saturated link or VPN (`ping` at the \
             same time), a server or load balancer that is out of CPU, a SYN proxy."
                .to_owned(),
        ];
    }
    if only_lost {
        // The server's host took the SYN in and answered: its queues are not to blame.
        return vec![
            "The server answered in time, so its queues are not to blame: look for loss between this capture point and the client (`ip -s \
             link`, Wi-Fi, a policer or a cloud packet limit: AWS `ethtool -S eth0`: `pps_allowance_exceeded`)."
                .to_owned(),
            "A firewall or NAT on the way back that drops SYN-ACKs (asymmetric routes, `conntrack -S`: invalid, drop) hits some clients \
             always; chance hits all now and then. To find the place, capture at the client at the same time."
                .to_owned(),
        ];
    }
    vec![
        format!(
            "Capture at the server too: `tcpdump -ni any -w FILE 'host {server} and tcp port {port}'`. A SYN that arrives and is \
             not answered was dropped by the server's host; one that does not arrive was lost before it."
        ),
        "The server's host: `nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPReqQFullDrop` that grow mean a full accept \
         or SYN queue: raise `net.core.somaxconn` and the application's backlog."
            .to_owned(),
        "Nodes that translate addresses (Kubernetes NodePort and ClusterIP, Docker, SNAT gateways): `conntrack -S`; \
         `insert_failed` that grows is the race of two connections for one source port. iptables `MASQUERADE --random-fully` \
         (kube-proxy and flannel set it), routable pod addresses, more SNAT addresses."
            .to_owned(),
        "Overlay networks on old kernels: `ethtool -K flannel.1 tx-checksum-ip-generic off` (wrong checksums in VXLAN)."
            .to_owned(),
        "Loss spread over all destinations is the network: `ip -s link`, Wi-Fi, a policer or a cloud packet limit (AWS \
         `ethtool -S eth0`: `pps_allowance_exceeded`, `conntrack_allowance_exceeded`)."
            .to_owned(),
    ]
}
