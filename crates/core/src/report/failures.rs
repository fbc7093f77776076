//! The connections that failed, and those of them that no finding explains.
//!
//! In: finished connections of one service, as they come, and what the checks found in each. Out: how many failed, and of each kind that no
//! finding explains one example with its packets. It decides nothing: that a connection failed says its outcome or a symptom,
//! and a finding explains it if it tells of one of its symptoms.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::ended::{self, Reached};
use super::{Evidence, Finding, Unexplained};
use crate::detect::{DETECTORS, ServiceKey, Severity};
use crate::record::{Connection, Outcome, timeline};

/// Failures of one service, by kind.
#[derive(Debug, Default)]
pub(super) struct Failures {
    kinds: Vec<(Kind, Group)>,
}

/// How a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    outcome: Outcome,
    reached: Reached,
    ended_by: ended::By,
    /// Whether the capture does not show that it failed: its RST may have been a way to leave.
    undecided: bool,
    /// Checks that found what can be the cause: a bit for each.
    causes: u64,
}

/// Connections to one service that failed in one way.
#[derive(Debug)]
struct Group {
    count: u64,
    example: String,
    evidence: Evidence,
}

/// What came of comparing the failures with the findings.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Connections that failed.
    pub(super) failed: u64,
    /// Those of which the capture does not show whether they did.
    pub(super) undecided: u64,
    /// Those that no finding explains, the most frequent kind first; the undecided last.
    pub(super) unexplained: Vec<Unexplained>,
}

/// Kinds that are told apart at one service; past it a failure counts with the last of them.
const MAX_KINDS: usize = 64;

impl Failures {
    /// Notes a finished connection; `causes` are the checks that found what can be the cause, a bit for each.
    #[inline]
    pub(super) fn note(&mut self, connection: &Connection, outcome: Outcome, causes: u64) {
        if outcome.is_failure() || causes != 0 {
            self.note_one(connection, outcome, causes);
        }
    }

    #[inline(never)]
    fn note_one(&mut self, connection: &Connection, outcome: Outcome, causes: u64) {
        let (reached, ended_by) = (ended::reached(connection), ended::by(connection));
        let undecided = outcome == Outcome::Reset && connection.may_have_left();
        let kind = Kind { outcome, reached, ended_by, undecided, causes };
        let room = self.kinds.len() < MAX_KINDS;
        if let Some((_, group)) = self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            group.count += 1;
        } else if room {
            self.kinds.push((kind, Group::of(connection)));
        } else if let Some((_, last)) = self.kinds.last_mut() {
            last.count += 1;
        }
    }
}

impl Group {
    #[cold]
    #[inline(never)]
    fn of(connection: &Connection) -> Self {
        let evidence = Evidence {
            connection: connection.number,
            client: connection.client,
            server: connection.server,
            packets: ended::packets(connection),
            filter: format!("tcp.stream eq {}", connection.number),
            ladder: timeline::of(connection),
        };
        Self { count: 1, example: ended::sentence(connection), evidence }
    }
}

impl Compared {
    /// Which failures the findings explain.
    pub(super) fn of<'a>(services: impl Iterator<Item = (ServiceKey, &'a Failures)>, findings: &[Finding]) -> Self {
        let mut compared = Self::default();
        let (whole, of_services) = weights(findings);
        for (service, failures) in services {
            let own = of_services.get(&(service.address, service.port));
            let told = |causes: u64, least: Severity| {
                let mut about = whole.iter().chain(own.into_iter().flatten());
                about.any(|(bit, severity)| causes & bit != 0 && *severity >= least)
            };
            for (kind, group) in &failures.kinds {
                if !kind.outcome.is_failure() && !told(kind.causes, Severity::Error) {
                    continue;
                }
                let explained = told(kind.causes, Severity::Warning);
                match kind.undecided && !explained {
                    true => compared.undecided += group.count,
                    false => compared.failed += group.count,
                }
                if !explained {
                    compared.add(kind, group);
                }
            }
        }
        compared.unexplained.sort_by_key(|kind| (kind.undecided, Reverse(kind.connections), kind.evidence.connection));
        compared
    }

    /// Services where it went the same way are told together.
    fn add(&mut self, kind: &Kind, group: &Group) {
        let new = Unexplained {
            outcome: kind.outcome,
            reached: kind.reached.name(),
            ended_by: kind.ended_by.name(),
            undecided: kind.undecided,
            connections: group.count,
            example: group.example.clone(),
            evidence: group.evidence.clone(),
        };
        let way = |one: &Unexplained| (one.outcome, one.reached, one.ended_by, one.undecided);
        match self.unexplained.iter_mut().find(|known| way(known) == way(&new)) {
            None => self.unexplained.push(new),
            Some(known) => {
                let connections = known.connections + group.count;
                if new.evidence.connection < known.evidence.connection {
                    *known = new;
                }
                known.connections = connections;
            }
        }
    }
}

/// What a finding says: the bit of its check, and how much it explains.
type Weight = (u64, Severity);

/// By address and port.
type OfServices = BTreeMap<(IpAddr, u16), Vec<Weight>>;

/// What findings say of the capture as a whole, and of each service: there can be as many findings as services.
fn weights(findings: &[Finding]) -> (Vec<Weight>, OfServices) {
    let (mut whole, mut of_services) = (Vec::new(), OfServices::new());
    for finding in findings {
        // How a failure was made good, or was meant, explains it, though it is no harm.
        let harmless = finding.made_good() || finding.was_meant();
        let severity = if harmless { Severity::Warning } else { finding.severity };
        let weight = (bit(finding.code), severity);
        match &finding.service {
            None => whole.push(weight),
            Some(service) => {
                for name in finding.also_at.iter().map(|hit| &hit.service).chain([service]) {
                    of_services.entry((name.address, name.port)).or_default().push(weight);
                }
            }
        }
    }
    (whole, of_services)
}

/// The bit of a check.
fn bit(code: &str) -> u64 {
    DETECTORS.iter().position(|detector| detector.code() == code).map_or(0, |at| 1 << at)
}
