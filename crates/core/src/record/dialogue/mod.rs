//! What servers of other protocols say in clear when they refuse or end a connection.
//!
//! In: the first bytes of both sides, and, where they are those of a protocol that is known here, what comes after them. Out: a
//! [`Dialogue`]: the protocol, and the message with which the server refused, or the last that it said. Protocols are told by their
//! bytes, never by a port. Nothing is kept of connections that speak something else, and of the others no more than one message.
//!
//! `ear` finds out what is spoken, `listener` follows it, and each protocol has a file of its own.

mod amqp;
mod ear;
mod lines;
mod listener;
mod mailbox;
mod memcached;
mod mqtt;
mod mysql;
mod nats;
mod postgres;
mod redis;
mod replies;
mod socks;
mod ssh;
mod tls_alert;

use crate::types::{Moment, Span};

pub(crate) use ear::Ear;

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
    /// The client said goodbye in a protocol where the server closes then: QUIT of mail and FTP, LOGOUT of IMAP, a request of PostgreSQL to
    /// cancel.
    pub client_left: bool,
    /// How long the client may say nothing before the server closes, by what both agreed on: two AMQP heartbeats (AMQP 0-9-1 section 4.2.7),
    /// one and a half times MQTT's keep-alive (MQTT 3.1.1 section 3.1.2.10). `None` where the protocol knows no such thing, where it is turned
    /// off, and where the agreement was not captured.
    pub bears_silence: Option<Span>,
    /// The client's words before and after it first said nothing for longer than that. `None` where it never did, or said nothing any more.
    pub silence: Option<(Moment, Moment)>,
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
    /// That of memcached.
    Memcached,
    /// SMTP (RFC 5321) or LMTP.
    Smtp,
    /// The control connection of FTP (RFC 959).
    Ftp,
    /// Replies of three digits, before anything told whether it is SMTP or FTP.
    Replies,
    /// IMAP (RFC 9051).
    Imap,
    /// POP3 (RFC 1939).
    Pop3,
    /// SSH (RFC 4253), until it is encrypted.
    Ssh,
    /// MQTT, versions 3.1 to 5.
    Mqtt,
    /// AMQP 0-9-1, which RabbitMQ and others speak.
    Amqp,
    /// NATS.
    Nats,
    /// SOCKS, version 4 or 5 (RFC 1928), until the proxy has connected.
    Socks,
    /// The server speaks TLS, and answered something else by an alert.
    TlsAlert,
}

impl Speaks {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Redis => "Redis",
            Self::Memcached => "memcached",
            Self::Smtp => "SMTP",
            Self::Ftp => "FTP",
            Self::Replies => "SMTP or FTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Ssh => "SSH",
            Self::Mqtt => "MQTT",
            Self::Amqp => "AMQP",
            Self::Nats => "NATS",
            Self::Socks => "SOCKS",
            Self::TlsAlert => "TLS",
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
    /// Its text from the wire, not escaped, the first 300 characters. Where the protocol sends a number alone (MQTT) it is the standard's name of
    /// that; where the two sides' offers do not fit (SSH) it is both.
    pub text: String,
    /// Some of it was not captured, or not kept.
    pub cut: bool,
    /// It came before the server was ready for requests: as the greeting, or as the answer to start-up and authentication.
    pub at_start: bool,
    /// It ends the connection by what it is, whatever follows.
    pub is_final: bool,
    /// The client had spoken last: this is the answer.
    pub is_answer: bool,
    /// It declines encryption: PostgreSQL's `N`, an error in answer to STARTTLS. A client may go on without.
    pub declines_tls: bool,
}

/// Characters of a message that are kept.
const KEPT_CHARACTERS: usize = 300;
/// Bytes of a message that are read.
const READ: usize = 1_024;

#[cfg(test)]
mod tests;
