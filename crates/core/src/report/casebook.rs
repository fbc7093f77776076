//! Folds finished connections into services and findings while the capture is read: bounded, one pass.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Finding, NotAssessed, ServiceSummary, Totals};
use crate::Limits;
use crate::detect::{CaptureFacts, Case, DETECTORS, Detector, Group, Host, Scope, Service, ServiceKey, Severity, Told};
use crate::record::{Connection, Outcome};

/// Everything that the findings are told from.
#[derive(Debug)]
pub(crate) struct Casebook {
    limits: Limits,
    services: Vec<Service>,
    index: hashbrown::HashMap<ServiceKey, u32, foldhash::fast::FixedState>,
    /// One group for each service and detector that said something; the key's first part is `u32::MAX` for the capture.
    groups: BTreeMap<(u32, u16), Group>,
    /// Connections to which a check applied, for each service and detector: one row of detectors for each service.
    applied: Vec<u64>,
    applied_in_capture: Vec<u64>,
    not_visible: BTreeMap<(u16, &'static str), (u64, Option<&'static str>)>,
    outcomes: [u64; Outcome::ALL.len()],
    connections: u64,
}

const WHOLE_CAPTURE: u32 = u32::MAX;

impl Casebook {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            services: Vec::new(),
            index: hashbrown::HashMap::with_hasher(foldhash::fast::FixedState::default()),
            groups: BTreeMap::new(),
            applied: Vec::new(),
            applied_in_capture: vec![0; DETECTORS.len()],
            not_visible: BTreeMap::new(),
            outcomes: [0; Outcome::ALL.len()],
            connections: 0,
        }
    }

    /// Judges a finished connection: attaches its symptoms and adds it to its service.
    pub(crate) fn add(&mut self, connection: &mut Connection) {
        let outcome = connection.outcome();
        self.connections += 1;
        self.outcomes[outcome as usize] += 1;
        let place = self.service_of(connection);
        if let Some(service) = self.services.get_mut(place as usize) {
            service.add(connection, outcome);
        }
        let mut symptoms = Vec::new();
        for (number, detector) in DETECTORS.iter().enumerate() {
            let number = number as u16;
            let said = crate::detect::examine(*detector, connection);
            if let Some((reason, instead)) = said.not_visible {
                let entry = self.not_visible.entry((number, reason)).or_insert((0, instead));
                entry.0 += 1;
            }
            if !said.applies {
                continue;
            }
            let key = match detector.scope() {
                Scope::Service => (place, number),
                Scope::Capture => (WHOLE_CAPTURE, number),
            };
            if let Some(applied) = self.applied_to(key) {
                *applied += 1;
            }
            if let Some(symptom) = said.symptom {
                self.groups.entry(key).or_default().add(&symptom, connection, &self.limits);
                symptoms.push((key, said.quiet, symptom));
            }
        }
        self.note_overlaps(&symptoms);
        connection.symptoms =
            symptoms.into_iter().filter(|(_, quiet, _)| !quiet).map(|(_, _, symptom)| symptom).collect();
    }

    /// The service's place; the last one stands for all past the limit.
    fn service_of(&mut self, c: &Connection) -> u32 {
        let key = ServiceKey { address: c.server.address, port: c.server.port };
        if let Some(place) = self.index.get(&key) {
            return *place;
        }
        if self.services.len() >= self.limits.max_services {
            return (self.services.len() - 1) as u32;
        }
        let place = self.services.len() as u32;
        self.services.push(Service::new(key));
        self.applied.resize(self.services.len() * DETECTORS.len(), 0);
        self.index.insert(key, place);
        place
    }

    fn applied_to(&mut self, (place, number): (u32, u16)) -> Option<&mut u64> {
        match place {
            WHOLE_CAPTURE => self.applied_in_capture.get_mut(usize::from(number)),
            place => self.applied.get_mut(place as usize * DETECTORS.len() + usize::from(number)),
        }
    }

    fn note_overlaps(&mut self, symptoms: &[((u32, u16), bool, crate::detect::Symptom)]) {
        for (key, _, symptom) in symptoms {
            let Some(detector) = DETECTORS.get(usize::from(key.1)) else { continue };
            // Each stronger code counts once; a connection hit by two of them is still one connection.
            let stronger = symptoms
                .iter()
                .find(|(_, _, other)| detector.yields_to().contains(&other.code) && other.code != symptom.code);
            if let (Some((_, _, other)), Some(group)) = (stronger, self.groups.get_mut(key)) {
                group.note_overlap(other.code);
            }
        }
    }

    /// The end: findings in order of harm, services, totals, and what could not be assessed.
    pub(crate) fn close(mut self, capture: &CaptureFacts) -> Closed {
        self.note_denominators();
        let hosts = hosts(&self.services);
        let mut told: Vec<(u32, u16, Finding, u64)> = Vec::new();
        for (&(place, number), group) in &self.groups {
            let Some(&detector) = DETECTORS.get(usize::from(number)) else { continue };
            let service = self.services.get(place as usize);
            let host = service.map_or_else(Host::default, |service| host_of(service, &hosts));
            for one in detector.tell(&Case { group, service, host, capture }) {
                let finding = self.finding(detector, group, service, one);
                told.push((place, number, finding, group.count));
            }
        }
        let mut findings = self.without_explained(told);
        findings.sort_by(|a, b| {
            let harm = |finding: &Finding| (finding.severity, finding.affected, finding.confidence);
            harm(b).cmp(&harm(a)).then_with(|| a.code.cmp(b.code)).then_with(|| a.service.cmp(&b.service))
        });
        findings.truncate(self.limits.max_findings);
        let services = self.summaries(&findings);
        let by_outcome = Outcome::ALL.into_iter().zip(self.outcomes).filter(|(_, count)| *count > 0).collect();
        Closed {
            services,
            findings,
            totals: Totals { connections: self.connections, by_outcome },
            not_assessed: std::mem::take(&mut self.not_visible)
                .into_iter()
                .filter_map(|((number, reason), (connections, instead))| {
                    let code = DETECTORS.get(usize::from(number))?.code();
                    let capture_instead = instead.map(str::to_owned);
                    Some(NotAssessed { code, connections, reason: reason.to_owned(), capture_instead })
                })
                .collect(),
        }
    }

    /// Gives every group the number of connections to which its check applied.
    fn note_denominators(&mut self) {
        for (&(place, number), group) in &mut self.groups {
            let number = usize::from(number);
            let applied = match place {
                WHOLE_CAPTURE => self.applied_in_capture.get(number),
                place => self.applied.get(place as usize * DETECTORS.len() + number),
            };
            group.applied = applied.copied().unwrap_or(group.count);
        }
    }

    fn finding(&self, detector: &dyn Detector, group: &Group, service: Option<&Service>, told: Told) -> Finding {
        Finding {
            code: detector.code(),
            severity: told.severity.or(group.severity).unwrap_or(Severity::Info),
            confidence: told.confidence.or(group.confidence).unwrap_or(crate::detect::Confidence::Low),
            service: service.map(Service::name),
            affected: told.affected.unwrap_or(group.count),
            of: told.of.unwrap_or(group.applied),
            first: group.first,
            last: group.last,
            summary: told.summary,
            facts: told.facts,
            candidates: told.candidates,
            remedy: told.remedy,
            evidence: group.examples(told.example_kind, told.example_span, &self.limits),
            not_visible: told.not_visible,
        }
    }

    /// Leaves out findings all of whose connections a stronger finding of the same service explains.
    fn without_explained(&self, told: Vec<(u32, u16, Finding, u64)>) -> Vec<Finding> {
        let explains = |place: u32, code: &str, severity: Severity| {
            told.iter()
                .any(|(other, _, finding, _)| *other == place && finding.code == code && finding.severity >= severity)
        };
        let explained: Vec<bool> = told
            .iter()
            .map(|(place, number, finding, count)| {
                let Some(group) = self.groups.get(&(*place, *number)) else { return false };
                let covered: u64 = group
                    .overlaps()
                    .iter()
                    .filter(|(code, _)| explains(*place, code, finding.severity))
                    .map(|(_, count)| count)
                    .sum();
                covered >= *count
            })
            .collect();
        told.into_iter()
            .zip(explained)
            .filter(|(_, explained)| !explained)
            .map(|((_, _, finding, _), _)| finding)
            .collect()
    }

    fn summaries(&self, findings: &[Finding]) -> Vec<ServiceSummary> {
        let mut services: Vec<(u64, ServiceSummary)> = self
            .services
            .iter()
            .map(|service| {
                let mut summary = service.summary();
                let about = |finding: &&Finding| {
                    finding
                        .service
                        .as_ref()
                        .is_some_and(|name| name.address == summary.address && name.port == summary.port)
                };
                summary.findings = findings.iter().filter(about).map(|finding| finding.code).collect();
                summary.findings.dedup();
                (service.failed(), summary)
            })
            .collect();
        services.sort_by(|(a_failed, a), (b_failed, b)| {
            (b_failed, b.connections)
                .cmp(&(a_failed, a.connections))
                .then_with(|| (a.address, a.port).cmp(&(b.address, b.port)))
        });
        services.into_iter().map(|(_, summary)| summary).collect()
    }
}

/// What each server address answered on all its ports together.
fn hosts(services: &[Service]) -> BTreeMap<IpAddr, Host> {
    let mut hosts: BTreeMap<IpAddr, Host> = BTreeMap::new();
    for service in services {
        let host = hosts.entry(service.key.address).or_default();
        host.answered_elsewhere += service.answered;
        host.ttl = host.ttl.or(service.ttl);
    }
    hosts
}

/// The same without this service's own answers.
fn host_of(service: &Service, hosts: &BTreeMap<IpAddr, Host>) -> Host {
    let host = hosts.get(&service.key.address).copied().unwrap_or_default();
    Host { answered_elsewhere: host.answered_elsewhere.saturating_sub(service.answered), ttl: service.ttl.or(host.ttl) }
}

/// What the casebook says at the end.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) findings: Vec<Finding>,
    pub(crate) services: Vec<ServiceSummary>,
    pub(crate) totals: Totals,
    pub(crate) not_assessed: Vec<NotAssessed>,
}
