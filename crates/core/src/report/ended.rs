//! How far a failed connection came and what ended it, each with its packet.

use crate::detect::is_echo;
use crate::record::{CloseKind, Connection, timeline};
use crate::tls::{Alert, Tls, names};
use crate::types::{Moment, PacketNo, Side};

/// The last step that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    Nothing,
    Syn,
    SynAck,
    Open,
    ClientHello,
    ServerHello,
    TlsDone,
    Request,
    Response,
    Payload(Side),
}

/// What ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    Alert(Side),
    Reset(Side),
    Fin(Side),
    /// A FIN, then a RST.
    FinAndReset(Side, Side),
    Icmp,
    /// Segments of this side were sent again without an answer.
    Silence(Side),
    Nothing,
}

pub(super) fn reached(c: &Connection) -> Reached {
    step(c).0
}

/// The packets of [`sentence`], in order.
pub(super) fn packets(c: &Connection) -> Vec<PacketNo> {
    let mut packets: Vec<PacketNo> = [step(c).1, last_event(c)].into_iter().flatten().map(|at| at.packet).collect();
    packets.push(c.first.packet);
    packets.sort_unstable();
    packets.dedup();
    packets
}

fn last_event(c: &Connection) -> Option<Moment> {
    match by(c) {
        By::Alert(_) => fatal_alert(c).map(|alert| alert.at),
        By::Reset(_) | By::FinAndReset(..) => c.ending.reset.map(|reset| reset.at),
        By::Fin(side) => c.ending.fin[side].as_ref().map(|fin| fin.at),
        By::Icmp => c.icmp_error.as_ref().map(|note| note.at),
        By::Silence(side) => c.traffic[side].unanswered.as_ref().map(|lost| lost.last),
        By::Nothing => Some(c.last),
    }
}

fn step(c: &Connection) -> (Reached, Option<Moment>) {
    if let Some(step) = c.tls.as_deref().and_then(of_tls) {
        return step;
    }
    if let Some(http) = &c.http {
        let response = http.last_response.as_ref().map(|response| response.at);
        if http.last_request > response {
            return (Reached::Request, http.last_request);
        }
        if response.is_some() {
            return (Reached::Response, response);
        }
    }
    let (client, server) = (c.traffic.client.last_payload, c.traffic.server.last_payload);
    match (client.max(server), c.opening.ack, c.opening.syn_ack, c.opening.syn) {
        (last @ Some(_), ..) if last == client => (Reached::Payload(Side::Client), last),
        (last @ Some(_), ..) => (Reached::Payload(Side::Server), last),
        (None, ack @ Some(_), ..) => (Reached::Open, ack),
        (None, None, syn_ack @ Some(_), _) => (Reached::SynAck, syn_ack),
        (None, None, None, Some(syn)) => (Reached::Syn, Some(c.opening.syn_retries.last().copied().unwrap_or(syn))),
        (None, None, None, None) => (Reached::Nothing, None),
    }
}

fn of_tls(tls: &Tls) -> Option<(Reached, Option<Moment>)> {
    if tls.is_established() || (tls.client_finished.is_some() && tls.server_finished.is_some()) {
        return Some((Reached::TlsDone, tls.client_finished.max(tls.server_finished)));
    }
    if let Some(hello) = &tls.server_hello {
        return Some((Reached::ServerHello, Some(hello.completed)));
    }
    let hello = tls.last_client_hello()?;
    Some((Reached::ClientHello, Some(hello.completed)))
}

pub(super) fn by(c: &Connection) -> By {
    let alert = fatal_alert(c);
    let reset = c.ending.reset.map(|reset| reset.by);
    if let (None, None, Some(side)) = (alert, reset, c.unheard()) {
        return By::Silence(side);
    }
    match (alert, &c.icmp_error, c.ending.kind, c.ending.closed_by, reset) {
        (Some(alert), ..) => By::Alert(alert.by),
        (None, _, CloseKind::Fin, Some(closer), None) => By::Fin(closer),
        (None, _, CloseKind::Fin, Some(closer), Some(reset)) => By::FinAndReset(closer, reset),
        (None, _, CloseKind::Reset, _, Some(reset)) => By::Reset(reset),
        (None, Some(_), ..) => By::Icmp,
        (None, None, ..) => match unanswered(c) {
            Some(side) => By::Silence(side),
            None => By::Nothing,
        },
    }
}

/// The alert that ended it. One that only answers an end did not.
fn fatal_alert(c: &Connection) -> Option<&Alert> {
    c.tls.as_ref()?.fatal_alert().filter(|alert| !is_echo(c, alert))
}

fn unanswered(c: &Connection) -> Option<Side> {
    let of = |side: Side| c.traffic[side].unanswered.is_some().then_some(side);
    of(Side::Client).or_else(|| of(Side::Server))
}

/// `connection 3, 10.0.0.1:40004 to 10.0.0.2:443: ServerHello in packet 9; RST in packet 12 from the client, 1.30 s after
/// the first packet (4).`
pub(super) fn sentence(c: &Connection) -> String {
    let (reached, at) = step(c);
    let got = match at {
        Some(at) => format!("{} in packet {}; ", reached.step(), at.packet),
        None => String::new(),
    };
    format!("connection {}, {} to {}: {got}{}.", c.number, c.client, c.server, end(c))
}

fn end(c: &Connection) -> String {
    let fin = |side: Side| c.ending.fin[side].as_ref().map(|fin| fin.at);
    let reset = c.ending.reset.map(|reset| reset.at);
    match by(c) {
        By::Alert(side) => {
            let alert = fatal_alert(c);
            let name = alert.map_or_else(String::new, |alert| {
                format!("alert {} ({})", names::alert(alert.description), alert.description)
            });
            event(c, &name, side, alert.map(|alert| alert.at))
        }
        By::Reset(side) => event(c, "RST", side, reset),
        By::Fin(side) => event(c, "FIN", side, fin(side)),
        By::FinAndReset(closer, resetter) => {
            let then = reset
                .map_or_else(String::new, |at| format!(", then RST in packet {} from {}", at.packet, from(resetter)));
            event(c, "FIN", closer, fin(closer)) + &then
        }
        By::Icmp => match &c.icmp_error {
            Some(note) => {
                format!(
                    "ICMP in packet {} from {}: {}, {}",
                    note.at.packet,
                    note.from,
                    timeline::icmp(note),
                    after(c, note.at)
                )
            }
            None => String::new(),
        },
        By::Silence(side) => match &c.traffic[side].unanswered {
            Some(lost) => format!(
                "what {} sent in packet {} was not acknowledged, though sent {} more times (last in packet {}, {})",
                from(side),
                lost.first.packet,
                lost.retransmissions,
                lost.last.packet,
                after(c, lost.last)
            ),
            None => String::new(),
        },
        By::Nothing => format!("no packet ended it, the last is packet {}, {}", c.last.packet, after(c, c.last)),
    }
}

fn event(c: &Connection, what: &str, side: Side, at: Option<Moment>) -> String {
    match at {
        Some(at) => format!("{what} in packet {} from {}, {}", at.packet, from(side), after(c, at)),
        None => format!("{what} from {}", from(side)),
    }
}

/// `the client`.
const fn from(side: Side) -> &'static str {
    match side {
        Side::Client => "the client",
        Side::Server => "the server",
    }
}

/// `1.30 s after the first packet (4)`.
fn after(c: &Connection, at: Moment) -> String {
    let first: PacketNo = c.first.packet;
    if at.packet == first {
        "the first packet".to_owned()
    } else {
        format!("{} after packet {first}", at.at.since(c.first.at))
    }
}

impl Reached {
    /// As a part of a kind's title.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "without an opening",
            Self::Syn => "after the SYN",
            Self::SynAck => "after the SYN-ACK",
            Self::Open => "after the TCP handshake",
            Self::ClientHello => "after the ClientHello",
            Self::ServerHello => "after the ServerHello",
            Self::TlsDone => "after the TLS handshake",
            Self::Request => "after an HTTP request",
            Self::Response => "after an HTTP response",
            Self::Payload(Side::Client) => "after payload from the client",
            Self::Payload(Side::Server) => "after payload from the server",
        }
    }

    /// The step, before `in packet 9`.
    const fn step(self) -> &'static str {
        match self {
            Self::Nothing => "seen first",
            Self::Syn => "last SYN",
            Self::SynAck => "SYN-ACK",
            Self::Open => "TCP handshake done",
            Self::ClientHello => "ClientHello",
            Self::ServerHello => "ServerHello",
            Self::TlsDone => "TLS handshake done",
            Self::Request => "last HTTP request",
            Self::Response => "last HTTP response",
            Self::Payload(Side::Client) => "last payload (from the client)",
            Self::Payload(Side::Server) => "last payload (from the server)",
        }
    }
}

impl By {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Alert(Side::Client) => "by an alert from the client",
            Self::Alert(Side::Server) => "by an alert from the server",
            Self::Reset(Side::Client) => "by a RST from the client",
            Self::Reset(Side::Server) => "by a RST from the server",
            Self::Fin(Side::Client) => "by a FIN from the client",
            Self::Fin(Side::Server) => "by a FIN from the server",
            Self::FinAndReset(Side::Client, Side::Client) => "by a FIN from the client, then its RST",
            Self::FinAndReset(Side::Server, Side::Server) => "by a FIN from the server, then its RST",
            Self::FinAndReset(Side::Client, Side::Server) => "by a FIN from the client, then a RST from the server",
            Self::FinAndReset(Side::Server, Side::Client) => "by a FIN from the server, then a RST from the client",
            Self::Icmp => "by an ICMP error",
            Self::Silence(_) => "no answer any more",
            Self::Nothing => "no packet ended it",
        }
    }
}
