//! The connections that failed, and those of them that no finding explains.
//!
//! In: finished connections of one service, as they come, with their symptoms. Out: how many failed, and of each kind that no
//! finding explains one example with its packets. It decides nothing: that a connection failed says its outcome or a symptom,
//! and a finding explains it if it tells of one of its symptoms.

use std::cmp::Reverse;

use super::ended::{self, Reached};
use super::{Evidence, Finding, Unexplained};
use crate::detect::{DETECTORS, Scope, ServiceKey, Severity};
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
    /// Symptoms that can be the cause: a bit for each detector.
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
    /// Those that no finding explains, the most frequent kind first.
    pub(super) unexplained: Vec<Unexplained>,
}

/// Kinds that are told apart at one service; past it a failure counts with the last of them.
const MAX_KINDS: usize = 64;

impl Failures {
    /// Notes a finished connection that has its symptoms.
    #[inline]
    pub(super) fn note(&mut self, connection: &Connection, outcome: Outcome) {
        if outcome.is_failure() || !connection.symptoms.is_empty() {
            self.note_one(connection, outcome);
        }
    }

    fn note_one(&mut self, connection: &Connection, outcome: Outcome) {
        let causes = causes(connection);
        if !outcome.is_failure() && causes == 0 {
            return;
        }
        let kind = Kind { outcome, reached: ended::reached(connection), ended_by: ended::by(connection), causes };
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
    pub(super) fn of<'a>(
        services: impl Iterator<Item = (ServiceKey, &'a Failures)> + Clone,
        findings: &[Finding],
    ) -> Self {
        let told = |causes: u64, least: Severity| {
            let told = |code| findings.iter().any(|finding| finding.code == code && finding.severity >= least);
            DETECTORS.iter().enumerate().any(|(bit, detector)| causes & 1 << bit != 0 && told(detector.code()))
        };
        let all = services.clone().flat_map(|(_, failures)| &failures.kinds);
        let shown = all.fold(0, |shown, (kind, _)| shown | kind.causes);
        let mut compared = Self::default();
        for (service, failures) in services {
            let mut elsewhere = told_elsewhere(service, shown, findings);
            for (kind, group) in &failures.kinds {
                if !kind.outcome.is_failure() && !told(kind.causes, Severity::Error) {
                    continue;
                }
                compared.failed += group.count;
                if told(kind.causes, Severity::Warning) {
                    continue;
                }
                let explained = group.count.min(elsewhere);
                elsewhere -= explained;
                if explained < group.count {
                    compared.add(kind, group, group.count - explained);
                }
            }
        }
        compared.unexplained.sort_by_key(|kind| (Reverse(kind.connections), kind.evidence.connection));
        compared
    }

    /// Services where it went the same way are told together.
    fn add(&mut self, kind: &Kind, group: &Group, count: u64) {
        let new = Unexplained {
            outcome: kind.outcome,
            reached: kind.reached.name(),
            ended_by: kind.ended_by.name(),
            connections: count,
            example: group.example.clone(),
            evidence: group.evidence.clone(),
        };
        let way = |one: &Unexplained| (one.outcome, one.reached, one.ended_by);
        match self.unexplained.iter_mut().find(|known| way(known) == way(&new)) {
            None => self.unexplained.push(new),
            Some(known) => {
                let connections = known.connections + count;
                if new.evidence.connection < known.evidence.connection {
                    *known = new;
                }
                known.connections = connections;
            }
        }
    }
}

/// Connections of a service that an error explains though they do not show it: what is only known of all together.
fn told_elsewhere(service: ServiceKey, shown: u64, findings: &[Finding]) -> u64 {
    let is_grave = |finding: &&Finding| {
        let is_shown = bit(finding.code).is_some_and(|bit| shown & 1 << bit != 0);
        finding.severity == Severity::Error && !is_shown
    };
    findings.iter().filter(is_grave).filter_map(|finding| finding.hits(service.address, service.port)).sum()
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
