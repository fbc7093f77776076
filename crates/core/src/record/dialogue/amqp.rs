//! AMQP 0-9-1: a connection that the server closes, the version that it wants instead, and the heartbeats on which both agree.
//!
//! After its specification, sections 4.2 and 1.4: a client begins with a header of eight bytes, and a server that does not speak that version
//! answers with its own header and closes. Then frames: type, channel, length, body, and a byte that ends them. Read are the methods of
//! channel 0, which are those of the connection; all else is passed over by its length.

use super::ear::{Begins, begins_with};
use super::listener::{Heard, Tongue, fill};
use super::{READ, Speaks};
use crate::types::{Moment, Side, Sided, Span};

/// Where a connection is.
#[derive(Debug, Default)]
pub(super) struct Amqp {
    /// The client's header of the protocol, as far as it is there, then the server's answer in its place.
    opening: Vec<u8>,
    sides: Sided<Frames>,
    /// The client said what it agrees to: nothing more of it is read.
    tuned: bool,
}

/// The frames of one side.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; HEADER],
    header_have: u8,
    /// Bytes of the frame that are to come, with the one that ends it.
    left: u32,
    /// The beginning of its body, where it is a method of the connection.
    body: Option<Vec<u8>>,
    at: Option<Moment>,
    lost: bool,
}

/// A method: class, number, arguments.
type Method<'a> = (u16, u16, &'a [u8]);

const HEADER: usize = 7;
const OPENING: usize = 8;
const VERSION_0_9_1: &[u8; OPENING] = b"AMQP\0\0\x09\x01";
const METHOD: u8 = 1;
const END: u8 = 0xce;
/// Frames are smaller than 128 MiB with every server.
const LONGEST: u32 = 128 << 20;

const CONNECTION: u16 = 10;
const TUNE_OK: u16 = 31;
const OPEN_OK: u16 = 41;
const CLOSE: u16 = 50;
const CLOSE_OK: u16 = 51;

/// Whether a client's first bytes are a header of AMQP.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    begins_with(bytes, b"AMQP", || Box::new(Amqp::default()))
}

impl Tongue for Amqp {
    fn speaks(&self) -> Speaks {
        Speaks::Amqp
    }

    /// Close, and the answer to one.
    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        matches!(bytes, [METHOD, 0, 0, _, _, _, _, 0, 10, 0, 50 | 51, ..])
    }

    fn on_client(&mut self, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        let missing = OPENING.saturating_sub(self.opening.len());
        if missing > 0 {
            let (now, rest) = bytes.split_at(bytes.len().min(missing));
            self.opening.extend_from_slice(now);
            bytes = rest;
        }
        while !bytes.is_empty() && !self.tuned {
            let Some(body) = self.sides.client.next(&mut bytes, at) else { continue };
            if let Some((CONNECTION, TUNE_OK, arguments)) = method(&body.1) {
                self.tuned = true;
                // Channels, size of frames, seconds between heartbeats.
                let heartbeat =
                    arguments.get(6..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_be_bytes);
                heard.bears_silence = (heartbeat > 0).then(|| Span::from_secs(2 * i64::from(heartbeat)));
            }
        }
    }

    fn on_client_gap(&mut self, _length: u32) {
        self.tuned = true;
    }

    fn on_server(&mut self, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        if heard.turn != Some(Side::Server) && bytes.starts_with(b"AMQP") {
            return self.on_opening(bytes, at, heard);
        }
        if self.opening.as_slice() != VERSION_0_9_1 {
            heard.over = true;
            return;
        }
        while !bytes.is_empty() && !heard.over {
            let next = self.sides.server.next(&mut bytes, at);
            heard.over |= self.sides.server.lost;
            if let Some((at, body)) = next {
                on_method(method(&body), at, heard);
            }
        }
    }

    fn on_gap(&mut self, length: u32, heard: &mut Heard) {
        heard.goes_on();
        let frames = &mut self.sides.server;
        if frames.body.is_none() && length < frames.left {
            frames.left -= length;
        } else {
            (heard.unread, heard.over) = (true, true);
        }
    }
}

impl Amqp {
    /// The server answers by a header: of the version that it speaks, where it is another.
    fn on_opening(&self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        match bytes.first_chunk::<OPENING>() {
            Some(opening) if opening[..] != self.opening[..] => {
                let text = format!("it speaks {}, and the client {}", version(opening), version(&self.opening));
                heard.says(at, "", &text, false);
            }
            // The other AMQP, 1.0, begins so.
            _ => heard.over = true,
        }
    }
}

fn version(opening: &[u8]) -> String {
    match opening {
        [b'A', b'M', b'Q', b'P', 0, 0, 9, 1] => "AMQP 0-9-1".to_owned(),
        [b'A', b'M', b'Q', b'P', 3, 1, 0, 0] => "AMQP 1.0 with SASL".to_owned(),
        [b'A', b'M', b'Q', b'P', 2, 1, 0, 0] => "AMQP 1.0 with TLS".to_owned(),
        [b'A', b'M', b'Q', b'P', 0, major, minor, _] => format!("AMQP {major}.{minor}"),
        [b'A', b'M', b'Q', b'P', a, b, c, d] => format!("AMQP {a}-{b}-{c}-{d}"),
        _ => "something else".to_owned(),
    }
}

fn method(body: &[u8]) -> Option<Method<'_>> {
    let (class, rest) = body.split_first_chunk()?;
    let (number, arguments) = rest.split_first_chunk()?;
    Some((u16::from_be_bytes(*class), u16::from_be_bytes(*number), arguments))
}

fn on_method(method: Option<Method<'_>>, at: Moment, heard: &mut Heard) {
    match method {
        Some((CONNECTION, CLOSE, arguments)) => {
            let Some((code, rest)) = arguments.split_first_chunk() else { return };
            let text = rest.split_first().and_then(|(length, text)| text.get(..usize::from(*length)));
            let (code, text) = (u16::from_be_bytes(*code), String::from_utf8_lossy(text.unwrap_or_default()));
            if let Some(said) = heard.says(at, &code.to_string(), &text, false) {
                said.is_final = true;
                // What a client publishes asks for no answer.
                said.is_answer &= said.at_start;
            }
        }
        Some((CONNECTION, OPEN_OK, _)) => {
            heard.goes_on();
            heard.worked = true;
        }
        // Answers a client that leaves.
        Some((CONNECTION, CLOSE_OK, _)) => heard.over = true,
        _ => heard.goes_on(),
    }
}

impl Frames {
    /// Steps on; the body of a method of the connection, once it is complete.
    fn next(&mut self, bytes: &mut &[u8], at: Moment) -> Option<(Moment, Vec<u8>)> {
        if self.left == 0 {
            self.at.get_or_insert(at);
            fill(&mut self.header, &mut self.header_have, bytes);
            if usize::from(self.header_have) == HEADER {
                self.header_have = 0;
                let [kind, channel, number, length @ ..] = self.header;
                let length = u32::from_be_bytes(length);
                self.lost |= !(1..=8).contains(&kind) || length > LONGEST;
                self.left = length.saturating_add(1);
                self.body = (kind == METHOD && [channel, number] == [0, 0]).then(Vec::new);
            }
            if self.lost {
                *bytes = &[];
            }
            return None;
        }
        let (now, rest) = bytes.split_at(bytes.len().min(self.left as usize));
        if let Some(body) = &mut self.body {
            let room = READ.saturating_sub(body.len());
            body.extend_from_slice(now.get(..room).unwrap_or(now));
        }
        self.left -= now.len() as u32;
        *bytes = rest;
        if self.left > 0 {
            return None;
        }
        self.lost |= now.last() != Some(&END);
        self.at.take().zip(self.body.take())
    }
}
