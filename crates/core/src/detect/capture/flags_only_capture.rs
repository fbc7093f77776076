//! Only SYN, FIN and RST were captured.

use crate::detect::thresholds::FLAGS_ONLY_SHARE;
use crate::detect::words::{counted, is_share};
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Sure, Told};
use crate::record::Connection;

/// Detector of `flags-only-capture`.
#[derive(Debug)]
pub(in crate::detect) struct FlagsOnlyCapture;

const CODE: &str = "flags-only-capture";
const KIND: &str = "flags-only";

impl Detector for FlagsOnlyCapture {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("flags_only_capture.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD, Shape::FLAGS_ONLY))
    }

    fn shows(&self) -> Option<Sure> {
        Some(Sure { shape: Shape::FLAGS_ONLY, kind: KIND, span: None })
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if !c.visibility.flags_only && !c.carried_payload() {
            return;
        }
        exam.applies();
        if c.visibility.flags_only {
            exam.symptom(CODE, KIND, Severity::Info, Confidence::High, &[Some(c.first), Some(c.last)]).quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (count, of) = (case.group.count, case.group.applied.max(case.group.count));
        if !is_share(count, of, FLAGS_ONLY_SHARE) {
            return Vec::new();
        }
        let mut told = Told::default();
        told.facts.add("connections_without_payload_packets", count);
        told.facts.add("connections_with_payload", of);
        told.summary = format!(
            "Only packets with SYN, FIN or RST were captured, as with the filter `tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != \
             0`, though other packets must have passed ({count} of {}). Who opened, who closed first, lives, resets and byte \
             counts can be judged; what passed in between can not.",
            counted(of, "connection"),
        );
        told.not_visible = [
            "TLS: hellos, server names, versions, alerts",
            "HTTP: requests, responses, announced keep-alive times",
            "the request that a RST answered; its existence is inferred from the RST's sequence number alone",
            "idle times, unless TCP timestamps give them (see idle_source)",
            "retransmissions, zero windows, keep-alive probes",
        ]
        .map(str::to_owned)
        .to_vec();
        told.remedy = vec![
            "Capture whole packets of one port: `tcpdump -i any -s 0 -U -w FILE 'tcp port PORT'`, in Kubernetes `kubectl sniff \
             POD -f 'tcp port PORT' -o FILE` (`kubectl get pods -A -o wide` lists pods with their addresses)."
                .to_owned(),
            "Where that is too much, headers and hellos are enough for nearly all checks: `tcpdump -i any -s 1600 -C 100 -W 10 \
             -w FILE 'tcp port PORT'` keeps the last ten files of 100 MB."
                .to_owned(),
        ];
        vec![told]
    }
}
