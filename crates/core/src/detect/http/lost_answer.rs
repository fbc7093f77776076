//! Answers that were sent and did not come: a kind of `request-timeout` in which the server is not slow.

use crate::detect::thresholds::WAITED_LEAST;
use crate::detect::words::counted;
use crate::detect::{Cluster, Confidence, Exam, Group, Service, Severity, Told};
use crate::record::Connection;
use crate::types::{Moment, Side, Span};

/// The server's sequence numbers go on behind bytes that never came.
pub(super) const ANSWER_LOST: &str = "answer-lost";

/// Whether the client left without the answer that the server's numbers tell of, whatever the protocol.
pub(super) fn examine(c: &Connection, by: Side, end: Moment, code: &'static str, exam: &mut Exam<'_>) -> bool {
    let Some(lost) = c.traffic.server.unseen.as_deref().filter(|_| by == Side::Client && sees_all(c)) else {
        return false;
    };
    let asked =
        c.traffic.client.last_payload.filter(|asked| asked.packet < end.packet && asked.packet < lost.told.packet);
    let answered = |asked: &Moment| c.traffic.server.last_payload.is_some_and(|last| last.packet > asked.packet);
    let Some(asked) = asked.filter(|asked| !answered(asked)) else { return false };
    // What is only late comes soon after the packet that says so.
    let watched = Span::from_nanos(c.last.at.since(lost.told.at).as_nanos() + c.visibility.capture_went_on.as_nanos());
    let waited = end.at.since(asked.at);
    if watched < WAITED_LEAST || waited < WAITED_LEAST {
        return false;
    }
    exam.symptom(code, ANSWER_LOST, Severity::Warning, Confidence::Medium, &[Some(asked), Some(end), Some(lost.told)])
        .happened(end)
        .span(Some(waited))
        .count(Some(lost.bytes));
    true
}

/// Whether the capture is of whole packets, in both directions and without holes.
fn sees_all(c: &Connection) -> bool {
    let seen = &c.visibility;
    let holes = c.misses(Side::Client) || c.misses(Side::Server) || seen.over_limit;
    seen.one_way.is_none() && !seen.flags_only && !holes
}

/// What is told of clients that waited alike.
pub(super) fn tell(waits: &Cluster, is_a_timeout: bool, group: &Group, service: &Service) -> Told {
    let (connections, address) = (counted(waits.count, "connection"), service.address());
    let mut told = Told {
        affected: Some(waits.count),
        example_kind: Some(ANSWER_LOST),
        example_span: Some((waits.shortest(), waits.longest())),
        ..Told::default()
    };
    if is_a_timeout {
        told.severity = Some(Severity::Error);
    }
    let bytes = group.spread(ANSWER_LOST).and_then(|spread| spread.counts.whole());
    let most = bytes.map_or(0, |bytes| bytes.largest.unsigned_abs());
    told.summary = format!(
        "The answer of {address} did not come on {connections}: by its sequence numbers it had sent up to {} that are not in the capture, \
         and the client left {waits} after its last words without having acknowledged them.",
        counted(most, "byte")
    );
    told.facts.add("gave_up", Side::Client.name());
    told.facts.add("waited_shortest_s", waits.shortest());
    told.facts.add("waited_longest_s", waits.longest());
    told.facts.add("lost_bytes_most", most);
    told.not_visible.push(
        "where the answer was lost, and whether the filter or the host of this capture left it out: a capture at the server tells".to_owned(),
    );
    told.remedy = vec![
        "Capture at the server too and lay both side by side: `handshark correlate CLIENT.pcap SERVER.pcap` says between which points \
         packets were lost."
            .to_owned(),
        "What is small passes (SYN-ACK, ACKs), what has payload does not: look for a firewall or inspection that drops it, for a link that \
         takes less than full segments (`tracepath`), for a way back that differs from the way there."
            .to_owned(),
    ];
    told
}
