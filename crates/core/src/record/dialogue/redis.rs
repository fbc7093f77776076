//! Redis, and what speaks as it does: errors that answer a client's commands.
//!
//! After "Redis serialization protocol specification": a client sends arrays of texts, and an error is a line that begins with `-` and,
//! mostly, a word in capital letters. It is looked for where an answer begins alone: what stands in the middle of an answer is data.

use super::ear::Begins;
use super::listener::{Heard, Tongue};
use super::{READ, Speaks};
use crate::types::{Moment, Side};

/// Where a connection is.
#[derive(Debug, Default)]
pub(super) struct Redis {
    /// The server is in the middle of a line that is an error.
    in_line: bool,
}

/// What it says to clients that it takes not even a command of.
const REFUSALS: [&[u8]; 2] = [b"-ERR max number of clients reached", b"-DENIED Redis is running in protected mode"];

/// Whether a client's first bytes are a command of Redis: `*1\r\n$4\r\nPING\r\n`, or its short form that checks use.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    if bytes == b"PING\r\n" {
        return Begins::Yes(Box::new(Redis::default()));
    }
    let mut rest = bytes;
    for mark in [b'*', b'$'] {
        match rest.split_first() {
            Some((first, digits)) if *first == mark => {
                let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
                match digits.split_at(length) {
                    (number, [b'\r', b'\n', after @ ..]) if (1..=6).contains(&number.len()) => rest = after,
                    (number, [] | [b'\r']) if number.len() <= 6 => return Begins::Perhaps,
                    _ => return Begins::No,
                }
            }
            Some(_) => return Begins::No,
            None if bytes.is_empty() => return Begins::No,
            None => return Begins::Perhaps,
        }
    }
    Begins::Yes(Box::new(Redis::default()))
}

/// Whether a server's first bytes refuse a client whatever it may want.
pub(super) fn begins_with_refusal(bytes: &[u8]) -> Begins {
    if REFUSALS.iter().any(|refusal| bytes.starts_with(refusal)) {
        Begins::Yes(Box::new(Redis::default()))
    } else {
        Begins::No
    }
}

impl Tongue for Redis {
    fn speaks(&self) -> Speaks {
        Speaks::Redis
    }

    /// QUIT.
    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes.len() <= 16 && bytes.to_ascii_uppercase().windows(4).any(|word| word == b"QUIT")
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        heard.unread = false;
        let mut rest = bytes;
        let answers = heard.turn != Some(Side::Server);
        if self.in_line {
            let Some(end) = line_end(rest) else { return };
            self.in_line = false;
            rest = rest.get(end..).unwrap_or_default();
        } else if !answers {
            heard.goes_on();
            return;
        }
        while let Some((first, line)) = rest.split_first() {
            if *first != b'-' {
                // An answer in order.
                heard.goes_on();
                heard.worked = true;
                return;
            }
            let end = line_end(line);
            let text = line.get(..end.map_or(line.len(), |end| end.saturating_sub(2))).unwrap_or_default();
            if heard.said.is_none() || answers && rest.len() == bytes.len() {
                let text = String::from_utf8_lossy(text.get(..READ).unwrap_or(text));
                let word = text.split(' ').next().unwrap_or_default();
                let code = if word.bytes().all(|byte| byte.is_ascii_uppercase()) { word } else { "" };
                heard.says(at, code, &text, false);
            }
            match end {
                Some(end) => rest = line.get(end..).unwrap_or_default(),
                None => {
                    self.in_line = true;
                    return;
                }
            }
        }
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        match &mut heard.said {
            Some(said) if self.in_line => said.cut = true,
            _ => {
                heard.goes_on();
                heard.unread = true;
                // Nobody knows what it was: an answer, most likely.
                heard.worked = true;
            }
        }
    }
}

/// Where the first line ends, its end included.
fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\r\n").map(|at| at + 2)
}
