//! Segments larger than the receiver takes: captured before a network card split them, or after it joined them.

use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::Side;

/// Detector of `offload-artifacts`.
#[derive(Debug)]
pub(in crate::detect) struct OffloadArtifacts;

const CODE: &str = "offload-artifacts";

impl Detector for OffloadArtifacts {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("offload_artifacts.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn needs(&self) -> Shape {
        Shape::PAYLOAD
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD, Shape::OVERSIZED))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if !c.carried_payload() {
            return;
        }
        exam.applies();
        let over = |side: Side| c.exceeds_mss(side).then_some(c.traffic[side].largest_payload);
        let Some(largest) = over(Side::Client).max(over(Side::Server)) else { return };
        let payload = [c.traffic.client.first_payload, c.traffic.server.first_payload].into_iter().flatten().min();
        exam.symptom(CODE, "large-segments", Severity::Info, Confidence::High, &[Some(payload.unwrap_or(c.first))])
            .count(Some(largest))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (count, of) = (case.group.count, case.group.applied.max(case.group.count));
        let mut told = Told::default();
        told.facts.add("connections_with_large_segments", count);
        if let Some(largest) = case.group.counts.whole() {
            told.facts.add("largest_payload_bytes", u64::try_from(largest.largest).unwrap_or_default());
        }
        told.summary = format!(
            "Segments larger than their receiver takes (MSS) were captured ({count} of {} with payload): the network card of the \
             capturing host splits or joins them (TSO, GRO). Not a fault; sizes and packet counts are not those of the wire.",
            counted(of, "connection"),
        );
        told.not_visible = vec![
            "sizes on the wire: path MTU trouble can not be read from these packets".to_owned(),
            "which part of a large segment was sent again: a retransmission here can be one of many".to_owned(),
        ];
        told.remedy = vec![
            "Nothing has to change. To see what the wire sees: capture on a switch or the next host, or on a test machine `ethtool -K \
             IFACE tso off gso off gro off lro off` (it costs CPU)."
                .to_owned(),
            "Wireshark calls the checksums of outgoing packets wrong on such a host: they are filled in by the card. handshark does \
             not look at checksums."
                .to_owned(),
        ];
        vec![told]
    }
}
