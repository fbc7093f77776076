//! A host that answers a SYN-ACK with a RST: it never asked, or does not know that it did.

use super::refusal_of_syn_ack;
use crate::detect::thresholds::{CONNECT_TIMEOUT_LEAST, PERIOD_LEAST};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Service, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::Side;

/// Detector of `reset-of-syn-ack`.
#[derive(Debug)]
pub(in crate::detect) struct ResetOfSynAck;

const CODE: &str = "reset-of-syn-ack";

/// The SYN to which the SYN-ACK belongs is not in the capture.
const NEVER_ASKED: &str = "never-asked";
/// The SYN was captured, on the same addresses and ports.
const DOES_NOT_KNOW: &str = "does-not-know";
/// The SYN was made by a program, not by a TCP stack.
const PROBE: &str = "probe";

impl Detector for ResetOfSynAck {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("reset_of_syn_ack.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN_ACK
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN_ACK, Shape::SYN_ACK_REFUSED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(syn_ack) = c.opening.syn_ack else { return };
        exam.applies();
        let Some(reset) = refusal_of_syn_ack(c) else { return };
        let kind = match c.opening.syn {
            // Who waited that long has given up: another finding.
            Some(syn) if syn_ack.at.since(syn.at) >= CONNECT_TIMEOUT_LEAST => return,
            Some(_) if is_crafted(c) => PROBE,
            Some(_) => DOES_NOT_KNOW,
            None => NEVER_ASKED,
        };
        // Of a probe it explains all that it ended by; that no harm was done is told below.
        exam.symptom(
            CODE,
            kind,
            Severity::Warning,
            Confidence::Medium,
            &[c.opening.syn, Some(syn_ack), Some(reset.at)],
        )
        .span(Some(reset.at.at.since(syn_ack.at)));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        [NEVER_ASKED, DOES_NOT_KNOW, PROBE].into_iter().filter_map(|kind| tell_kind(kind, case, service)).collect()
    }
}

/// Whether the SYN has no window scale: stacks have sent it since 2006, scanners write the few options that they need.
fn is_crafted(c: &Connection) -> bool {
    let client = &c.traffic[Side::Client];
    client.window_scale.is_none() && c.traffic[Side::Server].window_scale.is_none()
}

fn tell_kind(kind: &'static str, case: &Case<'_>, service: &Service) -> Option<Told> {
    let group = case.group;
    let count = group.of_kind(kind);
    let after = group.spread(kind)?.spans.whole()?;
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    // Who does so by the clock does so on purpose: load balancers have half-open checks.
    let mut paces = group.paces.iter().filter(|pace| pace.kind == kind);
    let by_the_clock =
        paces.clone().next().is_some() && paces.all(|pace| pace.period().is_some_and(|period| period >= PERIOD_LEAST));
    let meant = kind == PROBE || (kind == DOES_NOT_KNOW && by_the_clock);
    told.severity = Some(if meant { Severity::Info } else { Severity::Warning });
    told.facts.add("kind", kind);
    told.facts.add("reset_after_syn_ack_s", after.middle());
    told.facts.add("clients", group.clients.len() as u64);
    let (attempts, address) = (counted(count, "SYN-ACK"), service.address());
    let who = group.only_client().map_or_else(|| "the client".to_owned(), |client| client.to_string());
    told.summary = match kind {
        NEVER_ASKED => format!(
            "{attempts} of {address} reached a host that had not asked: {who} answered RST, and the SYN is not in the capture. The SYN \
             went to another address and its answer was not translated back; or somebody else sent SYNs in this host's name."
        ),
        PROBE => format!(
            "{who} answered {attempts} of {address} with a RST. Its SYN lacks what TCP stacks send since 2006 (window scale): a port \
             scan or a probe that opens no connection. Not a failure."
        ),
        _ => format!(
            "{who} sent a SYN to {address} and answered the SYN-ACK with a RST, as a host does that knows no such connection \
             ({count} of {}). The answer came to another host or network namespace than the SYN, the program had closed the \
             socket already, or a scanner or a half-open health check sent the SYN.",
            group.applied
        ),
    };
    if by_the_clock && kind == DOES_NOT_KNOW {
        told.summary += " It does so at a regular period: a half-open health check.";
    }
    told.not_visible = match kind {
        NEVER_ASKED => {
            vec!["the SYN: captured on the client's host its other address would show, `tcpdump -i any -w FILE 'tcp port PORT'`".to_owned()]
        }
        PROBE => Vec::new(),
        _ => vec![
            "whether another host sent the RST in the client's name: compare with a capture on the client, `tcpdump -i any -w FILE 'tcp port \
                 PORT'`"
                .to_owned(),
        ],
    };
    told.remedy = remedy(kind, service);
    Some(told)
}

fn remedy(kind: &str, service: &Service) -> Vec<String> {
    if kind == PROBE {
        return vec![
            "Nothing has to change. If nobody is meant to scan here, ask who runs the clients' addresses.".to_owned(),
        ];
    }
    let server = service.key.address;
    let mut remedy = vec![format!(
        "Capture on the client's host and all its interfaces: `tcpdump -ni any -w FILE 'tcp[tcpflags] & (tcp-syn|tcp-rst) != 0'`. A \
         SYN to another address (a Service, a load balancer) with the same source port and sequence number, whose SYN-ACK comes from \
         {server}, proves that the translation back is missing."
    )];
    remedy.push(
        "Kubernetes: pods on one bridge answer each other directly unless `net.bridge.bridge-nf-call-iptables=1` (br_netfilter is \
         loaded); a pod that reaches itself through its Service needs hairpin mode (`hairpinMode`, CNI `hairpin`) and \
         masquerading (kube-proxy `--masquerade-all`)."
            .to_owned(),
    );
    remedy.push(
        "Routers and load balancers: the answer must go back through the device that translated the SYN (SNAT on it, or routes); \
         AWS NLB with `preserve_client_ip` and a target that is its own client fails this way, likewise Azure's load balancer."
            .to_owned(),
    );
    if kind == DOES_NOT_KNOW {
        remedy.push(
            "TPROXY and transparent proxies (Envoy, Istio, Squid): the rule that brings answers to the proxy's socket (`-m socket \
             --transparent -j MARK`, `ip rule fwmark`) must be there for this port."
                .to_owned(),
        );
    }
    remedy
}
