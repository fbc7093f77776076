//! The verdict: findings, services, totals and what could not be assessed.

mod blind;
mod casebook;
mod closed;
mod commands;
mod distributions;
mod ended;
mod failures;
mod fold;
mod hosts;
mod legs;
mod names;
mod plan;
mod story;

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::anomaly::Quality;
use crate::detect::{Confidence, Severity};
use crate::record::Outcome;
use crate::record::timeline::Step;
use crate::types::{Endpoint, PacketNo, Span, Timestamp};

pub(crate) use casebook::Casebook;
pub use distributions::{Distributions, Quantiles};

/// Everything that one analysis says; its serialised form is the schema `handshark.report/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// `handshark.report/1`.
    pub schema: &'static str,
    /// What was read.
    pub capture: CaptureSummary,
    /// Connections in all and by outcome.
    pub totals: Totals,
    /// What was found, the largest harm first.
    pub findings: Vec<Finding>,
    /// Connections that failed though no finding says why, the most frequent kind first; those that may have failed come last.
    pub unexplained: Vec<Unexplained>,
    /// The services that were used, the worst first.
    pub services: Vec<ServiceSummary>,
    /// Checks that could not be made, and what capture would allow them.
    pub not_assessed: Vec<NotAssessed>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CaptureSummary {
    /// Names of the files as given; `-` for standard input. Escaped.
    pub files: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Bytes captured of them.
    pub bytes: u64,
    /// Packets that hold TCP.
    pub tcp_packets: u64,
    /// Packets without TCP or not understood, by reason.
    #[serde(serialize_with = "as_map")]
    pub skipped: Vec<(String, u64)>,
    /// Link types met, by name.
    pub link_types: Vec<String>,
    /// Names that the capture brought along (pcapng name resolution) for the addresses of services. Escaped.
    #[serde(serialize_with = "as_texts")]
    pub names: Vec<(String, String)>,
    /// Time of the first packet.
    pub first: Option<Timestamp>,
    /// Time of the last packet.
    pub last: Option<Timestamp>,
    /// Seconds between them.
    pub duration_s: Option<Span>,
    /// What is odd about the capture.
    pub quality: Vec<Quality>,
}

/// Connections in all and by outcome.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// All connections and attempts.
    pub connections: u64,
    /// Those that failed: by their outcome, or because a finding of severity `error` tells of them.
    pub failed: u64,
    /// Those that a RST ended of which the capture does not show whether anybody still waited for something, and that no finding
    /// explains: what was said is not in it. They are not among `failed`.
    pub undecided: u64,
    /// How many of each outcome; outcomes that did not occur are left out.
    #[serde(serialize_with = "as_outcomes")]
    pub by_outcome: Vec<(Outcome, u64)>,
    /// Connections of which the capture shows a part alone.
    pub seen_in_part: SeenInPart,
}

/// Connections of which the capture shows a part alone; one can count more than once. Those that began before the capture are
/// an outcome of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SeenInPart {
    /// One direction alone was captured.
    pub one_way: u64,
    /// SYN, FIN and RST alone were captured.
    pub flags_only: u64,
    /// The snap length cut packets.
    pub cut: u64,
    /// Bytes in the middle were not captured.
    pub with_holes: u64,
}

/// One cause, told once, however many connections it hit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its code, see `handshark explain`.
    pub code: &'static str,
    /// Harm.
    pub severity: Severity,
    /// Sight.
    pub confidence: Confidence,
    /// The service that it is about; `None` for findings on the capture.
    pub service: Option<ServiceName>,
    /// All services that it is about where they are several, that in `service` among them; empty where it is one.
    pub also_at: Vec<ServiceHit>,
    /// Connections that it hit.
    pub affected: u64,
    /// Connections that it could have hit.
    pub of: u64,
    /// The first time it was seen.
    pub first: Option<Timestamp>,
    /// The last time it was seen.
    pub last: Option<Timestamp>,
    /// What happened, in one to three sentences. Escaped.
    pub summary: String,
    /// Numbers and names behind the summary; units are in the keys.
    pub facts: Facts,
    /// Known software whose limit fits, most likely first.
    pub candidates: Vec<Candidate>,
    /// What to change, the first thing first. Escaped.
    pub remedy: Vec<String>,
    /// Example connections with the packets that prove it.
    pub evidence: Vec<Evidence>,
    /// What the capture could not show of it.
    pub not_visible: Vec<String>,
}

/// A server address and port, with the server name where all affected connections share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServiceName {
    /// Server address.
    pub address: std::net::IpAddr,
    /// Server port.
    pub port: u16,
    /// The server name (SNI). Escaped.
    pub server_name: Option<String>,
}

impl ServiceName {
    /// Its address and port.
    pub const fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.address, self.port)
    }
}

/// One of several services that one finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceHit {
    /// Which one.
    #[serde(flatten)]
    pub service: ServiceName,
    /// Connections to it that the finding hit.
    pub affected: u64,
    /// Connections to it that it could have hit.
    pub of: u64,
}

/// Names and numbers in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(pub Vec<(&'static str, Fact)>);

impl Facts {
    /// Adds one.
    pub fn add(&mut self, key: &'static str, fact: impl Into<Fact>) {
        self.0.push((key, fact.into()));
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, fact) in &self.0 {
            map.serialize_entry(key, fact)?;
        }
        map.end()
    }
}

/// A number, a duration in seconds, or a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// A count.
    Count(u64),
    /// A ratio or rate.
    Number(f64),
    /// A duration; the key ends in `_s`.
    Seconds(Span),
    /// A text, escaped.
    Text(Cow<'static, str>),
    /// Several texts, escaped.
    Texts(Vec<String>),
    /// Several counts.
    Counts(Vec<u64>),
}

impl From<u64> for Fact {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<u32> for Fact {
    fn from(count: u32) -> Self {
        Self::Count(u64::from(count))
    }
}

impl From<f64> for Fact {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Span> for Fact {
    fn from(span: Span) -> Self {
        Self::Seconds(span)
    }
}

impl From<&'static str> for Fact {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Vec<String>> for Fact {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

/// Software whose known limit fits what was observed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The software or service.
    pub component: &'static str,
    /// The setting.
    pub setting: &'static str,
    /// The versions for which the value holds.
    pub versions: &'static str,
    /// Its documented value in seconds, for durations.
    pub value_s: Option<f64>,
    /// Its documented value, for counts.
    pub value_count: Option<u64>,
    /// The lowest and highest value that is expected on the wire, in seconds.
    pub observed_band_s: Option<(f64, f64)>,
    /// Where the value is from.
    pub source: &'static str,
    /// What else to know.
    pub note: Option<&'static str>,
    /// Why it is listed before others, where something in the capture speaks for it (`Server: nginx`, `Keep-Alive:
    /// timeout=5`). Escaped.
    pub because: Option<String>,
}

/// One example of a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The connection's number.
    pub connection: u64,
    /// Its client, as `address:port`.
    pub client: Endpoint,
    /// Its server, as `address:port`.
    pub server: Endpoint,
    /// The packets that prove it.
    pub packets: Vec<PacketNo>,
    /// A Wireshark display filter that shows them.
    pub filter: String,
    /// The steps of the connection, in order.
    pub ladder: Vec<Step>,
}

/// Connections that failed in one way, though no finding says why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unexplained {
    /// What became of them.
    #[serde(serialize_with = "as_name")]
    pub outcome: Outcome,
    /// How far they came: `after the ClientHello`.
    pub reached: &'static str,
    /// What ended them: `by a RST from the server`.
    pub ended_by: &'static str,
    /// Whether they may not have failed at all, see [`Totals::undecided`].
    pub undecided: bool,
    /// How many.
    pub connections: u64,
    /// The first of them in a sentence, with its packets. Escaped.
    pub example: String,
    /// The first of them: how far it came, what ended it, and where to look.
    pub evidence: Evidence,
}

/// One service and how its connections went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceSummary {
    /// Server address.
    pub address: std::net::IpAddr,
    /// Server port.
    pub port: u16,
    /// Server names that clients asked for, the most frequent first, at most 8. Escaped.
    pub server_names: Vec<String>,
    /// Connections.
    pub connections: u64,
    /// Clients, by address; a lower bound where there are many.
    pub clients: u64,
    /// How many of each outcome.
    #[serde(serialize_with = "as_outcomes")]
    pub by_outcome: Vec<(Outcome, u64)>,
    /// Connections on which both sides spoke that the server was the first to close, by FIN: a RST may be of another device.
    pub closed_by_server: u64,
    /// How the times and numbers of its connections are spread.
    pub distributions: Distributions,
    /// Codes of findings about it.
    pub findings: Vec<&'static str>,
}

/// A check that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotAssessed {
    /// The finding's code.
    pub code: &'static str,
    /// Connections for which it could not be made.
    pub connections: u64,
    /// Why.
    pub reason: String,
    /// The capture that would allow it: a command line.
    pub capture_instead: Option<String>,
}

fn as_map<S: Serializer>(pairs: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

fn as_texts<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

fn as_name<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.name())
}

fn as_outcomes<S: Serializer>(pairs: &[(Outcome, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(outcome, count)| (outcome.name(), count)))
}

impl Finding {
    /// Connections to one service that it hit; `None` where it is not about that service.
    pub fn hits(&self, address: std::net::IpAddr, port: u16) -> Option<u64> {
        let is_it = |name: &ServiceName| (name.address, name.port) == (address, port);
        match self.also_at.iter().find(|hit| is_it(&hit.service)) {
            Some(hit) => Some(hit.affected),
            None => self.service.as_ref().filter(|name| is_it(name)).map(|_| self.affected),
        }
    }

    /// Whether it tells of attempts that failed and were made good at another address at once, which did no harm.
    pub fn made_good(&self) -> bool {
        self.severity == Severity::Info && self.facts.0.iter().any(|(name, _)| *name == "made_good_by")
    }
}

impl Finding {
    /// Whether it tells of attempts whose client did not want them to be opened: a probe, a half-open check.
    pub(crate) fn was_meant(&self) -> bool {
        self.severity == Severity::Info && self.code == "reset-of-syn-ack"
    }
}

impl Report {
    /// The highest severity among the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
