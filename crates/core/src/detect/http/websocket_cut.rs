//! A WebSocket that its server ends by a FIN alone (RFC 6455 section 7.1.5): a kind of `unannounced-close`, and after a silence one of
//! `idle-close`.

use super::websocket_close::websocket;
use crate::detect::recapture;
use crate::detect::thresholds::IDLE_LEAST;
use crate::detect::words::counted;
use crate::detect::{Cluster, Confidence, Exam, Group, Severity, Told};
use crate::http::WebSocket;
use crate::record::Connection;
use crate::types::Side;

/// The symptom.
pub(super) const CUT: &str = "websocket-cut";

/// Quoted: whose PING had got no PONG before.
const UNANSWERED: &str = "ping_unanswered";

/// Whether nobody said that it ends, after a silence: that is a timer's work.
pub(in crate::detect) fn is_quiet(c: &Connection) -> bool {
    let was_quiet = c.ending.idle.is_some_and(|idle| idle.span >= IDLE_LEAST);
    was_quiet && websocket(c).is_some_and(|websocket| is_cut(c, websocket) && !has_unanswered_ping(websocket))
}

/// Whether frames are missing among which a Close may be.
pub(super) fn may_be_closed(c: &Connection, websocket: &WebSocket) -> bool {
    let missing = c.visibility.missing_bytes.client > 0 || c.visibility.missing_bytes.server > 0;
    !websocket.has_close() && (!websocket.is_complete() || missing)
}

/// The same, and says so.
pub(in crate::detect) fn is_unread(c: &Connection, websocket: &WebSocket, exam: &mut Exam<'_>) -> bool {
    let is_unread = may_be_closed(c, websocket);
    if is_unread {
        exam.not_visible("frames of a WebSocket are missing from the capture, or were cut", recapture::ALL_WHOLE);
    }
    is_unread
}

fn is_cut(c: &Connection, websocket: &WebSocket) -> bool {
    !websocket.has_close() && !may_be_closed(c, websocket)
}

/// Who pings and hears nothing leaves for that, or is left with it: no timer of the connection is at work.
const fn has_unanswered_ping(websocket: &WebSocket) -> bool {
    websocket.unanswered_ping.client.is_some() || websocket.unanswered_ping.server.is_some()
}

/// Attaches the symptom to a connection that its server ended by a FIN, if it is one.
pub(super) fn examine(c: &Connection, websocket: &WebSocket, code: &'static str, exam: &mut Exam<'_>) {
    if is_unread(c, websocket, exam) {
        return;
    }
    exam.applies();
    if !is_cut(c, websocket) || is_quiet(c) {
        return;
    }
    let Some(end) = c.ending.first else { return };
    let pings = &websocket.unanswered_ping;
    let last = c.traffic.server.last_payload.filter(|last| last.packet < end.packet);
    exam.symptom(code, CUT, Severity::Warning, Confidence::High, &[pings.client, pings.server, last, Some(end)])
        .happened(end);
    for (side, ping) in pings.each() {
        if ping.is_some() {
            exam.quote(UNANSWERED, side.name());
        }
    }
}

/// What is told of them.
pub(super) fn tell(count: u64, address: &str, applied: u64, group: &Group) -> Told {
    let mut told =
        Told { severity: Some(Severity::Warning), affected: Some(count), example_kind: Some(CUT), ..Told::default() };
    told.summary = format!(
        "{address} ended {} without a Close frame ({count} of {applied} connections): its FIN came in the middle. {ABNORMAL}",
        counted(count, "WebSocket"),
    );
    let unanswered = group.quotes(CUT, UNANSWERED);
    let by = |side: Side| unanswered.iter().find(|(name, _)| *name == side.name()).map_or(0, |(_, count)| *count);
    for (side, says, fact) in [
        (Side::Server, "the server's own PING had got no PONG: it took the client for gone", "server_pings_unanswered"),
        (
            Side::Client,
            "a PING of the client had got no PONG before: what should answer it hung",
            "client_pings_unanswered",
        ),
    ] {
        match by(side) {
            0 => continue,
            all if all == count => told.summary += &format!(" On each {says}."),
            some => told.summary += &format!(" On {some} of them {says}."),
        }
        told.facts.add(fact, by(side));
    }
    told.remedy = vec![
        "Look for what ended at that time: a process that was killed or crashed, a deploy that does not drain (a server should send Close 1001 or \
         1012 first), a proxy that was reloaded (nginx `worker_shutdown_timeout`, HAProxy `hard-stop-after`), a program that drops the socket \
         (`terminate()` of Node's ws)."
            .to_owned(),
        "Let clients connect again, with a delay that grows and has a random part, and ask for what they missed.".to_owned(),
    ];
    told
}

/// RFC 6455 section 7.1.5.
const ABNORMAL: &str = "Clients report code 1006 (abnormal closure).";

/// The summary for those that were cut while they were quiet.
pub(in crate::detect) fn tell_quiet(idle: &Cluster, address: &str, of: u64) -> String {
    let count = idle.count;
    format!(
        "{address} cuts WebSockets that are quiet for {idle} ({count} of {of}): by a FIN, without a Close frame. {ABNORMAL}"
    )
}

/// The same, where others were ended beside them.
pub(in crate::detect) fn among(count: u64) -> String {
    format!(" WebSockets among them: {count}, ended without a Close frame. {ABNORMAL}")
}

/// What to do about such a timer.
pub(in crate::detect) fn remedy_of_quiet(idle: &Cluster) -> Vec<String> {
    let shortest = idle.shortest();
    vec![
        format!(
            "Send a PING more often than every {shortest}, from the server or the client library (Python's websockets does every 20 s, Node's ws \
             and browsers never do by themselves): every proxy on the way then sees bytes."
        ),
        "Or raise the timeout of what cuts, mostly a proxy: nginx and ingress-nginx `proxy_read_timeout` and `proxy_send_timeout` (60 s), HAProxy \
         `timeout tunnel` (else `timeout client` and `timeout server`), Envoy `stream_idle_timeout` (300 s), an AWS ALB's idle timeout (60 s)."
            .to_owned(),
    ]
}
