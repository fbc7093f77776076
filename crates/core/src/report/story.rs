//! Findings on their way into the report: each with the groups that it tells of, until those that others explain are left out.

use std::collections::BTreeMap;

use super::commands::Known;
use super::{Evidence, Finding};
use crate::detect::{Common, Confidence, DETECTORS, Detector, Group, Lead, Service, Severity, Told};
use crate::types::{Endpoint, escaped};

/// A finding, and where it comes from.
pub(super) struct Story<'a> {
    pub(super) rows: Vec<usize>,
    pub(super) groups: Vec<&'a Group>,
    /// What is told, without the evidence.
    pub(super) finding: Finding,
    /// Copied once it is known which findings there are: several services may share one.
    pub(super) evidence: Vec<&'a Evidence>,
    /// What it may share with findings at other services.
    pub(super) common: Vec<Common>,
    /// Its summary before it was told together with others.
    pub(super) own_summary: Option<String>,
    /// What to change that was put before the rest when it was.
    pub(super) advice: Option<String>,
}

impl Story<'_> {
    pub(super) fn into_finding(mut self) -> Finding {
        self.finding.evidence = self.evidence.into_iter().cloned().collect();
        self.finding
    }
}

/// Whom a finding about a service is about.
pub(super) fn known_of(group: &Group, service: &Service) -> Known {
    let server = Endpoint::new(service.key.address, service.key.port);
    Known::of([server]).by(group.only_client()).named(service.only_name()).led_by(group.lead_to_tls())
}

/// What is said of TLS at a proxy is not about the proxy.
pub(super) fn note_lead(told: &mut Told, group: &Group, service: &Service) {
    if let Some(Lead::Proxy(target)) = group.lead_to_tls() {
        let target = target.as_deref().map_or_else(|| "what it connects to".into(), |target| escaped(target));
        told.summary +=
            &format!(" {} is a proxy: the TLS is that of {target}, through its CONNECT.", service.address());
    }
}

/// Puts what is known into its command lines.
pub(super) fn fill(mut told: Told, known: &Known) -> Told {
    for text in told.remedy.iter_mut().chain(&mut told.not_visible) {
        *text = known.fill(std::mem::take(text));
    }
    told
}

/// The finding without its evidence.
pub(super) fn finding(detector: &dyn Detector, group: &Group, service: Option<&Service>, told: Told) -> Finding {
    Finding {
        code: detector.code(),
        severity: told.severity.or(group.severity).unwrap_or(Severity::Info),
        confidence: told.confidence.or(group.confidence).unwrap_or(Confidence::Low),
        service: service.map(Service::name),
        also_at: Vec::new(),
        affected: told.affected.unwrap_or(group.count),
        of: told.of.unwrap_or(group.applied),
        first: group.first,
        last: group.last,
        summary: told.summary,
        facts: told.facts,
        candidates: told.candidates,
        remedy: told.remedy,
        evidence: Vec::new(),
        not_visible: told.not_visible,
    }
}

/// The row of what is told of the capture as a whole: it comes before the services.
const WHOLE: usize = 0;

/// Leaves out findings all of whose connections a stronger finding of the same service, or of the whole capture, explains.
pub(super) fn without_explained(told: Vec<Story<'_>>) -> Vec<Story<'_>> {
    // By row, for there can be as many stories as services: the bit of the check, and how grave it is.
    let mut of_rows: BTreeMap<usize, Vec<(u64, Severity)>> = BTreeMap::new();
    for story in &told {
        let bit = DETECTORS.iter().position(|d| d.code() == story.finding.code).map_or(0, |at| 1 << at);
        for &row in &story.rows {
            of_rows.entry(row).or_default().push((bit, story.finding.severity));
        }
    }
    let explains = |rows: &[usize], others: u64, severity: Severity| {
        let of_row = |row: &usize| of_rows.get(row).into_iter().flatten();
        rows.iter().chain([&WHOLE]).flat_map(of_row).any(|(bit, known)| others & bit != 0 && *known >= severity)
    };
    let explained: Vec<bool> = told
        .iter()
        .map(|story| {
            let overlaps = story.groups.iter().flat_map(|group| group.overlaps());
            let covered: u64 = overlaps
                .filter(|(others, _)| explains(&story.rows, *others, story.finding.severity))
                .map(|(_, count)| count)
                .sum();
            covered >= story.groups.iter().map(|group| group.count).sum()
        })
        .collect();
    told.into_iter().zip(explained).filter(|(_, explained)| !explained).map(|(story, _)| story).collect()
}
