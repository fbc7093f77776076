//! PostgreSQL: start-up, the request for encryption, and the errors of the server.
//!
//! After "Frontend/Backend Protocol" of its documentation, version 3: a client begins by a message without a type, length and code;
//! from then on every message is a type, a length that counts itself, and a body. Of the server's all are passed over by their
//! lengths, and those of type `E` are read.

use super::ear::Begins;
use super::listener::{Heard, Tongue, fill};
use super::{READ, Speaks};
use crate::types::Moment;

/// Where a connection is.
#[derive(Debug, Default)]
pub(super) struct Postgres {
    phase: Phase,
    /// Length and code of the client's next message without a type, as far as they are there.
    request: [u8; REQUEST],
    request_have: u8,
    /// Type and length of the server's current message.
    header: [u8; HEADER],
    header_have: u8,
    /// Bytes of it that are to come.
    left: u32,
    error: Option<Error>,
    /// It is not known where the next message of the server begins.
    lost: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The client's first message, or the next after encryption was declined.
    #[default]
    Awaited,
    /// The client asked for encryption.
    AsksForTls,
    /// The server declined; the client said nothing since.
    Declined(Moment),
    /// Messages with types.
    Started,
}

/// An error that is being read.
#[derive(Debug)]
struct Error {
    at: Moment,
    body: Vec<u8>,
    cut: bool,
}

const REQUEST: usize = 8;
const HEADER: usize = 5;
/// A message with which a client begins is short: names, and options as on a command line.
const LONGEST_REQUEST: u32 = 10_000;
const ENCRYPT_BY_TLS: u32 = 80_877_103;
const ENCRYPT_BY_GSS: u32 = 80_877_104;
const CANCEL: u32 = 80_877_102;
const CANCEL_SIZE: u32 = 16;

/// What the client's first message asks for.
enum Asked {
    Encryption,
    Start,
    /// To stop what another connection does: the server closes without an answer.
    Cancellation,
}

fn asked(request: [u8; REQUEST]) -> Option<Asked> {
    let [a, b, c, d, rest @ ..] = request;
    let (length, code) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(rest));
    match code {
        ENCRYPT_BY_TLS | ENCRYPT_BY_GSS if length == REQUEST as u32 => Some(Asked::Encryption),
        CANCEL if length == CANCEL_SIZE => Some(Asked::Cancellation),
        // Version 3 and any minor number.
        _ if code >> 16 == 3 && (REQUEST as u32 + 1..=LONGEST_REQUEST).contains(&length) => Some(Asked::Start),
        _ => None,
    }
}

/// Whether a client's first bytes are those of PostgreSQL.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    match bytes.first_chunk() {
        Some(request) if asked(*request).is_some() => Begins::Yes(Box::new(Postgres::default())),
        Some(_) => Begins::No,
        None if bytes.starts_with(&[0, 0]) || bytes == [0] => Begins::Perhaps,
        None => Begins::No,
    }
}

/// Whether a server's first bytes are an error, before the client asked for anything: poolers do that.
pub(super) fn begins_with_error(bytes: &[u8]) -> Begins {
    const FATAL: &[u8] = b"SFATAL\0";
    match bytes {
        [b'E', 0, 0, _, _, fields @ ..] if fields.starts_with(FATAL) => {
            Begins::Yes(Box::new(Postgres { phase: Phase::Started, ..Postgres::default() }))
        }
        _ => Begins::No,
    }
}

impl Tongue for Postgres {
    fn speaks(&self) -> Speaks {
        Speaks::Postgres
    }

    /// Terminate.
    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes == [b'X', 0, 0, 0, 4]
    }

    fn on_client(&mut self, mut bytes: &[u8], _at: Moment, heard: &mut Heard) {
        if !matches!(self.phase, Phase::Awaited | Phase::Declined(_)) {
            return;
        }
        self.phase = Phase::Awaited;
        fill(&mut self.request, &mut self.request_have, &mut bytes);
        if usize::from(self.request_have) == REQUEST {
            self.request_have = 0;
            match asked(self.request) {
                Some(Asked::Encryption) => self.phase = Phase::AsksForTls,
                Some(Asked::Start) => self.phase = Phase::Started,
                Some(Asked::Cancellation) => (self.phase, heard.client_left) = (Phase::Started, true),
                None => heard.over = true,
            }
        }
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        match (&self.phase, bytes) {
            (Phase::AsksForTls, b"N") => self.phase = Phase::Declined(at),
            // A server that is older than the request, or that has no place left, answers by an error.
            (Phase::AsksForTls, [b'E', ..]) => {
                self.phase = Phase::Started;
                self.read(bytes, at, heard);
                // It does not know this request: clients go on with another one.
                if heard.said.as_ref().is_some_and(|said| said.code == "0A000") {
                    heard.said = None;
                    heard.over = true;
                }
            }
            (Phase::AsksForTls, _) => heard.over = true,
            _ => self.read(bytes, at, heard),
        }
    }

    fn on_gap(&mut self, length: u32, heard: &mut Heard) {
        if let Some(error) = &mut self.error {
            error.cut = true;
        }
        if length <= self.left {
            self.left -= length;
            if self.left == 0 {
                self.end_message(heard);
            }
            return;
        }
        self.end_message(heard);
        (self.left, self.header_have, self.lost, heard.unread) = (0, 0, true, true);
    }

    fn finish(&mut self, heard: &mut Heard) {
        if let Some(error) = &mut self.error {
            error.cut = true;
            self.end_message(heard);
        }
        if let Phase::Declined(at) = self.phase
            && let Some(said) = heard.says(at, "", "N", false)
        {
            (said.is_answer, said.declines_tls) = (true, true);
        }
    }
}

impl Postgres {
    fn read(&mut self, mut bytes: &[u8], at: Moment, heard: &mut Heard) {
        if self.lost && begins_a_message(bytes) {
            self.lost = false;
            heard.unread = false;
        }
        while !bytes.is_empty() && !self.lost && !heard.over {
            if self.left > 0 {
                let length = bytes.len().min(self.left as usize);
                let (body, rest) = bytes.split_at(length);
                if let Some(error) = &mut self.error {
                    let room = READ.saturating_sub(error.body.len());
                    error.cut |= body.len() > room;
                    error.body.extend_from_slice(body.get(..room).unwrap_or(body));
                }
                self.left -= length as u32;
                bytes = rest;
            } else {
                fill(&mut self.header, &mut self.header_have, &mut bytes);
                if usize::from(self.header_have) < HEADER {
                    return;
                }
                self.begin_message(at, heard);
            }
            if self.left == 0 {
                self.end_message(heard);
            }
        }
    }

    fn begin_message(&mut self, at: Moment, heard: &mut Heard) {
        self.header_have = 0;
        let [kind, length @ ..] = self.header;
        let Some(length) = u32::from_be_bytes(length).checked_sub(4).filter(|_| kind.is_ascii_alphanumeric()) else {
            heard.over = true;
            return;
        };
        self.left = length;
        match kind {
            b'E' => self.error = Some(Error { at, body: Vec::new(), cut: false }),
            // NoticeResponse and ParameterStatus come at any time, and answer nothing.
            b'N' | b'S' => {}
            _ => heard.goes_on(),
        }
        heard.worked |= kind == b'Z';
    }

    fn end_message(&mut self, heard: &mut Heard) {
        let Some(error) = self.error.take() else { return };
        let fields = Fields::of(&error.body);
        if let Some(said) = heard.says(error.at, &fields.code, &fields.message, error.cut) {
            said.is_final = matches!(fields.severity.as_str(), "FATAL" | "PANIC");
        }
    }
}

/// Whether a segment begins with a message that is told from others: an error, or that the server is ready.
fn begins_a_message(bytes: &[u8]) -> bool {
    match bytes {
        [b'E', 0, 0, high, low, b'S', ..] => usize::from(u16::from_be_bytes([*high, *low])) + 1 >= bytes.len(),
        [b'Z', 0, 0, 0, 5, b'I' | b'T' | b'E'] => true,
        _ => false,
    }
}

/// What is read of an error.
#[derive(Default)]
struct Fields {
    /// Not in the server's language, where it tells that (version 9.6).
    severity: String,
    code: String,
    message: String,
}

impl Fields {
    /// A byte that tells the field, and its text to a zero, one after the other.
    fn of(body: &[u8]) -> Self {
        let mut fields = Self::default();
        for field in body.split(|byte| *byte == 0) {
            let Some((name, text)) = field.split_first() else { continue };
            let text = || String::from_utf8_lossy(text).into_owned();
            match name {
                b'S' if fields.severity.is_empty() => fields.severity = text(),
                b'V' => fields.severity = text(),
                b'C' => fields.code = text(),
                b'M' => fields.message = text(),
                _ => {}
            }
        }
        fields
    }
}
