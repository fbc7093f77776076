//! Connections were already open when the capture began.

use crate::detect::thresholds::MID_STREAM_PACKETS;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::{Connection, RolesFrom};
use crate::types::Span;

/// Detector of `mid-stream-start`.
#[derive(Debug)]
pub(in crate::detect) struct MidStreamStart;

const CODE: &str = "mid-stream-start";

impl Detector for MidStreamStart {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("mid_stream_start.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::ANY, Shape::MID_STREAM))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let picked_up = c.visibility.mid_stream
            && c.traffic.client.packets + c.traffic.server.packets >= MID_STREAM_PACKETS
            && c.carried_payload();
        if c.visibility.mid_stream && !picked_up {
            return;
        }
        exam.applies();
        if picked_up {
            let kind = match c.roles_from {
                RolesFrom::Guess if c.roles_are_unknown() => "roles-guessed",
                RolesFrom::Guess => "roles-by-ports",
                _ => "roles-known",
            };
            exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[Some(c.first)]).quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let guessed = case.group.of_kind("roles-guessed");
        let by_ports = case.group.of_kind("roles-by-ports");
        let (count, of) = (case.group.count, case.group.applied.max(case.group.count));
        let mut told = Told::default();
        told.facts.add("picked_up_mid_stream", count);
        told.facts.add("roles_by_ports", by_ports);
        told.facts.add("roles_guessed", guessed);
        let (were, their) = if count == 1 { ("was", "its") } else { ("were", "their") };
        let mut summary = format!(
            "{count} of {} {were} already open before {their} first captured packet.",
            counted(of, "connection")
        );
        if let (Some(began), Some(last)) = (case.capture.first, case.group.last) {
            let after = last.since(began);
            told.facts.add("last_picked_up_after_s", after);
            if after > Span::from_secs(60) {
                summary += &format!(
                    " The last of them appears {after} after the capture's begin: it was idle until then, or packets are missing."
                );
            }
        }
        if by_ports > 0 {
            summary += &format!(" Which side is the client is told by the ports alone in {by_ports} of them.");
        }
        if guessed > 0 {
            summary += &format!(" Which side is the client is a guess in {guessed} of them: not even the ports tell.");
        }
        told.summary = summary;
        told.not_visible = [
            "the opening: who opened, connect and round-trip times, MSS and window scale",
            "the ClientHello: server name, versions, ALPN; whether the handshake went well",
            "age, and requests before the capture began: counts are lower bounds",
        ]
        .map(str::to_owned)
        .to_vec();
        told.remedy = vec![
            "Begin the capture before the connections: start `tcpdump -i any -s 0 -U -w FILE 'tcp port PORT'` first, then restart one \
             client (`kubectl rollout restart`), or wait longer than its pool keeps connections."
                .to_owned(),
        ];
        vec![told]
    }
}
