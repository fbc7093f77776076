//! What a comparison needs to know of one capture: counts for each service, each with an example.
//!
//! In: finished connections while the capture is read ([`Tally`]), and its report. Out: a [`Profile`], plain data that can be
//! kept, so that today's capture can be laid beside last week's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hellos::Hellos;
use crate::Report;
use crate::detect::Severity;
use crate::record::{Connection, HelloRow, Outcome};
use crate::types::{Endpoint, Moment, Span, escaped};
use crate::{Sink, capture::Interfaces};

/// Services that are told apart; connections to further ones are counted.
const MAX_SERVICES: usize = 4_096;
/// Server names that are kept for each service.
const MAX_NAMES: usize = 8;

/// Where to look: a connection and a packet of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The connection's number.
    pub connection: u64,
    /// The packet's number.
    pub packet: u64,
}

impl Example {
    pub(super) const fn new(connection: u64, moment: Moment) -> Self {
        Self { connection, packet: moment.packet.number() }
    }
}

/// A count and the first that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) count: u64,
    pub(super) example: Option<Example>,
}

impl Counted {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.example = self.example.or(other.example);
    }

    fn add(&mut self, example: impl FnOnce() -> Example) {
        self.count += 1;
        self.example.get_or_insert_with(example);
    }
}

/// What was counted of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Dealings {
    /// Escaped.
    pub(super) names: Vec<String>,
    pub(super) connections: u64,
    /// Connections that begin with a SYN in the capture.
    pub(super) attempts: u64,
    /// Attempts whose SYN was sent again or never answered.
    pub(super) syn_lost: Counted,
    /// Connections whose outcome is a failure.
    pub(super) failed: Counted,
    /// In the order of [`Outcome::ALL`].
    pub(super) outcomes: [Counted; Outcome::ALL.len()],
    /// Connections that carried at least one turn of request and answer, and all their turns.
    pub(super) used: u64,
    pub(super) exchanges: u64,
    pub(super) hellos: Hellos,
}

impl Dealings {
    fn add(&mut self, connection: &Connection, sorted: &mut Vec<u16>) {
        let outcome = connection.outcome();
        let first = || Example::new(connection.number, connection.first);
        self.connections += 1;
        if connection.opening.syn.is_some() {
            self.attempts += 1;
            if connection.opening.syns_sent() > 1 || outcome == Outcome::Unanswered {
                let retry = connection.opening.syn_retries.first().copied().unwrap_or(connection.first);
                self.syn_lost.add(|| Example::new(connection.number, retry));
            }
        }
        // A failure is shown by what ended it, where there is such a packet.
        let end = || Example::new(connection.number, connection.ending.first.unwrap_or(connection.last));
        if outcome.is_failure() {
            self.failed.add(end);
        }
        let place = Outcome::ALL.iter().position(|known| *known == outcome);
        if let Some(counted) = place.and_then(|place| self.outcomes.get_mut(place)) {
            counted.add(|| if outcome.is_failure() { end() } else { first() });
        }
        if connection.exchanges > 0 {
            self.used += 1;
            self.exchanges += u64::from(connection.exchanges);
        }
        for row in HelloRow::all(connection) {
            self.hellos.add(&row, sorted);
            if let crate::tls::Sni::Present(name) = &row.hello.sni
                && self.names.len() < MAX_NAMES
            {
                let name = escaped(name).into_owned();
                if !self.names.contains(&name) {
                    self.names.push(name);
                }
            }
        }
    }
}

impl Dealings {
    /// Adds what was counted elsewhere in the same capture.
    pub(super) fn merge(&mut self, other: &Self) {
        self.connections += other.connections;
        self.attempts += other.attempts;
        self.syn_lost.merge(other.syn_lost);
        self.failed.merge(other.failed);
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(sum, outcome)| sum.merge(outcome));
        self.used += other.used;
        self.exchanges += other.exchanges;
        self.hellos.merge(&other.hellos);
    }
}

/// Counts connections while a capture is read. It is a [`Sink`]; a sink that does more calls [`Tally::add`].
#[derive(Clone, Debug, Default)]
pub struct Tally {
    services: BTreeMap<Endpoint, Dealings>,
    others: u64,
    /// Kept between hellos, as its memory is.
    sorted: Vec<u16>,
}

impl Tally {
    /// Counts one finished connection.
    pub fn add(&mut self, connection: &Connection) {
        let known = self.services.len();
        match self.services.entry(connection.server) {
            std::collections::btree_map::Entry::Vacant(_) if known >= MAX_SERVICES => self.others += 1,
            entry => entry.or_default().add(connection, &mut self.sorted),
        }
    }
}

impl Sink for Tally {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.add(connection);
    }
}

/// A finding as far as it is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) code: String,
    pub(super) severity: Severity,
    pub(super) services: Vec<(Endpoint, Option<String>)>,
    pub(super) affected: u64,
    pub(super) of: u64,
    pub(super) summary: String,
    pub(super) evidence: Vec<Proof>,
}

/// Packets of one connection that prove a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The connection's number.
    pub connection: u64,
    /// The packets.
    pub packets: Vec<u64>,
    /// A Wireshark display filter that shows them.
    pub filter: String,
}

/// What a comparison knows of one capture: its report and what was counted beside it. It can be serialised, kept and read
/// again by the same version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub(super) files: Vec<String>,
    pub(super) packets: u64,
    pub(super) duration_s: Option<f64>,
    pub(super) connections: u64,
    pub(super) failed: u64,
    pub(super) services: Vec<(Endpoint, Dealings)>,
    /// Connections to services beyond those.
    pub(super) others: u64,
    pub(super) findings: Vec<Told>,
    /// Code and reason of checks that could not be made for some connections.
    pub(super) not_assessed: Vec<(String, String)>,
}

impl Profile {
    /// What the report of a capture and the tally of the same capture say together.
    pub fn new(report: &Report, tally: Tally) -> Self {
        let findings = report.findings.iter().map(|finding| {
            let name = |name: &crate::report::ServiceName| (name.endpoint(), name.server_name.clone());
            let services = match finding.also_at.as_slice() {
                [] => finding.service.iter().map(name).collect(),
                several => several.iter().map(|hit| name(&hit.service)).collect(),
            };
            let evidence = finding.evidence.iter().take(2).map(|evidence| Proof {
                connection: evidence.connection,
                packets: evidence.packets.iter().map(|packet| packet.number()).collect(),
                filter: evidence.filter.clone(),
            });
            Told {
                code: finding.code.to_owned(),
                severity: finding.severity,
                services,
                affected: finding.affected,
                of: finding.of,
                summary: finding.summary.clone(),
                evidence: evidence.collect(),
            }
        });
        let not_assessed = report.not_assessed.iter().map(|check| (check.code.to_owned(), check.reason.clone()));
        Self {
            files: report.capture.files.clone(),
            packets: report.capture.packets,
            duration_s: report.capture.duration_s.map(Span::as_secs_f64),
            connections: report.totals.connections,
            failed: report.totals.failed,
            services: tally.services.into_iter().collect(),
            others: tally.others,
            findings: findings.collect(),
            not_assessed: not_assessed.collect(),
        }
    }

    /// The names of the files as given. Escaped.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    pub(super) fn service(&self, endpoint: Endpoint) -> Option<&Dealings> {
        let place = self.services.binary_search_by_key(&endpoint, |(endpoint, _)| *endpoint).ok()?;
        self.services.get(place).map(|(_, dealings)| dealings)
    }
}

impl Told {
    /// A finding that says nothing.
    pub(super) const fn nothing() -> Self {
        Self {
            code: String::new(),
            severity: Severity::Info,
            services: Vec::new(),
            affected: 0,
            of: 0,
            summary: String::new(),
            evidence: Vec::new(),
        }
    }
}
