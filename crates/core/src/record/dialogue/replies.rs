//! SMTP, LMTP and the control connection of FTP: replies of three digits.
//!
//! After RFC 5321 section 4.2 and RFC 959 section 4.2: a line that begins with a number, and is the last of its reply unless a `-` stands behind
//! that. 421 ends the connection; any other error answers a command, and is told of where the server says no more.

use super::Speaks;
use super::ear::Begins;
use super::lines::{Line, Lines};
use super::listener::{Heard, Tongue};
use crate::types::Moment;

/// Where a connection is.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// SMTP, or FTP, once something told.
    speaks: Option<Speaks>,
    lines: Lines,
    /// A reply of several lines.
    open: Option<Reply>,
    /// The client's last command asks for encryption.
    asks_for_tls: bool,
}

#[derive(Debug)]
struct Reply {
    code: [u8; 3],
    at: Moment,
    text: String,
    cut: bool,
}

/// The service closes.
const CLOSING: &[u8; 3] = b"421";
/// Go ahead with TLS: STARTTLS (RFC 3207) and AUTH TLS (RFC 4217).
const TLS_GOES_AHEAD: [&[u8; 3]; 3] = [b"220", b"234", b"334"];
/// What is longer is a mail, or a part of one (RFC 5321 section 4.5.3.1.4).
const LONGEST_COMMAND: usize = 512;
/// Bytes of a reply that are kept.
const KEPT: usize = 1_000;

/// Whether a server's first bytes refuse a client that spoke before it was greeted.
pub(super) fn begins_with_refusal(bytes: &[u8]) -> Begins {
    if bytes.starts_with(b"421 ") || bytes.starts_with(b"554 ") { begins(bytes) } else { Begins::No }
}

/// Whether a server's first bytes are a greeting, or a refusal, of such a protocol.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    match bytes {
        [a, b, c, b' ' | b'-', text @ ..]
            if is_greeting([*a, *b, *c]) && text.iter().take_while(|byte| **byte != b'\r').all(is_text) =>
        {
            Begins::Yes(Box::new(Replies::default()))
        }
        [b'1' | b'2' | b'4' | b'5', rest @ ..] if rest.len() < 3 && rest.iter().all(u8::is_ascii_digit) => {
            Begins::Perhaps
        }
        _ => Begins::No,
    }
}

fn is_greeting(code: [u8; 3]) -> bool {
    match &code {
        b"120" | b"220" => true,
        [b'4' | b'5', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn is_text(byte: &u8) -> bool {
    *byte == b'\t' || !byte.is_ascii_control()
}

/// The first word of a command, and the rest.
fn command(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let line = bytes.trim_ascii();
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (verb, rest) = line.split_at(end.min(line.len()));
    (verb.get(..verb.len().min(8)).unwrap_or(verb).to_ascii_uppercase(), rest.trim_ascii())
}

impl Tongue for Replies {
    fn speaks(&self) -> Speaks {
        self.speaks.unwrap_or(Speaks::Replies)
    }

    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes.len() <= 16 && command(bytes).0 == b"QUIT"
    }

    fn on_client(&mut self, bytes: &[u8], _at: Moment, heard: &mut Heard) {
        self.asks_for_tls = false;
        if bytes.len() > LONGEST_COMMAND {
            return;
        }
        let (verb, rest) = command(bytes);
        self.asks_for_tls = match verb.as_slice() {
            b"STARTTLS" => rest.is_empty(),
            b"AUTH" => rest.eq_ignore_ascii_case(b"TLS") || rest.eq_ignore_ascii_case(b"SSL"),
            _ => false,
        };
        heard.client_left |= verb == b"QUIT";
        let says = match verb.as_slice() {
            b"EHLO" | b"HELO" | b"LHLO" => Speaks::Smtp,
            b"USER" | b"FEAT" => Speaks::Ftp,
            b"AUTH" if self.asks_for_tls => Speaks::Ftp,
            _ => return,
        };
        self.speaks.get_or_insert(says);
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.read(bytes, at, |line| self.on_line(line, heard));
        self.lines = lines;
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.goes_on();
        heard.unread = true;
        // Lines can be read again where the next segment begins with one: commands and replies take turns.
        self.lines.forget();
        self.open = None;
    }

    fn finish(&mut self, heard: &mut Heard) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.end(|line| self.on_line(line, heard));
        if let Some(reply) = self.open.take() {
            self.on_reply(&Reply { cut: true, ..reply }, heard);
        }
    }
}

impl Replies {
    fn on_line(&mut self, line: &Line<'_>, heard: &mut Heard) {
        if heard.over {
            return;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let begun = self.open.take();
        match (line.bytes.split_first_chunk::<3>(), begun) {
            (Some((code, rest)), begun)
                if code.iter().all(u8::is_ascii_digit) && matches!(rest, [] | [b' ' | b'-', ..]) =>
            {
                let goes_on = rest.first() == Some(&b'-');
                let now = text(rest.get(1..).unwrap_or_default());
                let reply = match begun.filter(|begun| begun.code == *code) {
                    Some(begun) => begun.with(&now, line.cut),
                    None => Reply { code: *code, at: line.at, text: now, cut: line.cut },
                };
                match goes_on {
                    true => self.open = Some(reply),
                    false => self.on_reply(&reply, heard),
                }
            }
            // FTP numbers the first and the last line alone.
            (_, Some(begun)) => self.open = Some(begun.with(&text(line.bytes), line.cut)),
            // It is not known what this is.
            (_, None) => heard.goes_on(),
        }
    }

    fn on_reply(&mut self, reply: &Reply, heard: &mut Heard) {
        heard.unread = false;
        let asked_for_tls = std::mem::take(&mut self.asks_for_tls);
        if self.speaks.is_none() {
            let text = reply.text.to_ascii_uppercase();
            let speaks = [("SMTP", Speaks::Smtp), ("LMTP", Speaks::Smtp), ("FTP", Speaks::Ftp)];
            self.speaks = speaks.iter().find(|(word, _)| text.contains(word)).map(|(_, speaks)| *speaks);
        }
        if matches!(reply.code, [b'4' | b'5', ..]) {
            let code = String::from_utf8_lossy(&reply.code);
            let is_final = reply.code == *CLOSING && !heard.client_left;
            if let Some(said) = heard.says(reply.at, &code, &reply.text, reply.cut) {
                said.is_final = is_final;
                said.declines_tls = asked_for_tls && !said.is_final;
            }
        } else if !heard.client_left {
            heard.goes_on();
            heard.worked |= reply.code != *b"120";
            heard.over = asked_for_tls && TLS_GOES_AHEAD.contains(&&reply.code);
        }
    }
}

impl Reply {
    fn with(mut self, more: &str, cut: bool) -> Self {
        if self.text.len() + more.len() < KEPT {
            self.text = format!("{} {more}", self.text).trim().to_owned();
        } else {
            self.cut = true;
        }
        self.cut |= cut;
        self
    }
}
