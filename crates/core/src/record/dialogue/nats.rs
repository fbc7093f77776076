//! NATS: `-ERR`, with which a server ends a connection.
//!
//! After "NATS Client Protocol": the server speaks first, by `INFO` and a JSON text. Messages pass here in which anything may stand: looked at is
//! how a segment of the server begins.

use super::Speaks;
use super::ear::{Begins, begins_with};
use super::listener::{Heard, Tongue};
use crate::types::Moment;

/// A connection of NATS.
#[derive(Debug)]
struct Nats;

const ERROR: &[u8] = b"-ERR '";
/// Errors after which the connection goes on.
const HARMLESS: [&[u8]; 2] = [b"Permissions Violation", b"Invalid Subject"];
/// Bytes of an error that are read.
const LONGEST: usize = 600;

/// Whether a server's first bytes are those of NATS.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    begins_with(bytes, b"INFO {\"", || Box::new(Nats))
}

impl Tongue for Nats {
    fn speaks(&self) -> Speaks {
        Speaks::Nats
    }

    fn is_goodbye(&self, _bytes: &[u8]) -> bool {
        false
    }

    fn on_server(&mut self, segment: &[u8], at: Moment, heard: &mut Heard) {
        heard.unread = false;
        let mut rest = segment;
        for asked in [&b"PING\r\n"[..], b"PONG\r\n"] {
            if let Some(after) = rest.strip_prefix(asked) {
                heard.worked |= asked == b"PONG\r\n";
                rest = after;
            }
        }
        match rest.strip_prefix(ERROR) {
            Some(text) => {
                let end = memchr::memchr(b'\'', text);
                let text = text.get(..end.unwrap_or(text.len()).min(LONGEST)).unwrap_or(text);
                if let Some(said) = heard.says(at, "", &String::from_utf8_lossy(text), end.is_none()) {
                    said.is_final = !HARMLESS.iter().any(|harmless| text.starts_with(harmless));
                }
            }
            None if rest.is_empty() => {}
            None => {
                heard.goes_on();
                heard.worked |= !rest.starts_with(b"INFO");
            }
        }
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.goes_on();
        heard.unread = true;
    }
}
