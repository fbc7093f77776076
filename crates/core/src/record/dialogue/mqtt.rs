//! MQTT: refused connections, and disconnections with a reason.
//!
//! After MQTT 3.1.1 and 5.0: packets are a type, a length of one to four bytes, and a body. Of the client's the first is read (CONNECT); of the
//! server's all are passed over by their lengths, and CONNACK and DISCONNECT are read. Version 3.1.1 has no word for why a server
//! disconnects: it closes.

use super::ear::Begins;
use super::listener::{Heard, Tongue};
use super::{READ, Speaks};
use crate::types::{Moment, Span};

mod reasons;

/// Where a connection is.
#[derive(Debug)]
pub(super) struct Mqtt {
    /// 3 (MQTT 3.1), 4 (3.1.1) or 5.
    level: u8,
    /// Seconds without a packet of the client after which the server may close: two thirds of them.
    keep_alive: u16,
    /// The server's packet at hand, from its type on, as far as it is read.
    packet: Vec<u8>,
    at: Option<Moment>,
    /// Bytes of it that are to come; not known while its length is read.
    left: Option<u32>,
}

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const DISCONNECT: u8 = 0xe0;
/// Bytes of a type and a length.
const LONGEST_HEADER: usize = 5;

/// Whether a client's first bytes are a CONNECT.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    match connect(bytes) {
        Some(Some((level, keep_alive))) => {
            Begins::Yes(Box::new(Mqtt { level, keep_alive, packet: Vec::new(), at: None, left: None }))
        }
        Some(None) => Begins::Perhaps,
        None => Begins::No,
    }
}

/// Level and keep-alive of a CONNECT; nothing yet where it is too short to tell.
fn connect(bytes: &[u8]) -> Option<Option<(u8, u16)>> {
    let (CONNECT, rest) = bytes.split_first().map(|(kind, rest)| (*kind, rest))? else { return None };
    let length = rest.iter().take(4).take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let Some(body) = rest.get(length..).filter(|body| !body.is_empty()) else { return (length <= 4).then_some(None) };
    for name in [&b"\0\x04MQTT"[..], b"\0\x06MQIsdp"] {
        if let Some(after) = body.strip_prefix(name) {
            let [level, _flags, high, low, ..] = after else { return Some(None) };
            return (3..=5).contains(level).then_some(Some((*level, u16::from_be_bytes([*high, *low]))));
        }
        if name.starts_with(body) {
            return Some(None);
        }
    }
    None
}

impl Tongue for Mqtt {
    fn speaks(&self) -> Speaks {
        Speaks::Mqtt
    }

    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes.first() == Some(&DISCONNECT)
    }

    fn on_server(&mut self, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.left {
                None => {
                    self.at.get_or_insert(at);
                    self.packet.push(*first);
                    bytes = rest;
                    self.left = length(&self.packet);
                    heard.over |= self.left.is_none() && self.packet.len() >= LONGEST_HEADER;
                }
                Some(left) => {
                    let (now, rest) = bytes.split_at(bytes.len().min(*left as usize));
                    if matches!(self.packet.first(), Some(&(CONNACK | DISCONNECT))) {
                        let room = READ.saturating_sub(self.packet.len());
                        self.packet.extend_from_slice(now.get(..room).unwrap_or(now));
                    }
                    *left -= now.len() as u32;
                    bytes = rest;
                }
            }
            if heard.over {
                return;
            }
            if self.left == Some(0) {
                self.end_packet(heard);
            }
        }
    }

    fn on_gap(&mut self, length: u32, heard: &mut Heard) {
        match self.left {
            Some(left)
                if length <= left && self.packet.first().is_none_or(|kind| !matches!(*kind, CONNACK | DISCONNECT)) =>
            {
                self.left = Some(left - length);
                if left == length {
                    self.end_packet(heard);
                }
            }
            _ => {
                heard.goes_on();
                (heard.unread, heard.over) = (true, true);
            }
        }
    }
}

impl Mqtt {
    fn end_packet(&mut self, heard: &mut Heard) {
        let (mut packet, at) = (std::mem::take(&mut self.packet), self.at.take());
        self.left = None;
        if let Some(at) = at {
            self.on_packet(&packet, at, heard);
        }
        // The room for it is used again.
        packet.clear();
        self.packet = packet;
    }

    fn on_packet(&self, packet: &[u8], at: Moment, heard: &mut Heard) {
        let Some((kind, rest)) = packet.split_first() else { return };
        let header = rest.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        let body = rest.get(header..).unwrap_or_default();
        match (*kind, body) {
            (CONNACK, [_, 0, properties @ ..]) => {
                heard.goes_on();
                heard.worked = true;
                let own = (self.level == 5).then(|| reasons::server_keep_alive(properties)).flatten();
                let keep_alive = own.unwrap_or(self.keep_alive);
                heard.bears_silence = (keep_alive > 0).then(|| Span::from_millis(i64::from(keep_alive) * 1_500));
            }
            (CONNACK, [_, code, properties @ ..]) => self.says(*code, properties, at, heard),
            (DISCONNECT, [code, properties @ ..]) if *code >= 0x80 => self.says(*code, properties, at, heard),
            _ => heard.goes_on(),
        }
    }

    fn says(&self, code: u8, properties: &[u8], at: Moment, heard: &mut Heard) {
        let name = if self.level == 5 { reasons::of_version_5(code) } else { reasons::of_version_3(code) };
        let text = match (self.level == 5).then(|| reasons::reason_string(properties)).flatten() {
            Some(words) => format!("{name}: {words}"),
            None => name.to_owned(),
        };
        let code = if self.level == 5 { format!("0x{code:02x}") } else { code.to_string() };
        if let Some(said) = heard.says(at, &code, &text, false) {
            said.is_final = true;
            // What a client publishes asks for no answer.
            said.is_answer &= said.at_start;
        }
    }
}

/// The length of a packet's body, once its header is there.
fn length(header: &[u8]) -> Option<u32> {
    let bytes = header.get(1..)?;
    let last = bytes.iter().position(|byte| byte & 0x80 == 0).filter(|last| *last < 4)?;
    let each = bytes.iter().take(last + 1).enumerate();
    Some(each.map(|(place, byte)| u32::from(byte & 0x7f) << (7 * place)).sum())
}
