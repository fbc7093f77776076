//! Who is client and who is server, where no SYN was captured.

use super::reader::{speaks_as_client, speaks_as_server};
use super::{Connection, Protocol};
use crate::net::Segment;
use crate::types::Endpoint;

/// What the roles of client and server rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolesFrom {
    /// The client sent a SYN without ACK.
    Syn,
    /// The server sent a SYN-ACK; the SYN was not captured.
    SynAck,
    /// The client sent a ClientHello; no SYN was captured.
    ClientHello,
    /// The client sent an HTTP request; no SYN was captured.
    HttpRequest,
    /// The server sent a ServerHello; no SYN was captured, and no ClientHello before it.
    ServerHello,
    /// The server sent an HTTP response; no SYN was captured, and no request before it.
    HttpResponse,
    /// A guess: the server has the port below 1024, else the one below 32768, where only one side has such. Where both or none
    /// have, the client is the sender of the first packet.
    Guess,
}

impl RolesFrom {
    /// As in the `roles_from` column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::SynAck => "syn-ack",
            Self::ClientHello => "client-hello",
            Self::HttpRequest => "http-request",
            Self::ServerHello => "server-hello",
            Self::HttpResponse => "http-response",
            Self::Guess => "guess",
        }
    }
}

impl Connection {
    /// Whether nothing tells the client from the server, not even the ports: what names one of them by its role would be as
    /// likely wrong.
    pub(crate) fn roles_are_unknown(&self) -> bool {
        self.roles_from == RolesFrom::Guess && by_ports(self.client, self.server).is_none()
    }
}

/// What the first packet of a connection says: whether its sender is the client, and what that rests on.
#[inline]
pub(super) fn of_first(s: &Segment<'_>) -> (bool, RolesFrom) {
    if s.flags.opens() {
        (true, RolesFrom::Syn)
    } else if s.flags.accepts() {
        (false, RolesFrom::SynAck)
    } else {
        let by_ports = by_ports(s.tuple.source, s.tuple.destination);
        (by_ports.unwrap_or(true), RolesFrom::Guess)
    }
}

/// What the first payload of a side says: whether it is the client, and what that rests on.
pub(super) fn of_payload(bytes: &[u8]) -> Option<(bool, RolesFrom)> {
    let of = |is_client, tls, http| move |protocol| (is_client, if protocol == Protocol::Tls { tls } else { http });
    let client = speaks_as_client(bytes).map(of(true, RolesFrom::ClientHello, RolesFrom::HttpRequest));
    client.or_else(|| speaks_as_server(bytes).map(of(false, RolesFrom::ServerHello, RolesFrom::HttpResponse)))
}

/// Whether the first of two ports is the client's, where they are of unlike ranges: a system takes the ports of its own
/// connections from a range (Linux from 32768 on, others from 49152 on, RFC 6335 section 6), and below 1024 hardly ever.
fn by_ports(one: Endpoint, other: Endpoint) -> Option<bool> {
    const WELL_KNOWN: u16 = 1_024;
    const EPHEMERAL: u16 = 32_768;
    [WELL_KNOWN, EPHEMERAL].iter().find_map(|start| match (one.port < *start, other.port < *start) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(one: u16, other: u16) -> Option<bool> {
        let host = |last, port| Endpoint::new(std::net::Ipv4Addr::new(10, 0, 0, last).into(), port);
        by_ports(host(1, one), host(2, other))
    }

    #[test]
    fn the_server_has_the_port_of_the_lower_range() {
        assert_eq!(by(443, 50_000), Some(false));
        assert_eq!(by(50_000, 8_080), Some(true));
        assert_eq!(by(8_080, 443), Some(true));
        assert_eq!(by(5_432, 30_080), None);
        assert_eq!(by(50_051, 40_000), None);
        assert_eq!(by(1_023, 22), None);
    }

    #[test]
    fn the_first_payload_tells_who_sends_it() {
        assert_eq!(of_payload(b"GET / HTTP/1.1\r\n"), Some((true, RolesFrom::HttpRequest)));
        assert_eq!(of_payload(b"HTTP/1.1 200 OK\r\n"), Some((false, RolesFrom::HttpResponse)));
        let server_hello = [0x16, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3, 0];
        assert_eq!(of_payload(&server_hello), Some((false, RolesFrom::ServerHello)));
        assert_eq!(of_payload(b"\x17\x03\x03\x00\x10"), None);
    }
}
