//! Some source ports of a client reach nothing while others, at the same time, are answered at once.

use crate::detect::openings::Start;
use crate::detect::thresholds::{ANSWER_WAIT, STUCK_BESIDE_SHARE, STUCK_SYNS};
use crate::detect::words::{counted, is_share};
use crate::detect::{Case, Common, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;

/// Detector of `stale-nat-target`.
#[derive(Debug)]
pub(in crate::detect) struct StaleNatTarget;

const CODE: &str = "stale-nat-target";

impl Detector for StaleNatTarget {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("stale_nat_target.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["accept-queue-overflow", "new-flow-drop"]
    }

    fn needs(&self) -> Shape {
        Shape::SYN
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK, Shape::ANY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(syn) = c.opening.syn else { return };
        if c.opening.is_answered() {
            exam.applies();
            return;
        }
        if Start::of(c, exam.outcome()) != Some(Start::Never) {
            return;
        }
        exam.applies();
        let asked_for = c.opening.syn_retries.last().map(|last| last.at.since(syn.at)).unwrap_or_default();
        if c.opening.syn_count < STUCK_SYNS || asked_for < ANSWER_WAIT || c.ending.reset.is_some() {
            return;
        }
        let mut evidence = vec![Some(syn)];
        evidence.extend(c.opening.syn_retries.iter().copied().map(Some));
        // Alone it is an attempt without an answer: it takes the others beside it.
        exam.symptom(CODE, "stuck", Severity::Error, Confidence::Medium, &evidence).span(Some(asked_for)).quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let total = service.openings.total();
        let stuck = case.group.count;
        let beside = service.openings.never_beside_answered().unwrap_or(0);
        // Loss and full queues let a retry through now and then, and hit one SYN more often than three.
        let sticks = u64::from(total.late) * 4 <= stuck && u64::from(total.never) <= u64::from(total.at_once);
        if !is_share(beside, stuck, STUCK_BESIDE_SHARE) || !sticks || service.server_side_unseen > 0 {
            return Vec::new();
        }
        let mut told = Told::default();
        told.facts.add("stuck", stuck);
        told.facts.add("answered_at_once", u64::from(total.at_once));
        told.facts.add("answered_after_a_retry", u64::from(total.late));
        if let Some(asked) = case.group.spans.whole() {
            told.facts.add("asked_for_longest_s", asked.longest());
        }
        told.summary = format!(
            "{} to {} got no answer to {STUCK_SYNS} or more SYNs each, while {} from other source ports, some of them begun meanwhile, {} \
             answered at once ({stuck} of {}). Neither loss nor a full queue does that: some source ports are sent to a target that is \
             gone, by a stale entry of address translation or to a dead host behind the address.",
            counted(stuck, "attempt"),
            service.address(),
            counted(u64::from(total.at_once), "attempt"),
            if total.at_once == 1 { "was" } else { "were" },
            case.group.applied,
        );
        told.not_visible.push(
            "to which host behind the address each attempt was sent: capture behind the device that translates, on its other \
             side, at the same time: `tcpdump -i any -s 128 -w FILE 'tcp port PORT'`"
                .to_owned(),
        );
        told.remedy = remedy();
        told.common.push(Common::of_host(service, "COUNT attempts got no answer, while others were answered at once,"));
        told.common.push(Common::of_all("COUNT attempts got no answer, while others were answered at once, at"));
        vec![told]
    }
}

fn remedy() -> Vec<String> {
    [
        "Look at the translation on the client's node while it happens: `conntrack -L -p tcp --orig-port-src` and the client's port of \
         an example above (SYN_SENT, with the reply's source as the target); Cilium: `cilium bpf ct list global`, `cilium bpf lb list`. An entry to a pod that is gone: \
         `conntrack -D -d ADDRESS`.",
        "Let such entries die sooner: `net.netfilter.nf_conntrack_tcp_timeout_syn_sent=20` (120 by default; each retry keeps it alive). \
         Entries made before a Service's rules existed stay until they time out: start clients after kube-proxy or the CNI is ready.",
        "Take the dead host out: readiness and health checks of each backend (AWS target group, Azure and GCP probes, kube-proxy \
         endpoints, ECMP next hops); a preStop sleep keeps a pod answering until the rules are gone.",
        "On the client: a connect timeout of a few seconds and a retry, which takes a new source port.",
    ]
    .map(str::to_owned)
    .to_vec()
}
