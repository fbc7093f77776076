//! A connection that was opened and of whose first words nothing was ever acknowledged: a kind of `accept-queue-overflow`.

use super::accept_queue_overflow::remedy;
use crate::detect::thresholds::{FITS_EVERY_WAY, NEVER_TAKEN_RETRIES};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Exam, Service, Severity, Told};
use crate::record::{Connection, Outcome};

/// The symptom.
pub(super) const NEVER_TAKEN: &str = "never-taken";

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, code: &'static str, exam: &mut Exam<'_>) {
    let (Some(syn), Some(syn_ack), Some(ack)) = (c.opening.syn, c.opening.syn_ack, c.opening.ack) else { return };
    let Some(lost) = &c.traffic.client.unanswered else { return };
    let is_first = c.traffic.client.first_payload == Some(lost.first);
    // What is larger may be too large for the way.
    let fits = (1..=FITS_EVERY_WAY).contains(&lost.length);
    let silent = c.traffic.server.packets == u64::from(c.opening.syn_ack_count);
    if !is_first || !fits || !silent || lost.retransmissions < NEVER_TAKEN_RETRIES {
        return;
    }
    let evidence = [Some(syn), Some(syn_ack), Some(ack), Some(lost.first), Some(lost.last)];
    exam.symptom(code, NEVER_TAKEN, Severity::Error, Confidence::Medium, &evidence)
        .happened(lost.first)
        .span(Some(lost.last.at.since(lost.first.at)))
        .count(Some(lost.retransmissions))
        .quietly();
}

/// What is told of them, where others of the service were served.
pub(super) fn tell(case: &Case<'_>, service: &Service) -> Option<Told> {
    let spread = case.group.spread(NEVER_TAKEN)?;
    let (spans, times) = (spread.spans.whole()?, spread.counts.whole()?);
    let served = service.of(Outcome::Established) + service.of(Outcome::Reset);
    if served == 0 {
        return None;
    }
    let count = spans.count;
    // One alone can be a way that broke just then.
    let (severity, confidence) = match count {
        1 => (Severity::Warning, Confidence::Low),
        _ => (Severity::Error, Confidence::Medium),
    };
    let mut told = Told {
        severity: Some(severity),
        confidence: Some(confidence),
        affected: Some(count),
        example_kind: Some(NEVER_TAKEN),
        ..Told::default()
    };
    told.summary = format!(
        "{} opened {} and then acknowledged nothing ({count} of {}): SYN-ACK and ACK passed, and the client's first words were sent again {} \
         times, over {spans}, without any answer, while {served} others got further. That fits an accept queue that is full: Linux answers \
         SYNs that come together, and drops the ACK and the data of those for which there is no place in the end.",
        service.address(),
        counted(count, "connection"),
        case.group.applied,
        match (times.smallest, times.largest) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        },
    );
    told.facts.add("never_acknowledged", count);
    told.facts.add("others_served", served);
    told.facts.add("retransmissions_most", u64::try_from(times.largest).unwrap_or(0));
    told.not_visible.push(
        "whether the server's host got them: a device that answers SYNs for it (a SYN proxy), and one that drops what is no SYN, look the same; \
         `tcpdump -i any -s 128 -w FILE 'tcp port PORT'` on the server shows it"
            .to_owned(),
    );
    told.remedy = remedy(service);
    Some(told)
}
