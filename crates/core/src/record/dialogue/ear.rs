//! Finds out by the first bytes of both sides what is spoken, and listens then.

use super::listener::{Listener, Tongue};
use super::{
    Dialogue, READ, Speaks, amqp, mailbox, memcached, mqtt, mysql, nats, postgres, redis, replies, socks, ssh,
    tls_alert,
};
use crate::tcp::Piece;
use crate::types::{Moment, Side, Sided};

/// Whoever listens to a connection that no other reader reads.
#[derive(Debug)]
pub(crate) enum Ear {
    /// The first bytes are awaited; nothing is kept of a connection that another reader reads from there on.
    Waits(Option<Box<First>>),
    /// The protocol is known.
    Listens(Box<Listener>),
    /// There is nothing to hear any more; and what was spoken until then, where it was known.
    Deaf(Option<Speaks>),
}

/// The first bytes of both sides.
#[derive(Debug, Default)]
pub(crate) struct First {
    refused: Sided<bool>,
    /// Those that were too few.
    kept: Sided<Vec<u8>>,
    asked: Option<Moment>,
}

/// What first bytes say.
pub(super) enum Begins {
    Yes(Box<dyn Tongue>),
    /// Too few to tell.
    Perhaps,
    No,
}

type Probe = fn(&[u8]) -> Begins;

/// Protocols by the first bytes of a client.
const OF_CLIENT: [Probe; 6] = [postgres::begins, redis::begins, ssh::begins, mqtt::begins, amqp::begins, socks::begins];
/// By the first bytes of a server, whoever spoke first.
const OF_SERVER: [Probe; 6] = [
    tls_alert::begins,
    redis::begins_with_refusal,
    memcached::begins_with_refusal,
    postgres::begins_with_error,
    ssh::begins_at_server,
    replies::begins_with_refusal,
];
/// By the first bytes of a server to which nothing was said before.
const GREETINGS: [Probe; 4] = [mysql::begins, replies::begins, mailbox::begins, nats::begins];

/// First bytes kept while they are too few to tell the protocol.
const KEPT_TO_DECIDE: usize = 64;

impl Default for Ear {
    fn default() -> Self {
        Self::Waits(None)
    }
}

impl Ear {
    /// Whether there is something to hear from what comes.
    pub(crate) fn listens(&self) -> bool {
        matches!(self, Self::Listens(listener) if listener.listens())
    }

    /// The next in-order bytes of one side, or that some are not there.
    pub(crate) fn hear(&mut self, side: Side, piece: &Piece<'_>, at: Moment) {
        match self {
            Self::Deaf(_) => {}
            Self::Listens(listener) => {
                if let (Side::Server, Piece::Bytes(bytes), false) = (side, piece, listener.is_answered())
                    && let Begins::Yes(alert) = tls_alert::begins(bytes)
                {
                    listener.speak(alert);
                }
                listener.hear(side, piece, at);
            }
            Self::Waits(first) => {
                let first = first.get_or_insert_default();
                let found = first.hear(side, piece, at);
                if let Some(listener) = found {
                    *self = Self::Listens(listener);
                } else if first.refused.client && first.refused.server {
                    *self = Self::Deaf(None);
                }
            }
        }
    }

    /// What was heard.
    pub(crate) fn finish(self) -> Option<Box<Dialogue>> {
        match self {
            Self::Listens(listener) => Some(listener.finish()),
            Self::Waits(_) | Self::Deaf(_) => None,
        }
    }

    /// Another reader reads on.
    pub(crate) fn stop(&mut self) {
        if let Self::Waits(_) | Self::Listens(_) = self {
            *self = Self::Deaf(self.spoke());
        }
    }

    /// What was spoken so far, where it is known.
    pub(crate) fn spoke(&self) -> Option<Speaks> {
        match self {
            Self::Listens(listener) => Some(listener.speaks()),
            Self::Deaf(spoken) => *spoken,
            Self::Waits(_) => None,
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
            Begins::Yes(tongue) => {
                let asked = self.asked.filter(|_| side == Side::Server);
                let mut listener = Box::new(Listener::new(tongue, asked));
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
    let mut found = Begins::No;
    let (probes, more): (&[Probe], &[Probe]) = match side {
        Side::Client => (&OF_CLIENT, &[]),
        Side::Server if greets => (&OF_SERVER, &GREETINGS),
        Side::Server => (&OF_SERVER, &[]),
    };
    for probe in probes.iter().chain(more) {
        match probe(bytes) {
            Begins::Yes(tongue) => return Begins::Yes(tongue),
            Begins::Perhaps => found = Begins::Perhaps,
            Begins::No => {}
        }
    }
    found
}

/// Whether bytes begin with these, as far as they are there: they may be too few to tell.
pub(super) fn begins_with(bytes: &[u8], words: &[u8], tongue: impl FnOnce() -> Box<dyn Tongue>) -> Begins {
    match bytes.len() < words.len() {
        false if bytes.starts_with(words) => Begins::Yes(tongue()),
        true if words.starts_with(bytes) => Begins::Perhaps,
        _ => Begins::No,
    }
}
