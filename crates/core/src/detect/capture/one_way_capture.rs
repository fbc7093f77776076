//! Packets of one direction alone were captured.

use crate::detect::thresholds::{ONE_WAY_PACKETS, ONE_WAY_SHARE};
use crate::detect::words::{counted, is_share};
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::Connection;
use crate::types::Side;

/// Detector of `one-way-capture`.
#[derive(Debug)]
pub(in crate::detect) struct OneWayCapture;

const CODE: &str = "one-way-capture";

impl Detector for OneWayCapture {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("one_way_capture.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::BOTH_SIDES, Shape::ONE_WAY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let both = c.traffic.client.packets > 0 && c.traffic.server.packets > 0;
        if !both && c.visibility.one_way.is_none() {
            // An attempt without answer: nothing shows that the other side sent anything.
            return;
        }
        if !both && c.traffic.client.packets + c.traffic.server.packets < ONE_WAY_PACKETS {
            return;
        }
        exam.applies();
        let kind = match c.visibility.one_way {
            None => return,
            Some(Side::Client) => "client-only",
            Some(Side::Server) => "server-only",
        };
        exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[Some(c.first), Some(c.last)]).quietly();
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let (count, of) = (case.group.count, case.group.applied.max(case.group.count));
        let client_only = case.group.of_kind("client-only");
        let server_only = case.group.of_kind("server-only");
        let mut told = Told::default();
        told.facts.add("client_packets_only", client_only);
        told.facts.add("server_packets_only", server_only);
        let whose = match (client_only, server_only) {
            (_, 0) => "the client's packets",
            (0, _) => "the server's packets",
            _ => "one side's packets",
        };
        let whole = is_share(count, of, ONE_WAY_SHARE);
        told.severity = Some(if whole { Severity::Warning } else { Severity::Info });
        told.summary = format!(
            "Only {whose} were captured ({count} of {}); the ACK numbers in them show that the other side sent packets that are \
             not in the capture. For these connections a missing answer is no sign of a fault, and is not reported as one.",
            counted(of, "connection"),
        );
        told.not_visible = [
            "unanswered SYNs, silent servers and lost connections (an answer may exist that was not captured)",
            "the unseen side's FINs, RSTs and alerts",
            "round-trip times",
        ]
        .map(str::to_owned)
        .to_vec();
        if server_only > 0 {
            told.not_visible.push(
                "where the client was not captured: its ClientHello with the server name, its requests".to_owned(),
            );
        }
        if client_only > 0 {
            told.not_visible.push("where the server was not captured: its ServerHello, its responses".to_owned());
        }
        told.remedy = vec![
            "Filter by `port` and `host`, which match both directions, not by `dst` or `src`: `tcpdump -i any -s 0 -w FILE 'host \
             SERVER and tcp port PORT'`, `kubectl sniff POD -f 'tcp port PORT' -o FILE`."
                .to_owned(),
            "A mirror port must mirror both receive and transmit. Where the two directions take different paths, capture at \
             one of the two hosts, or at both points and read both files together."
                .to_owned(),
        ];
        vec![told]
    }
}
