//! A server says in clear text why it refuses or ends a connection.

use super::server_errors::{self, Meaning, REDIS_OTHER, meaning};
use super::{
    client_silent, encrypted_words, gateway_errors, grpc_status, http2_errors, no_http, refused_tunnel,
    websocket_close, without_words,
};
use crate::detect::recapture;
use crate::detect::thresholds::LAST_WORD_WITHIN;
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Group, Severity, Shape, Told};
use crate::record::{Connection, Dialogue, ServerMessage, Speaks};
use crate::types::Side;

/// Detector of `server-error-message`.
#[derive(Debug)]
pub(in crate::detect) struct ServerErrorMessage;

const CODE: &str = "server-error-message";

/// Characters of a message in the summary.
const SHOWN: usize = 160;

/// Quoted: what the server said.
const MESSAGE: &str = "message";
/// Quoted: its code.
const ERROR_CODE: &str = "code";
/// Quoted: the protocol, where what its errors mean holds for others as well.
const PROTOCOL: &str = "protocol";
/// Quoted: that it came before the server was ready for requests.
const AT_START: &str = "at_start";
/// Quoted: that a request was lost by it.
const LOST: &str = "request_lost";
/// Quoted: that part of the message was not captured.
const CUT: &str = "cut";

impl Detector for ServerErrorMessage {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("server_error_message.md")
    }

    fn yields_to(&self) -> &'static [&'static str] {
        &["local-connect-failure"]
    }

    fn needs(&self) -> Shape {
        Shape::DIALOGUE
    }

    fn clears(&self) -> Option<(Shape, Shape)> {
        Some((Shape::DIALOGUE, Shape::SAID))
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        if refused_tunnel::is_asked(c) {
            return refused_tunnel::examine(c, CODE, exam);
        }
        if let Some(websocket) = websocket_close::websocket(c) {
            return websocket_close::examine(c, websocket, CODE, exam);
        }
        if c.http2.is_some() {
            return http2_errors::examine(c, CODE, exam);
        }
        if let Some(answer) = no_http::answer(c) {
            return no_http::examine(c, answer, CODE, exam);
        }
        if c.http.is_some() {
            return gateway_errors::examine(c, CODE, exam);
        }
        if c.begun_in.is_some() {
            exam.applies();
            if let Some(words) = encrypted_words::of(c) {
                encrypted_words::examine(c, words, CODE, exam);
            }
            return;
        }
        let Some(dialogue) = &c.dialogue else { return };
        // plaintext-to-tls tells of it.
        if dialogue.protocol == Speaks::TlsAlert {
            exam.applies();
            return;
        }
        let Some(said) = &dialogue.said else {
            if client_silent::is_why(c, dialogue) {
                return client_silent::examine(c, dialogue, CODE, exam);
            }
            let unread = dialogue.unread || c.visibility.missing_bytes.server > 0;
            if unread && c.ending.closed_by == Some(Side::Server) {
                exam.not_visible("what the server said last is not in the capture, or was cut", recapture::ALL_WHOLE);
            } else {
                exam.applies();
            }
            return;
        };
        exam.applies();
        if !is_told(c, dialogue, said) {
            return;
        }
        let meaning = meaning(dialogue.protocol, said);
        let at_start = is_at_start(c, dialogue.protocol, said);
        let lost = said.asked_after.is_some() || (!at_start && said.is_answer);
        let severity = severity(c, at_start, meaning, lost);
        let after = said.asked_after.and(c.ending.reset).map(|reset| reset.at);
        let evidence = [said.asked, Some(said.at), c.ending.first, said.asked_after, after];
        exam.symptom(CODE, meaning.kind, severity, Confidence::High, &evidence)
            .happened(said.at)
            .quote(ERROR_CODE, &said.code)
            .quote(MESSAGE, &said.text);
        if dialogue.protocol != server_errors::of_kind(meaning.kind).protocol {
            exam.quote(PROTOCOL, dialogue.protocol.name());
        }
        for (name, holds) in [(AT_START, at_start), (LOST, lost && !at_start), (CUT, said.cut)] {
            if holds {
                exam.quote(name, "yes");
            }
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let address = service.address();
        let one = |&(kind, count): &(&'static str, u64)| match kind {
            _ if refused_tunnel::KINDS.contains(&kind) => refused_tunnel::tell(kind, count, &address, case.group),
            _ if gateway_errors::KINDS.contains(&kind) => Some(gateway_errors::tell(kind, count, &address, case.group)),
            _ if http2_errors::KINDS.contains(&kind) => Some(http2_errors::tell(kind, count, &address, case.group)),
            encrypted_words::KIND => Some(encrypted_words::tell(count, &address, case.group)),
            no_http::KIND => Some(no_http::tell(count, &address, case.group)),
            _ if grpc_status::is_kind(kind) => grpc_status::tell(kind, count, &address, case.group),
            _ if websocket_close::is_kind(kind) => websocket_close::tell(kind, count, &address, case.group),
            _ => Some(tell_kind(kind, count, &address, service.key.port, case.group)),
        };
        case.group.kinds.iter().filter_map(one).collect()
    }
}

/// Whether the connection was refused or ended by what the server said. An error alone is none: most are answers as good as others.
fn is_told(c: &Connection, dialogue: &Dialogue, said: &ServerMessage) -> bool {
    if said.declines_tls {
        // That is a failure where the client leaves for it, or the server does not want it without either.
        let left = dialogue.client_left || c.ending.closed_by.is_some();
        return left && said.asked_after.is_none();
    }
    if said.is_final {
        return true;
    }
    is_at_start(c, dialogue.protocol, said) && refuses(dialogue.protocol, said) && !goes_on(c, said)
        || is_last_word(c, said)
}

/// Whether it came before the server was ready for requests. Where packets are missing that is not known, but of protocols that are
/// recognised by how the client begins.
fn is_at_start(c: &Connection, protocol: Speaks, said: &ServerMessage) -> bool {
    let begins = matches!(protocol, Speaks::Postgres | Speaks::Mqtt | Speaks::Amqp | Speaks::Socks);
    said.at_start && (begins || !c.visibility.mid_stream && !c.misses(Side::Client))
}

/// Whether it is a refusal whoever closes then: others may be tried again on the same connection.
fn refuses(protocol: Speaks, said: &ServerMessage) -> bool {
    match protocol {
        Speaks::Mysql | Speaks::Memcached | Speaks::Amqp => true,
        // As a greeting.
        Speaks::Smtp | Speaks::Ftp | Speaks::Replies | Speaks::Imap => !said.is_answer,
        Speaks::Redis => meaning(protocol, said).kind != REDIS_OTHER,
        Speaks::Postgres
        | Speaks::Pop3
        | Speaks::Ssh
        | Speaks::Mqtt
        | Speaks::Nats
        | Speaks::Socks
        | Speaks::TlsAlert => said.is_final,
    }
}

/// Whether the client asked once more, and was not closed upon: what came of it is not known.
fn goes_on(c: &Connection, said: &ServerMessage) -> bool {
    said.asked_after.is_some() && c.ending.closed_by != Some(Side::Server)
}

/// Whether the server said it and closed, without another word of the client between.
fn is_last_word(c: &Connection, said: &ServerMessage) -> bool {
    let Some(end) = c.ending.first.filter(|_| c.ending.closed_by == Some(Side::Server)) else { return false };
    let spoke = c.traffic.client.last_payload;
    let between =
        [said.asked_after, spoke].into_iter().flatten().any(|at| said.at.packet < at.packet && at.packet < end.packet);
    !between && end.at.since(said.at.at) <= LAST_WORD_WITHIN
}

/// Harm: an error where the connection never worked, or where a request was lost by it.
fn severity(c: &Connection, at_start: bool, meaning: &Meaning, lost: bool) -> Severity {
    let by_client = c.ending.closed_by != Some(Side::Server);
    match () {
        () if at_start && (meaning.passes || meaning.is_mild && by_client) => Severity::Warning,
        () if at_start || lost => Severity::Error,
        () if meaning.is_idle => Severity::Info,
        () => Severity::Warning,
    }
}

/// As much of a text as a summary bears.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", message.get(..end).unwrap_or(message)),
        None => message.to_owned(),
    }
}

fn tell_kind(kind: &'static str, count: u64, address: &str, port: u16, group: &Group) -> Told {
    let meaning = server_errors::of_kind(kind);
    let times = |name: &str| group.quotes(kind, name).first().map_or(0, |(_, times)| *times);
    let (at_start, lost) = (times(AT_START), times(LOST));
    let connections = counted(count, "connection");
    let mut told = Told { affected: Some(count), example_kind: Some(kind), ..Told::default() };
    let names = group.quotes(kind, PROTOCOL);
    let protocol = names.first().map_or_else(|| meaning.protocol.name(), |(name, _)| *name);
    told.facts.add("protocol", protocol.to_owned());
    told.remedy = meaning.remedy.iter().map(|text| text.replace("{port}", &port.to_string())).collect();
    if let Some(summary) = without_words::summary(kind, count, address, protocol, group) {
        told.summary = format!("{summary} {}", meaning.says);
        without_words::add_facts(&mut told, kind, group);
        return told;
    }
    let did = match at_start {
        0 => "ended",
        all if all == count => "refused",
        _ => "refused or ended",
    };
    told.summary = format!("{address} {did} {connections} and said why ({count} of {})", group.applied);
    let codes = group.quotes(kind, ERROR_CODE);
    let messages = group.quotes(kind, MESSAGE);
    let message = messages.first().map_or("", |(message, _)| *message);
    told.summary += &format!(": {protocol}");
    if let Some((code, _)) = codes.iter().find(|(code, _)| !code.is_empty()) {
        if !message.starts_with(code) {
            told.summary += &format!(" error {code}");
        }
        told.facts.add("code", (*code).to_owned());
    }
    if !message.is_empty() {
        told.summary += &format!(", `{}`", shortened(message));
        told.facts.add("message", message.to_owned());
    }
    if messages.len() > 1 {
        told.summary += &format!(" (and {})", counted(messages.len() as u64 - 1, "other text"));
    }
    let ends = messages.len() < 2 && shortened(message).ends_with(['.', '!']);
    told.summary += &format!("{} {}", if ends { "" } else { "." }, meaning.says);
    if lost > 0 {
        told.summary += &format!(
            " {} request of the client was lost by it: one that was under way, or was written into the closed connection.",
            match lost {
                _ if count == 1 => "A".to_owned(),
                _ if lost == count => "On each a".to_owned(),
                _ => format!("On {lost} of them a"),
            },
        );
        told.facts.add("requests_lost", lost);
    }
    told.facts.add("before_it_was_ready", at_start);
    if times(CUT) > 0 {
        told.not_visible.push("the rest of the message: it was not captured, or is too long".to_owned());
    }
    told
}
