//! A segment of the server behind a service's address reaches the client under its own address.

use crate::detect::words::{counted, listed};
use crate::detect::{Beside, Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::{Connection, ResetKind};
use crate::types::Side;

/// Detector of `untranslated-reply`.
#[derive(Debug)]
pub(in crate::detect) struct UntranslatedReply;

const CODE: &str = "untranslated-reply";

impl Detector for UntranslatedReply {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("untranslated_reply.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn needs(&self) -> Shape {
        Shape::MID_STREAM | Shape::RESET | Shape::BOTH_SIDES
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(reset) = c.ending.reset.filter(|_| c.visibility.mid_stream) else { return };
        let refuser = reset.by;
        // All that one side ever said is that it knows of no such connection.
        let only_resets =
            u64::from(c.ending.reset_count[refuser]) + u64::from(c.visibility.twins) >= c.traffic[refuser].packets;
        let came_first =
            c.first.packet < reset.at.packet && c.traffic[refuser].packets > 0 && c.traffic[refuser.peer()].packets > 0;
        if only_resets && came_first && !reset.ack && reset.kind == ResetKind::NoSuchConnection {
            exam.applies();
            exam.hold_for_others_of(refuser);
        }
    }

    fn examine_beside(&self, c: &Connection, beside: &[Beside], _incomplete: bool, exam: &mut Exam<'_>) {
        let Some(reset) = c.ending.reset else { return };
        let stray = if reset.by == Side::Client { c.server } else { c.client };
        // The RST's sequence number is the ACK field of the segment that it answers (RFC 9293 section 3.10.7.1).
        let acknowledges = |other: &&Beside| {
            let Some(isn) = other.client_isn else { return false };
            let into = reset.seq.distance_from(isn);
            // The SYN and the FIN have a number each.
            other.server != stray && into > 0 && u64::from(into.unsigned_abs()) <= other.client_bytes.saturating_add(2)
        };
        let alive =
            |other: &&Beside| other.first.at < c.first.at && other.closed.is_none_or(|closed| closed >= c.first.at);
        let Some(real) = beside.iter().find(|other| alive(other) && acknowledges(other)) else { return };
        exam.symptom(CODE, "refused", Severity::Error, Confidence::High, &[Some(c.first), Some(reset.at)])
            .happened(c.first)
            .quote("from", &stray.to_string())
            .quote("service", &real.server.to_string())
            .quote("connection", &real.connection.to_string())
            .quote("packet", &real.first.packet.to_string());
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let group = case.group;
        let names = |name| listed(group.quotes("refused", name).into_iter().map(|(text, _)| text.to_owned()), 3);
        let mut told = Told { remedy: remedy(), ..Told::default() };
        told.summary = format!(
            "On {} a segment for a client came from {} instead of {}: it acknowledges bytes that the client had sent to the latter. The \
             client knows nothing of the former and answered by RST. The reply was not translated back on its way.",
            counted(group.count, "connection"),
            names("from"),
            names("service"),
        );
        told.facts.add("from", names("from"));
        told.facts.add("service", names("service"));
        told.facts.add("connections", names("connection"));
        told.facts.add("their_first_packets", names("packet"));
        told.not_visible.push(
            "why it was not translated: `conntrack -S` on the node counts `invalid`; a capture on the node's other side shows the segment \
             before: `tcpdump -i any -s 128 -w FILE 'tcp port PORT'`"
                .to_owned(),
        );
        vec![told]
    }
}

fn remedy() -> Vec<String> {
    [
        "Kubernetes: kube-proxy 1.15 or later drops packets that connection tracking calls invalid, so that the RST does not kill the \
         connection; check that the rule is there (`iptables -S KUBE-FORWARD` has `ctstate INVALID -j DROP`).",
        "Or let connection tracking bear segments out of its window: `sysctl net.netfilter.nf_conntrack_tcp_be_liberal=1` on the nodes \
         (kube-proxy `conntrack.tcpBeLiberal`).",
        "Where replies take another way than requests, make them return through the node that translates: `externalTrafficPolicy: Local`, \
         masquerading, symmetric routes.",
    ]
    .map(str::to_owned)
    .to_vec()
}
