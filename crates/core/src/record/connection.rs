//! One finished connection: plain data, each field with its meaning, unit, absence and how it can mislead.

use std::sync::Arc;

use super::{Dialogue, Goodbye, Outcome, ProxyHeader, RolesFrom, Speaks, StreamEnd};
use crate::capture::InterfaceId;
use crate::detect::Symptom;
use crate::http::{Http, Http2};
use crate::net::{Tunnel, TunnelKind};
use crate::tcp::{CloseKind, ConnState, Ending, History, IdleTime, Opening, Traffic};
use crate::tls::Tls;
use crate::types::{Endpoint, Moment, Side, Sided, Span};

/// A TCP connection, or an attempt at one, as the capture shows it.
///
/// What one connection is, in the order in which it is decided:
///
/// - **The tuple.** All packets between two address and port pairs, those of the innermost IP and TCP headers: behind a
///   source route the final destination, in fragments the packet that they make.
/// - **Reuse.** A SYN that is no other sighting of one and has another initial sequence number than its side had opens the
///   next connection of the tuple; one with the same number is a retry, also after a FIN or RST.
/// - **The end.** After FIN and RST it waits for late packets (`Limits::closed_linger`); without an end it goes after
///   `Limits::idle_timeout`, an attempt after `Limits::half_open_timeout`, or when `Limits::max_connections` is reached.
/// - **Mid-stream.** Any segment opens one where there is none (`visibility.mid_stream`), unless one of the tuple was
///   written out not long ago: then it is late, and counted for the capture.
/// - **The sides.** `roles_from` has them in the order in which they count; a better sign exchanges them afterwards.
///
/// Interfaces, VLANs and tunnels do not tell connections apart: a packet on its way is seen at several places (`twins`).
/// Two tenants with the same addresses behind two tunnels or VLANs therefore share a tuple, as in Wireshark: each SYN opens
/// another connection, and what comes without a SYN counts for the one opened last. `tunnel` and `vlan` are those of
/// the first packet; capture one tunnel at a time where addresses overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its number, from 0 in order of first packet: Wireshark's `tcp.stream`.
    pub number: u64,
    /// Who opened it, see `roles_from`.
    pub client: Endpoint,
    /// Who was listening.
    pub server: Endpoint,
    /// What the roles rest on. Anything but [`RolesFrom::Syn`] is an inference.
    pub roles_from: RolesFrom,
    /// Interfaces where its packets were seen, the first four in order of appearance.
    pub seen_at: SeenAt,
    /// Outermost VLAN identifier of its first packet.
    pub vlan: Option<u16>,
    /// Innermost tunnel around its first packet.
    pub tunnel: Option<Tunnel>,

    /// Its first packet.
    pub first: Moment,
    /// Its last packet; late packets after the end count.
    pub last: Moment,
    /// The opening handshake.
    pub opening: Opening,
    /// What each side sent.
    pub traffic: Sided<Traffic>,
    /// How it ended.
    pub ending: Ending,
    /// Zeek's `conn_state`.
    pub conn_state: ConnState,
    /// Zeek's `history`. `^` at its beginning says that the first packet came from the server.
    pub history: History,
    /// Wireshark's `tcp.completeness`, its final value: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST. Refused is 37. Its SYN is the one
    /// that opened the conversation: where FTP announced a data connection, the announcement did, and 1 is left out. Whether
    /// a SYN was captured is in `opening`.
    pub completeness: u8,
    /// Times the direction of payload turned from client to server and back: request and answer bursts. An estimate of
    /// requests where they can not be read.
    pub exchanges: u32,
    /// Payload bytes of the client's shortest burst that the server answered, by the sizes of its packets; `None` where there was none.
    /// Where requests can not be read it tells how short one can be.
    pub shortest_request: Option<u32>,
    /// The last time the client began a burst, and when the server's answer to it began.
    pub last_exchange: Option<(Moment, Option<Moment>)>,
    /// The client's last words, where they ask for nothing.
    pub goodbye: Option<Goodbye>,
    /// The last payload of either side before that burst; `None` where it was the first. What lies between was silence.
    pub before_last_exchange: Option<Moment>,
    /// The longest time without payload that was followed by payload from both sides: this much silence was survived. `None` where
    /// keep-alive probes were sent, which are no silence for what is on the way.
    pub longest_survived_idle: Option<Span>,

    /// TLS, where it was recognised. Copies of the record share it.
    pub tls: Option<Arc<Tls>>,
    /// Where the server's stream ended among its TLS records; `None` without TLS, without the server's FIN, or where headers of records were not
    /// captured.
    pub tls_end: Option<StreamEnd>,
    /// Clear HTTP/1, where it was recognised.
    pub http: Option<Box<Http>>,
    /// HTTP/2, where it was read in clear, or where the sizes of TLS records look like its pings.
    pub http2: Option<Box<Http2>>,
    /// The PROXY protocol header before the client's own first byte, where there was one.
    pub proxy_header: Option<Box<ProxyHeader>>,
    /// A protocol that tells in clear why it refuses or ends a connection, where one was recognised by its first bytes; `None` for
    /// TLS, HTTP and all that is not known. `protocol` is `other` then. That there is a message says not that the connection failed.
    pub dialogue: Option<Box<Dialogue>>,
    /// The protocol in which both sides spoke in clear before they turned to TLS (STARTTLS and its like). `None` where TLS began at once, and
    /// where that protocol is not known; HTTP before it (CONNECT) is in `http`.
    pub begun_in: Option<Speaks>,
    /// How the bytes of each side began, for sides that sent any that were captured.
    pub protocol: Protocol,
    /// What the capture could not show of this connection.
    pub visibility: Visibility,
    /// An ICMP error that quoted this connection: type, code, whether ICMPv6.
    pub icmp_error: Option<IcmpNote>,
    /// What the detectors say of it.
    pub symptoms: Vec<Symptom>,
}

/// Interfaces where a connection was seen: the first four, and whether there were more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SeenAt {
    ids: [InterfaceId; 4],
    len: u8,
    more: bool,
}

impl SeenAt {
    /// Notes an interface.
    pub fn note(&mut self, id: InterfaceId) {
        let is_first_again = self.len > 0 && self.ids[0] == id;
        if !is_first_again {
            self.note_other(id);
        }
    }

    #[cold]
    fn note_other(&mut self, id: InterfaceId) {
        if self.ids().contains(&id) {
            return;
        }
        match self.ids.get_mut(usize::from(self.len)) {
            Some(place) => {
                *place = id;
                self.len += 1;
            }
            None => self.more = true,
        }
    }

    /// The interfaces, in order of appearance.
    pub fn ids(&self) -> &[InterfaceId] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether there were more than are listed.
    pub const fn more(&self) -> bool {
        self.more
    }
}

/// What the payload looked like at its start, by its bytes; never by a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    /// No captured payload.
    #[default]
    None,
    /// TLS records, or an SSLv2 hello.
    Tls,
    /// HTTP/1 in clear.
    Http1,
    /// HTTP/2 in clear with prior knowledge.
    Http2,
    /// OpenVPN over TCP. What is told of TLS is then the handshake of its control channel; the tunnel's packets are not TLS.
    OpenVpn,
    /// Something else.
    Other,
}

impl Protocol {
    /// Its name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tls => "tls",
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::OpenVpn => "openvpn",
            Self::Other => "other",
        }
    }
}

/// What the capture could not show of a connection, and what of it was seen more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visibility {
    /// No opening SYN or SYN-ACK was captured.
    pub mid_stream: bool,
    /// Packets of this side alone were captured, though its ACK numbers show that the other answered.
    pub one_way: Option<Side>,
    /// Only packets with SYN, FIN or RST were captured, though sequence numbers show that more was sent.
    pub flags_only: bool,
    /// Packets whose payload the snap length cut.
    pub cut_by_snaplen: u32,
    /// ACKs of bytes that had not been captured by then, by the sender of the bytes (Wireshark's "ACKed unseen segment"). Where
    /// packets were captured out of order the bytes may have followed, see `missing_bytes`.
    pub gaps: Sided<u32>,
    /// Bytes that were acknowledged and that no captured packet carries, at the least, by sender.
    pub missing_bytes: Sided<u32>,
    /// The first ACK that `gaps` counts.
    pub first_gap: Option<Moment>,
    /// Packets that are another sighting of one already counted.
    pub twins: u32,
    /// A packet that came by more than once, each time with as many hops less: the one that did so most often.
    pub circled: Option<Circled>,
    /// The first segment that carried other bytes than one before it for the same place in the stream: those captured first were read.
    /// Forged, or altered in the capture. Looked at is the beginning of segments, as long as the stream is read at all.
    pub other_bytes: Option<Moment>,
    /// Written out before its end because [`Limits::max_connections`](crate::Limits::max_connections) or
    /// [`Limits::max_payload_total`](crate::Limits::max_payload_total) was reached.
    pub evicted: bool,
    /// Something it carried was not read, or holes in it are not told apart, because a limit was reached: `max_reorder_bytes`,
    /// `max_ranges`, `max_handshake_bytes`, `max_certificate_bytes` or `max_http_head_bytes` of [`Limits`](crate::Limits).
    pub over_limit: bool,
    /// Seconds of capture after the connection's last packet: how long an answer could have been seen.
    pub capture_went_on: Span,
}

/// Sightings of one packet that came right after another, each with fewer hops left than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circled {
    /// The first sighting.
    pub first: Moment,
    /// The last.
    pub last: Moment,
    /// How many.
    pub times: u8,
    /// Hops from one to the next.
    pub step: u8,
}

/// An ICMP error that quoted the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpNote {
    /// The packet of the error.
    pub at: Moment,
    /// Who sent it.
    pub from: std::net::IpAddr,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// ICMPv6 rather than ICMP.
    pub v6: bool,
    /// Whose payload, FIN or keep-alive probe it quotes, where that was on its way and nothing ever acknowledged it. `None` where the
    /// error changed nothing, where it quotes a SYN, and where its number is none that was on its way: late, or forged.
    pub lost: Option<Side>,
}

impl Visibility {
    /// Whether no byte of this side is missing from the capture, as far as its packets and the ACKs of the other side tell.
    pub(crate) fn is_whole_of(&self, side: Side) -> bool {
        self.missing_bytes[side] == 0 && self.gaps[side] == 0 && self.cut_by_snaplen == 0 && self.one_way.is_none()
    }
}

impl IcmpNote {
    /// Whether it says that there is no way to the host, or no host: not of this one connection or port alone.
    pub(crate) const fn is_no_way(&self) -> bool {
        matches!((self.v6, self.kind, self.code), (false, 3, 0 | 1 | 6 | 7) | (true, 1, 0 | 3))
    }
}

impl Connection {
    /// Whether the capture has every byte that a side sent, as the numbers of its end tell.
    pub(crate) fn has_all_of(&self, side: Side) -> bool {
        let traffic = &self.traffic[side];
        traffic.stream_bytes == Some(traffic.payload_bytes) && !self.visibility.over_limit
    }

    /// Whether payload was sent of which not even the headers were captured: who waited for what is not known then.
    pub(crate) fn misses_payload(&self) -> bool {
        let seen = &self.visibility;
        seen.flags_only || seen.one_way.is_some() || self.misses(Side::Client) || self.misses(Side::Server)
    }

    /// Whether packets with a side's payload are missing from the capture: by the ACKs of the other, or by the number with which it ended.
    pub(crate) fn misses(&self, side: Side) -> bool {
        let Traffic { packets, stream_bytes, payload_bytes, .. } = &self.traffic[side];
        let sent_more = stream_bytes.is_some_and(|sent| sent > *payload_bytes);
        // Where its answer to the SYN was missed, what came after that may have been.
        let opening = &self.opening;
        let answer_missed = side == Side::Server && opening.syn.is_some() && opening.syn_ack.is_none() && *packets > 0;
        answer_missed || sent_more || self.visibility.gaps[side] > 0 || self.visibility.missing_bytes[side] > 0
    }

    /// Whether the client sent no payload, be it one that was not captured: of its FIN one number may be missing.
    pub(crate) fn client_said_nothing(&self) -> bool {
        let Visibility { one_way, mid_stream, missing_bytes, .. } = &self.visibility;
        let seen = *one_way != Some(Side::Server) && !mid_stream;
        seen && self.traffic.client.payload_packets == 0 && missing_bytes.client <= 1
    }

    /// Round-trip time of the opening handshake: last SYN to SYN-ACK and SYN-ACK to ACK together, which is one round
    /// trip from any capture point. `None` unless all three were captured.
    pub fn rtt(&self) -> Option<Span> {
        let ack = self.opening.ack?;
        let syn_ack = self.opening.syn_ack?;
        let syns = self.opening.syn.iter().chain(&self.opening.syn_retries);
        let syn = syns.filter(|syn| syn.at <= syn_ack.at).max_by_key(|syn| syn.at)?;
        Some(ack.at.since(syn.at))
    }

    /// From first to last packet.
    pub fn duration(&self) -> Span {
        self.last.at.since(self.first.at)
    }

    /// The payload's idle time before the first FIN or RST, see [`IdleTime`].
    pub const fn idle_before_close(&self) -> Option<IdleTime> {
        self.ending.idle
    }

    /// HTTP requests where they can be read.
    pub fn requests(&self) -> Option<u32> {
        self.http.as_ref().map(|http| http.requests)
    }

    /// Payload bytes of both sides.
    pub fn payload_bytes(&self) -> u64 {
        self.traffic.client.payload_bytes + self.traffic.server.payload_bytes
    }

    /// Whether it was seen by samples alone (sFlow): one packet in many, chosen by chance. What is missing between them was never
    /// meant to be seen, and no check is made of such a connection.
    pub fn is_sampled(&self) -> bool {
        self.tunnel.is_some_and(|tunnel| tunnel.kind == TunnelKind::Sflow)
    }

    /// Whether payload of both sides was captured.
    pub const fn both_spoke(&self) -> bool {
        self.traffic.client.first_payload.is_some() && self.traffic.server.first_payload.is_some()
    }

    /// What the TLS handshake took: from the ClientHello's first byte until both sides had finished. `None` where one of them was not seen to
    /// finish, which the client may also have spent on certificates or on asking a person.
    pub fn handshake(&self) -> Option<Span> {
        let tls = self.tls.as_ref()?;
        let begun = tls.client_hello.as_ref()?.begun;
        let finished = tls.client_finished?.at.max(tls.server_finished?.at);
        Some(finished.since(begun.at))
    }

    /// Whether any payload was captured, or sequence numbers show that some was sent. What a SYN brings that nobody accepted
    /// (TCP Fast Open, RFC 7413) does not count: it is part of the attempt.
    pub fn carried_payload(&self) -> bool {
        let carried = |traffic: &Traffic| traffic.payload_bytes > 0 || traffic.stream_bytes.unwrap_or(0) > 0;
        carried(&self.traffic.server) || carried(&self.traffic.client) && !self.only_asked_with_payload()
    }

    /// Whether keep-alive probes were sent.
    pub(crate) fn was_probed(&self) -> bool {
        self.traffic.client.probes.is_some() || self.traffic.server.probes.is_some()
    }

    /// Whether all that the client sent came with its SYN, and nothing accepted that. Of one direction alone nobody knows.
    fn only_asked_with_payload(&self) -> bool {
        let Opening { syn, syn_retries, syn_with_data, syn_ack, ack, .. } = &self.opening;
        let last = self.traffic.client.last_payload;
        *syn_with_data
            && (*syn_ack, *ack) == (None, None)
            && self.visibility.one_way.is_none()
            && self.ending.fin.client.is_none()
            && syn.iter().chain(syn_retries).any(|syn| last.is_none_or(|last| last.packet == syn.packet))
    }

    /// Whether one captured segment of a side is larger than the other side takes: then it is not what was on the wire, but
    /// several segments before a network card split them, or after it joined them. `false` where the MSS is not known.
    pub fn exceeds_mss(&self, side: Side) -> bool {
        // Less than 536 bytes (RFC 9293 section 3.7.1) is not obeyed by all.
        let largest = self.traffic[side].largest_payload;
        largest > 536 && self.traffic[side.peer()].mss.is_some_and(|mss| largest > u32::from(mss))
    }

    /// What became of it.
    pub fn outcome(&self) -> Outcome {
        super::outcome::of(self)
    }

    /// What ended it.
    pub const fn close_kind(&self) -> CloseKind {
        self.ending.kind
    }
}
