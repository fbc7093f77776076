//! OpenVPN over TCP: the TLS of its control channel, taken out of the packets that carry it.
//!
//! After OpenVPN's "Network protocol" (`doc/doxygen/doc_protocol_overview.h`) and `ssl_pkt.h`: each packet follows a length of two bytes and
//! begins with a byte of opcode and key. A packet of the control channel has the sender's session identifier, with `tls-auth`
//! an HMAC, a number against replay and a time, then which packets of the peer it acknowledges, its own number, and a piece of
//! the TLS stream. No field tells that there is an HMAC: the length of the client's first packet does, which carries nothing
//! else. With `tls-crypt` all of that is encrypted, and nothing here is read.
//!
//! What is followed is the first key's negotiation; later ones are inside the tunnel's life and end nothing.

use std::sync::Arc;

use super::Means;
use crate::tls::{self, Tls, TlsObserver};
use crate::types::{Moment, NotVisible, Side, Sided};

/// One connection that begins as OpenVPN does.
#[derive(Debug)]
pub(super) struct OpenVpn {
    /// Once the client sent a first piece of TLS.
    tls: Option<Box<TlsObserver>>,
    client_session: [u8; SESSION],
    /// Bytes of HMAC, replay number and time; none without `tls-auth`.
    authentication: usize,
    flows: Sided<Flow>,
}

/// One direction.
#[derive(Debug, Default)]
struct Flow {
    /// The front of a packet that lies across several segments.
    kept: Vec<u8>,
    /// The number of the next packet of the control channel.
    next: u32,
    begun: bool,
    done: bool,
}

const SESSION: usize = 8;
const LENGTH: usize = 2;
/// Opcode and key, session, no acknowledgments, number.
const FIRST_PACKET: usize = 1 + SESSION + 1 + 4;
/// Replay number and time.
const REPLAY: usize = 8;
/// The digests that `--auth` can name, from MD5 to SHA-512.
const HMAC: [usize; 6] = [16, 20, 28, 32, 48, 64];
/// Control packets take a datagram's size at most; a longer one is no control packet.
const LONGEST: usize = 4_096;

const CONTROL: u8 = 4;
const ACK: u8 = 5;
const HARD_RESET_CLIENT: u8 = 7;
const HARD_RESET_SERVER: u8 = 8;
const DATA: [u8; 2] = [6, 9];

/// A packet of the control channel.
struct Control<'a> {
    opcode: u8,
    session: [u8; SESSION],
    /// Whose packets it acknowledges.
    answers: Option<[u8; SESSION]>,
    number: Option<u32>,
    tls: &'a [u8],
}

impl OpenVpn {
    /// A client's first bytes, where they are a first packet: `P_CONTROL_HARD_RESET_CLIENT_V2` with key 0, packet 0 and no
    /// acknowledgment. It is sent alone, so that it is looked for in one piece.
    pub(super) fn begins(first: &[u8]) -> Option<Self> {
        let (length, packet) = first.split_first_chunk::<LENGTH>()?;
        let packet = packet.get(..u16::from_be_bytes(*length).into())?;
        let authentication = match packet.len().checked_sub(FIRST_PACKET)? {
            0 => 0,
            more if HMAC.iter().any(|hmac| hmac + REPLAY == more) => more,
            _ => return None,
        };
        let control = Control::parse(packet, authentication)?;
        let is_first = control.opcode == HARD_RESET_CLIENT && control.answers.is_none() && control.number == Some(0);
        is_first.then(|| Self { tls: None, client_session: control.session, authentication, flows: Sided::default() })
    }

    /// The next in-order bytes of one side. False where a server's first bytes are no answer to the client: then it was no
    /// OpenVPN.
    pub(super) fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment, limits: &Means) -> bool {
        while !bytes.is_empty() && self.wants(side) {
            let mut kept = std::mem::take(&mut self.flows[side].kept);
            // The common way: the whole packet is here.
            let packet = match split_packet(bytes) {
                Some((packet, rest)) if kept.is_empty() => {
                    bytes = rest;
                    packet
                }
                _ => {
                    let missing = missing(&kept, bytes);
                    let (now, rest) = bytes.split_at(missing.min(bytes.len()));
                    kept.extend_from_slice(now);
                    bytes = rest;
                    if split_packet(&kept).is_none() {
                        match self.keep(side, kept) {
                            true => continue,
                            false => return false,
                        }
                    }
                    kept.get(LENGTH..).unwrap_or_default()
                }
            };
            if !self.on_packet(side, packet, at, limits) {
                return false;
            }
        }
        true
    }

    /// Keeps the front of a packet, unless it is one of the tunnel's. False where that can not be a server's first.
    fn keep(&mut self, side: Side, kept: Vec<u8>) -> bool {
        let flow = &mut self.flows[side];
        let length = kept.first_chunk::<LENGTH>().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        match kept.get(LENGTH) {
            Some(first) if DATA.contains(&(first >> 3)) => flow.done = true,
            _ if length > LONGEST => flow.done = true,
            _ => flow.kept = kept,
        }
        !flow.done || flow.begun || side == Side::Client
    }

    fn on_packet(&mut self, side: Side, packet: &[u8], at: Moment, limits: &Means) -> bool {
        let Self { tls, client_session, authentication, flows } = self;
        let flow = &mut flows[side];
        let first = !std::mem::replace(&mut flow.begun, true);
        let control =
            packet.first().filter(|first| *first & 7 == 0).and_then(|_| Control::parse(packet, *authentication));
        let Some(control) = control else {
            // The tunnel's own packets, or the negotiation of a later key: the handshake is over.
            flow.done = true;
            return !(first && side == Side::Server);
        };
        if first && side == Side::Server {
            let answers = control.answers.is_none_or(|session| session == *client_session);
            if !answers || !matches!(control.opcode, HARD_RESET_SERVER | ACK | CONTROL) {
                return false;
            }
        }
        let Some(number) = control.number else { return true };
        if number < flow.next {
            return true;
        }
        let lost = !first && number > flow.next;
        flow.next = number.saturating_add(1);
        if control.opcode != CONTROL || control.tls.is_empty() {
            return true;
        }
        if tls.is_none() {
            if side == Side::Server || tls::probe(control.tls) == tls::Probe::No {
                flow.done = true;
                return true;
            }
            *tls = Some(Box::new(TlsObserver::sharing(limits, &limits.chains)));
        }
        if let Some(tls) = tls {
            if lost {
                tls.on_gap(side, 1, NotVisible::NotCaptured, at);
            }
            tls.on_bytes(side, control.tls, at);
        }
        true
    }

    /// `length` bytes are missing: nobody knows where the next packet begins.
    pub(super) fn on_gap(&mut self, side: Side, length: u32, why: NotVisible, at: Moment) {
        let flow = &mut self.flows[side];
        if let Some(tls) = self.tls.as_deref_mut().filter(|_| !flow.done) {
            tls.on_gap(side, length, why, at);
        }
        flow.kept = Vec::new();
        flow.done = true;
    }

    /// Whether bytes of this side can still change what is known.
    pub(super) fn wants(&self, side: Side) -> bool {
        !self.flows[side].done && self.tls.as_deref().is_none_or(|tls| tls.wants(side))
    }

    /// Bytes that are kept.
    pub(super) fn kept(&self) -> u32 {
        let packets = self.flows.client.kept.len() + self.flows.server.kept.len();
        self.tls.as_deref().map_or(0, TlsObserver::kept).saturating_add(packets as u32)
    }

    /// The TLS of its control channel, where some was seen.
    pub(super) fn finish(self) -> Option<Arc<Tls>> {
        self.tls.map(|tls| Arc::new(tls.finish()))
    }
}

impl<'a> Control<'a> {
    /// A packet of the first key, without the length before it.
    fn parse(packet: &'a [u8], authentication: usize) -> Option<Self> {
        let (first, rest) = packet.split_first()?;
        let opcode = first >> 3;
        if !matches!(opcode, CONTROL | ACK | HARD_RESET_CLIENT | HARD_RESET_SERVER) || first & 7 != 0 {
            return None;
        }
        let (session, rest) = rest.split_first_chunk()?;
        let (acknowledgments, rest) = rest.get(authentication..)?.split_first()?;
        let rest = rest.get(4 * usize::from(*acknowledgments)..)?;
        let (answers, rest) = match acknowledgments {
            0 => (None, rest),
            _ => rest.split_first_chunk().map(|(session, rest)| (Some(*session), rest))?,
        };
        let (number, tls) = match opcode {
            ACK => (None, rest),
            _ => rest.split_first_chunk().map(|(number, rest)| (Some(u32::from_be_bytes(*number)), rest))?,
        };
        Some(Self { opcode, session: *session, answers, number, tls })
    }
}

/// The first packet, without its length, and what follows it.
fn split_packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// How many of the next bytes belong to the packet of which some are kept: first its length, then the rest.
fn missing(kept: &[u8], next: &[u8]) -> usize {
    let mut length = kept.iter().chain(next).copied();
    match (length.next(), length.next()) {
        (Some(high), Some(low)) => LENGTH + usize::from(u16::from_be_bytes([high, low])) - kept.len(),
        _ => LENGTH - kept.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    const AT: Moment = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };
    /// A packet of a side with an HMAC of so many bytes.
    fn packet(opcode: u8, by: u8, hmac: usize, answers: Option<u8>, number: Option<u32>, tls: &[u8]) -> Vec<u8> {
        let authentication = if hmac == 0 { Vec::new() } else { vec![0xaa; hmac + REPLAY] };
        let answer = answers.map_or_else(|| vec![0], |session| [&[1, 0, 0, 0, 0][..], &[session; SESSION]].concat());
        let number = number.map_or(Vec::new(), |number| number.to_be_bytes().to_vec());
        let body = [&[opcode << 3][..], &[by; SESSION], &authentication, &answer, &number, tls].concat();
        [&(body.len() as u16).to_be_bytes()[..], &body].concat()
    }

    fn follow(said: &[(Side, Vec<u8>)], size: usize) -> Option<Option<Arc<Tls>>> {
        let limits = Means::new(crate::Limits::default());
        let mut openvpn = OpenVpn::begins(&said.first()?.1)?;
        for (side, bytes) in said {
            for piece in bytes.chunks(size) {
                if !openvpn.on_bytes(*side, piece, AT, &limits) {
                    return None;
                }
            }
        }
        Some(openvpn.finish())
    }

    /// A ClientHello of TLS 1.2 with one suite.
    fn hello() -> Vec<u8> {
        let random = [7; 32];
        [&[0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3][..], &random, &[0, 0, 2, 0xc0, 0x2f, 1, 0]].concat()
    }

    #[test]
    fn the_tls_of_the_control_channel_is_followed() {
        for hmac in [0, 16, 20, 32, 64] {
            let hello = hello();
            let said = [
                (Side::Client, packet(HARD_RESET_CLIENT, 1, hmac, None, Some(0), &[])),
                (Side::Server, packet(HARD_RESET_SERVER, 2, hmac, Some(1), Some(0), &[])),
                (Side::Client, packet(ACK, 1, hmac, Some(2), None, &[])),
                (Side::Client, packet(CONTROL, 1, hmac, None, Some(1), &hello[..20])),
                (Side::Client, packet(CONTROL, 1, hmac, None, Some(1), &hello[..20])),
                (Side::Client, packet(CONTROL, 1, hmac, None, Some(2), &hello[20..])),
            ];
            for size in [1, 3, 1_000] {
                let tls = follow(&said, size).flatten().unwrap();
                let seen = tls.client_hello.as_deref().unwrap();
                assert_eq!((&seen.cipher_suites[..], seen.malformed), (&[0xc02f][..], false), "{hmac} {size}");
            }
        }
    }

    #[test]
    fn what_only_resembles_openvpn_is_left_alone() {
        let first = packet(HARD_RESET_CLIENT, 1, 20, None, Some(0), &[]);
        assert!(OpenVpn::begins(&first).is_some());
        for other in [
            packet(HARD_RESET_CLIENT, 1, 21, None, Some(0), &[]),
            packet(HARD_RESET_CLIENT, 1, 20, None, Some(1), &[]),
            packet(HARD_RESET_CLIENT, 1, 20, Some(2), Some(0), &[]),
            packet(HARD_RESET_SERVER, 1, 20, None, Some(0), &[]),
            b"\0\x0e8 and so on".to_vec(),
            first[..first.len() - 1].to_vec(),
        ] {
            assert!(OpenVpn::begins(&other).is_none(), "{other:?}");
        }
        // Another session is answered, or none at all.
        let said = |answer: Vec<u8>| [(Side::Client, first.clone()), (Side::Server, answer)];
        assert!(follow(&said(packet(HARD_RESET_SERVER, 2, 20, Some(1), Some(0), &[])), 100).is_some());
        assert!(follow(&said(packet(HARD_RESET_SERVER, 2, 20, Some(3), Some(0), &[])), 100).is_none());
        assert!(follow(&said(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(400)), 5_000).is_none());
    }

    #[test]
    fn with_the_first_packet_of_the_tunnel_reading_ends() {
        let limits = Means::new(crate::Limits::default());
        let first = packet(HARD_RESET_CLIENT, 1, 0, None, Some(0), &[]);
        let mut openvpn = OpenVpn::begins(&first).unwrap();
        assert!(openvpn.on_bytes(Side::Client, &first, AT, &limits) && openvpn.wants(Side::Client));
        // Its first bytes are enough.
        assert!(openvpn.on_bytes(Side::Client, &[1, 0, 0x30, 5], AT, &limits));
        assert!(!openvpn.wants(Side::Client) && openvpn.kept() == 0 && openvpn.wants(Side::Server));
        openvpn.on_gap(Side::Server, 5, NotVisible::NotCaptured, AT);
        assert!(!openvpn.wants(Side::Server) && openvpn.finish().is_none());
    }
}
