//! IMAP and POP3: BYE, errors that are the last word, and STARTTLS that is declined.
//!
//! After RFC 9051 section 7.1.5 and RFC 1939 section 3. Messages of mail pass here as well, in which anything may stand: looked at is no more
//! than how a segment of the server begins.

use super::Speaks;
use super::ear::{Begins, begins_with};
use super::listener::{Heard, Tongue};
use crate::types::Moment;

/// Where a connection is.
#[derive(Debug)]
pub(super) struct Mailbox {
    speaks: Speaks,
    /// The tag with which the client's last command asks for encryption; POP3 has none.
    asks_for_tls: Option<Vec<u8>>,
}

/// Bytes of a line that are read.
const LINE: usize = 600;

/// Whether a server's first bytes are the greeting of a mailbox. (`+OK` alone is an answer of Redis.)
pub(super) fn begins(bytes: &[u8]) -> Begins {
    let greetings = [
        (&b"* OK "[..], Speaks::Imap),
        (b"* PREAUTH ", Speaks::Imap),
        (b"* BYE ", Speaks::Imap),
        (b"+OK ", Speaks::Pop3),
    ];
    let mut found = Begins::No;
    for (words, speaks) in greetings {
        match begins_with(bytes, words, || Box::new(Mailbox { speaks, asks_for_tls: None })) {
            Begins::No => {}
            Begins::Perhaps => found = Begins::Perhaps,
            yes @ Begins::Yes(_) => return yes,
        }
    }
    found
}

impl Mailbox {
    /// The words of a command: with its tag in IMAP.
    fn words(&self, bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        // What is longer neither leaves nor asks for encryption.
        let line = (bytes.len() <= 80).then(|| bytes.trim_ascii())?;
        match self.speaks {
            Speaks::Pop3 => Some((Vec::new(), line.to_ascii_uppercase())),
            _ => {
                let end = line.iter().position(|byte| *byte == b' ')?;
                let (tag, command) = line.split_at_checked(end)?;
                Some((tag.to_vec(), command.trim_ascii().to_ascii_uppercase()))
            }
        }
    }

    fn says(&self, at: Moment, code: &str, text: &[u8], heard: &mut Heard) -> bool {
        let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = text.get(..end.unwrap_or(text.len()).min(LINE)).unwrap_or(text);
        heard.says(at, code, String::from_utf8_lossy(line).trim(), end.is_none()).is_some()
    }

    fn declines(&self, at: Moment, code: &str, text: &[u8], heard: &mut Heard) {
        if self.says(at, code, text, heard)
            && let Some(said) = &mut heard.said
        {
            said.declines_tls = true;
        }
    }
}

impl Tongue for Mailbox {
    fn speaks(&self) -> Speaks {
        self.speaks
    }

    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        self.words(bytes).is_some_and(|(_, command)| command == b"LOGOUT" || command == b"QUIT")
    }

    fn on_client(&mut self, bytes: &[u8], _at: Moment, heard: &mut Heard) {
        heard.client_left |= self.is_goodbye(bytes);
        let asks = self.words(bytes).filter(|(_, command)| command == b"STARTTLS" || command == b"STLS");
        self.asks_for_tls = asks.map(|(tag, _)| tag);
    }

    fn on_server(&mut self, segment: &[u8], at: Moment, heard: &mut Heard) {
        heard.unread = false;
        let asked_for_tls = self.asks_for_tls.take();
        if heard.client_left {
            return;
        }
        match (self.speaks, segment) {
            (Speaks::Imap, [b'*', b' ', b'B', b'Y', b'E', b' ', text @ ..]) => {
                self.says(at, "BYE", text, heard);
                return;
            }
            (Speaks::Pop3, [b'-', b'E', b'R', b'R', text @ ..]) => {
                match asked_for_tls {
                    Some(_) => self.declines(at, "-ERR", text, heard),
                    None => _ = self.says(at, "-ERR", text, heard),
                }
                return;
            }
            (Speaks::Imap, _) => {
                let tag = asked_for_tls.as_deref().unwrap_or_default();
                match segment.strip_prefix(tag).map(<[u8]>::trim_ascii_start) {
                    Some([b'N', b'O', text @ ..]) if !tag.is_empty() => return self.declines(at, "NO", text, heard),
                    Some([b'B', b'A', b'D', text @ ..]) if !tag.is_empty() => {
                        return self.declines(at, "BAD", text, heard);
                    }
                    Some([b'O', b'K', ..]) if !tag.is_empty() => heard.over = true,
                    _ => {}
                }
            }
            _ => heard.over |= asked_for_tls.is_some(),
        }
        heard.goes_on();
        heard.worked = true;
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.goes_on();
        heard.unread = true;
    }
}
