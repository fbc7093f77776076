//! MySQL and MariaDB: the server's greeting, and its errors.
//!
//! After "Client/Server Protocol" of MySQL's documentation: packets are a length of three bytes, a number and a body. The server
//! speaks first: by a greeting of protocol 10, or by an error. Until a client is let in every packet is followed; from then on, what
//! stands alone in a segment is looked at.

use super::ear::Begins;
use super::listener::{Heard, Tongue, fill};
use super::{READ, Speaks};
use crate::types::Moment;

/// Where a connection is.
#[derive(Debug, Default)]
pub(super) struct Mysql {
    header: [u8; HEADER],
    header_have: u8,
    /// Bytes of the current packet that are to come.
    left: u32,
    packet: Vec<u8>,
    at: Option<Moment>,
    cut: bool,
}

const HEADER: usize = 4;
const PROTOCOL: u8 = 10;
const OK: u8 = 0;
const ERR: u8 = 0xff;
/// A greeting is short.
const LONGEST_GREETING: u16 = 1_000;
/// Numbers of errors that servers send.
const ERRORS: std::ops::RangeInclusive<u16> = 1_000..=9_999;

/// Whether a server's first bytes are those of MySQL.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    match bytes {
        [low, high, 0, 0, kind, body @ ..] if u16::from_le_bytes([*low, *high]) <= LONGEST_GREETING => {
            match (kind, body) {
                // The version is a text.
                (&PROTOCOL, version) if version.iter().take_while(|byte| **byte != 0).all(u8::is_ascii_graphic) => {
                    yes()
                }
                (&ERR, [low, high, ..]) if ERRORS.contains(&u16::from_le_bytes([*low, *high])) => yes(),
                (&ERR, [] | [_]) => Begins::Perhaps,
                _ => Begins::No,
            }
        }
        [_] | [_, _] | [_, _, 0] | [_, _, 0, 0] => Begins::Perhaps,
        _ => Begins::No,
    }
}

fn yes() -> Begins {
    Begins::Yes(Box::new(Mysql::default()))
}

impl Tongue for Mysql {
    fn speaks(&self) -> Speaks {
        Speaks::Mysql
    }

    /// COM_QUIT.
    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes == [1, 0, 0, 0, 1]
    }

    fn on_server(&mut self, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        if heard.worked {
            look_at(bytes, at, heard);
            return;
        }
        while !bytes.is_empty() && !heard.worked && !heard.over {
            if self.left == 0 {
                self.at.get_or_insert(at);
                fill(&mut self.header, &mut self.header_have, &mut bytes);
                if usize::from(self.header_have) < HEADER {
                    return;
                }
                let [low, middle, high, _] = self.header;
                self.left = u32::from_le_bytes([low, middle, high, 0]);
                self.header_have = 0;
                heard.over |= self.left == 0;
                continue;
            }
            let (body, rest) = bytes.split_at(bytes.len().min(self.left as usize));
            let room = READ.saturating_sub(self.packet.len());
            self.packet.extend_from_slice(body.get(..room).unwrap_or(body));
            self.left -= body.len() as u32;
            bytes = rest;
            if self.left == 0 {
                self.end_packet(heard);
            }
        }
    }

    fn on_gap(&mut self, length: u32, heard: &mut Heard) {
        heard.goes_on();
        if heard.worked {
            heard.unread = true;
            return;
        }
        self.cut = true;
        if self.left > 0 && length <= self.left {
            self.left -= length;
            if self.left == 0 {
                self.end_packet(heard);
            }
        } else {
            (heard.unread, heard.over) = (true, true);
        }
    }

    fn finish(&mut self, heard: &mut Heard) {
        if !self.packet.is_empty() {
            self.cut = true;
            self.end_packet(heard);
        }
    }
}

impl Mysql {
    fn end_packet(&mut self, heard: &mut Heard) {
        let packet = std::mem::take(&mut self.packet);
        let at = self.at.take();
        match (packet.split_first(), at) {
            (Some((&ERR, error)), Some(at)) => says(error, at, self.cut, heard),
            (Some((&OK, _)), _) => {
                heard.goes_on();
                heard.worked = true;
            }
            _ => heard.goes_on(),
        }
    }
}

/// A segment of a session: an error that stands alone in it, or anything else.
fn look_at(segment: &[u8], at: Moment, heard: &mut Heard) {
    heard.unread = false;
    heard.goes_on();
    if let [low, middle, high, _, ERR, error @ ..] = segment {
        let length = u32::from_le_bytes([*low, *middle, *high, 0]) as usize;
        let whole = length == error.len() + 1;
        let has_state =
            matches!(error, [_, _, b'#', state @ ..] if state.iter().take(5).all(u8::is_ascii_alphanumeric));
        if whole && has_state {
            says(error, at, false, heard);
        }
    }
}

/// The number, a SQLSTATE behind `#` where there is one, and the text.
fn says(error: &[u8], at: Moment, cut: bool, heard: &mut Heard) {
    let Some((number, text)) = error.split_first_chunk() else { return };
    let number = u16::from_le_bytes(*number);
    if !ERRORS.contains(&number) {
        heard.over = true;
        return;
    }
    let text = match text {
        [b'#', _, _, _, _, _, text @ ..] => text,
        text => text,
    };
    heard.says(at, &number.to_string(), &String::from_utf8_lossy(text), cut);
}
