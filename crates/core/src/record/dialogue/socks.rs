//! SOCKS: a proxy that does not connect for its client.
//!
//! After RFC 1928 and RFC 1929, and "SOCKS: A protocol for TCP proxy across firewalls" for version 4: a client offers ways to authenticate, does
//! so if asked, and names its target; each answer of the proxy begins with two bytes that tell. Once it has connected, all else is of
//! the protocol inside.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Speaks;
use super::ear::Begins;
use super::listener::{Heard, Tongue, fill};
use crate::types::Moment;

/// Where a connection is.
#[derive(Debug)]
pub(super) struct Socks {
    phase: Phase,
    /// The first bytes of the proxy's answer.
    answer: [u8; 2],
    answer_have: u8,
    at: Option<Moment>,
    /// What the client wants to connect to, once it said so.
    target: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Version 5: which way to authenticate.
    Method,
    /// Whether name and password are right.
    Login,
    /// Whether the target is connected.
    Request,
    /// The same in version 4.
    Request4,
}

const VERSION_5: u8 = 5;
const VERSION_4: u8 = 4;
const CONNECT: u8 = 1;
const BY_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const GRANTED_4: u8 = 0x5a;
/// Ways to authenticate that a client offers: some, in one segment by themselves.
const MOST_METHODS: u8 = 16;
/// A request of version 4 is this long, and some more by a user and a name.
const LONGEST_4: usize = 512;

/// Whether a client's first bytes are those of SOCKS.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    let begin =
        |phase, target| Begins::Yes(Box::new(Socks { phase, answer: [0; 2], answer_have: 0, at: None, target }));
    match bytes {
        [VERSION_5, count @ 1..=MOST_METHODS, methods @ ..] if methods.len() == usize::from(*count) => {
            begin(Phase::Method, String::new())
        }
        [VERSION_5] => Begins::Perhaps,
        [VERSION_5, count @ 1..=MOST_METHODS, methods @ ..] if methods.len() < usize::from(*count) => Begins::Perhaps,
        [VERSION_4, CONNECT, high, low, a, b, c, d, .., 0] if bytes.len() <= LONGEST_4 => {
            let port = u16::from_be_bytes([*high, *low]);
            begin(Phase::Request4, format!("{}:{port}", Ipv4Addr::new(*a, *b, *c, *d)))
        }
        _ => Begins::No,
    }
}

/// The target of a request of version 5.
fn target(request: &[u8]) -> Option<String> {
    let [VERSION_5, CONNECT, 0, kind, rest @ ..] = request else { return None };
    let port = |port: &[u8]| port.first_chunk().map(|port| u16::from_be_bytes(*port));
    match kind {
        1 => {
            let (address, rest) = rest.split_first_chunk::<4>()?;
            Some(format!("{}:{}", Ipv4Addr::from(*address), port(rest)?))
        }
        3 => {
            let (length, rest) = rest.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            Some(format!("{}:{}", String::from_utf8_lossy(name), port(rest)?))
        }
        4 => {
            let (address, rest) = rest.split_first_chunk::<16>()?;
            Some(format!("[{}]:{}", Ipv6Addr::from(*address), port(rest)?))
        }
        _ => None,
    }
}

/// Replies of version 5 (RFC 1928 section 6).
const fn name(reply: u8) -> &'static str {
    match reply {
        1 => "general SOCKS server failure",
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "an unassigned reply",
    }
}

impl Tongue for Socks {
    fn speaks(&self) -> Speaks {
        Speaks::Socks
    }

    fn is_goodbye(&self, _bytes: &[u8]) -> bool {
        false
    }

    fn on_client(&mut self, bytes: &[u8], _at: Moment, _heard: &mut Heard) {
        if self.phase == Phase::Request
            && let Some(target) = target(bytes)
        {
            self.target = target;
        }
    }

    fn on_server(&mut self, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        while !bytes.is_empty() && !heard.over && heard.said.is_none() {
            let begun = *self.at.get_or_insert(at);
            fill(&mut self.answer, &mut self.answer_have, &mut bytes);
            if usize::from(self.answer_have) < self.answer.len() {
                return;
            }
            (self.answer_have, self.at) = (0, None);
            self.on_answer(begun, heard);
        }
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.unread = heard.said.is_none();
        heard.over = true;
    }
}

impl Socks {
    fn on_answer(&mut self, at: Moment, heard: &mut Heard) {
        match (self.phase, self.answer) {
            (Phase::Method, [VERSION_5, NO_METHOD]) => {
                says("0xff", "no acceptable method of authentication", at, heard);
            }
            (Phase::Method, [VERSION_5, BY_PASSWORD]) => self.phase = Phase::Login,
            (Phase::Method, [VERSION_5, _]) | (Phase::Login, [_, 0]) => self.phase = Phase::Request,
            (Phase::Login, [1, status]) => says(&status.to_string(), "user name or password rejected", at, heard),
            (Phase::Request, [VERSION_5, 0]) | (Phase::Request4, [0, GRANTED_4]) => {
                (heard.worked, heard.over) = (true, true);
            }
            (Phase::Request, [VERSION_5, reply]) => {
                let text = format!("{}, for {}", name(reply), self.target);
                says(&reply.to_string(), text.trim_end_matches(", for "), at, heard);
            }
            (Phase::Request4, [0, code]) => {
                says(&code.to_string(), &format!("request rejected or failed, for {}", self.target), at, heard);
            }
            _ => heard.over = true,
        }
    }
}

fn says(code: &str, text: &str, at: Moment, heard: &mut Heard) {
    if let Some(said) = heard.says(at, code, text, false) {
        said.is_final = true;
    }
}
