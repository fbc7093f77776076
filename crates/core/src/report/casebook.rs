//! Folds finished connections into services and findings while the capture is read: bounded, one pass.

use std::net::IpAddr;

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;

use super::blind::{Blind, note_blind};
use super::closed::Closed;
use super::commands::{self, Known};
use super::failures::{Compared, Failures};
use super::fold::folded;
use super::hosts::{host_of, hosts};
use super::legs::Legs;
use super::plan::{Check, Shapes, chosen};
use super::story::{Story, fill, finding, known_of, note_lead, without_explained};
use super::{Finding, NotAssessed, SeenInPart, ServiceSummary, Totals};
use crate::Limits;
use crate::detect::{
    CaptureFacts, Case, DETECTORS, Group, Host, Load, Neighbours, Said, Scope, Service, ServiceKey, Severity, Shape,
};
use crate::record::{Connection, Outcome};
use crate::secret::secret;
use crate::types::Endpoint;

/// Everything that the findings are told from.
#[derive(Debug)]
pub(crate) struct Casebook {
    limits: Limits,
    /// The services; past the limit one more for all others, which is counted and not judged.
    rows: Vec<Row>,
    /// The row of each service.
    index: hashbrown::HashMap<ServiceKey, u32, SeedableRandomState>,
    /// What is told of the capture as a whole.
    whole: Cells,
    load: Load,
    /// Why checks could not be made, for each detector: few reasons each.
    not_visible: Vec<Vec<Blind>>,
    checks: Vec<Check>,
    seen_in_part: SeenInPart,
    /// What the detector at hand says; kept between connections, as its memory is.
    said: Said,
    /// Connections that are judged at the end, and those beside them.
    neighbours: Neighbours,
    /// The legs of proxies.
    legs: Legs,
}

/// One service: what it did, what the checks found, and the shapes of its connections.
#[derive(Debug)]
struct Row {
    service: Service,
    cells: Cells,
    shapes: Shapes,
    failures: Failures,
}

/// A cell for each detector.
type Cells = [Cell; DETECTORS.len()];

/// `Default` ends at arrays of 32.
fn no_cells() -> Cells {
    std::array::from_fn(|_| Cell::default())
}

/// What one detector has to say in one place.
#[derive(Debug, Default)]
struct Cell {
    /// Connections to which its check applied.
    applied: u64,
    /// Those of them that had the symptom.
    group: Option<Box<Group>>,
}

impl Cell {
    #[inline]
    fn group(&mut self) -> &mut Group {
        self.group.get_or_insert_with(no_group)
    }
}

#[cold]
fn no_group() -> Box<Group> {
    Box::default()
}

impl Casebook {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            checks: DETECTORS.iter().map(|detector| Check::new(*detector)).collect(),
            limits,
            rows: Vec::new(),
            index: hashbrown::HashMap::with_hasher(SeedableRandomState::with_seed(
                secret(),
                SharedSeed::global_fixed(),
            )),
            whole: no_cells(),
            load: Load::default(),
            not_visible: DETECTORS.iter().map(|_| Vec::new()).collect(),
            seen_in_part: SeenInPart::default(),
            said: Said::nothing(),
            neighbours: Neighbours::default(),
            legs: Legs::default(),
        }
    }

    /// Judges a finished connection: attaches its symptoms and adds it to its service. `is_bare` says that it is SYN, SYN-ACK, FIN and RST
    /// alone, each once and where it is usual: of such a one much need not be asked.
    pub(crate) fn add(&mut self, connection: &mut Connection, is_bare: bool) {
        let outcome = connection.outcome();
        let row = self.row_of(connection);
        self.seen_in_part.note(connection, is_bare);
        self.neighbours.note(connection);
        let Self { rows, whole, load, checks, said, not_visible, limits, neighbours, .. } = self;
        let Some(Row { service, cells, shapes, failures }) = rows.get_mut(row) else { return };
        load.note(connection, service.add(connection, outcome, is_bare));
        let plan = shapes.plan(Shape::of(connection, outcome, is_bare), checks);
        debug_assert_eq!(plan.broken(checks, connection), None, "it says more than its needs() and clears() allow");
        let mut asked = plan.asked;
        for (number, check) in chosen(checks, plan.alike) {
            let cell = cell_of(check, number, whole, cells);
            if let (Some(Cell { applied, group: Some(group) }), Some(sure)) = (cell, &check.shows)
                && group.add_alike(sure, connection)
            {
                *applied += 1;
                asked &= !(1 << number);
            }
        }
        let (mut found, mut causes, mut waits) = (0_u64, 0_u64, None);
        for (number, check) in chosen(checks, asked) {
            said.hear(check.detector, connection, outcome);
            if let Some((reason, instead)) = said.not_visible {
                note_blind(not_visible.get_mut(number), reason, instead, row, 1);
            }
            if let Some(side) = said.held_for {
                waits = Some((side, number));
            }
            if !said.applies {
                continue;
            }
            let Some(cell) = cell_of(check, number, whole, cells) else { continue };
            cell.applied += 1;
            if let Some(symptom) = said.symptom() {
                cell.group().add(symptom, connection, limits);
                debug_assert_eq!(symptom.code, check.detector.code(), "a symptom is of the detector that attached it");
                found |= 1 << number;
                // What is said of how it was captured explains no failure, nor does what is merely worth knowing.
                let grave = symptom.severity == Severity::Error
                    || symptom.severity == Severity::Warning && check.explains_failures;
                if grave && (check.scope == Scope::Service || symptom.severity == Severity::Error) {
                    causes |= 1 << number;
                }
                if let Some(symptom) = said.take_shown() {
                    connection.symptoms.push(symptom);
                }
            }
        }
        if found.count_ones() > 1 {
            note_overlaps(found, found, checks, whole, cells);
        }
        failures.note(connection, outcome, causes);
        if let Some((side, number)) = waits {
            neighbours.hold(connection, side, number, row, outcome.is_failure() || causes != 0);
        }
        self.legs.note(connection);
    }

    /// The row of the connection's service, or of all others.
    fn row_of(&mut self, c: &Connection) -> usize {
        let key = ServiceKey { address: c.server.address, port: c.server.port };
        match self.index.get(&key) {
            Some(row) => *row as usize,
            None => self.begin(key),
        }
    }

    #[cold]
    fn begin(&mut self, key: ServiceKey) -> usize {
        let has_room = self.rows.len() < self.limits.max_services;
        if has_room || self.rows.len() == self.limits.max_services {
            let key = if has_room { key } else { OTHERS };
            self.index.insert(key, self.rows.len() as u32);
            self.rows.push(Row {
                service: Service::new(key),
                cells: no_cells(),
                shapes: Shapes::default(),
                failures: Failures::default(),
            });
        }
        self.rows.len() - 1
    }

    /// Counts the connections to which a check applied, or could not be made, although it did not have to look at them.
    fn note_unasked(&mut self) {
        for (row, Row { cells, shapes, .. }) in self.rows.iter_mut().enumerate() {
            for (plan, count) in shapes.each() {
                for (number, check) in chosen(&self.checks, plan.blind) {
                    if let Some(blind) = check.blind {
                        let known = self.not_visible.get_mut(number);
                        note_blind(known, blind.reason, blind.capture_instead, row, count);
                    }
                }
                for (number, check) in chosen(&self.checks, plan.clear) {
                    if let Some(cell) = cell_of(check, number, &mut self.whole, cells) {
                        cell.applied += count;
                    }
                }
            }
        }
    }

    /// Judges the connections that waited for others.
    fn judge_held(&mut self) {
        let Self { rows, whole, checks, said, limits, neighbours, .. } = self;
        for held in std::mem::take(neighbours).into_held() {
            let Some((check, row)) = checks.get(held.detector).zip(rows.get_mut(held.row)) else { continue };
            said.hear_beside(check.detector, &held);
            if let (Some(symptom), Some(cell)) = (said.symptom(), cell_of(check, held.detector, whole, &mut row.cells))
            {
                cell.group().add(symptom, &held.connection, limits);
                let shown = |check: &Check| held.connection.symptoms.iter().any(|s| s.code == check.detector.code());
                let found =
                    checks.iter().enumerate().filter(|(_, check)| shown(check)).map(|(number, _)| 1 << number).sum();
                note_overlaps(found, 1 << held.detector, checks, whole, &mut row.cells);
                if symptom.severity == Severity::Error && !held.counted {
                    row.failures.note(&held.connection, held.connection.outcome(), 1 << held.detector);
                }
            }
        }
    }

    /// The end: findings in order of harm, services, totals, and what could not be assessed.
    pub(crate) fn close(mut self, capture: &CaptureFacts) -> Closed {
        self.note_unasked();
        self.judge_held();
        self.settle();
        let hosts = hosts(self.services());
        let mut told: Vec<Story<'_>> = Vec::new();
        let whole = self.known(0..self.rows.len());
        let rows = self.rows.iter().take(self.limits.max_services).map(|row| (Some(&row.service), &row.cells));
        for (row, (service, cells)) in std::iter::once((None, &self.whole)).chain(rows).enumerate() {
            let host = service.map_or_else(Host::default, |service| host_of(service, &hosts));
            for (&detector, cell) in DETECTORS.iter().zip(cells) {
                let Some(group) = cell.group.as_deref() else { continue };
                for mut one in detector.tell(&Case { group, service, host, capture, load: &self.load }) {
                    let common = std::mem::take(&mut one.common);
                    let known = service.map_or_else(|| whole.clone(), |service| known_of(group, service));
                    let evidence = group.examples(&one, &self.limits);
                    if let (Some(service), true) = (service, detector.needs().has(Shape::TLS)) {
                        note_lead(&mut one, group, service);
                    }
                    let finding = finding(detector, group, service, fill(one, &known));
                    told.push(Story {
                        rows: vec![row],
                        groups: vec![group],
                        finding,
                        evidence,
                        common,
                        own_summary: None,
                        advice: None,
                    });
                }
            }
        }
        let told = folded(without_explained(told), &self.limits);
        let mut findings: Vec<Finding> = told.into_iter().map(Story::into_finding).collect();
        sort(&mut findings);
        // With all of them: what a limit leaves out of the report explains failures all the same.
        let failures = self.rows.iter().map(|row| (row.service.key, &row.failures));
        let Compared { failed, undecided, unexplained } = Compared::of(failures, &findings);
        let findings_left_out = findings.len().saturating_sub(self.limits.max_findings) as u64;
        findings.truncate(self.limits.max_findings);
        self.legs.tell(&mut findings);
        sort(&mut findings);
        let services = self.summaries(&findings);
        let totals = self.totals(failed, undecided);
        let others = self.rows.get(self.limits.max_services).map_or(0, |row| row.service.connections);
        let not_assessed = self.not_assessed();
        Closed { services, findings, unexplained, totals, not_assessed, findings_left_out, others }
    }

    fn not_assessed(&self) -> Vec<NotAssessed> {
        let each = DETECTORS.iter().zip(&self.not_visible);
        let each = each.flat_map(|(detector, blind)| blind.iter().map(|one| (detector.code(), one)));
        each.map(|(code, blind)| NotAssessed {
            code,
            connections: blind.connections,
            reason: blind.reason.to_owned(),
            capture_instead: blind
                .capture_instead
                .map(|command| self.known(blind.rows.iter().copied()).fill(command.to_owned())),
        })
        .collect()
    }

    /// The services of these rows, for a command line to name them: none where some of them are not told apart.
    fn known(&self, rows: impl IntoIterator<Item = usize>) -> Known {
        let apart = |row: usize| self.rows.get(row).filter(|_| row < self.limits.max_services);
        let servers: Option<Vec<Endpoint>> = rows
            .into_iter()
            .take(commands::MOST_SERVERS + 1)
            .map(|row| apart(row).map(|row| Endpoint::new(row.service.key.address, row.service.key.port)))
            .collect();
        Known::of(servers.unwrap_or_default())
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        self.rows.iter().map(|row| &row.service)
    }

    /// Puts together what was folded in parts.
    fn settle(&mut self) {
        let rows = self.rows.iter_mut().flat_map(|row| &mut row.cells);
        for Cell { applied, group } in self.whole.iter_mut().chain(rows) {
            if let Some(group) = group {
                group.settle(*applied);
            }
        }
    }

    fn totals(&self, failed: u64, undecided: u64) -> Totals {
        let of = |outcome| self.services().map(|service| service.of(outcome)).sum::<u64>();
        let by_outcome = Outcome::ALL.into_iter().map(|outcome| (outcome, of(outcome)));
        Totals {
            connections: self.services().map(|service| service.connections).sum(),
            failed,
            undecided,
            by_outcome: by_outcome.filter(|(_, count)| *count > 0).collect(),
            seen_in_part: self.seen_in_part,
        }
    }

    fn summaries(&self, findings: &[Finding]) -> Vec<ServiceSummary> {
        let mut services: Vec<(u64, ServiceSummary)> = self
            .rows
            .iter()
            .take(self.limits.max_services)
            .map(|Row { service, shapes, .. }| {
                let mut summary = service.summary();
                summary.closed_by_server =
                    shapes.count(Shape::CLOSED_BY_SERVER | Shape::ENDED_BY_FIN | Shape::BOTH_SPOKE);
                let key = service.key;
                let about = |finding: &&Finding| finding.hits(key.address, key.port).is_some();
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

impl SeenInPart {
    fn note(&mut self, connection: &Connection, is_bare: bool) {
        let seen = &connection.visibility;
        self.flags_only += u64::from(seen.flags_only);
        if is_bare {
            return;
        }
        self.one_way += u64::from(seen.one_way.is_some());
        self.cut += u64::from(seen.cut_by_snaplen > 0);
        let missing = seen.missing_bytes.client > 0 || seen.missing_bytes.server > 0;
        self.with_holes += u64::from(missing && !seen.flags_only);
    }
}

/// The cell for what a check says: the whole capture's, or the service's.
#[inline]
fn cell_of<'a>(check: &Check, number: usize, whole: &'a mut Cells, service: &'a mut Cells) -> Option<&'a mut Cell> {
    match check.scope {
        Scope::Capture => whole.get_mut(number),
        Scope::Service => service.get_mut(number),
    }
}

/// Several checks found something in one connection: each notes those of `others` that explain more.
#[cold]
fn note_overlaps(found: u64, others: u64, checks: &[Check], whole: &mut Cells, service: &mut Cells) {
    for (number, check) in chosen(checks, found) {
        let stronger = others & check.yields_to & !(1 << number);
        let group = cell_of(check, number, whole, service).and_then(|cell| cell.group.as_deref_mut());
        if let (Some(group), true) = (group, stronger != 0) {
            group.note_overlap(stronger);
        }
    }
}

/// Whom the row of all other services is named after: nobody.
const OTHERS: ServiceKey = ServiceKey { address: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), port: 0 };

/// The worst first.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let harm = |finding: &Finding| (finding.severity, finding.affected, finding.confidence);
        harm(b).cmp(&harm(a)).then_with(|| a.code.cmp(b.code)).then_with(|| a.service.cmp(&b.service))
    });
}
