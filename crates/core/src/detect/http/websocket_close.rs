//! A WebSocket that one side ends and says why: kinds of `server-error-message` (RFC 6455 section 7.4).

use super::websocket_cut;
use crate::detect::thresholds::PONG_WAIT;
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::http::{CloseFrame, WebSocket};
use crate::record::Connection;
use crate::types::{Moment, Side};

/// What a status code means, by who sent it.
#[derive(Debug)]
struct Meaning {
    kind: &'static str,
    by: Side,
    /// `None` where it is told by the PING, whatever the code.
    codes: Option<std::ops::RangeInclusive<u16>>,
    severity: Severity,
    says: &'static str,
    remedy: &'static str,
}

/// The closing side's PING had no PONG.
const CLIENT_WAITED: &str = "websocket-no-pong-to-client";
const SERVER_WAITED: &str = "websocket-no-pong-to-server";

/// Quoted: the status code, and the reason in words.
const STATUS: &str = "code";
const REASON: &str = "message";

const BAD_DATA: &str = "Look at the library and its settings on both sides (text that is no UTF-8, a subprotocol, extensions that a proxy takes \
                        away), and at the log of the side that closed: it names the frame.";

static MEANINGS: &[Meaning] = &[
    Meaning {
        kind: "websocket-going-away",
        by: Side::Server,
        codes: Some(1001..=1001),
        severity: Severity::Info,
        says: "The server went down or was restarted in order.",
        remedy: "Nothing is wrong if it was a deploy: let clients connect again, with a random delay so that not all come at once.",
    },
    Meaning {
        kind: "websocket-bad-data",
        by: Side::Server,
        codes: Some(1002..=1007),
        severity: Severity::Error,
        says: "What the client sent is not what the server takes.",
        remedy: BAD_DATA,
    },
    Meaning {
        kind: "websocket-policy",
        by: Side::Server,
        codes: Some(1008..=1008),
        severity: Severity::Error,
        says: "The server's rules end it, most often because of who the client is: a token that is missing or has expired, a limit on rates.",
        remedy: "Read the reason, and the server's log at that time. Where a token expires while the connection lives, the client has to renew it \
                 before, or connect again with a new one.",
    },
    Meaning {
        kind: "websocket-too-big",
        by: Side::Server,
        codes: Some(1009..=1009),
        severity: Severity::Error,
        says: "A message of the client was larger than the server takes.",
        remedy: "Send smaller messages, or raise the server's limit: `max_size` of Python's websockets (1 MiB), `maxPayload` of Node's ws (100 MiB), \
                 `SetReadLimit` in Go, `maxHttpBufferSize` of Socket.IO (1 MB), `spring.websocket` buffer sizes, uvicorn `--ws-max-size` (16 MiB).",
    },
    Meaning {
        kind: "websocket-server-failed",
        by: Side::Server,
        codes: Some(1011..=1011),
        severity: Severity::Error,
        says: "The server met a condition that it did not expect: its own code failed.",
        remedy: "The server's log has the exception at that time.",
    },
    Meaning {
        kind: "websocket-try-later",
        by: Side::Server,
        codes: Some(1012..=1014),
        severity: Severity::Warning,
        says: "It can not serve now: it restarts (1012), is overloaded (1013), or did not reach what is behind it (1014).",
        remedy: "Let clients wait before they connect again, longer each time and with a random part. If it goes on, look at the server's load, and \
                 behind it.",
    },
    Meaning {
        kind: "websocket-own-code",
        by: Side::Server,
        codes: Some(0..=u16::MAX),
        severity: Severity::Warning,
        says: "The code is one of the application or of a library, its documentation says what it means.",
        remedy: "Look for the code in the server's source and documentation, and for what it logged at that time.",
    },
    Meaning {
        kind: "websocket-bad-data-for-client",
        by: Side::Client,
        codes: Some(1002..=1007),
        severity: Severity::Error,
        says: "What the server sent is not what the client takes.",
        remedy: BAD_DATA,
    },
    Meaning {
        kind: "websocket-too-big-for-client",
        by: Side::Client,
        codes: Some(1009..=1009),
        severity: Severity::Error,
        says: "A message of the server was larger than the client takes.",
        remedy: "Raise the client's limit (`max_size` of Python's websockets, 1 MiB; `maxPayload` of Node's ws; `SetReadLimit` in Go; aiohttp \
                 `max_msg_size`, 4 MiB), or let the server send smaller messages.",
    },
    Meaning {
        kind: "websocket-client-failed",
        by: Side::Client,
        codes: Some(1011..=1011),
        severity: Severity::Warning,
        says: "The client met a condition that it did not expect: its own code failed.",
        remedy: "The client's log has the exception at that time.",
    },
    Meaning {
        kind: CLIENT_WAITED,
        by: Side::Client,
        codes: None,
        severity: Severity::Error,
        says: "The client's PING had got no PONG: it took the server for dead.",
        remedy: "A library answers a PING by itself, so long as its loop runs: look for what blocked the server then (a long computation, a full \
                 disk, a stopped process, garbage collection), or for a proxy that holds frames back. A longer timeout (`ping_timeout`) hides \
                 it, no more.",
    },
    Meaning {
        kind: SERVER_WAITED,
        by: Side::Server,
        codes: None,
        severity: Severity::Warning,
        says: "The server's PING had got no PONG: it took the client for gone.",
        remedy: "See what the clients did then: a tab in the background, a phone that sleeps, a loop that is blocked. Whether the PING arrived shows \
                 a capture at the client.",
    },
];

/// Whether a finding's kind is one of these.
pub(super) fn is_kind(kind: &str) -> bool {
    MEANINGS.iter().any(|known| known.kind == kind)
}

/// The frames of a connection that became a WebSocket.
pub(super) fn websocket(c: &Connection) -> Option<&WebSocket> {
    c.http.as_ref()?.websocket.as_deref()
}

/// Whether it said why it ends, or may have done so where nobody can read it.
pub(super) fn says_why(c: &Connection) -> bool {
    websocket(c).is_some_and(|websocket| cause(websocket).is_some() || websocket_cut::may_be_closed(c, websocket))
}

/// Who ended it first, in what words, and what that means; `None` where it ended in order, or without a word.
fn cause(websocket: &WebSocket) -> Option<(&'static Meaning, &CloseFrame)> {
    let first = websocket.close.each().into_iter().filter_map(|(side, close)| Some((side, close.as_ref()?)));
    let (side, close) = first.min_by_key(|(_, close)| close.at.packet)?;
    if let Some(ping) = unanswered(websocket, side)
        && close.at.at.since(ping.at) >= PONG_WAIT
        && !matches!(close.code, None | Some(1000 | 1001))
    {
        let kind = if side == Side::Client { CLIENT_WAITED } else { SERVER_WAITED };
        return MEANINGS.iter().find(|known| known.kind == kind).map(|meaning| (meaning, close));
    }
    // 1000 is a normal end, and no code at all says no more.
    let code = close.code.filter(|code| *code != 1000)?;
    MEANINGS
        .iter()
        .find(|known| known.by == side && known.codes.as_ref().is_some_and(|codes| codes.contains(&code)))
        .map(|meaning| (meaning, close))
}

/// Its first PING to which no PONG came.
fn unanswered(websocket: &WebSocket, side: Side) -> Option<Moment> {
    websocket.unanswered_ping[side].filter(|_| !websocket.incomplete[side.peer()])
}

/// Attaches the symptom, if there is one.
pub(super) fn examine(c: &Connection, websocket: &WebSocket, code: &'static str, exam: &mut Exam<'_>) {
    let Some((meaning, close)) = cause(websocket) else {
        if !websocket_cut::is_unread(c, websocket, exam) {
            exam.applies();
        }
        return;
    };
    exam.applies();
    let waited = [CLIENT_WAITED, SERVER_WAITED].contains(&meaning.kind);
    let ping = unanswered(websocket, meaning.by).filter(|_| waited);
    let said = close.code.map_or_else(String::new, |code| code.to_string());
    exam.symptom(code, meaning.kind, meaning.severity, Confidence::High, &[ping, Some(close.at), c.ending.first])
        .happened(close.at)
        .span(ping.map(|ping| close.at.at.since(ping.at)))
        .quote(STATUS, &said)
        .quote(REASON, &close.reason);
}

/// What is told of one kind.
pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Option<Told> {
    let meaning = MEANINGS.iter().find(|known| known.kind == kind)?;
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let them = counted(count, "WebSocket");
    let who = match meaning.by {
        Side::Server => format!("{address} closed {them}"),
        Side::Client => format!("Clients of {address} closed {them}"),
    };
    told.summary = format!("{who} and said why ({count} of {} connections)", group.applied);
    let (codes, reasons) = (group.quotes(kind, STATUS), group.quotes(kind, REASON));
    if let Some((code, _)) = codes.first().filter(|(code, _)| !code.is_empty()) {
        told.summary += &format!(": code {code}{}", named(code));
        told.facts.add("code", (*code).to_owned());
    }
    if let Some((reason, _)) = reasons.iter().find(|(reason, _)| !reason.is_empty()) {
        told.summary += &format!(", `{reason}`");
        told.facts.add("message", (*reason).to_owned());
    }
    if codes.len().max(reasons.len()) > 1 {
        told.summary += " (and others)";
    }
    told.summary += &format!(". {}", meaning.says);
    if let Some(waits) = group.spread(kind).and_then(|spread| spread.spans.whole()) {
        told.summary += &format!(" It had waited {waits}.");
        told.facts.add("waited_shortest_s", waits.shortest());
        told.facts.add("waited_longest_s", waits.longest());
    }
    told.remedy = vec![meaning.remedy.to_owned()];
    Some(told)
}

/// The name of a status code (IANA's registry of WebSocket close codes).
fn named(code: &str) -> &'static str {
    match code {
        "1001" => " (going away)",
        "1002" => " (protocol error)",
        "1003" => " (unsupported data)",
        "1007" => " (invalid payload data)",
        "1008" => " (policy violation)",
        "1009" => " (message too big)",
        "1010" => " (mandatory extension)",
        "1011" => " (internal error)",
        "1012" => " (service restart)",
        "1013" => " (try again later)",
        "1014" => " (bad gateway)",
        "3000" => " (unauthorized)",
        "3003" => " (forbidden)",
        "3008" => " (timeout)",
        _ => "",
    }
}
