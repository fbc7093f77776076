//! A server that ends a connection while the client still sends: what was not read turns its close into a RST.

use super::after_handshake;
use crate::detect::http::asked::got_no_answer_but_records;
use crate::detect::http::first_words;
use crate::detect::recapture;
use crate::detect::thresholds::UNREAD_WITHIN;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, ResetKind};
use crate::types::{Side, Span};

/// Detector of `unread-data-reset`.
#[derive(Debug)]
pub(in crate::detect) struct UnreadDataReset;

const CODE: &str = "unread-data-reset";
/// An HTTP error was answered while the request was still on its way.
const EARLY_ERROR: &str = "early-error";
/// Nothing in clear says why.
const UNKNOWN: &str = "unknown";

impl Detector for UnreadDataReset {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("unread_data_reset.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &[
            "injected-reset",
            "server-error-message",
            "handshake-abandoned",
            "proxy-protocol-mismatch",
            "client-certificate-fault",
            "no-server-hello",
            "missing-sni",
            "sni-ip-literal",
            "plaintext-to-tls",
            "tls-to-plaintext",
        ]
    }

    fn needs(&self) -> Shape {
        Shape::CLIENT_SPOKE | Shape::RESET
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(reset) = c.ending.reset.filter(|reset| reset.by == Side::Server) else { return };
        if c.ending.kind != CloseKind::Reset && c.ending.closed_by == Some(Side::Client) {
            return;
        }
        // A server that had closed in order answers late writes with a RST of another shape: what it does not want is the rest of a
        // request only where it had answered before that was whole.
        let refused = c
            .http
            .as_ref()
            .and_then(|http| http.last_response)
            .is_some_and(|answer| answer.early && answer.status >= 400);
        if reset.kind != ResetKind::Abort && !(refused && c.ending.kind == CloseKind::Fin) {
            return;
        }
        let Some(write) = c.traffic.client.last_payload.filter(|write| write.packet < reset.at.packet) else { return };
        exam.applies();
        let within = reset.at.at.since(write.at);
        if within > UNREAD_WITHIN.plus(c.rtt().unwrap_or(Span::ZERO)) {
            return;
        }
        let answered = c.traffic.server.last_payload;
        let failed = c.http.as_ref().and_then(|http| http.first_error).filter(|(_, at)| at.packet < write.packet);
        // The client went on after the server's last word, or the server said nothing at all.
        let still_sending =
            answered.is_none_or(|answered| answered.packet < write.packet) || got_no_answer_but_records(c);
        if still_sending && c.misses(Side::Server) {
            exam.not_visible(
                "packets of the server are missing from the capture, perhaps its answer",
                recapture::ALL_WHOLE,
            );
            return;
        }
        if !still_sending || c.asked_nothing_in_vain() || c.took_leave() {
            return;
        }
        let (kind, confidence) = match failed {
            Some(_) => (EARLY_ERROR, Confidence::High),
            None => (UNKNOWN, Confidence::Medium),
        };
        exam.symptom(
            CODE,
            kind,
            Severity::Error,
            confidence,
            &[failed.map(|(_, at)| at).or(answered), c.ending.first, Some(write), Some(reset.at)],
        )
        .span(Some(within));
        if let Some((status, _)) = failed {
            exam.quote("status", &status.to_string());
        }
        first_words::quote(c, exam);
        after_handshake::quote(c, reset.at, exam);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let address = service.address();
        let early = group.of_kind(EARLY_ERROR);
        let mut told = Told { remedy: remedy(early > 0), ..Told::default() };
        let statuses: Vec<&str> = group.quotes(EARLY_ERROR, "status").into_iter().map(|(status, _)| status).collect();
        told.summary = if early > 0 {
            format!(
                "{address} answered with an HTTP error ({}) while the client was still sending, and reset the connection instead of reading \
                 the rest ({} of {}): the client may see the RST before the answer, and report \"connection reset\" or \"broken pipe\" instead.",
                statuses.join(", "),
                group.count,
                group.applied,
            )
        } else {
            format!(
                "{address} aborted {} right after bytes of the client had arrived, and did not answer them ({} of {}): it closed with data that it had \
                 not read, or its process ended. The RST is that of a live socket.",
                counted(group.count, "connection"),
                group.count,
                group.applied,
            )
        };
        told.facts.add("early_errors", early);
        if let Some(spans) = group.spans.whole() {
            told.facts.add("after_the_last_write_s", spans.middle());
        }
        if early == 0 {
            told.not_visible.push("what the server had read and why it closed: its log at that time tells".to_owned());
        }
        first_words::tell(UNKNOWN, group, &mut told);
        after_handshake::tell(UNKNOWN, group, &mut told);
        vec![told]
    }
}

fn remedy(early: bool) -> Vec<String> {
    let mut remedy = Vec::new();
    if early {
        remedy.push(
            "Let the server read the rest before it closes: nginx `lingering_close always` and `lingering_timeout`, Tomcat \
             `maxSwallowSize=-1`, Go reads up to 256 KiB by itself, node `req.resume()`, Envoy answers and drains in HTTP/2."
                .to_owned(),
        );
        remedy.push(
            "Or let the request be accepted: `client_max_body_size` (nginx, 413), body limits of ingress and gateway, the credentials \
             (401, 403), the route (404). A client can ask first: `Expect: 100-continue`."
                .to_owned(),
        );
    } else {
        remedy.push(
            "Look into the server's log at that time: a request that is too large, a worker that was killed (out of memory, timeout of \
             Gunicorn or PHP-FPM), a deployment; a proxy that gave up on its upstream."
                .to_owned(),
        );
        remedy.push(
            "A server that closes must read what is on its way, or the close becomes a RST (RFC 1122 section 4.2.2.13): `shutdown(SHUT_WR)`, \
             read to the end, then close; nginx `lingering_close always`."
                .to_owned(),
        );
    }
    remedy
}
