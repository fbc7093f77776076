//! A database that refuses a client under TLS: nobody can read what it says, and it can only be an error.
//!
//! In the protocols of PostgreSQL and MySQL it is the client that leaves, by a goodbye of its own. A server that closes has said an error before
//! (FATAL, an ERR packet), and a client that is told so leaves without the goodbye.

use crate::detect::words::counted;
use crate::detect::{Confidence, Exam, Group, Severity, Told};
use crate::record::{Connection, Speaks};
use crate::types::{Moment, Side, Span};

pub(super) const KIND: &str = "encrypted-words";

/// Quoted: the protocol.
const PROTOCOL: &str = "protocol";
/// The close follows the answer at once.
const CLOSES_WITHIN: Span = Span::from_millis(50);
/// So does the client, which is told why.
const LEAVES_WITHIN: Span = Span::from_secs(1);
/// To ask for TLS is one turn, and logging in takes as many more: PostgreSQL's SCRAM three.
const LOGIN_EXCHANGES: u32 = 5;
/// A record of TLS 1.3 with the goodbye of a client that is logged in (5 bytes). Who is not sends an alert alone.
const GOODBYE_BYTES: u32 = 27;
const TLS_1_3: u16 = 0x0304;

/// The words of the server, and the end.
pub(super) fn of(c: &Connection) -> Option<(Moment, Moment)> {
    let tls = c.tls.as_ref().filter(|tls| is_database(c.begun_in) && tls.is_established() && !c.misses_payload())?;
    let by_program = c.ending.is_by_program();
    let (end, by) = (c.ending.first.filter(|_| by_program)?, c.ending.closed_by?);
    // A request that got no answer is another matter.
    let words = c.last_exchange.map_or_else(|| c.goodbye?.answer_before, |(_, answered)| answered)?;
    let is_new = tls.server_hello.as_ref().is_some_and(|hello| hello.version == TLS_1_3);
    let logged_out = c.goodbye.is_some_and(|goodbye| is_new && goodbye.bytes >= GOODBYE_BYTES);
    let after = end.at.since(words.at);
    let closed = match by {
        Side::Server => after <= CLOSES_WITHIN,
        Side::Client => after <= LEAVES_WITHIN && c.goodbye.is_some(),
    } && !logged_out;
    let at_login = (2..=LOGIN_EXCHANGES).contains(&c.exchanges);
    (closed && at_login && words.packet < end.packet && c.visibility.is_whole_of(Side::Server)).then_some((words, end))
}

const fn is_database(begun_in: Option<Speaks>) -> bool {
    matches!(begun_in, Some(Speaks::Postgres | Speaks::Mysql))
}

pub(super) fn examine(c: &Connection, (words, end): (Moment, Moment), code: &'static str, exam: &mut Exam<'_>) {
    // Its alert is behind its words.
    let last = c.traffic.server.last_payload.filter(|last| words.packet < last.packet && last.packet < end.packet);
    exam.symptom(code, KIND, Severity::Error, Confidence::Medium, &[Some(last.unwrap_or(words)), Some(end)])
        .happened(words)
        .span(Some(end.at.since(c.first.at)))
        .count(Some(c.exchanges))
        .quote(PROTOCOL, c.begun_in.map_or("", Speaks::name));
}

pub(super) fn tell(count: u64, address: &str, group: &Group) -> Told {
    let mut told = Told {
        affected: Some(count),
        example_kind: Some(KIND),
        confidence: Some(Confidence::Medium),
        ..Told::default()
    };
    let protocol = group.quotes(KIND, PROTOCOL).first().map_or("", |(name, _)| *name).to_owned();
    let spread = group.spread(KIND);
    let life = spread.and_then(|spread| spread.spans.whole());
    let opened = if count == 1 { "it was opened" } else { "they were opened" };
    let within = life.as_ref().map_or_else(String::new, |life| format!(", {life} after {opened}"));
    told.summary = format!(
        "{} to {address} ended at the login ({count} of {}){within}: the server had the last word, and it or the client closed at once, without the \
         goodbye of {protocol}. What it said is encrypted; it can only be an error.",
        counted(count, "connection"),
        group.applied,
    );
    if let Some(life) = life {
        told.facts.add("life_shortest_s", life.shortest());
        told.facts.add("life_longest_s", life.longest());
    }
    told.facts.add("protocol", protocol);
    told.not_visible
        .push("the error itself: TLS encrypts it; the log of the server and that of the client have it".to_owned());
    told.remedy = vec![REMEDY.to_owned()];
    told
}

const REMEDY: &str = "Read the server's log at this time, or the client's. PostgreSQL: no line in pg_hba.conf or `reject` (28000), wrong password (28P01), too many \
                      connections (53300), no such database (3D000), starting or stopping (57P03). MySQL: access denied (1045), too many connections (1040), \
                      no such database (1049), host not allowed (1130).";
