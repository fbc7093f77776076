//! What several TLS findings ask of a hello: how it was answered, and what it offered.

use crate::detect::Exam;
use crate::detect::recapture;
use crate::detect::thresholds::SILENT_AFTER_HELLO;
use crate::detect::words::listed;
use crate::record::{CloseKind, Connection, ResetKind};
use crate::tls::{Alert, AlertLevel, ClientHello, HelloFormat, ServerHello, Tls, names};
use crate::types::{Moment, Side, Span, Timestamp};

/// What became of a ClientHello that was captured whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    /// A ServerHello or a HelloRetryRequest.
    ServerHello,
    /// An alert of the server before any hello of it, fatal or not.
    Alert,
    /// The server's FIN, without a byte.
    Fin,
    /// A RST in the server's name, without a byte.
    Reset(ResetKind),
    /// Nothing for this long, and then the client gave up or the capture ended.
    Silence(Span),
    /// Nothing but silence, and the ClientHello itself was never acknowledged.
    Unacknowledged(Span),
    /// Bytes that are no TLS.
    OtherProtocol,
    /// A record that is not whole, and then the end.
    Begun,
    /// The client ended the connection before the server can be called silent.
    GivenUp,
    /// The capture can not tell, for this reason; and the command that would show it.
    NotVisible(&'static str, Option<&'static str>),
}

const BOTH_WAYS: Option<&str> = Some("tcpdump -i any -s 0 -w FILE 'host SERVER and tcp port PORT'");

const AT_THE_SERVER: Option<&str> = Some("on the server: tcpdump -i any -s 0 -w FILE 'host CLIENT and tcp port PORT'");

/// What became of the ClientHello; to be asked only where it was captured whole.
pub(super) fn answer(c: &Connection, tls: &Tls) -> Answer {
    if tls.server_hello.is_some() || tls.hello_retry.is_some() {
        return Answer::ServerHello;
    }
    if tls.alerts.iter().any(|alert| alert.by == Side::Server && !is_echo(c, alert)) {
        return Answer::Alert;
    }
    let server = &c.traffic.server;
    let seen = &c.visibility;
    if seen.one_way.is_some() || server.packets == 0 {
        return Answer::NotVisible("the server's packets were not captured", BOTH_WAYS);
    }
    if c.misses(Side::Server) {
        return Answer::NotVisible("a part of what the server sent was not captured", recapture::ALL_WHOLE);
    }
    if server.unseen.is_some() {
        return Answer::NotVisible(
            "what the server sent was lost before it came to the place of the capture, at least in part",
            AT_THE_SERVER,
        );
    }
    if seen.over_limit || seen.evicted {
        return Answer::NotVisible("a limit of this program was reached before the connection's end", None);
    }
    // What the server says after the client gave up answers the end, not the hello.
    let too_late = |at: Moment| c.ending.closed_by == Some(Side::Client) && c.ending.first < Some(at);
    if said_since(c, tls).is_some_and(|at| !too_late(at)) {
        if tls.client_hello.as_ref().is_some_and(|hello| hello.format == HelloFormat::Sslv2) {
            return Answer::NotVisible("the server's answer may be SSL 2.0, which is not read", None);
        }
        let not_tls = matches!(tls.malformed, Some((Side::Server, _))) && seen.cut_by_snaplen == 0;
        return if not_tls {
            Answer::OtherProtocol
        } else if tls.server_record_open && seen.is_whole_of(Side::Server) {
            Answer::Begun
        } else {
            Answer::NotVisible(
                "the server's answer to the ClientHello is not whole in the capture",
                recapture::ALL_WHOLE,
            )
        };
    }
    match (c.ending.closed_by, c.ending.kind, c.ending.reset) {
        (Some(Side::Server), CloseKind::Fin, _) => return Answer::Fin,
        (Some(Side::Server), CloseKind::Reset, Some(reset)) => return Answer::Reset(reset.kind),
        _ => {}
    }
    let Some(silence) = silence_after_hello(c, tls) else {
        return Answer::NotVisible("the ClientHello was not captured whole", recapture::ALL_WHOLE);
    };
    if silence >= SILENT_AFTER_HELLO {
        return if is_unacknowledged(c, tls) { Answer::Unacknowledged(silence) } else { Answer::Silence(silence) };
    }
    match c.ending.kind {
        CloseKind::Fin | CloseKind::Reset => Answer::GivenUp,
        CloseKind::Timeout | CloseKind::Open => Answer::NotVisible(
            "the capture ends less than 2 s after the ClientHello",
            Some("timeout 60 tcpdump -i any -s 0 -w FILE 'host SERVER and tcp port PORT'"),
        ),
    }
}

/// Whether nothing came for the ClientHello but an end or silence.
pub(in crate::detect) fn got_no_byte(c: &Connection, tls: &Tls) -> bool {
    matches!(answer(c, tls), Answer::Fin | Answer::Reset(_) | Answer::Silence(_) | Answer::Unacknowledged(_))
}

/// What the server said, at first, that can be an answer to the hello. Where a conversation in clear led to TLS (STARTTLS, a proxy's CONNECT)
/// nothing is that came before the hello.
fn said_since(c: &Connection, tls: &Tls) -> Option<Moment> {
    let hello = tls.client_hello.as_ref().map(|hello| hello.begun);
    let led_to_tls = c.traffic.client.first_payload < hello;
    if led_to_tls {
        c.traffic.server.last_payload.filter(|last| hello.is_some_and(|hello| hello.packet < last.packet))
    } else {
        c.traffic.server.first_payload
    }
}

/// How long the server sent no payload after the ClientHello: to its first payload, to the end of the connection, or to the
/// end of the capture. `None` without a hello.
fn silence_after_hello(c: &Connection, tls: &Tls) -> Option<Span> {
    let hello = tls.client_hello.as_ref()?;
    let answered: Option<Timestamp> = said_since(c, tls).map(|moment| moment.at);
    let ended = c.ending.first.map(|moment| moment.at);
    let watched = c.last.at.plus(c.visibility.capture_went_on);
    let until = [answered, ended, Some(watched)].into_iter().flatten().min()?;
    Some(until.since(hello.completed.at))
}

/// Whether a segment of the ClientHello was repeated until the end and never acknowledged.
fn is_unacknowledged(c: &Connection, tls: &Tls) -> bool {
    let hello = tls.client_hello.as_ref();
    c.traffic
        .client
        .unanswered
        .as_ref()
        .is_some_and(|segment| hello.is_some_and(|hello| segment.first.packet <= hello.completed.packet))
}

/// The handshake that failed over the version, and how: see `tls-version-mismatch`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum VersionFault<'a> {
    /// The server refused all versions of the ClientHello.
    ServerRefused(&'a Alert),
    /// The client refused the version of the ServerHello.
    ClientRefused(&'a Alert, &'a ServerHello),
    /// The client found the mark of a downgrade in the ServerHello (RFC 8446 section 4.1.3).
    Downgrade(&'a Alert, &'a ServerHello),
}

/// Whether the handshake failed over the version.
pub(super) fn version_fault<'a>(c: &Connection, tls: &'a Tls) -> Option<VersionFault<'a>> {
    let alert = tls.fatal_alert().filter(|alert| !is_echo(c, alert))?;
    match (alert.by, alert.description, tls.server_hello.as_deref()) {
        (Side::Server, PROTOCOL_VERSION, _) => Some(VersionFault::ServerRefused(alert)),
        (Side::Client, PROTOCOL_VERSION, Some(hello)) => Some(VersionFault::ClientRefused(alert, hello)),
        (Side::Client, ILLEGAL_PARAMETER, Some(hello)) if hello.downgrade_mark => {
            Some(VersionFault::Downgrade(alert, hello))
        }
        // Without a ServerHello it is no version that the client refuses: OpenSSL sends protocol_version when what it reads is
        // no TLS at all.
        _ => None,
    }
}

const ILLEGAL_PARAMETER: u8 = 47;
const PROTOCOL_VERSION: u8 = 70;

/// Whether the hello is longer than one segment of the connection. A sender that leaves the cutting to its network card shows
/// it as one large packet all the same.
pub(in crate::detect) fn exceeds_segment(c: &Connection, hello: &ClientHello) -> bool {
    let mss = c.traffic.each().iter().filter_map(|(_, traffic)| traffic.mss).min();
    hello.length + RECORD_HEADER > u32::from(mss.unwrap_or(ETHERNET_MSS))
}

/// RFC 8446 section 5.1.
const RECORD_HEADER: u32 = 5;
/// 1500 bytes of Ethernet without the headers of IPv4 and TCP.
const ETHERNET_MSS: u16 = 1_460;

/// Quotes what the hello offered.
pub(super) fn quote_offer(hello: &ClientHello, exam: &mut Exam<'_>) {
    exam.quote("versions_offered", &versions(hello));
    let named = |values: &[u16], name: fn(u16) -> std::borrow::Cow<'static, str>| {
        listed(values.iter().filter(|value| !is_grease(**value)).map(|value| name(*value).into_owned()), 8)
    };
    exam.quote("suites_offered", &named(&hello.cipher_suites, names::cipher_suite));
    if !hello.groups.is_empty() {
        exam.quote("groups_offered", &named(&hello.groups, names::group));
    }
    if !hello.signature_algorithms.is_empty() {
        exam.quote("signature_schemes_offered", &named(&hello.signature_algorithms, names::signature_algorithm));
    }
    if !hello.alpn.is_empty() {
        exam.quote("alpn_offered", &listed(hello.alpn.iter().cloned(), 8));
    }
}

/// The versions that the hello offers, as `TLS 1.3, TLS 1.2`; `up to TLS 1.2` where it has no supported_versions.
pub(super) fn versions(hello: &ClientHello) -> String {
    if hello.supported_versions.is_empty() {
        return format!("up to {}", names::version(hello.legacy_version));
    }
    let offered = hello.supported_versions.iter().filter(|version| !is_grease(**version));
    listed(offered.map(|version| names::version(*version).into_owned()), 8)
}

/// Values that clients send to keep servers tolerant (RFC 8701).
pub(super) const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && high & 0x0f == 0x0a
}

/// The alert that decided the handshake: the first fatal one in clear before it was complete; else, where the handshake ended
/// unfinished, the last warning that can have ended it. None where nothing tells which side sent it.
pub(super) fn deciding_alert<'a>(c: &Connection, tls: &'a Tls) -> Option<&'a Alert> {
    if c.roles_are_unknown() {
        return None;
    }
    let mut causes = tls.alerts.iter().filter(|alert| !is_echo(c, alert));
    if let Some(fatal) = causes.clone().find(|alert| alert.level == AlertLevel::FATAL) {
        let finished = tls.is_established() && tls.client_finished.is_some_and(|at| at.packet < fatal.at.packet);
        return (!finished).then_some(fatal);
    }
    let unfinished = tls.client_finished.is_none() && !tls.is_established();
    let ended = matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset);
    if !unfinished || !ended {
        return None;
    }
    causes.rfind(|alert| alert.level == AlertLevel::WARNING && alert.by == Side::Server)
}

/// Whether the alert only answers an end that the other side had already made: OpenSSL sends decode_error when a FIN comes in
/// the middle of the handshake. The end is then the cause.
pub(crate) fn is_echo(c: &Connection, alert: &Alert) -> bool {
    let before = |at: Moment| at.packet < alert.at.packet;
    c.ending.fin[alert.by.peer()].is_some_and(|fin| before(fin.at))
        || c.ending.reset.is_some_and(|reset| before(reset.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_is_told_from_real_values() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x1301) && !is_grease(0x0303));
    }
}
