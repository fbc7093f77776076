//! A server closes in the middle of its answer.

use super::asked::heads_unread;
use super::http2::in_clear;
use super::records_cut::{self, IN_RECORD};
use super::request_timeout::is_a_timeout;
use super::streams_cut::{self, OPEN};
use crate::detect::recapture;
use crate::detect::thresholds::IDLE_LEAST;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Protocol};
use crate::types::Side;

/// Detector of `answer-cut-short`.
#[derive(Debug)]
pub(in crate::detect) struct AnswerCutShort;

const CODE: &str = "answer-cut-short";
/// Its `Content-Length` announced more than came.
const BY_LENGTH: &str = "by-length";
/// The last chunk did not come.
const BY_CHUNKS: &str = "by-chunks";

/// The place of what to do about a timeout among the remedies.
const PAUSE: usize = 2;

impl Detector for AnswerCutShort {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("answer_cut_short.md")
    }

    fn needs(&self) -> Shape {
        Shape::SYN | Shape::SYN_ACK | Shape::ENDED_BY_FIN | Shape::CLOSED_BY_SERVER | Shape::BOTH_SPOKE
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if let Some(http2) = in_clear(c) {
            return streams_cut::examine(c, http2, CODE, exam);
        }
        let (Protocol::Http1, Some(http)) = (c.protocol, &c.http) else {
            return records_cut::examine(c, CODE, exam);
        };
        let (Some(answer), Some(fin)) = (http.last_response, c.ending.fin.server) else { return };
        let is_opened = c.opening.syn.is_some() && c.opening.syn_ack.is_some() && c.both_spoke();
        let by_server = c.ending.kind == CloseKind::Fin && c.ending.closed_by == Some(Side::Server);
        if !is_opened || !by_server || http.switched.is_some() {
            return;
        }
        if http.incomplete {
            heads_unread(exam);
            return;
        }
        if !http.answer_unfinished {
            exam.applies();
            return;
        }
        if !c.has_all_of(Side::Server) {
            exam.not_visible(
                "packets are missing from the capture, perhaps the end of the answer",
                recapture::ALL_WHOLE,
            );
            return;
        }
        exam.applies();
        // Streams of events and logs are often ended without a last chunk.
        let (kind, severity) = match http.answer_missing {
            Some(_) => (BY_LENGTH, Severity::Error),
            None => (BY_CHUNKS, Severity::Warning),
        };
        let last = c.traffic.server.last_payload;
        exam.symptom(CODE, kind, severity, Confidence::High, &[Some(answer.at), last, Some(fin.at)])
            .happened(fin.at)
            .span(last.map(|last| fin.at.at.since(last.at)))
            .count(http.answer_missing.and_then(|missing| u32::try_from(missing).ok()))
            .quote("status", &answer.status.to_string());
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let address = service.address();
        let others = [records_cut::tell(case, &address), streams_cut::tell(case, &address)].into_iter().flatten();
        let count = group.count - group.of_kind(OPEN) - group.of_kind(IN_RECORD);
        if count == 0 {
            return others.collect();
        }
        let missing = group.spread(BY_LENGTH).and_then(|spread| spread.counts.whole());
        let (severity, kind) = match missing {
            Some(_) => (Severity::Error, BY_LENGTH),
            None => (Severity::Warning, BY_CHUNKS),
        };
        let mut told = Told {
            severity: Some(severity),
            affected: Some(count),
            example_kind: Some(kind),
            remedy: remedy(),
            ..Told::default()
        };
        told.summary = format!(
            "{} closed {} in the middle of an answer ({} of {}), in order, by FIN:",
            service.address(),
            counted(count, "connection"),
            count,
            group.applied,
        );
        let bytes = missing.map(|missing| match (missing.smallest, missing.largest) {
            (least, most) if least == most => counted(least as u64, "byte"),
            (least, most) => format!("{least} to {most} bytes"),
        });
        let chunks = group.of_kind(BY_CHUNKS);
        told.summary += &match bytes {
            Some(bytes) if chunks > 0 => {
                format!(" {bytes} that Content-Length announced did not come, on {chunks} the last chunk did not.")
            }
            Some(bytes) => format!(" {bytes} that Content-Length announced did not come."),
            None => " the last chunk did not come.".to_owned(),
        };
        told.summary += " Clients report an incomplete read or an unexpected end of file, and careless ones take the part for the whole.";
        told.facts.add("cut_by_length", group.of_kind(BY_LENGTH));
        told.facts.add("cut_by_chunks", chunks);
        if let Some(missing) = missing {
            told.facts.add("missing_bytes_least", u64::try_from(missing.smallest).unwrap_or(0));
            told.facts.add("missing_bytes_most", u64::try_from(missing.largest).unwrap_or(0));
        }
        if let Some(quiet) = group.spans.whole() {
            if is_a_timeout(&quiet) && quiet.shortest() >= IDLE_LEAST {
                told.summary += &format!(
                    " Each had been quiet for {quiet} before: that is a timeout between two writes and no crash, as proxies have it for streams of \
                     events, too."
                );
                told.remedy.rotate_left(PAUSE);
            }
            told.facts.add("quiet_before_close_longest_s", quiet.longest());
        }
        told.not_visible.push("why the server stopped: its log at that time tells".to_owned());
        [told].into_iter().chain(others).collect()
    }
}

fn remedy() -> Vec<String> {
    [
        "Look into the server's log at that time: an exception while the body was written, a worker that was killed (Gunicorn `--timeout`, \
         PHP-FPM `request_terminate_timeout`, out of memory), a deployment. A proxy passes on what its upstream cut: nginx logs `upstream \
         prematurely closed connection`, HAProxy shows `SD`.",
        "Always the same number of bytes is a wrong Content-Length: characters counted instead of bytes, or a length that was set before \
         compression.",
        "A pause before the close is a timeout between two writes: nginx `send_timeout` and `proxy_read_timeout`, HAProxy `timeout server`, Go \
         `WriteTimeout`, the load balancer's idle timeout. Streams of events need something to be sent more often: a comment (`:`) every 15 s.",
        "Let clients check: curl does, urllib3 since 2.0 and Python `requests` with it; retry what is idempotent.",
    ]
    .map(str::to_owned)
    .to_vec()
}
