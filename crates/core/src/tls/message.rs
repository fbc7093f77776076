//! Handshake messages of one side, over any records (RFC 8446 section 5.1): several in one, one over many.
//!
//! In: the bodies of handshake records in clear. Out: hellos and certificates, read; of all other messages only type and
//! length. A message that lies in one piece is read where it lies; only one that does not is kept, up to
//! [`Limits::max_handshake_bytes`](crate::Limits).

use super::client_hello::{self, Carriage};
use super::record::Sslv2Header;
use super::server_hello::{self, Answer};
use super::{CertificateMessage, Chains, ClientHello, ServerHello};
use crate::types::{Moment, NotVisible};

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
const HELLO_RETRY_REQUEST_DRAFT: u8 = 6;
pub(super) const CERTIFICATE: u8 = 11;
pub(super) const CERTIFICATE_REQUEST: u8 = 13;
pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(super) const SERVER_HELLO_DONE: u8 = 14;

/// Type and three bytes of length.
const HEADER: usize = 4;

/// What came to an end, or began.
#[derive(Debug)]
pub(super) enum Message {
    ClientHello(Box<ClientHello>),
    ServerHello(Box<ServerHello>),
    HelloRetryRequest(Box<ServerHello>),
    Certificate(Box<CertificateMessage>),
    /// The message before this one had content that could not be followed.
    Malformed,
    /// A message of another type begins; its body is stepped over.
    Other(u8),
    /// The type is none of the handshake protocol's: these bytes are encrypted, or no handshake.
    Unknown,
    /// A message that is read and will not be whole.
    Cut(Cut),
}

/// A hello or a certificate that will not be whole.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) message_type: u8,
    pub(super) begun: Moment,
    /// The last packet that brought bytes of it.
    pub(super) last: Moment,
    pub(super) why: NotVisible,
    /// Length of its body, where its header was captured.
    pub(super) length: Option<u32>,
    /// Bytes of it that were captured, its header included.
    pub(super) captured: u32,
    /// What could be read of a ClientHello.
    pub(super) part: Option<Box<ClientHello>>,
    /// Of a ServerHello: whether it begins as a HelloRetryRequest.
    pub(super) retry: bool,
}

/// Where a piece of a message lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) at: Moment,
    /// Counts the pieces that were delivered, so that each is counted once for a message.
    pub(super) piece: u32,
    pub(super) record_version: u16,
    pub(super) max_bytes: usize,
    /// Whether the record goes on after this piece.
    pub(super) more_in_record: bool,
    /// Length of the record, where it is probably encrypted: then only a hello that fills it is believed.
    pub(super) only_hello_of: Option<u16>,
}

impl Place {
    /// A hello in clear after ChangeCipherSpec fills its record or goes on in the next one; encrypted bytes look like
    /// that once in 2^32 times.
    fn admits(self, message_type: u8, length: u32) -> bool {
        self.only_hello_of.is_none_or(|record| is_hello(message_type) && length + HEADER as u32 >= record.into())
    }
}

/// Where one side stands in its handshake messages.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Bytes of the current message that are still to come and are not looked at.
    skip: u32,
    /// The current message, where it is (or may become) one that is read.
    kept: Option<Box<Kept>>,
    /// A hello was read and its content was wrong: said at the next step.
    malformed: bool,
}

/// The bytes of a message that lies across several pieces; its header too, unless it is SSLv2.
#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    begun: Moment,
    last: Moment,
    segments: u32,
    last_piece: u32,
    record_version: u16,
    sslv2: Option<Sslv2Header>,
}

impl Messages {
    /// The next message; `None` when the piece is used up.
    pub(super) fn next(&mut self, bytes: &mut &[u8], place: Place, chains: &Chains) -> Option<Message> {
        if std::mem::take(&mut self.malformed) {
            return Some(Message::Malformed);
        }
        let stepped_over = bytes.len().min(self.skip as usize);
        *bytes = bytes.get(stepped_over..)?;
        self.skip -= stepped_over as u32;
        if bytes.is_empty() {
            return None;
        }
        if self.kept.is_some() {
            return self.next_kept(bytes, place, chains);
        }
        let Some(&header) = bytes.first_chunk() else {
            self.kept = Some(Box::new(Kept::new(place, None)));
            return self.next_kept(bytes, place, chains);
        };
        let (message_type, length) = parse_header(header);
        if !place.admits(message_type, length) {
            return Some(Message::Unknown);
        }
        if !is_read(message_type) {
            *bytes = bytes.get(HEADER..)?;
            return Some(self.step_over(message_type, length));
        }
        // The common way: the whole message is here.
        if let Some((body, rest)) = bytes.get(HEADER..).and_then(|body| body.split_at_checked(length as usize)) {
            *bytes = rest;
            let followed = !rest.is_empty() || place.more_in_record;
            return Some(self.read(message_type, body, Kept::new(place, None).carriage(length), followed, chains));
        }
        self.kept = Some(Box::new(Kept::new(place, None)));
        self.next_kept(bytes, place, chains)
    }

    /// Makes the next bytes those of an SSLv2 hello.
    pub(super) fn begin_sslv2(&mut self, header: Sslv2Header, place: Place) {
        self.kept = Some(Box::new(Kept::new(place, Some(header))));
    }

    fn next_kept(&mut self, bytes: &mut &[u8], place: Place, chains: &Chains) -> Option<Message> {
        let kept = self.kept.as_mut()?;
        kept.note(place);
        if kept.sslv2.is_none() {
            kept.take(bytes, HEADER);
        }
        let (message_type, length, total) = kept.header()?;
        if !place.admits(message_type, length) {
            self.kept = None;
            return Some(Message::Unknown);
        }
        if !is_read(message_type) {
            self.kept = None;
            return Some(self.step_over(message_type, length));
        }
        kept.take(bytes, total.min(place.max_bytes));
        if kept.bytes.len() == total {
            let kept = self.kept.take()?;
            if let Some(header) = kept.sslv2.filter(|header| header.answers) {
                let answer = server_hello::read_sslv2(header.version, &kept.bytes, kept.last);
                return Some(answer.map_or(Message::Malformed, |hello| Message::ServerHello(Box::new(hello))));
            }
            if let Some(header) = kept.sslv2 {
                let hello = client_hello::read_sslv2(header.version, &kept.bytes, kept.carriage(length));
                self.malformed = hello.malformed;
                return Some(Message::ClientHello(Box::new(hello)));
            }
            let followed = !bytes.is_empty() || place.more_in_record;
            return Some(self.read(message_type, kept.bytes.get(HEADER..)?, kept.carriage(length), followed, chains));
        }
        if kept.bytes.len() >= place.max_bytes {
            self.skip = (total - kept.bytes.len()) as u32;
            return self.kept.take()?.cut(NotVisible::OverLimit).map(Message::Cut);
        }
        None
    }

    fn step_over(&mut self, message_type: u8, length: u32) -> Message {
        if !is_known(message_type) {
            return Message::Unknown;
        }
        self.skip = length;
        Message::Other(message_type)
    }

    fn read(&mut self, message_type: u8, body: &[u8], carriage: Carriage, followed: bool, chains: &Chains) -> Message {
        let answer = match message_type {
            CLIENT_HELLO => {
                // Nothing follows a ClientHello before the server answers: a length that ends it earlier is wrong.
                let hello = match followed {
                    true => client_hello::read_cut(body, carriage, NotVisible::Malformed),
                    false => client_hello::read(body, carriage),
                };
                self.malformed = hello.malformed;
                return Message::ClientHello(Box::new(hello));
            }
            CERTIFICATE => {
                let Carriage { begun, completed, .. } = carriage;
                let (length, chain) = (Some(body.len() as u32), chains.keep(body));
                return Message::Certificate(Box::new(CertificateMessage { begun, completed, length, chain }));
            }
            HELLO_RETRY_REQUEST_DRAFT => server_hello::read_draft_retry(body, carriage.completed),
            _ => server_hello::read(body, carriage.completed),
        };
        let Some(Answer { hello, retry, well_formed }) = answer else { return Message::Malformed };
        self.malformed = !well_formed;
        if retry { Message::HelloRetryRequest(hello) } else { Message::ServerHello(hello) }
    }

    /// Bytes of a message that is not yet whole.
    pub(super) fn kept(&self) -> usize {
        self.kept.as_deref().map_or(0, |kept| kept.bytes.len())
    }

    /// The type of the message that is being kept; `None` where none is, or its type is not known yet.
    pub(super) fn pending(&self) -> Option<u8> {
        let kept = self.kept.as_deref()?;
        kept.sslv2.map(message_type_of).or_else(|| kept.bytes.first().copied())
    }

    /// Steps over `length` missing bytes of handshake messages. The second value says whether the place in the messages
    /// is still known.
    pub(super) fn gap(&mut self, length: u32, why: NotVisible) -> (Option<Message>, bool) {
        let to_come = match self.kept.as_deref().map(Kept::header) {
            Some(Some((_, _, total))) => total - self.kept.as_ref().map_or(0, |kept| kept.bytes.len()),
            Some(None) => 0,
            None => self.skip as usize,
        };
        let cut = self.abandon(why);
        let rest = to_come.checked_sub(length as usize);
        self.skip = rest.unwrap_or(0) as u32;
        (cut, to_come > 0 && rest.is_some())
    }

    /// Forgets the current message, and says what it was if it was one that is read.
    pub(super) fn abandon(&mut self, why: NotVisible) -> Option<Message> {
        self.skip = 0;
        self.kept.take()?.cut(why).map(Message::Cut)
    }
}

impl Kept {
    const fn new(place: Place, sslv2: Option<Sslv2Header>) -> Self {
        Self {
            bytes: Vec::new(),
            begun: place.at,
            last: place.at,
            segments: 1,
            last_piece: place.piece,
            record_version: place.record_version,
            sslv2,
        }
    }

    const fn note(&mut self, place: Place) {
        self.last = place.at;
        if self.last_piece != place.piece {
            self.last_piece = place.piece;
            self.segments = self.segments.saturating_add(1);
        }
    }

    /// Takes bytes until `upto` are kept.
    fn take(&mut self, bytes: &mut &[u8], upto: usize) {
        let missing = upto.saturating_sub(self.bytes.len());
        let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
        self.bytes.extend_from_slice(taken);
        *bytes = rest;
    }

    /// Type, length of the body, and how many bytes are kept when the message is whole; `None` before the header is.
    fn header(&self) -> Option<(u8, u32, usize)> {
        if let Some(header) = self.sslv2 {
            let body = header.length.saturating_sub(Sslv2Header::CONSUMED);
            return Some((message_type_of(header), header.length.into(), body.into()));
        }
        let (message_type, length) = parse_header(*self.bytes.first_chunk()?);
        Some((message_type, length, HEADER + length as usize))
    }

    fn carriage(&self, length: u32) -> Carriage {
        Carriage {
            begun: self.begun,
            completed: self.last,
            segments: self.segments,
            length: if self.sslv2.is_some() { length } else { length + HEADER as u32 },
            record_version: self.record_version,
        }
    }

    fn cut(&self, why: NotVisible) -> Option<Cut> {
        let message_type = self.sslv2.map(message_type_of).or_else(|| self.bytes.first().copied())?;
        if !is_read(message_type) {
            return None;
        }
        let length = self.header().map(|(_, length, _)| length);
        let body = self.bytes.get(HEADER..).unwrap_or_default();
        let part = (message_type == CLIENT_HELLO && self.sslv2.is_none() && !body.is_empty())
            .then(|| Box::new(client_hello::read_cut(body, self.carriage(length.unwrap_or(0)), why)));
        let retry = message_type == HELLO_RETRY_REQUEST_DRAFT || server_hello::begins_retry(body) == Some(true);
        let captured = self.bytes.len() as u32;
        Some(Cut { message_type, begun: self.begun, last: self.last, why, length, captured, part, retry })
    }
}

const fn parse_header([message_type, high, middle, low]: [u8; HEADER]) -> (u8, u32) {
    (message_type, u32::from_be_bytes([0, high, middle, low]))
}

/// The type of an SSLv2 hello among those of TLS.
const fn message_type_of(header: Sslv2Header) -> u8 {
    if header.answers { SERVER_HELLO } else { CLIENT_HELLO }
}

const fn is_hello(message_type: u8) -> bool {
    matches!(message_type, CLIENT_HELLO | SERVER_HELLO | HELLO_RETRY_REQUEST_DRAFT)
}

/// Whether the body of a message is looked at.
const fn is_read(message_type: u8) -> bool {
    is_hello(message_type) || message_type == CERTIFICATE
}

/// IANA "TLS HandshakeType", and next_protocol (67) and channel_id (203), which were never registered.
const fn is_known(message_type: u8) -> bool {
    matches!(message_type, 0..=6 | 8 | 11..=16 | 20..=25 | 67 | 203)
}
