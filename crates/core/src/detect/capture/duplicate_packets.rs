//! Most packets were captured more than once, or one came by again and again.

use crate::detect::thresholds::{CIRCLED_LEAST, TWIN_SHARE};
use crate::detect::words::{counted, is_share};
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::Connection;

/// Detector of `duplicate-packets`.
#[derive(Debug)]
pub(in crate::detect) struct DuplicatePackets;

const CODE: &str = "duplicate-packets";
/// A packet came by again and again, each time with fewer hops left.
const CIRCLING: &str = "circling";

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
        if let Some(circled) = c.visibility.circled.filter(|circled| circled.times >= CIRCLED_LEAST) {
            exam.symptom(
                CODE,
                CIRCLING,
                Severity::Warning,
                Confidence::High,
                &[Some(circled.first), Some(circled.last)],
            )
            .happened(circled.first)
            .count(Some(u32::from(circled.times)))
            .quote("step", &circled.step.to_string());
            return;
        }
        let kind = if c.seen_at.ids().len() > 1 { "several-interfaces" } else { "one-interface" };
        exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[Some(c.first), Some(c.last)])
            .count(Some(c.visibility.twins))
            .quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let circling = tell_circling(case);
        let (twins, packets) = (case.capture.twins, case.capture.tcp_packets);
        // What circles makes copies enough to look like a mirror port.
        if circling.is_some() || !is_share(twins, packets, TWIN_SHARE) {
            return circling.into_iter().collect();
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

/// A capture at several points sees a packet once at each; what comes by again and again with fewer hops left goes in circles.
fn tell_circling(case: &Case<'_>) -> Option<Told> {
    let group = case.group;
    let count = group.of_kind(CIRCLING);
    let times = group.spread(CIRCLING)?.counts.whole()?.largest;
    let steps = group.quotes(CIRCLING, "step");
    let (step, _) = steps.first()?;
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(CIRCLING),
        summary: format!(
            "Packets of {} came by the capture again and again, one of them {times} times, each time with a TTL lower by {step}: they went in \
             circles between routers until it ran out, or somebody took them out. That is a routing loop, and no copy by a mirror port.",
            counted(count, "connection"),
        ),
        remedy: vec![
            "Compare the routes of the routers at this place for the address that the packets go to: two of them name each other as the next \
             hop, or a default route leads back to where the packet came from (`ip route get ADDRESS` on each, `traceroute ADDRESS`). The MAC \
             addresses of the copies (`tshark -e eth.src -e eth.dst -e ip.ttl -T fields`) name the routers."
                .to_owned(),
        ],
        ..Told::default()
    };
    told.facts.add("sightings_most", u64::try_from(times).unwrap_or_default());
    told.facts.add("ttl_step", (*step).to_owned());
    Some(told)
}
