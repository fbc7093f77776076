//! What the errors of servers mean, and what to do about each.

mod databases;
mod mail;
mod messaging;
mod poolers;
mod proxies;
mod ssh;

use crate::record::{ServerMessage, Speaks};

/// One error, or all others of a protocol.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) protocol: Speaks,
    /// Its code, or how it begins; with a text for codes that stand for many.
    code: &'static str,
    text: &'static str,
    /// It answers a request for encryption.
    declines_tls: bool,
    /// What is told as one.
    pub(super) kind: &'static str,
    pub(super) says: &'static str,
    pub(super) remedy: &'static [&'static str],
    /// It passes by itself: the server starts.
    pub(super) passes: bool,
    /// Who asks no more than whether the server is there gets it too.
    pub(super) is_mild: bool,
    /// Nothing was going on.
    pub(super) is_idle: bool,
}

/// PostgreSQL's answer to a request for encryption that it declines.
pub(super) const NO_TLS_KIND: &str = "postgres-no-tls";
/// The same of the protocols with STARTTLS.
pub(super) const STARTTLS_KIND: &str = "starttls-declined";
/// Two sides of SSH that have nothing in common.
pub(super) const SSH_MISMATCH_KIND: &str = "ssh-nothing-in-common";
/// Errors of Redis that refuse nothing by themselves.
pub(super) const REDIS_OTHER: &str = "redis-other";
/// The client was silent for longer than was agreed on.
pub(super) const SILENT_KINDS: [&str; 2] = ["amqp-heartbeat", "mqtt-keep-alive"];

// A pooler's words come under codes of the database.
static MEANINGS: [&[Meaning]; 6] =
    [poolers::MEANINGS, databases::MEANINGS, mail::MEANINGS, messaging::MEANINGS, proxies::MEANINGS, ssh::MEANINGS];

fn meanings() -> impl Iterator<Item = &'static Meaning> {
    MEANINGS.iter().copied().flatten()
}

/// What a message means.
pub(super) fn meaning(protocol: Speaks, said: &ServerMessage) -> &'static Meaning {
    let protocol = family(protocol);
    let fits = |known: &&Meaning| {
        known.protocol == protocol
            && known.declines_tls == said.declines_tls
            && said.code.starts_with(known.code)
            && said.text.contains(known.text)
    };
    // The last of each protocol fits all.
    meanings().find(fits).unwrap_or(&BLANK)
}

/// Protocols whose errors are alike.
const fn family(protocol: Speaks) -> Speaks {
    match protocol {
        Speaks::Smtp | Speaks::Ftp => Speaks::Replies,
        Speaks::Pop3 => Speaks::Imap,
        other => other,
    }
}

/// The meaning of this kind.
pub(super) fn of_kind(kind: &str) -> &'static Meaning {
    meanings().find(|known| known.kind == kind).unwrap_or(&BLANK)
}

const BLANK: Meaning = Meaning {
    protocol: Speaks::Postgres,
    code: "",
    text: "",
    declines_tls: false,
    kind: "other",
    says: "Its words are those of the server; the list of its error codes has more.",
    remedy: &[],
    passes: false,
    is_mild: false,
    is_idle: false,
};
