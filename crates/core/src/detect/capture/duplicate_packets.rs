//! Most packets were captured more than once.

use crate::detect::thresholds::TWIN_SHARE;
use crate::detect::words::{counted, is_share};
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::Connection;

/// Detector of `duplicate-packets`.
#[derive(Debug)]
pub(in crate::detect) struct DuplicatePackets;

const CODE: &str = "duplicate-packets";

impl Detector for DuplicatePackets {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("duplicate_packets.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::ANY, Shape::TWINS))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        exam.applies();
        if c.visibility.twins == 0 {
            return;
        }
        let kind = if c.seen_at.ids().len() > 1 { "several-interfaces" } else { "one-interface" };
        exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[Some(c.first), Some(c.last)])
            .count(Some(c.visibility.twins))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (twins, packets) = (case.capture.twins, case.capture.tcp_packets);
        if !is_share(twins, packets, TWIN_SHARE) {
            return Vec::new();
        }
        let mut told = Told::default();
        told.facts.add("duplicates", twins);
        told.facts.add("tcp_packets", packets);
        let several = case.group.of_kind("several-interfaces");
        told.facts.add("connections_seen_at_several_interfaces", several);
        let place = if several > 0 {
            "the capture sees the same traffic at several interfaces, as `-i any` does on a host that forwards"
        } else {
            "the capture sees the same traffic more than once, as a mirror port of both directions does, `-i any` on a bridge, or \
             a capture both inside and outside of a tunnel"
        };
        told.summary = format!(
            "{twins} of {packets} TCP packets are further sightings of a packet that was already captured: {place}. Each is counted \
             once, and none is taken for a retransmission ({}).",
            counted(case.group.count, "connection"),
        );
        told.not_visible = vec![
            "a duplicate that the network itself made, among those that the capture made".to_owned(),
            "across address translation the two legs are two connections here: which belongs to which is not shown"
                .to_owned(),
        ];
        told.remedy = vec![
            "Nothing has to change. To see each packet once, capture on one interface: `tcpdump -D` lists them, `tcpdump -i IFACE \
             -s 0 -w FILE 'tcp port PORT'`; `editcap -d IN OUT` removes copies that are identical to the byte."
                .to_owned(),
        ];
        vec![told]
    }
}
