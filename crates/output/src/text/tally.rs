//! What the text must know of the connections themselves: how many failed, and of those that no finding explains one
//! example of each kind, with its packets.
//!
//! In: finished connections, as they come, with their symptoms. Out: counts and a few sentences. It decides nothing: that a
//! connection failed says its outcome or a symptom, and a finding explains it if it tells of one of its symptoms.

use std::collections::BTreeMap;

use handshark::detect::{DETECTORS, Scope, Severity};
use handshark::record::{Connection, Outcome};
use handshark::report::Finding;
use handshark::types::{Endpoint, Side};

use super::ended::{self, Reached};

/// Kinds that are told apart, over all servers; past it a failure counts with one at another server.
const MAX_KINDS: usize = 4_096;

/// The connections that failed, by kind, and those of which the capture shows a part alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    kinds: BTreeMap<(Kind, Endpoint), Group>,
    /// Connections of which one direction alone was captured.
    pub(super) one_way: u64,
    /// Connections of which SYN, FIN and RST alone were captured.
    pub(super) flags_only: u64,
    /// Connections with packets that the snap length cut.
    pub(super) cut: u64,
    /// Connections of which bytes in the middle were not captured.
    pub(super) with_holes: u64,
}

/// How a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    outcome: Outcome,
    reached: Reached,
    ended_by: ended::By,
    /// Symptoms that can be the cause: a bit for each detector.
    causes: u64,
}

/// Connections to one server that failed in one way.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    count: u64,
    /// Number of the first of them.
    connection: u64,
    /// `connection 3, 10.0.0.1:40004 to 10.0.0.2:443: ...`.
    example: String,
}

/// What came of comparing the failures with the findings.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Connections that failed.
    pub(super) failed: u64,
    /// Those that no finding explains, the most frequent kind first.
    pub(super) unexplained: Vec<Unexplained>,
}

/// Failures of one kind that no finding explains.
#[derive(Debug)]
pub(super) struct Unexplained {
    /// `reset, after the TCP handshake, by a RST from the client`.
    pub(super) title: String,
    pub(super) count: u64,
    connection: u64,
    pub(super) example: String,
}

const _: () = assert!(DETECTORS.len() <= 64, "a kind has a bit for each detector");

impl Tally {
    /// Notes a finished connection.
    pub fn note(&mut self, connection: &Connection) {
        let seen = &connection.visibility;
        self.one_way += u64::from(seen.one_way.is_some());
        self.flags_only += u64::from(seen.flags_only);
        self.cut += u64::from(seen.cut_by_snaplen > 0);
        let missing = seen.missing_bytes.client > 0 || seen.missing_bytes.server > 0;
        self.with_holes += u64::from(missing && !seen.flags_only);
        let outcome = connection.outcome();
        let causes = causes(connection);
        if !is_failure(outcome) && causes == 0 {
            return;
        }
        let kind = Kind { outcome, reached: ended::reached(connection), ended_by: ended::by(connection), causes };
        let key = (kind, connection.server);
        if let Some(group) = self.kinds.get_mut(&key) {
            group.count += 1;
        } else if self.kinds.len() < MAX_KINDS {
            let group = Group { count: 1, connection: connection.number, example: ended::sentence(connection) };
            self.kinds.insert(key, group);
        } else if let Some((_, near)) = self.kinds.range_mut(..key).next_back() {
            near.count += 1;
        }
    }

    /// Which of them the findings explain.
    pub(super) fn failures(&self, findings: &[&Finding]) -> Failures {
        let told = |causes: u64, least: Severity| {
            let told = |code| findings.iter().any(|finding| finding.code == code && finding.severity >= least);
            DETECTORS.iter().enumerate().any(|(bit, detector)| causes & 1 << bit != 0 && told(detector.code()))
        };
        let mut failures = Failures::default();
        let mut elsewhere = self.told_elsewhere(findings);
        for ((kind, server), group) in &self.kinds {
            if !is_failure(kind.outcome) && !told(kind.causes, Severity::Error) {
                continue;
            }
            failures.failed += group.count;
            if told(kind.causes, Severity::Warning) {
                continue;
            }
            let explained = elsewhere.get_mut(server).map_or(0, |rest| {
                let explained = group.count.min(*rest);
                *rest -= explained;
                explained
            });
            if explained < group.count {
                failures.add(kind, group, group.count - explained);
            }
        }
        failures.unexplained.sort_by_key(|kind| (std::cmp::Reverse(kind.count), kind.connection));
        failures
    }

    /// Connections of each server that an error explains though they do not show it: what is only known of all together.
    fn told_elsewhere(&self, findings: &[&Finding]) -> BTreeMap<Endpoint, u64> {
        let shown = self.kinds.keys().fold(0, |shown, (kind, _)| shown | kind.causes);
        let mut elsewhere = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
            let is_shown = bit(finding.code).is_some_and(|bit| shown & 1 << bit != 0);
            if let (false, Some(service)) = (is_shown, &finding.service) {
                *elsewhere.entry(Endpoint::new(service.address, service.port)).or_default() += finding.affected;
            }
        }
        elsewhere
    }
}

impl Failures {
    /// Connections that failed and that no finding explains.
    pub(super) fn without_cause(&self) -> u64 {
        self.unexplained.iter().map(|kind| kind.count).sum()
    }

    /// Servers where it went the same way are told together.
    fn add(&mut self, kind: &Kind, group: &Group, count: u64) {
        let title = format!("{}, {}, {}", kind.outcome.name(), kind.reached.name(), kind.ended_by.name());
        let (connection, example) = (group.connection, group.example.clone());
        match self.unexplained.iter_mut().find(|known| known.title == title) {
            None => self.unexplained.push(Unexplained { title, count, connection, example }),
            Some(known) => {
                known.count += count;
                if connection < known.connection {
                    (known.connection, known.example) = (connection, example);
                }
            }
        }
    }
}

/// Outcomes that are failures.
pub(super) const fn is_failure(outcome: Outcome) -> bool {
    use Outcome::{Prohibited, Refused, Reset, ResetInHandshake, TimedOut, TlsFailed, Unanswered};
    matches!(outcome, Refused | Unanswered | Prohibited | ResetInHandshake | TlsFailed | Reset | TimedOut)
}

/// The symptoms that can be a cause. What is said of the capture explains no failure, nor does what is merely worth knowing.
fn causes(connection: &Connection) -> u64 {
    let grave = connection.symptoms.iter().filter(|symptom| symptom.severity >= Severity::Warning);
    grave.filter_map(|symptom| bit(symptom.code)).fold(0, |causes, bit| causes | 1 << bit)
}

/// The place of a check that is about a service.
fn bit(code: &str) -> Option<usize> {
    DETECTORS.iter().position(|detector| detector.code() == code && detector.scope() == Scope::Service)
}

/// `the client`.
pub(super) const fn from(side: Side) -> &'static str {
    match side {
        Side::Client => "the client",
        Side::Server => "the server",
    }
}
