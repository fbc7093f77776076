//! The snap length cut packets.

use crate::detect::thresholds::HEADER_BYTES;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Scope, Severity, Shape, Told};
use crate::record::{Connection, Protocol};
use crate::types::NotVisible;

/// Detector of `snaplen-truncated`.
#[derive(Debug)]
pub(in crate::detect) struct SnaplenTruncated;

const CODE: &str = "snaplen-truncated";
/// With its headers.
const LONGEST_PACKET: u32 = 65_535;
/// Quoted: after how many bytes a ClientHello was cut.
const AFTER: &str = "after";

impl Detector for SnaplenTruncated {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("snaplen_truncated.md")
    }

    fn scope(&self) -> Scope {
        Scope::Capture
    }

    fn needs(&self) -> Shape {
        Shape::PAYLOAD
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::PAYLOAD, Shape::CUT))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if !c.carried_payload() {
            return;
        }
        exam.applies();
        if c.visibility.cut_by_snaplen == 0 {
            return;
        }
        let hello =
            c.tls.as_ref().and_then(|tls| tls.client_hello_cut).filter(|(_, why)| *why == NotVisible::CutBySnaplen);
        let unknown = matches!(c.protocol, Protocol::None | Protocol::Other);
        let http = c.http.as_ref().is_some_and(|http| http.incomplete);
        let (kind, severity) = match (hello, unknown, http) {
            (Some(_), _, _) => ("client-hello", Severity::Warning),
            (None, true, _) => ("protocol", Severity::Info),
            (None, false, true) => ("http", Severity::Info),
            (None, false, false) => ("payload", Severity::Info),
        };
        let first_payload =
            [c.traffic.client.first_payload, c.traffic.server.first_payload].into_iter().flatten().min();
        let evidence = hello.map(|(at, _)| at).or(first_payload).unwrap_or(c.first);
        exam.symptom(CODE, kind, severity, Confidence::High, &[Some(evidence)])
            .count(Some(c.visibility.cut_by_snaplen))
            .quietly();
        if let (Some(_), Some(bytes)) = (hello, c.tls.as_ref().and_then(|tls| tls.client_hello_cut_after)) {
            exam.quote(AFTER, &bytes.to_string());
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let hellos = case.group.of_kind("client-hello");
        let unknown = case.group.of_kind("protocol");
        let http = case.group.of_kind("http");
        let mut told = Told::default();
        told.facts.add("connections_with_cut_packets", case.group.count);
        told.facts.add("client_hellos_cut", hellos);
        told.facts.add("protocols_not_recognised", unknown);
        told.facts.add("http_heads_not_whole", http);
        let snaplen = match case.capture.snaplen {
            // No IP packet is longer: they were cut by something else, later (`editcap -s`) or before.
            Some(bytes @ LONGEST_PACKET..) => {
                told.facts.add("snaplen_bytes", bytes);
                format!(" is {bytes} bytes by its header, but something")
            }
            Some(bytes) => {
                told.facts.add("snaplen_bytes", bytes);
                format!(" ({bytes} bytes)")
            }
            None => String::new(),
        };
        let mut summary = format!(
            "The capture's snap length{snaplen} cut the payload of packets ({} of {}).",
            case.group.count,
            counted(case.group.applied.max(case.group.count), "connection"),
        );
        if hellos > 0 {
            let after = match case.group.quotes("client-hello", AFTER).as_slice() {
                [] => "before the end".to_owned(),
                [(bytes, _)] => format!("after {bytes} bytes"),
                [(bytes, _), ..] => format!("before the end (most often after {bytes} bytes)"),
            };
            summary += &format!(
                " {} cut {after}: whether a server name (SNI), ALPN or a version is offered there can not be told, and is not \
                 called missing.",
                if hellos == 1 { "1 ClientHello is".to_owned() } else { format!("{hellos} ClientHellos are") }
            );
            told.not_visible.push("server name, ALPN, versions and fingerprints of the cut ClientHellos".to_owned());
        }
        if unknown > 0 {
            summary +=
                &format!(" The protocol of {unknown} of them was not recognised, which may have the same cause.");
            if case.capture.snaplen.is_some_and(|bytes| bytes < HEADER_BYTES) {
                told.severity = Some(Severity::Warning);
            }
            told.not_visible
                .push("the protocol of some connections, and with it every check of TLS and HTTP".to_owned());
        }
        if hellos + unknown == 0 {
            summary +=
                " No ClientHello is among them. Opening, closing, resets and byte counts are not touched by this.";
        }
        if http > 0 {
            told.not_visible
                .push("HTTP requests and responses whose heads were cut: counts are lower bounds".to_owned());
        }
        told.not_visible.push("payload beyond the cut: later TLS records, certificates, HTTP heads".to_owned());
        told.example_kind = (hellos > 0).then_some("client-hello");
        told.summary = summary;
        told.remedy = vec![
            "`tcpdump -i any -s 0 -w FILE 'tcp port PORT'` captures whole packets; `-s 1600` is enough for every hello on Ethernet, 65535 on \
             a host whose network card joins segments."
                .to_owned(),
        ];
        vec![told]
    }
}
