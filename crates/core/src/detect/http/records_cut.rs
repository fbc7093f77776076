//! A server that closes in the middle of a TLS record: a kind of `answer-cut-short`. What the record says is encrypted, that its end is missing
//! is not.

use super::request_timeout::is_a_timeout;
use crate::detect::thresholds::IDLE_LEAST;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Exam, Severity, Told};
use crate::record::{CloseKind, Connection, StreamEnd};
use crate::tls::Stage;
use crate::types::{Moment, Side};

/// The symptom.
pub(super) const IN_RECORD: &str = "in-record";

/// The place of what to do about a timeout among the remedies.
const PAUSE: usize = 1;

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, code: &'static str, exam: &mut Exam<'_>) {
    let by_server = c.ending.kind == CloseKind::Fin && c.ending.closed_by == Some(Side::Server);
    let is_opened = c.opening.syn.is_some() && c.opening.syn_ack.is_some() && c.both_spoke();
    let finished = c.tls.as_ref().filter(|tls| tls.stage == Stage::Established).and_then(|tls| tls.client_finished);
    let (Some(end), Some(finished), Some(fin)) = (c.tls_end, finished, c.ending.fin.server) else { return };
    // Where the client took leave, nobody waits for the rest.
    if !is_opened || !by_server || c.goodbye.is_some_and(|goodbye| goodbye.at.packet < fin.at.packet) {
        return;
    }
    let cut = match end {
        StreamEnd::InRecord(cut) => cut,
        StreamEnd::BetweenRecords if may_be_unfinished(c, fin.at) => {
            exam.not_visible(
                "the server closed without close_notify, and TLS hides whether its last answer was whole",
                None,
            );
            return;
        }
        StreamEnd::CloseNotify | StreamEnd::BetweenRecords => return exam.applies(),
    };
    exam.applies();
    // A record of the handshake is told as that.
    if cut.header.packet <= finished.packet {
        return;
    }
    let last = c.traffic.server.last_payload;
    exam.symptom(code, IN_RECORD, Severity::Error, Confidence::High, &[Some(cut.header), last, Some(fin.at)])
        .happened(fin.at)
        .span(last.map(|last| fin.at.at.since(last.at)))
        .count(Some(u32::from(cut.missing)));
}

/// Whether an answer was on its way until the server closed, so that it may have had more to say.
fn may_be_unfinished(c: &Connection, fin: Moment) -> bool {
    let answer = match c.last_exchange {
        Some((_, answer)) => answer,
        None => c.goodbye.and_then(|goodbye| goodbye.answer_before),
    };
    answer.is_some() && c.traffic.server.last_payload.is_some_and(|last| fin.at.since(last.at) < IDLE_LEAST)
}

/// What is told of them.
pub(super) fn tell(case: &Case<'_>, address: &str) -> Option<Told> {
    let group = case.group;
    let missing = group.spread(IN_RECORD)?.counts.whole()?;
    let count = missing.count;
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(IN_RECORD),
        severity: Some(Severity::Error),
        remedy: remedy(),
        ..Told::default()
    };
    let bytes = match (missing.smallest, missing.largest) {
        (least, most) if least == most => counted(least as u64, "byte"),
        (least, most) => format!("{least} to {most} bytes"),
    };
    told.summary = format!(
        "{address} closed {} in the middle of a TLS record ({count} of {}), in order, by FIN: {bytes} of that record did not come, and with them the \
         end of an answer. Clients report an unexpected end of file (OpenSSL `unexpected eof while reading`, curl (18) or (56), Python \
         `EOF occurred in violation of protocol`).",
        counted(count, "connection"),
        group.applied,
    );
    told.facts.add("cut_in_a_tls_record", count);
    told.facts.add("missing_of_record_least", u64::try_from(missing.smallest).unwrap_or(0));
    told.facts.add("missing_of_record_most", u64::try_from(missing.largest).unwrap_or(0));
    if let Some(quiet) = group.spread(IN_RECORD).and_then(|spread| spread.spans.whole()) {
        if is_a_timeout(&quiet) && quiet.shortest() >= IDLE_LEAST {
            told.summary += &format!(" Each had been quiet for {quiet} before: that is a timeout and no crash.");
            told.remedy.rotate_left(PAUSE);
        }
        told.facts.add("quiet_before_close_longest_s", quiet.longest());
    }
    told.not_visible.push("why the server stopped: its log at that time tells".to_owned());
    told.not_visible.push("how much of the answer is missing: its length is encrypted".to_owned());
    Some(told)
}

fn remedy() -> Vec<String> {
    [
        "Find out whether the process was killed or crashed while it sent: the last lines of its log, out of memory (`kubectl describe pod`: \
         OOMKilled, exit code 137), a deployment that did not wait for transfers (`terminationGracePeriodSeconds`; nginx `quit`, not `stop`).",
        "A pause before the close is a timeout: who reads too slowly is dropped (nginx `send_timeout`, HAProxy `timeout client`), and who \
         passes on an answer gives up when no more of it comes (nginx `proxy_read_timeout`, HAProxy `timeout server`).",
        "Where a proxy ends TLS, look at its log too, for what its own server cut: nginx says `upstream prematurely closed connection`, HAProxy shows `SD`.",
        "Let clients check the length and try again what is safe to repeat; a download can be resumed (`Range`, `curl -C -`).",
    ]
    .map(str::to_owned)
    .to_vec()
}
