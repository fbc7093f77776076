//! The steps of one connection in order: the ladder that a person reads.

use std::borrow::Cow;

use serde::Serialize;

use super::{CloseKind, Connection, IcmpNote, Speaks, StreamEnd};
use crate::http::{CloseFrame, Request};
use crate::tls::{CertificateMessage, Sni, names};
use crate::types::{Moment, PacketNo, Side, Span, Timestamp, escaped};

/// One step of a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The packet.
    pub packet: PacketNo,
    /// Its time.
    pub at: Timestamp,
    /// Seconds since the connection's first packet.
    pub offset_s: Span,
    /// Who sent it.
    pub from: Side,
    /// What it was, in the words of the field, escaped: `SYN`, `ClientHello (no SNI)`, `FIN`, `RST`.
    pub what: Cow<'static, str>,
}

/// The steps that a record keeps, in packet order: opening, hellos, alerts, last payload, FINs and their ACKs, late write,
/// RST; and the first and the last packet, where they are nothing of that. Every packet that a detector can name as
/// evidence is one of them.
pub fn of(c: &Connection) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |moment: Option<Moment>, from: Side, what: Cow<'static, str>| {
        if let Some(moment) = moment {
            let offset_s = moment.at.since(c.first.at);
            steps.push(Step { packet: moment.packet, at: moment.at, offset_s, from, what });
        }
    };
    opening(c, &mut add);
    tls(c, &mut add);
    http(c, &mut add);
    http2(c, &mut add);
    dialogue(c, &mut add);
    payload(c, &mut add);
    ending(c, &mut add);
    edges(c, &mut add);
    steps.sort_by_key(|step| step.packet);
    steps.dedup_by(|later, earlier| {
        let same = later.packet == earlier.packet && (later.from == earlier.from || is_edge(&later.what));
        if same {
            earlier.what = joined(std::mem::take(&mut earlier.what), std::mem::take(&mut later.what));
        }
        same
    });
    // Those of examples are kept until the end of the capture.
    steps.shrink_to_fit();
    steps
}

/// What an ICMP error says (RFC 792, RFC 1812 section 5.2.7, RFC 4443).
pub fn icmp(note: &IcmpNote) -> String {
    let name = match (note.v6, note.kind, note.code) {
        (false, 3, 0) => "network unreachable",
        (false, 3, 1) => "host unreachable",
        (false, 3, 3) | (true, 1, 4) => "port unreachable",
        (false, 3, 4) => "fragmentation needed",
        (false, 3, 9 | 10 | 13) | (true, 1, 1) => "administratively prohibited",
        (false, 11, _) | (true, 3, _) => "time exceeded",
        (true, 1, 0) => "no route to destination",
        (true, 1, 3) => "address unreachable",
        (true, 1, 5) => "source address failed policy",
        (true, 1, 6) => "reject route to destination",
        (true, 2, _) => "packet too big",
        (_, kind, code) => return format!("type {kind}, code {code}"),
    };
    name.to_owned()
}

/// Two names of one packet as one: what has a name of its own need not be called payload, an ACK or the last one too.
fn joined(one: Cow<'static, str>, other: Cow<'static, str>) -> Cow<'static, str> {
    let rank = |what: &str| PLAIN.iter().position(|plain| *plain == what);
    match (rank(&one), rank(&other)) {
        (Some(a), Some(b)) => {
            if a <= b {
                one
            } else {
                other
            }
        }
        (Some(_), None) => other,
        (None, Some(_)) => one,
        _ if one.contains(&*other) => one,
        _ => format!("{one}, {}", other.strip_prefix("payload, ").unwrap_or(&other)).into(),
    }
}

const LAST_PAYLOAD: &str = "last payload";
const GREETING: &str = "first payload, before the client's";
/// Characters of a server's error in a step.
const SHOWN_OF_MESSAGE: usize = 60;
const NO_ENCRYPTION: &str = "`N`: no encryption (PostgreSQL)";
const ACK: &str = "ACK";
const ACK_OF_FIN: &str = "ACK of the FIN";
const FIRST_CAPTURED: &str = "first packet captured";
const LAST_CAPTURED: &str = "last packet captured";
/// Names for packets without a better one, the better ones first.
const PLAIN: [&str; 5] = [ACK_OF_FIN, LAST_PAYLOAD, ACK, FIRST_CAPTURED, LAST_CAPTURED];

/// Whether a step is worth a row only where its packet proves something: an ACK of a FIN, the first and the last packet.
pub fn is_minor(what: &str) -> bool {
    what == ACK_OF_FIN || is_edge(what)
}

fn is_edge(what: &str) -> bool {
    what == FIRST_CAPTURED || what == LAST_CAPTURED
}

/// Below this, what passes before a FIN is the time that answers take, not silence.
const SILENCE: Span = Span::from_millis(500);

type Add<'a> = dyn FnMut(Option<Moment>, Side, Cow<'static, str>) + 'a;

fn opening(c: &Connection, add: &mut Add<'_>) {
    add(c.opening.syn, Side::Client, Cow::Borrowed("SYN"));
    for retry in &c.opening.syn_retries {
        add(Some(*retry), Side::Client, Cow::Borrowed("SYN again"));
    }
    add(c.opening.syn_ack, Side::Server, Cow::Borrowed("SYN-ACK"));
    add(c.opening.ack, Side::Client, Cow::Borrowed(ACK));
    if let Some(header) = &c.proxy_header {
        add(Some(header.at), Side::Client, Cow::Owned(format!("PROXY protocol header, version {}", header.version)));
    }
    if let Some(error) = &c.icmp_error {
        // It comes to the client from where the server is, though seldom from the server.
        let what = format!("ICMP from {}: {}", error.from, icmp(error));
        add(Some(error.at), Side::Server, Cow::Owned(what));
    }
    add(c.opening.challenge_ack, Side::Server, Cow::Borrowed("ACK without SYN (challenge ACK)"));
}

fn tls(c: &Connection, add: &mut Add<'_>) {
    let Some(tls) = &c.tls else { return };
    if let Some(hello) = &tls.contradicting_client_hello {
        let name = match &hello.sni {
            Sni::Present(name) => format!("for {}", escaped(name)),
            Sni::Empty | Sni::Absent | Sni::NotVisible(_) => "without a name".to_owned(),
        };
        let what = format!("another ClientHello in the place of the first, {name}");
        add(Some(hello.completed), Side::Client, Cow::Owned(what));
    }
    for hello in [&tls.client_hello, &tls.second_client_hello].into_iter().flatten() {
        let name = match &hello.sni {
            Sni::Present(name) => format!("ClientHello for {}", escaped(name)),
            Sni::Empty => "ClientHello (empty SNI)".to_owned(),
            Sni::Absent => "ClientHello (no SNI)".to_owned(),
            Sni::NotVisible(why) => format!("ClientHello (SNI not visible: {})", why.reason()),
        };
        add(Some(hello.completed), Side::Client, Cow::Owned(name));
    }
    if let Some((at, why)) = &tls.client_hello_cut {
        add(Some(*at), Side::Client, Cow::Owned(format!("ClientHello, incomplete here ({})", why.reason())));
    }
    if let Some(retry) = &tls.hello_retry {
        add(Some(retry.completed), Side::Server, Cow::Borrowed("HelloRetryRequest"));
    }
    if let Some(hello) = &tls.server_hello {
        let mut what = format!("ServerHello, {}", names::version(hello.version));
        if let Some(suite) = hello.suite() {
            what = format!("{what}, {}", names::cipher_suite(suite));
        }
        add(Some(hello.completed), Side::Server, Cow::Owned(what));
    }
    if let Some(message) = &tls.server_certificate {
        add(Some(message.completed), Side::Server, certificate(message));
    }
    add(tls.certificate_request, Side::Server, Cow::Borrowed("CertificateRequest"));
    if let Some(message) = &tls.client_certificate {
        add(Some(message.completed), Side::Client, certificate(message));
    }
    for alert in &tls.alerts {
        let what = format!("alert {} ({}) {}", names::alert(alert.description), alert.description, alert.level.name());
        add(Some(alert.at), alert.by, Cow::Owned(what));
    }
    add(tls.client_finished, Side::Client, Cow::Borrowed("handshake finished"));
    add(tls.server_finished, Side::Server, Cow::Borrowed("handshake finished"));
    if let Some(StreamEnd::InRecord(cut)) = c.tls_end {
        let what = match cut.length {
            Some(length) => format!("TLS record of {length} bytes, cut by {}", cut.missing),
            None => "TLS record, cut in its header".to_owned(),
        };
        add(Some(cut.header), Side::Server, Cow::Owned(what));
    }
}

/// Whose certificate it is, by its common name where it has one.
fn certificate(message: &CertificateMessage) -> Cow<'static, str> {
    match message.leaf() {
        Some(leaf) => {
            let name = leaf.common_name.as_ref().or_else(|| leaf.dns_names.first()).unwrap_or(&leaf.subject);
            Cow::Owned(format!("Certificate of {}", escaped(name)))
        }
        None if message.is_empty() => Cow::Borrowed("Certificate (empty list)"),
        None => Cow::Borrowed("Certificate (not readable here)"),
    }
}

fn http(c: &Connection, add: &mut Add<'_>) {
    let Some(http) = &c.http else { return };
    add(http.last_request, Side::Client, Cow::Owned(format!("HTTP request {}", http.requests)));
    if let Some(response) = &http.last_response {
        let close = if response.closes { ", Connection: close" } else { "" };
        add(Some(response.at), Side::Server, Cow::Owned(format!("HTTP response {}{close}", response.status)));
    }
    if let Some(answer) = &http.other_answer {
        let begins = String::from_utf8_lossy(&answer.begins);
        let line = begins.lines().next().unwrap_or_default();
        add(Some(answer.at), Side::Server, Cow::Owned(format!("answer that is no HTTP: \"{}\"", escaped(line))));
    }
    let Some(websocket) = &http.websocket else { return };
    add(http.switched, Side::Server, Cow::Borrowed("upgraded to a WebSocket"));
    for (side, close) in websocket.close.each() {
        if let Some(close) = close {
            add(Some(close.at), side, Cow::Owned(close_frame(close)));
        }
    }
    for (side, ping) in websocket.unanswered_ping.each() {
        add(*ping, side, Cow::Borrowed("PING of the WebSocket, without a PONG"));
    }
}

fn close_frame(close: &CloseFrame) -> String {
    let code = close.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let reason: String = close.reason.chars().take(SHOWN_OF_MESSAGE).collect();
    let more = if close.reason.len() > reason.len() { "..." } else { "" };
    if reason.is_empty() { format!("Close, {code}") } else { format!("Close, {code} \"{}\"{more}", escaped(&reason)) }
}

fn http2(c: &Connection, add: &mut Add<'_>) {
    let Some(http2) = &c.http2 else { return };
    let ping = if http2.in_clear { "PING" } else { "record as large as a PING" };
    add(http2.first_ping, Side::Client, Cow::Borrowed(ping));
    if http2.pings > 1 {
        add(http2.last_ping, Side::Client, Cow::Owned(format!("{ping}, {} in all", http2.pings)));
    }
    let streams = &http2.streams;
    if let Some(cancelled) = &streams.cancelled {
        add(Some(cancelled.asked.at), Side::Client, Cow::Owned(request(&cancelled.asked)));
        add(Some(cancelled.at), Side::Client, Cow::Borrowed("RST_STREAM: the request is taken back"));
    }
    if let Some(refused) = &streams.refused {
        add(Some(refused.asked.at), Side::Client, Cow::Owned(request(&refused.asked)));
        add(Some(refused.at), Side::Server, Cow::Owned(format!("RST_STREAM, error {}", refused.error)));
    }
    for said in &streams.grpc {
        if let Some(asked) = &said.asked {
            add(Some(asked.at), Side::Client, Cow::Owned(request(asked)));
        }
        let message: String = said.message.chars().take(SHOWN_OF_MESSAGE).collect();
        let what = format!("grpc-status {} \"{}\"", said.status, escaped(&message));
        add(Some(said.at), Side::Server, Cow::Owned(what));
    }
    for said in &streams.gateway {
        if let Some(asked) = &said.asked {
            add(Some(asked.at), Side::Client, Cow::Owned(request(asked)));
        }
        add(Some(said.at), Side::Server, Cow::Owned(format!("HTTP/2 response {}", said.status)));
    }
    if let Some(open) = &streams.open {
        add(Some(open.asked.at), Side::Client, Cow::Owned(format!("{}, open at the end", request(&open.asked))));
    }
    if let Some(goaway) = &http2.goaway {
        let what = match goaway.error {
            Some(error) => format!("GOAWAY, error {error} \"{}\"", escaped(&goaway.debug)),
            None => "record as large as a GOAWAY".to_owned(),
        };
        add(Some(goaway.at), goaway.by, Cow::Owned(what));
    }
}

fn request(request: &Request) -> String {
    let path: String = request.path.chars().take(SHOWN_OF_MESSAGE).collect();
    if path.is_empty() { "HTTP/2 request".to_owned() } else { format!("HTTP/2 request {}", escaped(&path)) }
}

fn dialogue(c: &Connection, add: &mut Add<'_>) {
    let Some(dialogue) = &c.dialogue else { return };
    let Some(said) = &dialogue.said else { return };
    if dialogue.protocol == Speaks::TlsAlert {
        let what = format!("alert {} ({})", escaped(&said.text), escaped(&said.code));
        add(said.asked, Side::Client, Cow::Borrowed("payload that is no TLS"));
        return add(Some(said.at), Side::Server, Cow::Owned(what));
    }
    let protocol = dialogue.protocol.name();
    add(said.asked, Side::Client, Cow::Owned(format!("{protocol}: the client's last before the error")));
    let text: String = said.text.chars().take(SHOWN_OF_MESSAGE).collect();
    let more = if said.cut || said.text.len() > text.len() { "..." } else { "" };
    let code = if said.code.is_empty() || said.text.starts_with(&said.code) { "" } else { said.code.as_str() };
    let space = if code.is_empty() { "" } else { " " };
    let what = format!("{protocol} error{space}{} \"{}\"{more}", escaped(code), escaped(&text));
    let what = match dialogue.protocol {
        _ if said.declines_tls && said.code.is_empty() => NO_ENCRYPTION.to_owned(),
        Speaks::Ssh if said.code.contains(' ') => format!("SSH: no {} in common", escaped(&said.code)),
        _ => what,
    };
    add(Some(said.at), Side::Server, Cow::Owned(what));
    add(said.asked_after, Side::Client, Cow::Owned(format!("{protocol}: the client goes on")));
}

fn payload(c: &Connection, add: &mut Add<'_>) {
    let first = |side: Side| c.traffic[side].first_payload;
    if let (Some(greeting), Some(answer)) = (first(Side::Server), first(Side::Client))
        && greeting.packet < answer.packet
    {
        add(Some(greeting), Side::Server, Cow::Borrowed(GREETING));
    }
    for (side, traffic) in c.traffic.each() {
        add(traffic.last_payload, side, Cow::Borrowed(LAST_PAYLOAD));
        if let Some(unanswered) = &traffic.unanswered {
            add(Some(unanswered.first), side, Cow::Owned(format!("segment of {} bytes", unanswered.length)));
            add(Some(unanswered.second), side, Cow::Borrowed("sent again"));
            let what = format!("sent again, {} times in all, no answer", unanswered.retransmissions);
            add(Some(unanswered.last), side, Cow::Owned(what));
        }
        if let Some((arrived, _)) = traffic.unanswered.as_ref().and_then(|unanswered| unanswered.arrived) {
            add(Some(arrived), side.peer(), Cow::Borrowed("ACK that says what arrived behind it (SACK)"));
        }
        if let Some(hole) = &traffic.hole {
            let what = format!("ACK that says what is missing (SACK): {} bytes", hole.bytes);
            add(Some(hole.told), side.peer(), Cow::Owned(what));
        }
        if let Some(probes) = &traffic.probes {
            add(Some(probes.first), side, Cow::Borrowed("keep-alive probe"));
            if probes.count > 1 {
                add(Some(probes.last), side, Cow::Owned(format!("keep-alive probe, {} in a row", probes.count)));
            }
        }
        if let Some(stall) = &traffic.zero_window {
            let (shut, opened) = stall.longest.unzip();
            add(shut, side, Cow::Borrowed("window 0"));
            add(opened, side, Cow::Borrowed("window opens"));
            add(stall.since, side, Cow::Borrowed("window 0, to the end"));
        }
    }
}

fn ending(c: &Connection, add: &mut Add<'_>) {
    for (side, fin) in c.ending.fin.each() {
        if let Some(fin) = fin {
            let idle = match c.ending.idle {
                Some(idle)
                    if idle.span >= SILENCE && c.ending.kind == CloseKind::Fin && c.ending.closed_by == Some(side) =>
                {
                    format!("FIN after {} idle", idle.span)
                }
                Some(_) | None => "FIN".to_owned(),
            };
            add(Some(fin.at), side, Cow::Owned(idle));
            add(fin.acknowledged, side.peer(), Cow::Borrowed(ACK_OF_FIN));
        }
    }
    if let Some(write) = &c.ending.late_write {
        let what = if write.after_fin < Span::ZERO {
            format!("payload, {} before the FIN came", write.after_fin.abs())
        } else {
            format!("payload, {} after the FIN", write.after_fin)
        };
        add(write.at, write.by, Cow::Owned(what));
    }
    if let Some(reset) = c.ending.ignored_reset {
        add(Some(reset.at), reset.by, Cow::Borrowed("RST, which ended nothing"));
    }
    if let Some(reset) = &c.ending.reset {
        add(Some(reset.at), reset.by, Cow::Owned(format!("RST ({})", reset.kind.name())));
    }
}

/// Where the connection begins and ends in the capture, if it is known whose packets these are.
fn edges(c: &Connection, add: &mut Add<'_>) {
    let sender = |at: Moment| {
        let is_of = |side: Side| {
            let traffic = &c.traffic[side];
            let alone = c.traffic[side.peer()].packets == 0;
            alone || [traffic.first_payload, traffic.last_packet].contains(&Some(at))
        };
        [Side::Client, Side::Server].into_iter().find(|side| is_of(*side))
    };
    for (at, what) in [(c.first, FIRST_CAPTURED), (c.last, LAST_CAPTURED)] {
        if let Some(side) = sender(at) {
            add(Some(at), side, Cow::Borrowed(what));
        }
    }
}
