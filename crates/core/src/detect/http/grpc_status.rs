//! A call of gRPC that fails by the server's word: kinds of `server-error-message`.

use super::gateway_causes::cause;
use super::http2::{PATH, in_clear, paths};
use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::http::GrpcStatus;
use crate::record::Connection;

/// A status that says more than an answer does.
#[derive(Debug)]
struct Meaning {
    status: u32,
    kind: &'static str,
    name: &'static str,
    says: &'static str,
    remedy: &'static str,
}

/// What proxies answer for what is behind them: UNAVAILABLE, DEADLINE_EXCEEDED.
const OF_PROXIES: [u32; 2] = [14, 4];

/// Quoted: the message in words.
const MESSAGE: &str = "message";

/// The others are answers of the application, as good as 404: `NOT_FOUND`, `INVALID_ARGUMENT`, `ALREADY_EXISTS` and the like.
static MEANINGS: [Meaning; 9] = [
    Meaning {
        status: 14,
        kind: "grpc-unavailable",
        name: "UNAVAILABLE",
        says: "The server, or what it needs, does not serve now.",
        remedy: "The message says what: a limit on the connection's age (`max connection age`: give calls more grace, open streams anew), a shutdown, \
                 or something behind the server that it does not reach. A proxy (Envoy, nginx) answers so for its upstream: look at that leg. \
                 Clients may try again, with a growing delay.",
    },
    Meaning {
        status: 8,
        kind: "grpc-resource-exhausted",
        name: "RESOURCE_EXHAUSTED",
        says: "A quota is used up, or a message is larger than allowed.",
        remedy: "If the message speaks of sizes raise the limit of who receives (`grpc.max_receive_message_length`, 4 MB unless set; Go \
                 `MaxRecvMsgSize`; Java `maxInboundMessageSize`) or send less; else see the server's quotas and rate limits.",
    },
    Meaning {
        status: 4,
        kind: "grpc-deadline-exceeded",
        name: "DEADLINE_EXCEEDED",
        says: "The deadline that the client gave passed at the server, or at a proxy.",
        remedy: "Look at what takes that long, and at deadlines that are passed on: each leg has what is left of the first one (`grpc-timeout`).",
    },
    Meaning {
        status: 13,
        kind: "grpc-internal",
        name: "INTERNAL",
        says: "The server broke down in the middle, or got what it could not read.",
        remedy: "The server's log has the reason at that time. Where a proxy stands between, look whether it changes frames or trailers.",
    },
    Meaning {
        status: 2,
        kind: "grpc-unknown",
        name: "UNKNOWN",
        says: "The server's code failed with an error that it did not translate.",
        remedy: "The server's log has the exception at that time.",
    },
    Meaning {
        status: 12,
        kind: "grpc-unimplemented",
        name: "UNIMPLEMENTED",
        says: "The server does not know the method.",
        remedy: "Compare the versions of client and server, and where the route leads: the wrong service behind a name or a path prefix answers so, too; \
                 clients of reflection and of health checks ask for what many servers do not have.",
    },
    Meaning {
        status: 16,
        kind: "grpc-unauthenticated",
        name: "UNAUTHENTICATED",
        says: "The server does not know who calls.",
        remedy: "Look at the credentials of the call: a token that is missing or has expired, clocks that differ, a proxy that takes `authorization` away.",
    },
    Meaning {
        status: 7,
        kind: "grpc-permission-denied",
        name: "PERMISSION_DENIED",
        says: "The caller may not do that.",
        remedy: "Look at the rules for this caller: in the application, and in a mesh (Istio answers `RBAC: access denied` for its AuthorizationPolicy).",
    },
    Meaning {
        status: 15,
        kind: "grpc-data-loss",
        name: "DATA_LOSS",
        says: "Data is lost or broken beyond repair.",
        remedy: "The server's log has the reason at that time.",
    },
];

/// Whether a finding's kind is one of these.
pub(super) fn is_kind(kind: &str) -> bool {
    MEANINGS.iter().any(|known| known.kind == kind)
}

/// Whether a call failed, or may have failed where nobody can read it.
pub(super) fn says_why(c: &Connection) -> bool {
    said(c).is_some() || in_clear(c).is_some_and(|http2| http2.streams.heads_unread)
}

/// How many calls failed with what most failed with.
pub(super) fn count(c: &Connection) -> u32 {
    said(c).map_or(0, |(_, said)| said.count)
}

/// What most calls that failed ended with.
fn said(c: &Connection) -> Option<(&'static Meaning, &GrpcStatus)> {
    let said = in_clear(c)?.streams.grpc.iter();
    let told = said.filter_map(|said| Some((MEANINGS.iter().find(|known| known.status == said.status)?, said)));
    told.max_by_key(|(_, said)| said.count)
}

/// Attaches the symptom; `false` where there is none.
pub(super) fn examine(c: &Connection, code: &'static str, exam: &mut Exam<'_>) -> bool {
    let Some((meaning, said)) = said(c) else { return false };
    exam.applies();
    let asked = said.asked.as_ref().map(|asked| asked.at);
    exam.symptom(code, meaning.kind, Severity::Warning, Confidence::High, &[asked, Some(said.at)])
        .happened(said.at)
        .span(asked.map(|asked| said.at.at.since(asked.at)))
        .count(Some(said.count))
        .quote(MESSAGE, &said.message);
    if let Some(asked) = &said.asked {
        exam.quote(PATH, &asked.path);
    }
    true
}

/// What is told of one kind.
pub(super) fn tell(kind: &'static str, count: u64, address: &str, group: &Group) -> Option<Told> {
    let meaning = MEANINGS.iter().find(|known| known.kind == kind)?;
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let most = group.spread(kind).and_then(|spread| spread.counts.whole()).map_or(1, |counts| counts.largest);
    let at_most = if most == 1 { String::new() } else { format!(", up to {most} on one") };
    let paths = paths(group, kind, &mut told);
    told.summary = format!(
        "Calls of gRPC to {address}{paths} failed with {} (status {}) on {count} of {}{at_most}",
        meaning.name,
        meaning.status,
        counted(group.applied, "connection"),
    );
    let messages = group.quotes(kind, MESSAGE);
    if let Some((message, _)) = messages.iter().find(|(message, _)| !message.is_empty()) {
        told.summary += &format!(": `{message}`");
        told.facts.add("message", (*message).to_owned());
    }
    if messages.len() > 1 {
        told.summary += " (and others)";
    }
    told.summary += &format!(". {}", meaning.says);
    told.remedy = vec![meaning.remedy.to_owned()];
    // A proxy's words come as the call's message.
    let of_proxy =
        messages.first().and_then(|(message, _)| cause(message)).filter(|_| OF_PROXIES.contains(&meaning.status));
    if let Some(cause) = of_proxy {
        told.summary += &format!(" It is the word of a proxy between. {}", cause.says);
        told.facts.add("cause", cause.name);
        told.remedy = vec![cause.remedy.to_owned()];
    }
    told.facts.add("grpc_status", meaning.status);
    told.facts.add("calls_on_one_connection_most", u64::try_from(most).unwrap_or(1));
    Some(told)
}
