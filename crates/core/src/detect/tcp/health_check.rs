//! A connection that a client opened and closed at once without a byte: a health check.

use crate::detect::thresholds::{PERIOD_LEAST, SHORT_LIFE};
use crate::detect::words::counted;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Pace, Severity, Shape, Told};
use crate::record::{CloseKind, Connection};
use crate::types::{Side, Span};

/// Detector of `health-check`.
#[derive(Debug)]
pub(in crate::detect) struct HealthCheck;

const CODE: &str = "health-check";

impl Detector for HealthCheck {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("health_check.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::SYN_ACK
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::SYN | Shape::SYN_ACK | Shape::PAYLOAD, Shape::ANY))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let (Some(syn), Some(syn_ack)) = (c.opening.syn, c.opening.syn_ack) else { return };
        exam.applies();
        // Closed by the client, after it had accepted the SYN-ACK. Its FIN or its own abort says so too: HAProxy resets with
        // RST and ACK before any plain ACK. A bare RST would be that of a host that did not expect the SYN-ACK.
        let aborted = c.ending.reset.is_some_and(|reset| reset.by == Side::Client && reset.ack);
        let accepted = c.opening.ack.is_some() || c.ending.fin.client.is_some() || aborted;
        let by_client = c.ending.closed_by == Some(Side::Client) && c.ending.kind != CloseKind::Open;
        if !accepted || !by_client || c.carried_payload() || c.opening.syn_with_data {
            return;
        }
        let Some(end) = c.ending.first else { return };
        if end.at.since(syn.at) >= SHORT_LIFE {
            return;
        }
        let seen = &c.visibility;
        // Sequence numbers tell of payload that was not captured, where both ends of a stream were.
        let counted = c.traffic.client.stream_bytes.is_some() && c.traffic.server.stream_bytes.is_some();
        if seen.one_way.is_some() || c.misses(Side::Client) || c.misses(Side::Server) || (seen.flags_only && !counted) {
            exam.not_visible(
                "payload may have passed that was not captured",
                Some("tcpdump -i any -w FILE 'host SERVER and tcp port PORT'"),
            );
            return;
        }
        let kind = if c.ending.kind == CloseKind::Reset { "reset" } else { "fin" };
        exam.symptom(CODE, kind, Severity::Info, Confidence::High, &[Some(syn), Some(syn_ack), Some(end)])
            .span(Some(end.at.since(syn.at)));
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let count = case.group.count;
        let periods = case.group.paces.iter().filter_map(Pace::period);
        let mut periods: Vec<Span> = periods.filter(|period| *period >= PERIOD_LEAST).collect();
        periods.sort_unstable();
        periods.dedup_by_key(|period| period.as_nanos() / 100_000_000);
        let mut told = Told { severity: Some(Severity::Info), ..Told::default() };
        told.facts.add("checks", count);
        told.facts.add("clients", case.group.clients.len() as u64);
        told.facts.add("regular_series", periods.len() as u64);
        let mut summary = format!(
            "{} to {} {} opened and closed within 1 s by the client without a byte of payload ({count} of {}).",
            counted(count, "connection"),
            service.address(),
            if count == 1 { "was" } else { "were" },
            case.group.applied,
        );
        let every: Vec<String> = periods.iter().take(4).map(|period| format!("every {period}")).collect();
        if let Some(shortest) = periods.first() {
            told.facts.add("period_s", *shortest);
        }
        match (case.group.only_client(), periods.len()) {
            (_, 0) => {
                told.confidence = Some(Confidence::Medium);
                summary += " Health checks and port probes look like this.";
            }
            (Some(client), _) => {
                summary += &format!(" They come from {client} {}: a health check.", every.join(" and "));
            }
            (None, series) => {
                summary += &format!(
                    " They come from {}, {} at a regular period ({}): health checks.",
                    counted(case.group.clients.len() as u64, "client"),
                    format_args!("{series} series"),
                    every.join(", "),
                );
            }
        }
        summary += " Not a failure.";
        told.summary = summary;
        told.remedy = vec![
            "Nothing has to change. Where the server logs these (\"TLS handshake error: EOF\", \"http: TLS handshake error\"), \
             let the check speak the protocol: HTTPS or HTTP instead of TCP (AWS target group, GCP health check, Kubernetes \
             `httpGet` probe, HAProxy `option httpchk`)."
                .to_owned(),
        ];
        told.common.push(Common::of_host(service, "COUNT connections were opened and closed without payload"));
        told.common.extend(Common::of_client(case.group, "COUNT connections were opened and closed without payload"));
        vec![told]
    }
}
