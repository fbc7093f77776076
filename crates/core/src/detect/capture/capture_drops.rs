//! Bytes were acknowledged that the capture does not have.

use crate::detect::thresholds::HOLES_SHARE;
use crate::detect::words::{counted, is_share};
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::Connection;

/// Detector of `capture-drops`.
#[derive(Debug)]
pub(in crate::detect) struct CaptureDrops;

const CODE: &str = "capture-drops";

impl Detector for CaptureDrops {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("capture_drops.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn needs(&self) -> Shape {
        Shape::BOTH_SIDES | Shape::PAYLOAD | Shape::GAPS
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SIDES | Shape::PAYLOAD, Shape::GAPS | Shape::FLAGS_ONLY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        // A filter leaves out on purpose what a drop leaves out by chance: what it shows says nothing of drops.
        let both = c.traffic.client.packets > 0 && c.traffic.server.packets > 0;
        if !both || !c.carried_payload() || c.visibility.flags_only {
            return;
        }
        exam.applies();
        let missing = c.visibility.missing_bytes;
        let kind = match (missing.client, missing.server) {
            (0, 0) => return,
            (0, _) => "server",
            (_, 0) => "client",
            _ => "both",
        };
        exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[c.visibility.first_gap])
            .count(Some(missing.client.saturating_add(missing.server)))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (count, of) = (case.group.count, case.group.applied.max(case.group.count));
        let mut told = Told::default();
        told.facts.add("connections_with_holes", count);
        told.facts.add("of_the_client_alone", case.group.of_kind("client"));
        told.facts.add("of_the_server_alone", case.group.of_kind("server"));
        if let Some(bytes) = case.group.counts.whole() {
            told.facts.add("missing_bytes_in_one_connection_most", u64::try_from(bytes.largest).unwrap_or_default());
        }
        if is_share(count, of, HOLES_SHARE) {
            told.severity = Some(Severity::Warning);
        }
        told.summary = format!(
            "Bytes were acknowledged that no readable packet of the capture holds ({count} of {} with payload): the network delivered them, and the \
             capture missed them, or they took another way. What looks lost in these connections may only not have been captured.",
            counted(of, "connection"),
        );
        told.not_visible = [
            "in these connections: requests, responses, TLS records and closes that lie in the holes; counts are lower bounds",
            "how many whole connections, SYNs and ACKs were missed: they leave no hole",
        ]
        .map(str::to_owned)
        .to_vec();
        told.remedy = [
            "Give tcpdump room and less to do: `tcpdump -i any -s 128 -B 65536 -w FILE 'tcp port PORT'` (`-B` is its buffer in KiB, \
             `-s 128` keeps headers alone; `-n` and writing to a fast disk or tmpfs help). At its end it prints \"packets dropped by \
             kernel\".",
            "Narrow the filter to one host and port, or split the load: one capture for each interface.",
            "A mirror port drops what exceeds its own line rate: mirror one direction to each of two ports, or capture on the host. \
             Cloud mirrors (AWS VPC Traffic Mirroring, GCP Packet Mirroring, Azure vTAP) shed load first.",
            "In Kubernetes tcpdump inside a pod shares the pod's CPU limit: capture on the node, or raise the limit for as long as it \
             runs.",
        ]
        .map(str::to_owned)
        .to_vec();
        vec![told]
    }
}
