//! A client that speaks first in a protocol in which every server answers that, and a server that ends the connection without a byte.

use super::asked::first_words;
use crate::detect::words::listed;
use crate::detect::{Exam, Group, Told};
use crate::record::{Connection, Speaks};
use crate::types::Moment;

/// Quoted: the protocol.
const SPOKEN: &str = "spoken";

/// The client's first words, where they got no byte.
pub(super) fn unanswered(c: &Connection) -> Option<Moment> {
    let dialogue = c.dialogue.as_ref().filter(|dialogue| dialogue.said.is_none() && !dialogue.client_left)?;
    let is_answered = matches!(
        dialogue.protocol,
        Speaks::Postgres | Speaks::Redis | Speaks::Mqtt | Speaks::Amqp | Speaks::Socks | Speaks::Ssh
    );
    first_words(c).filter(|_| is_answered && c.traffic.server.first_payload.is_none())
}

/// Quotes the protocol of such first words.
pub(in crate::detect) fn quote(c: &Connection, exam: &mut Exam<'_>) {
    if let (Some(_), Some(dialogue)) = (unanswered(c), &c.dialogue) {
        exam.quote(SPOKEN, dialogue.protocol.name());
    }
}

/// Says what the silence means, where first words were quoted with this kind.
pub(in crate::detect) fn tell(kind: &str, group: &Group, told: &mut Told) {
    let spoken = listed(group.quotes(kind, SPOKEN).iter().map(|(name, _)| (*name).to_owned()), MOST);
    if !spoken.is_empty() {
        told.summary += &format!(" The client's first words are those of {spoken}, which every server of it answers.");
        told.facts.add(SPOKEN, spoken);
        told.remedy.insert(0, REMEDY.to_owned());
    }
}

/// Protocols that are named.
const MOST: usize = 4;

const REMEDY: &str = "Ask first what the port speaks, and to whom: one of TLS ends like this (Redis, Mosquitto, HAProxy; `openssl s_client -connect \
                      ADDRESS:PORT`), as does a TCP load balancer or proxy without a live server behind it, or a list of who may connect.";
