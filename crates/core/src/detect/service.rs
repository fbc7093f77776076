//! What is known of one service: a server address and port.

use std::net::IpAddr;

use super::ServiceKey;
use super::clients::{Carried, Clients};
use super::hello_kinds::HelloKinds;
use super::minute::Minute;
use super::openings::{Openings, Start};
use super::spreads::Spreads;
use crate::record::{Connection, IcmpNote, Outcome};
use crate::report::{ServiceName, ServiceSummary};
use crate::tls::{Sni, Tls};
use crate::types::{Side, Span, Timestamp, escaped};

/// What is known of one service, in bounded memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Which one.
    pub key: ServiceKey,
    /// Connections.
    pub connections: u64,
    /// How many of each outcome, indexed as [`Outcome::ALL`].
    outcomes: [u64; Outcome::ALL.len()],
    /// Server names that were asked for; at most 32 are told apart.
    names: Vec<Asked>,
    /// Names that there was no room for were asked for too.
    more_names: bool,
    /// When hellos were answered, and when they got no byte in answer: of each the first and the last.
    hellos_answered_at: Option<(Timestamp, Timestamp)>,
    hellos_unanswered_at: Option<(Timestamp, Timestamp)>,
    /// Hellos without a name that got no byte in answer.
    nameless_unanswered: u64,
    /// Connections of which a SYN-ACK was captured.
    pub answered: u64,
    /// Connections of which only the client's packets were captured, though its ACK numbers show that it was answered.
    pub server_side_unseen: u64,
    /// Time to live of the server's packets that are no RST: the first one seen.
    pub ttl: Option<u8>,
    /// The lowest and the highest time to live of RSTs that answered a SYN.
    pub refusal_ttls: Option<(u8, u8)>,
    /// The first and the last ICMP error that says that there is no way to the server.
    pub no_way: Option<(IcmpNote, IcmpNote)>,
    /// TLS versions that the server chose, with how often; at most 8 are told apart.
    pub versions_chosen: Vec<(u16, u64)>,
    /// ServerHellos on connections that begin with TLS: not after STARTTLS or the like.
    pub speaks_tls_at_once: u64,
    /// Hellos with a server name after which a ServerHello was seen.
    pub with_name_answered: u64,
    /// Hellos with a server name after which none was seen.
    pub with_name_unanswered: u64,
    /// Hellos without a server name after which a ServerHello was seen.
    pub without_name_answered: u64,
    /// Hellos without a server name after which none was seen.
    pub without_name_unanswered: u64,
    /// What kinds of hellos were answered, and which suites were chosen: the contrast for hellos that were not.
    pub hellos: HelloKinds,
    /// A connection and the packet of its ServerHello that answered a hello with a server name: the contrast.
    pub answered_example: Option<(u64, crate::types::PacketNo)>,
    /// JA4 of a hello with a server name that was answered, and of one without that was not.
    pub ja4_with_name: Option<String>,
    /// JA4 of a hello without a server name that was not answered.
    pub ja4_without_name: Option<String>,
    /// What JA3 is made of, of the same two hellos: it keeps the order of suites, and has the groups.
    ja3_texts: [Option<String>; 2],
    /// The `Server:` header last seen. Escaped.
    pub software: Option<String>,
    /// The longest silence after which both sides spoke again on one connection.
    pub longest_survived: Option<Span>,
    /// What the server announced in `Keep-Alive: timeout=`.
    pub announced_timeout: Option<Span>,
    /// What the server announced in `Keep-Alive: max=`, the largest.
    pub announced_max: Option<u32>,
    /// When attempts began, and what became of them.
    pub(super) openings: Openings,
    /// How times are spread; `None` until a connection was opened.
    spreads: Option<Box<Spreads>>,
    /// Its clients.
    clients: Clients,
    /// When the server was last heard on any connection.
    heard: Option<Timestamp>,
}

/// A server name that clients asked one service for.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    name: String,
    count: u64,
    answered: u64,
    /// Hellos that got no byte in answer: FIN, RST or silence.
    unanswered: u64,
}

/// Server names of which every hello got no answer, and others of which every one did. Escaped, the most frequent first.
#[derive(Clone, Debug, PartialEq)]
pub struct NameSplit {
    /// Names that were not answered, with how many hellos.
    pub unanswered: Vec<(String, u64)>,
    /// Names that were answered, with how many hellos.
    pub answered: Vec<(String, u64)>,
    /// All of the one kind came before all of the other: it may be the time instead of the name.
    pub in_turn: bool,
}

impl Service {
    pub(crate) const fn new(key: ServiceKey) -> Self {
        Self {
            key,
            connections: 0,
            outcomes: [0; Outcome::ALL.len()],
            names: Vec::new(),
            more_names: false,
            hellos_answered_at: None,
            hellos_unanswered_at: None,
            nameless_unanswered: 0,
            answered: 0,
            server_side_unseen: 0,
            ttl: None,
            refusal_ttls: None,
            no_way: None,
            versions_chosen: Vec::new(),
            speaks_tls_at_once: 0,
            with_name_answered: 0,
            with_name_unanswered: 0,
            without_name_answered: 0,
            without_name_unanswered: 0,
            hellos: HelloKinds::NONE,
            answered_example: None,
            ja4_with_name: None,
            ja4_without_name: None,
            ja3_texts: [None, None],
            software: None,
            longest_survived: None,
            announced_timeout: None,
            announced_max: None,
            openings: Openings::new(),
            spreads: None,
            clients: Clients::NONE,
            heard: None,
        }
    }

    /// How many connections had this outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// The address and port as text: `10.0.0.5:3000`.
    pub fn address(&self) -> String {
        crate::types::Endpoint::new(self.key.address, self.key.port).to_string()
    }

    /// What JA3 is made of, of a hello with a server name that was answered, and of one without that was not.
    pub(super) fn ja3_texts(&self) -> Option<[&str; 2]> {
        match &self.ja3_texts {
            [Some(with), Some(without)] => Some([with, without]),
            _ => None,
        }
    }

    /// The server name, where all hellos asked for one and the same. Escaped.
    pub fn only_name(&self) -> Option<String> {
        match self.names.as_slice() {
            [only] => Some(escaped(&only.name).into_owned()),
            _ => None,
        }
    }

    /// Server names of which hellos were answered, with how many, the most frequent first. Escaped.
    pub fn names_answered(&self) -> Vec<(String, u64)> {
        self.names_by(|asked| asked.answered)
    }

    fn names_by(&self, count: fn(&Asked) -> u64) -> Vec<(String, u64)> {
        let with = self.names.iter().map(|asked| (escaped(&asked.name).into_owned(), count(asked)));
        let mut names: Vec<(String, u64)> = with.filter(|(_, count)| *count > 0).collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        names
    }

    /// Where whether a hello was answered goes by its server name without an exception, and a name failed more than once.
    pub fn split_by_name(&self) -> Option<NameSplit> {
        let (unanswered, answered) = (self.names_by(|asked| asked.unanswered), self.names_answered());
        let mixed = self.names.iter().any(|asked| asked.answered > 0 && asked.unanswered > 0)
            || (self.nameless_unanswered > 0 && self.without_name_answered > 0);
        let again = unanswered.first().is_some_and(|(_, count)| *count > 1);
        if mixed || self.more_names || !again || answered.is_empty() {
            return None;
        }
        let apart = self.hellos_answered_at.zip(self.hellos_unanswered_at);
        let in_turn =
            apart.is_some_and(|(answered, unanswered)| answered.1 < unanswered.0 || unanswered.1 < answered.0);
        Some(NameSplit { unanswered, answered, in_turn })
    }

    /// The server name asked for most often. Escaped.
    pub fn main_name(&self) -> Option<String> {
        self.names.iter().max_by_key(|asked| asked.count).map(|asked| escaped(&asked.name).into_owned())
    }

    /// Counts a connection; says how it opened.
    pub(crate) fn add(&mut self, c: &Connection, outcome: Outcome, is_bare: bool) -> Option<Start> {
        self.connections += 1;
        self.outcomes[outcome as usize] += 1;
        let client = self.note_heard(c);
        Spreads::note(&mut self.spreads, c);
        self.note_opening(c, outcome);
        let start = Start::of(c, outcome);
        if let (Some(syn), Some(start)) = (c.opening.syn, start) {
            self.openings.note(syn.at, start);
        }
        if !is_bare {
            self.note_rest(c, client);
        }
        start
    }

    /// What SYN, SYN-ACK, FIN and RST alone do not show.
    #[inline(never)]
    fn note_rest(&mut self, c: &Connection, client: usize) {
        self.longest_survived = self.longest_survived.max(c.longest_survived_idle);
        self.clients.note_carried(client, c);
        self.server_side_unseen += u64::from(c.visibility.one_way == Some(Side::Client));
        if let Some(error) = c.icmp_error.filter(IcmpNote::is_no_way) {
            self.no_way = earlier_and_later(self.no_way, Some((error, error)));
        }
        if let Some(tls) = &c.tls {
            self.note_version(tls);
            self.hellos.note(c, tls);
            self.note_hello(c, tls);
        }
        if let Some(http) = &c.http {
            if let Some(software) = &http.server_software {
                self.software = Some(escaped(software).into_owned());
            }
            if let Some(keep_alive) = http.keep_alive {
                self.announced_timeout = keep_alive.timeout.or(self.announced_timeout);
                self.announced_max = keep_alive.max.max(self.announced_max);
            }
        }
    }

    /// Says where the client stands.
    fn note_heard(&mut self, c: &Connection) -> usize {
        self.heard = self.heard.max(c.traffic.server.last_packet.map(|moment| moment.at));
        self.clients.note(c)
    }

    /// Clients that closed first, and how fast they used up their ports.
    pub(super) fn minutes(&self) -> impl Iterator<Item = (IpAddr, &Minute)> {
        self.clients.minutes()
    }

    /// When a packet of the server was last seen, on any connection of the service.
    pub const fn heard(&self) -> Option<Timestamp> {
        self.heard
    }

    /// When a packet of one client was last seen, on any connection of the service.
    pub fn client_heard(&self, client: IpAddr) -> Option<Timestamp> {
        self.clients.heard(client)
    }

    /// The largest segment of one side that arrived on any connection of this client.
    pub(super) fn carried(&self, client: IpAddr, by: Side) -> Option<Carried> {
        self.clients.carried(client, by)
    }

    fn note_opening(&mut self, c: &Connection, outcome: Outcome) {
        self.answered += u64::from(c.opening.is_answered());
        self.ttl = self.ttl.or(c.traffic.server.ttl);
        if let (Outcome::Refused, Some(reset)) = (outcome, c.ending.reset) {
            let (low, high) = self.refusal_ttls.unwrap_or((reset.ttl, reset.ttl));
            self.refusal_ttls = Some((low.min(reset.ttl), high.max(reset.ttl)));
        }
    }

    fn note_version(&mut self, tls: &Tls) {
        let Some(hello) = &tls.server_hello else { return };
        let room = self.versions_chosen.len() < 8;
        match self.versions_chosen.iter_mut().find(|(version, _)| *version == hello.version) {
            Some((_, count)) => *count += 1,
            None if room => self.versions_chosen.push((hello.version, 1)),
            None => {}
        }
    }

    fn note_hello(&mut self, c: &Connection, tls: &Tls) {
        let Some(hello) = &tls.client_hello else { return };
        let answered = tls.server_hello.is_some() || tls.hello_retry.is_some();
        let at_once = c.traffic.client.first_payload == Some(hello.begun) || c.proxy_header.is_some();
        self.speaks_tls_at_once += u64::from(tls.server_hello.is_some() && at_once);
        let unanswered = !answered && super::tls::got_no_byte(c, tls);
        let at = hello.completed.at;
        let spread = |times: &mut Option<(Timestamp, Timestamp)>| {
            *times = Some(times.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        };
        if answered {
            spread(&mut self.hellos_answered_at);
            self.hellos.longest_answered = self.hellos.longest_answered.max(hello.length);
        } else if unanswered {
            spread(&mut self.hellos_unanswered_at);
            self.hellos.longest_unanswered = self.hellos.longest_unanswered.max(hello.length);
        }
        match &hello.sni {
            Sni::Present(name) => {
                let known = self.names.iter().position(|asked| asked.name == *name);
                let place = known.unwrap_or(self.names.len());
                if known.is_none() && place < 32 {
                    self.names.push(Asked { name: name.clone(), count: 0, answered: 0, unanswered: 0 });
                }
                match self.names.get_mut(place) {
                    Some(asked) => {
                        asked.count += 1;
                        asked.answered += u64::from(answered);
                        asked.unanswered += u64::from(unanswered);
                    }
                    None => self.more_names = true,
                }
                if answered {
                    self.with_name_answered += 1;
                    if self.answered_example.is_none() {
                        self.answered_example =
                            tls.server_hello.as_ref().map(|server| (c.number, server.completed.packet));
                        self.ja4_with_name = hello.ja4();
                        self.ja3_texts[0] = hello.ja3_text();
                    }
                } else {
                    self.with_name_unanswered += 1;
                }
            }
            Sni::Empty | Sni::Absent if answered => self.without_name_answered += 1,
            Sni::Empty | Sni::Absent => {
                self.without_name_unanswered += 1;
                self.nameless_unanswered += u64::from(unanswered);
                if self.ja4_without_name.is_none() {
                    self.ja4_without_name = hello.ja4();
                    self.ja3_texts[1] = hello.ja3_text();
                }
            }
            Sni::NotVisible(_) => {}
        }
    }

    pub(crate) fn name(&self) -> ServiceName {
        ServiceName { address: self.key.address, port: self.key.port, server_name: self.only_name() }
    }

    pub(crate) fn summary(&self) -> ServiceSummary {
        let names = self.names_by(|asked| asked.count);
        ServiceSummary {
            address: self.key.address,
            port: self.key.port,
            server_names: names.into_iter().take(8).map(|(name, _)| name).collect(),
            connections: self.connections,
            clients: self.clients.count(),
            by_outcome: outcomes(&self.outcomes),
            closed_by_server: 0,
            distributions: Spreads::summary(self.spreads.as_deref(), &self.openings),
            findings: Vec::new(),
        }
    }

    /// The client that was refused, where there was one attempt and no more.
    pub(crate) fn asked_once_by(&self) -> Option<IpAddr> {
        let client = self.clients.first().filter(|_| self.connections == 1)?;
        (self.of(Outcome::Refused) == 1).then_some(client)
    }

    /// Connections that failed in any way.
    pub fn failed(&self) -> u64 {
        Outcome::ALL.into_iter().filter(|outcome| outcome.is_failure()).map(|outcome| self.of(outcome)).sum()
    }
}

/// The first of the first and the last of the last: connections end in any order.
pub(crate) fn earlier_and_later(
    one: Option<(IcmpNote, IcmpNote)>,
    other: Option<(IcmpNote, IcmpNote)>,
) -> Option<(IcmpNote, IcmpNote)> {
    let (Some((first, last)), Some((also_first, also_last))) = (one, other) else { return one.or(other) };
    let first = if also_first.at.packet < first.at.packet { also_first } else { first };
    let last = if also_last.at.packet > last.at.packet { also_last } else { last };
    Some((first, last))
}

/// The outcomes that occurred, with their counts.
pub(crate) fn outcomes(counts: &[u64; Outcome::ALL.len()]) -> Vec<(Outcome, u64)> {
    Outcome::ALL.into_iter().zip(counts.iter().copied()).filter(|(_, count)| *count > 0).collect()
}
