//! SSH, as long as it is in clear: lines before the version, a disconnection, and offers that have nothing in common.
//!
//! After RFC 4253: both sides send a line with their version, a server other lines before it if it likes (section 4.2); then packets of
//! length, padding and payload (section 6), of which the first is the offer of algorithms (section 7.1). What follows NEWKEYS is encrypted.

use super::Speaks;
use super::ear::{Begins, begins_with};
use super::lines::Lines;
use super::listener::{Heard, Tongue, fill};
use crate::types::{Moment, Side, Sided};

mod offer;

/// Where a connection is.
#[derive(Debug, Default)]
pub(super) struct Ssh {
    sides: Sided<End>,
}

/// What one side said.
#[derive(Debug, Default)]
struct End {
    phase: Phase,
    lines: Lines,
    /// Length of the packet at hand.
    header: [u8; HEADER],
    header_have: u8,
    /// Bytes of it that are to come.
    left: u32,
    packet: Vec<u8>,
    /// Where it begins.
    at: Option<Moment>,
    /// The packet with its offer and where it begins, until both are there.
    offer: Option<(Moment, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Lines; the version is the last of them.
    #[default]
    Lines,
    Packets,
    /// Encrypted, or no longer known.
    Over,
}

const HEADER: usize = 4;
/// A packet may not be larger (RFC 4253 section 6.1).
const LONGEST: u32 = 35_000;
/// Bytes of a packet that are read: an offer has about 1,500.
const READ: usize = 8_192;

const DISCONNECT: u8 = 1;
const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;

/// What OpenSSH says to those whom it does not let begin (`sshd.c`).
const REFUSALS: [&[u8]; 2] = [b"Exceeded MaxStartups", b"Not allowed at this time"];

/// Whether the first bytes of a side are a version of SSH.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    begins_with(bytes, b"SSH-", || Box::new(Ssh::default()))
}

/// The same of a server, which may refuse instead.
pub(super) fn begins_at_server(bytes: &[u8]) -> Begins {
    if is_refusal(bytes) { Begins::Yes(Box::new(Ssh::default())) } else { begins(bytes) }
}

fn is_refusal(line: &[u8]) -> bool {
    REFUSALS.iter().any(|refusal| line.starts_with(refusal))
}

impl Tongue for Ssh {
    fn speaks(&self) -> Speaks {
        Speaks::Ssh
    }

    /// Its version is no request: both sides send theirs at once.
    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"SSH-")
    }

    fn on_client(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        self.read(Side::Client, bytes, at, heard);
    }

    fn on_client_gap(&mut self, _length: u32) {
        self.sides.client.phase = Phase::Over;
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        self.read(Side::Server, bytes, at, heard);
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.goes_on();
        self.sides.server.phase = Phase::Over;
    }
}

impl Ssh {
    fn read(&mut self, side: Side, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        while !bytes.is_empty() {
            let end = &mut self.sides[side];
            match end.phase {
                Phase::Over => break,
                Phase::Lines => end.read_line(side, &mut bytes, at, heard),
                Phase::Packets => {
                    if end.read_packet(&mut bytes, at) {
                        self.on_packet(side, heard);
                    }
                }
            }
        }
        heard.over |= self.sides.client.phase == Phase::Over && self.sides.server.phase == Phase::Over;
    }

    fn on_packet(&mut self, side: Side, heard: &mut Heard) {
        let end = &mut self.sides[side];
        let (packet, Some(at)) = (std::mem::take(&mut end.packet), end.at.take()) else { return };
        let kind = packet.get(1).copied();
        if side == Side::Server && kind != Some(DISCONNECT) {
            heard.goes_on();
        }
        match kind {
            Some(KEXINIT) => {
                end.offer = Some((at, packet));
                self.compare(heard);
            }
            Some(NEWKEYS) => {
                end.phase = Phase::Over;
                heard.worked |= side == Side::Server;
            }
            Some(DISCONNECT) if side == Side::Server => {
                let (code, text) = offer::disconnection(&packet).unwrap_or_default();
                if let Some(said) = heard.says(at, &code.to_string(), &text, false) {
                    said.is_final = true;
                }
            }
            _ => {}
        }
    }

    /// Once both offers are there. It is told at the server's.
    fn compare(&mut self, heard: &mut Heard) {
        let Sided { client, server } = &self.sides;
        let (Some((_, of_client)), Some((at, of_server))) = (&client.offer, &server.offer) else { return };
        let found = offer::nothing_in_common(of_client, of_server);
        if let Some(said) = found.and_then(|(what, text)| heard.says(*at, what, &text, false)) {
            said.is_final = true;
        }
        (self.sides.client.offer, self.sides.server.offer) = (None, None);
    }
}

impl End {
    fn read_line(&mut self, side: Side, bytes: &mut &[u8], at: Moment, heard: &mut Heard) {
        let (now, rest) = bytes.split_at(memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1));
        *bytes = rest;
        let phase = &mut self.phase;
        self.lines.read(now, at, |line| {
            if line.bytes.starts_with(b"SSH-") {
                *phase = Phase::Packets;
            } else if side == Side::Server {
                let said = heard.says(line.at, "", &String::from_utf8_lossy(line.bytes), line.cut);
                if let Some(said) = said.filter(|_| is_refusal(line.bytes)) {
                    said.is_final = true;
                }
            }
        });
    }

    /// Whether a packet is complete.
    fn read_packet(&mut self, bytes: &mut &[u8], at: Moment) -> bool {
        if self.left == 0 {
            self.at.get_or_insert(at);
            fill(&mut self.header, &mut self.header_have, bytes);
            if usize::from(self.header_have) < HEADER {
                return false;
            }
            (self.header_have, self.left) = (0, u32::from_be_bytes(self.header));
            if self.left == 0 || self.left > LONGEST {
                self.phase = Phase::Over;
            }
            return false;
        }
        let (now, rest) = bytes.split_at(bytes.len().min(self.left as usize));
        let room = READ.saturating_sub(self.packet.len());
        self.packet.extend_from_slice(now.get(..room).unwrap_or(now));
        self.left -= now.len() as u32;
        *bytes = rest;
        self.left == 0
    }
}
