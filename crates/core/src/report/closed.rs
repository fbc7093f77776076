//! What the casebook says at the end of the capture.

use super::{Finding, NotAssessed, ServiceSummary, Totals, Unexplained};
use crate::Quality;

/// What the casebook says at the end.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) findings: Vec<Finding>,
    pub(crate) unexplained: Vec<Unexplained>,
    pub(crate) services: Vec<ServiceSummary>,
    pub(crate) totals: Totals,
    pub(crate) not_assessed: Vec<NotAssessed>,
    /// Findings past [`Limits::max_findings`](crate::Limits::max_findings).
    pub(super) findings_left_out: u64,
    /// Connections to services past [`Limits::max_services`](crate::Limits::max_services).
    pub(super) others: u64,
}

impl Closed {
    /// What the limits did to the report.
    pub(crate) fn limit_notes(&self) -> impl Iterator<Item = Quality> + use<> {
        let &Self { findings_left_out, others, .. } = self;
        let services = format!(
            "{others} connections went to services past max_services: they are counted in the totals, and no check was made for \
             their services"
        );
        let findings =
            format!("{findings_left_out} findings, the least harmful, were left out because max_findings was reached");
        let notes = [("services-not-assessed", others, services), ("findings-left-out", findings_left_out, findings)];
        notes.into_iter().filter(|(_, count, _)| *count > 0).map(|(code, count, note)| Quality { code, count, note })
    }
}
