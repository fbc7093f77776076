//! What servers of other protocols say in clear when they refuse or end a connection.
//!
//! In: the first bytes of both sides, and, where they are those of a protocol that is known here, what comes after them. Out: a
//! [`Dialogue`]: the protocol, and the message with which the server refused, or the last that it said. Protocols are told by their
//! bytes, never by a port. Nothing is kept of connections that speak something else, and of the others no more than one message.

mod mysql;
mod postgres;
mod redis;

use crate::tcp::Piece;
use crate::types::{Moment, Side, Sided};
use mysql::Mysql;
use postgres::Postgres;
use redis::Redis;

/// A connection whose protocol tells in clear why it is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialogue {
    /// What is spoken.
    pub protocol: Speaks,
    /// The server said that it is ready for requests, or answered one. Not known (`false`) where the capture began later.
    pub worked: bool,
    /// The error that refused or ended it, or that was the last that the server said. An error that was followed by other messages
    /// is no matter of the connection, and is forgotten.
    pub said: Option<ServerMessage>,
    /// The last that the server said could not be read: it is missing from the capture.
    pub unread: bool,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speaks {
    /// PostgreSQL's protocol, version 3, which other databases and poolers speak too.
    Postgres,
    /// MySQL's protocol, which MariaDB and others speak too.
    Mysql,
    /// That of Redis, which Valkey and others speak too.
    Redis,
}

impl Speaks {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Redis => "Redis",
        }
    }
}

/// An error that a server reports.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerMessage {
    /// The packet in which it begins.
    pub at: Moment,
    /// The last that the client had sent before; `None` where the server spoke first.
    pub asked: Option<Moment>,
    /// The first request of the client after it, which nobody will answer: a goodbye is none.
    pub asked_after: Option<Moment>,
    /// Its code in the words of the protocol: a SQLSTATE, a number, the first word. Empty where there is none, or where it was cut.
    pub code: String,
    /// Its text from the wire, not escaped, the first 300 characters.
    pub text: String,
    /// Some of it was not captured, or not kept.
    pub cut: bool,
    /// It came before the server was ready for requests: as the greeting, or as the answer to start-up and authentication.
    pub at_start: bool,
    /// It ends the connection by what it is, whatever follows.
    pub is_final: bool,
    /// The client had spoken last: this is the answer.
    pub is_answer: bool,
}

/// The answer `N` of PostgreSQL to a request for encryption, after which the client said no more: the code that stands for it.
pub(crate) const NO_TLS: &str = "N";

/// Characters of a message that are kept.
const KEPT_CHARACTERS: usize = 300;
/// Bytes of a message that are read.
const READ: usize = 1_024;
/// First bytes kept while they are too few to tell the protocol.
const KEPT_TO_DECIDE: usize = 64;

/// Whoever listens to a connection that no other reader reads.
#[derive(Debug)]
pub(super) enum Ear {
    /// The first bytes are awaited; nothing is kept of a connection that another reader reads from there on.
    Waits(Option<Box<First>>),
    /// The protocol is known.
    Listens(Box<Listener>),
    /// There is nothing to hear.
    Deaf,
}

/// The first bytes of both sides.
#[derive(Debug, Default)]
pub(super) struct First {
    refused: Sided<bool>,
    /// Those that were too few.
    kept: Sided<Vec<u8>>,
    asked: Option<Moment>,
}

/// What first bytes say.
enum Begins {
    Yes(Reader),
    /// Too few to tell.
    Perhaps,
    No,
}

/// Follows one connection.
#[derive(Debug)]
pub(super) struct Listener {
    reader: Reader,
    heard: Heard,
}

/// Who knows the protocol.
#[derive(Debug)]
enum Reader {
    Postgres(Postgres),
    Mysql(Mysql),
    Redis(Redis),
}

/// What was heard so far, whatever the protocol.
#[derive(Debug, Default)]
struct Heard {
    /// The client's last bytes.
    asked: Option<Moment>,
    /// Who spoke last.
    turn: Option<Side>,
    worked: bool,
    said: Option<ServerMessage>,
    unread: bool,
    /// The rest is encrypted, or not what it seemed.
    over: bool,
}

impl Default for Ear {
    fn default() -> Self {
        Self::Waits(None)
    }
}

impl Ear {
    /// Whether there is something to hear from what comes.
    pub(super) fn listens(&self) -> bool {
        matches!(self, Self::Listens(listener) if !listener.heard.over)
    }

    /// The next in-order bytes of one side, or that some are not there.
    pub(super) fn hear(&mut self, side: Side, piece: &Piece<'_>, at: Moment) {
        match self {
            Self::Deaf => {}
            Self::Listens(listener) => listener.hear(side, piece, at),
            Self::Waits(first) => {
                let first = first.get_or_insert_default();
                let found = first.hear(side, piece, at);
                if let Some(listener) = found {
                    *self = Self::Listens(listener);
                } else if first.refused.client && first.refused.server {
                    *self = Self::Deaf;
                }
            }
        }
    }

    /// What was heard.
    pub(super) fn finish(self) -> Option<Box<Dialogue>> {
        match self {
            Self::Listens(listener) => listener.finish(),
            Self::Waits(_) | Self::Deaf => None,
        }
    }
}

impl First {
    fn hear(&mut self, side: Side, piece: &Piece<'_>, at: Moment) -> Option<Box<Listener>> {
        let greeted = self.asked.is_none();
        if side == Side::Client {
            self.asked = Some(at);
        }
        if self.refused[side] {
            return None;
        }
        let Piece::Bytes(bytes) = piece else {
            self.refused[side] = true;
            return None;
        };
        let kept = &mut self.kept[side];
        let all = if kept.is_empty() {
            bytes
        } else {
            kept.extend_from_slice(bytes.get(..READ.min(bytes.len())).unwrap_or_default());
            kept.as_slice()
        };
        match begins(side, all, greeted) {
            Begins::Yes(reader) => {
                let heard = Heard { asked: self.asked.filter(|_| side == Side::Server), ..Heard::default() };
                let mut listener = Box::new(Listener { reader, heard });
                listener.heard.turn = listener.heard.asked.map(|_| Side::Client);
                listener.hear(side, &Piece::Bytes(all), at);
                Some(listener)
            }
            Begins::Perhaps if all.len() < KEPT_TO_DECIDE => {
                if kept.is_empty() {
                    kept.extend_from_slice(bytes);
                }
                None
            }
            Begins::Perhaps | Begins::No => {
                self.refused[side] = true;
                *kept = Vec::new();
                None
            }
        }
    }
}

/// Which protocol begins with these bytes of this side; `greets` where the client had said nothing before.
fn begins(side: Side, bytes: &[u8], greets: bool) -> Begins {
    let of_client: [fn(&[u8]) -> Begins; 2] = [postgres::begins, redis::begins];
    let of_server: [fn(&[u8]) -> Begins; 3] =
        [redis::begins_with_refusal, postgres::begins_with_error, if greets { mysql::begins } else { |_| Begins::No }];
    let mut found = Begins::No;
    for probe in if side == Side::Client { &of_client[..] } else { &of_server[..] } {
        match probe(bytes) {
            Begins::Yes(reader) => return Begins::Yes(reader),
            Begins::Perhaps => found = Begins::Perhaps,
            Begins::No => {}
        }
    }
    found
}

impl Listener {
    fn hear(&mut self, side: Side, piece: &Piece<'_>, at: Moment) {
        let Self { reader, heard } = self;
        if heard.over {
            return;
        }
        match (side, piece) {
            (Side::Client, Piece::Bytes(bytes)) => {
                let says_goodbye = reader.is_goodbye(bytes);
                if let Some(said) = heard.said.as_mut().filter(|_| !says_goodbye) {
                    said.asked_after.get_or_insert(at);
                }
                reader.on_client(bytes, heard);
            }
            (Side::Client, Piece::Cut(_) | Piece::Missing(_)) => {}
            (Side::Server, Piece::Bytes(bytes)) => reader.on_server(bytes, at, heard),
            (Side::Server, Piece::Cut(length) | Piece::Missing(length)) => reader.on_gap(*length, heard),
        }
        heard.turn = Some(side);
        if side == Side::Client {
            heard.asked = Some(at);
        }
    }

    fn finish(mut self: Box<Self>) -> Option<Box<Dialogue>> {
        self.reader.finish(&mut self.heard);
        let Heard { worked, said, unread, .. } = self.heard;
        Some(Box::new(Dialogue { protocol: self.reader.protocol(), worked, said, unread }))
    }
}

impl Reader {
    const fn protocol(&self) -> Speaks {
        match self {
            Self::Postgres(_) => Speaks::Postgres,
            Self::Mysql(_) => Speaks::Mysql,
            Self::Redis(_) => Speaks::Redis,
        }
    }

    /// Whether the client leaves by these words, and expects no answer to them.
    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Postgres(_) => postgres::is_goodbye(bytes),
            Self::Mysql(_) => mysql::is_goodbye(bytes),
            Self::Redis(_) => redis::is_goodbye(bytes),
        }
    }

    fn on_client(&mut self, bytes: &[u8], heard: &mut Heard) {
        match self {
            Self::Postgres(postgres) => postgres.on_client(bytes, heard),
            Self::Mysql(_) | Self::Redis(_) => {}
        }
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        match self {
            Self::Postgres(postgres) => postgres.on_server(bytes, at, heard),
            Self::Mysql(mysql) => mysql.on_server(bytes, at, heard),
            Self::Redis(redis) => redis.on_server(bytes, at, heard),
        }
    }

    fn on_gap(&mut self, length: u32, heard: &mut Heard) {
        match self {
            Self::Postgres(postgres) => postgres.on_gap(length, heard),
            Self::Mysql(mysql) => mysql.on_gap(length, heard),
            Self::Redis(redis) => redis.on_gap(heard),
        }
    }

    fn finish(&mut self, heard: &mut Heard) {
        match self {
            Self::Postgres(postgres) => postgres.finish(heard),
            Self::Mysql(mysql) => mysql.finish(heard),
            Self::Redis(_) => {}
        }
    }
}

impl Heard {
    /// The server goes on: what it said before was not its last word.
    fn goes_on(&mut self) {
        if self.said.as_ref().is_some_and(|said| !said.is_final) {
            self.said = None;
        }
    }

    /// An error that the server reports now: the first that ends the connection stands.
    fn says(&mut self, at: Moment, code: &str, text: &str, cut: bool) -> Option<&mut ServerMessage> {
        self.goes_on();
        if self.said.is_some() {
            return None;
        }
        Some(self.said.insert(ServerMessage {
            at,
            asked: self.asked,
            asked_after: None,
            code: code.to_owned(),
            text: text.chars().take(KEPT_CHARACTERS).collect(),
            cut: cut || text.chars().nth(KEPT_CHARACTERS).is_some(),
            at_start: !self.worked,
            is_final: false,
            is_answer: self.turn == Some(Side::Client),
        }))
    }
}

/// Takes what is missing of a header.
fn fill<const N: usize>(header: &mut [u8; N], have: &mut u8, bytes: &mut &[u8]) {
    let Some(open) = header.get_mut(usize::from(*have)..) else { return };
    if let Some((now, rest)) = bytes.split_at_checked(open.len().min(bytes.len()))
        && let Some(place) = open.get_mut(..now.len())
    {
        place.copy_from_slice(now);
        *have += now.len() as u8;
        *bytes = rest;
    }
}

#[cfg(test)]
mod tests;
