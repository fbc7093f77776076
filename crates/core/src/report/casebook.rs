//! Folds finished connections into services and findings while the capture is read: bounded, one pass.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::plan::{Check, Plan, Shapes, chosen};
use super::{Finding, NotAssessed, ServiceSummary, Totals};
use crate::Limits;
use crate::detect::{
    CaptureFacts, Case, DETECTORS, Detector, Group, Host, Said, Scope, Service, ServiceKey, Severity, Shape, Told,
};
use crate::record::{Connection, Outcome};

/// Everything that the findings are told from.
#[derive(Debug)]
pub(crate) struct Casebook {
    limits: Limits,
    services: Vec<Service>,
    index: hashbrown::HashMap<ServiceKey, u32, foldhash::fast::FixedState>,
    /// A row of cells for the capture as a whole, then one for each service; a cell for each detector.
    cells: Vec<Cell>,
    /// Why checks could not be made, for each detector: few reasons each.
    not_visible: Vec<Vec<Blind>>,
    checks: Vec<Check>,
    /// Plans for the shapes that were met last, each in its place.
    plans: [Plan; 64],
    /// What the detector at hand says; kept between connections, as its memory is.
    said: Said,
    /// The symptoms of the connection at hand; kept for the same reason.
    attached: Vec<Attached>,
    shapes: Shapes,
    outcomes: [u64; Outcome::ALL.len()],
    connections: u64,
}

/// What one detector has to say in one place.
#[derive(Debug, Default)]
struct Cell {
    /// Connections to which its check applied.
    applied: u64,
    /// Those of them that had the symptom.
    group: Option<Box<Group>>,
}

/// A reason for which a check could not be made.
#[derive(Debug)]
struct Blind {
    reason: &'static str,
    capture_instead: Option<&'static str>,
    connections: u64,
}

/// A symptom of the connection at hand: of what, and where it is told.
#[derive(Debug)]
struct Attached {
    cell: usize,
    code: &'static str,
    yields_to: &'static [&'static str],
}

/// The row of cells for what a check says of a connection to the service at `place`: the first is the whole capture's.
const fn row_of(scope: Scope, place: usize) -> usize {
    match scope {
        Scope::Capture => 0,
        Scope::Service => place + 1,
    }
}

impl Casebook {
    pub(crate) fn new(limits: Limits) -> Self {
        let checks: Vec<Check> = DETECTORS.iter().map(|detector| Check::new(*detector)).collect();
        Self {
            plans: [Plan::new(Shape::ANY, &checks); 64],
            checks,
            limits,
            services: Vec::new(),
            index: hashbrown::HashMap::with_hasher(foldhash::fast::FixedState::default()),
            cells: DETECTORS.iter().map(|_| Cell::default()).collect(),
            not_visible: DETECTORS.iter().map(|_| Vec::new()).collect(),
            said: Said::nothing(),
            attached: Vec::new(),
            shapes: Shapes::default(),
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
        if let Some(service) = self.services.get_mut(place) {
            service.add(connection, outcome);
        }
        self.attached.clear();
        let shape = Shape::of(connection);
        let rows = [Scope::Service, Scope::Capture].map(|scope| row_of(scope, place) * DETECTORS.len());
        let mut plan = self.plan(shape);
        debug_assert!(plan.holds(&self.checks, connection), "a detector says more than its needs() and clears() allow");
        self.shapes.note(place, shape);
        for (number, check) in chosen(&self.checks, plan.alike) {
            let cell = self.cells.get_mut(rows[check.scope as usize] + number);
            if let Some(cell) = cell
                && let Some(group) = &mut cell.group
                && group.count_alike(connection.first.at)
            {
                cell.applied += 1;
                plan.asked &= !(1 << number);
            }
        }
        for (number, check) in chosen(&self.checks, plan.asked) {
            let said = &mut self.said;
            said.hear(check.detector, connection);
            if let Some((reason, instead)) = said.not_visible {
                note_blind(self.not_visible.get_mut(number), reason, instead);
            }
            if !said.applies {
                continue;
            }
            let at = rows[check.scope as usize] + number;
            let Some(cell) = self.cells.get_mut(at) else { continue };
            cell.applied += 1;
            if let Some(symptom) = said.symptom() {
                cell.group.get_or_insert_default().add(symptom, connection, &self.limits);
                self.attached.push(Attached { cell: at, code: symptom.code, yields_to: check.yields_to });
                connection.symptoms.extend(said.take_shown());
            }
        }
        self.note_overlaps();
    }

    /// What to do with connections of a shape.
    fn plan(&mut self, shape: Shape) -> Plan {
        let known = &mut self.plans[shape.place() % 64];
        if known.shape != shape {
            *known = Plan::new(shape, &self.checks);
        }
        *known
    }

    /// The service's place; the last one stands for all past the limit.
    fn service_of(&mut self, c: &Connection) -> usize {
        let key = ServiceKey { address: c.server.address, port: c.server.port };
        if let Some(place) = self.index.get(&key) {
            return *place as usize;
        }
        if self.services.len() >= self.limits.max_services {
            return self.services.len() - 1;
        }
        let place = self.services.len();
        self.services.push(Service::new(key));
        self.cells.resize_with((self.services.len() + 1) * DETECTORS.len(), Cell::default);
        self.index.insert(key, place as u32);
        place
    }

    /// Counts the connections to which a check applied although it did not have to look at them.
    fn note_clear(&mut self) {
        let Self { shapes, checks, cells, .. } = self;
        for (place, shape, count) in shapes.each() {
            for (number, check) in chosen(checks, Plan::new(shape, checks).clear) {
                let at = row_of(check.scope, place) * DETECTORS.len() + number;
                if let Some(cell) = cells.get_mut(at) {
                    cell.applied += count;
                }
            }
        }
    }

    fn note_overlaps(&mut self) {
        if self.attached.len() < 2 {
            return;
        }
        for one in &self.attached {
            // Each stronger code counts once; a connection hit by two of them is still one connection.
            let is_stronger = |other: &&Attached| one.yields_to.contains(&other.code) && other.code != one.code;
            if one.yields_to.is_empty() {
                continue;
            }
            let stronger = self.attached.iter().find(is_stronger);
            let group = self.cells.get_mut(one.cell).and_then(|cell| cell.group.as_deref_mut());
            if let (Some(other), Some(group)) = (stronger, group) {
                group.note_overlap(other.code);
            }
        }
    }

    /// The end: findings in order of harm, services, totals, and what could not be assessed.
    pub(crate) fn close(mut self, capture: &CaptureFacts) -> Closed {
        self.note_clear();
        let hosts = hosts(&self.services);
        let mut told: Vec<Story<'_>> = Vec::new();
        for (at, cell) in self.cells.iter_mut().enumerate() {
            let Some(group) = &mut cell.group else { continue };
            group.settle(cell.applied);
            let (row, number) = (at / DETECTORS.len(), at % DETECTORS.len());
            let Some(&detector) = DETECTORS.get(number) else { continue };
            let service = row.checked_sub(1).and_then(|place| self.services.get(place));
            let host = service.map_or_else(Host::default, |service| host_of(service, &hosts));
            for one in detector.tell(&Case { group, service, host, capture }) {
                let finding = finding(detector, group, service, one, &self.limits);
                told.push(Story { row, group, finding });
            }
        }
        let mut findings = without_explained(told);
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
            not_assessed: not_assessed(&self.not_visible),
        }
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

fn note_blind(known: Option<&mut Vec<Blind>>, reason: &'static str, capture_instead: Option<&'static str>) {
    let Some(known) = known else { return };
    match known.iter_mut().find(|blind| std::ptr::eq(blind.reason, reason) || blind.reason == reason) {
        Some(blind) => blind.connections += 1,
        None => known.push(Blind { reason, capture_instead, connections: 1 }),
    }
}

/// A finding, and where it comes from.
struct Story<'a> {
    row: usize,
    group: &'a Group,
    finding: Finding,
}

fn finding(detector: &dyn Detector, group: &Group, service: Option<&Service>, told: Told, limits: &Limits) -> Finding {
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
        evidence: group.examples(told.example_kind, told.example_span, limits),
        not_visible: told.not_visible,
    }
}

/// Leaves out findings all of whose connections a stronger finding of the same service explains.
fn without_explained(told: Vec<Story<'_>>) -> Vec<Finding> {
    let explains = |row: usize, code: &str, severity: Severity| {
        told.iter().any(|story| story.row == row && story.finding.code == code && story.finding.severity >= severity)
    };
    let explained: Vec<bool> = told
        .iter()
        .map(|story| {
            let overlaps = story.group.overlaps().iter();
            let covered: u64 = overlaps
                .filter(|(code, _)| explains(story.row, code, story.finding.severity))
                .map(|(_, count)| count)
                .sum();
            covered >= story.group.count
        })
        .collect();
    told.into_iter().zip(explained).filter(|(_, explained)| !explained).map(|(story, _)| story.finding).collect()
}

fn not_assessed(blind: &[Vec<Blind>]) -> Vec<NotAssessed> {
    let each = DETECTORS.iter().zip(blind).flat_map(|(detector, blind)| blind.iter().map(|one| (detector.code(), one)));
    each.map(|(code, blind)| NotAssessed {
        code,
        connections: blind.connections,
        reason: blind.reason.to_owned(),
        capture_instead: blind.capture_instead.map(str::to_owned),
    })
    .collect()
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
