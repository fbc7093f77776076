//! What connections spoke, and which known limits can be at work on that.

use super::timeouts::Known;
use super::{Exam, Group};
use crate::record::{Connection, Protocol};

/// What connections spoke, as far as their bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    /// HTTP/1 in clear.
    Http1,
    /// In clear, a WebSocket.
    WebSocket,
    /// In clear, and no HTTP/1.
    Other,
    /// The protocol of this name, be it under TLS.
    Named(&'static str),
    /// Encrypted, or not captured.
    Unknown,
}

impl Spoken {
    /// What most symptoms of these kinds quoted, see [`quote_spoken`].
    pub(super) fn of(group: &Group, kinds: &[&str]) -> Self {
        let quotes = |name| kinds.iter().flat_map(move |kind| group.quotes(kind, name));
        let count = |protocol: Protocol| -> u64 {
            quotes(PROTOCOL).filter(|(name, _)| *name == protocol.name()).map(|(_, count)| count).sum()
        };
        let all: u64 = quotes(PROTOCOL).map(|(_, count)| count).sum();
        let known: u64 = quotes(SPEAKS).map(|(_, count)| count).sum();
        if known * 2 > all {
            let name =
                NOT_HTTP.iter().find(|name| quotes(SPEAKS).any(|(speaks, count)| speaks == **name && count * 2 > all));
            return name.map_or(Self::Other, |name| Self::Named(name));
        }
        let (http, tls) = (count(Protocol::Http1), count(Protocol::Tls));
        match count(Protocol::Other) + count(Protocol::OpenVpn) {
            other if other > http + tls => Self::Other,
            _ if http > tls => Self::Http1,
            _ => Self::Unknown,
        }
    }

    /// Whether a limit can be at work on what was spoken.
    pub(super) fn suits(self, known: &Known) -> bool {
        let is = |names: &[&str]| names.iter().any(|name| known.component.contains(name));
        match self {
            Self::Unknown => true,
            Self::Http1 => !is(NOT_HTTP) && !is(HTTP_2) && !is(WEB_SOCKET),
            // The timers of HTTP itself end with the upgrade.
            Self::WebSocket => is(WEB_SOCKET) || PASSES_WEBSOCKETS.contains(&known.id),
            Self::Other => is(NOT_HTTP) || is(ANY_PROTOCOL),
            Self::Named(name) => is(&[name]) || is(ANY_PROTOCOL),
        }
    }
}

/// Quoted: what was recognised, and the protocol that both sides speak, or spoke before TLS, where its words are known.
const PROTOCOL: &str = "protocol";
const SPEAKS: &str = "speaks";

/// Quotes what a connection spoke, for its symptoms to be compared with known limits.
pub(super) fn quote(c: &Connection, exam: &mut Exam<'_>) {
    exam.quote(PROTOCOL, c.protocol.name());
    if let Some(speaks) = c.begun_in.or_else(|| c.dialogue.as_ref().map(|dialogue| dialogue.protocol)) {
        exam.quote(SPEAKS, speaks.name());
    }
}

/// Components of the table that speak a protocol of their own.
const NOT_HTTP: &[&str] = &["Kafka", "MySQL", "NATS", "PostgreSQL", "Redis", "memcached"];
/// Those that speak HTTP/2 alone.
const HTTP_2: &[&str] = &["HTTP/2", "grpc"];
/// Those that concern WebSockets alone.
pub(super) const WEB_SOCKET: &[&str] = &["WebSocket"];
/// Limits that hold for WebSockets, too.
const PASSES_WEBSOCKETS: &[&str] =
    &["aws-alb", "aws-clb", "envoy-streamidle", "envoy-tcpidle", "httpd-timeout", "nginx-stream"];
/// Those that pass on whatever is spoken.
const ANY_PROTOCOL: &[&str] = &["AWS NLB", "Envoy tcp_proxy", "HAProxy", "nginx stream"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::timeouts::KNOWN;

    #[test]
    fn what_is_named_here_stands_in_the_table() {
        for name in NOT_HTTP.iter().chain(HTTP_2).chain(WEB_SOCKET).chain(ANY_PROTOCOL) {
            assert!(KNOWN.iter().any(|known| known.component.contains(name)), "{name}");
        }
        for id in PASSES_WEBSOCKETS {
            assert!(KNOWN.iter().any(|known| known.id == *id), "{id}");
        }
    }
}
