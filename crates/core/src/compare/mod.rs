//! What differs between two captures: one where it works and one where it does not, or one before and one after a change.
//!
//! In: two [`Profile`]s. Out: a [`Comparison`]: which findings are new, gone, more or less frequent, how services fared, and what
//! their ClientHellos offered. It claims no more than the captures carry: a finding is not gone where the second capture could
//! not have shown it, or where so few connections were seen that chance explains the difference. Every claim names packets.
//!
//! ```
//! use handshark::compare::{Comparison, Profile, Tally};
//! use handshark::{Inspector, Limits};
//!
//! # fn main() -> Result<(), handshark::CaptureError> {
//! # let bytes = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
//! let mut inspector = Inspector::with_sink(Limits::default(), Tally::default());
//! inspector.push(&bytes)?;
//! let (report, tally) = inspector.finish()?;
//! let before = Profile::new(&report, tally);
//! let comparison = Comparison::of(&before, &before);
//! assert!(comparison.findings.is_empty());
//! # Ok(())
//! # }
//! ```

mod chance;
mod hellos;
mod profile;
mod services;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

pub use chance::Share;
pub use hellos::{Field, HelloChange, Offer};
pub use profile::{Example, Profile, Proof, Tally};
pub use services::{MatchedBy, Measure, ServiceChange};

use crate::detect::Severity;
use crate::types::Endpoint;
use profile::Told;
use services::Pairs;

/// Above this probability a difference is called one that can be chance.
const CHANCE: f64 = 0.05;

/// What became of something from the first capture (A) to the second (B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only B has it, and A would have shown it.
    New,
    /// B has more of it, in proportion.
    Grew,
    /// B has less of it, in proportion.
    Shrank,
    /// Only A has it, and B would have shown it.
    Gone,
    /// The two captures do not tell.
    Unclear,
    /// Both have it about as often; a difference can be chance.
    Alike,
}

impl Change {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Grew => "grew",
            Self::Shrank => "shrank",
            Self::Gone => "gone",
            Self::Unclear => "unclear",
            Self::Alike => "alike",
        }
    }

    /// What became of a share, and how probable the difference is by chance alone.
    fn of(a: Share, b: Share) -> (Self, Option<f64>) {
        let chance = chance::of(a, b);
        let change = match chance {
            None if a.count == b.count && a.of > 0 && b.of > 0 => Self::Alike,
            None => Self::Unclear,
            Some(chance) if chance < CHANCE => match (a.count, b.count) {
                (0, _) => Self::New,
                (_, 0) => Self::Gone,
                _ if a.ratio() < b.ratio() => Self::Grew,
                _ => Self::Shrank,
            },
            // Once is enough to be there; never may be chance.
            Some(_) if a.count == 0 || b.count == 0 => Self::Unclear,
            Some(_) => Self::Alike,
        };
        (change, chance)
    }
}

/// Two captures side by side; its serialised form is the schema `handshark.comparison/1`. A is the first, B the second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// `handshark.comparison/1`.
    pub schema: &'static str,
    /// The first capture.
    pub a: Summary,
    /// The second.
    pub b: Summary,
    /// Findings of both: what changed first, then the largest harm first.
    pub findings: Vec<FindingChange>,
    /// All connections together.
    pub whole: ServiceChange,
    /// Service by service, those that changed most first.
    pub services: Vec<ServiceChange>,
}

/// One of the two captures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Names of its files as given. Escaped.
    pub files: Vec<String>,
    /// Packets read.
    pub packets: u64,
    /// Seconds from its first packet to its last.
    pub duration_s: Option<f64>,
    /// Connections and attempts.
    pub connections: u64,
    /// Those that failed.
    pub failed: u64,
    /// Connections to services beyond those that are told apart: they count in no service.
    pub beyond_services: u64,
}

/// A finding in one capture or in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingChange {
    /// The finding's code.
    pub code: String,
    /// Harm: the larger of both.
    pub severity: Severity,
    /// What became of it.
    pub change: Change,
    /// The service that it is about, the first of several; `None` for findings on the capture.
    pub service: Option<Endpoint>,
    /// The server name that clients asked for there. Escaped.
    pub server_name: Option<String>,
    /// How many services it is about, in the capture that has more.
    pub services: u64,
    /// Affected connections in A, of those that it could have hit. Where A has no such finding: of all to these services.
    pub a: Share,
    /// The same in B.
    pub b: Share,
    /// The probability that chance alone makes such a difference; `None` where there is nothing to reckon.
    pub chance: Option<f64>,
    /// Why nothing is claimed, where `change` is unclear.
    pub why: Option<String>,
    /// What happened: the summary of B's finding, else of A's. Escaped.
    pub summary: String,
    /// Packets of A that prove it.
    pub evidence_a: Vec<Proof>,
    /// Packets of B that prove it.
    pub evidence_b: Vec<Proof>,
}

impl Comparison {
    /// What differs from `a` to `b`.
    pub fn of(a: &Profile, b: &Profile) -> Self {
        let pairs = Pairs::of(a, b);
        Self {
            schema: "handshark.comparison/1",
            a: Summary::of(a),
            b: Summary::of(b),
            findings: findings(a, b, &pairs),
            whole: services::whole(a, b),
            services: services::changes(a, b, &pairs),
        }
    }

    /// The highest severity among findings that are new or grew.
    pub fn worst(&self) -> Option<Severity> {
        let worse = self.findings.iter().filter(|finding| matches!(finding.change, Change::New | Change::Grew));
        worse.map(|finding| finding.severity).max()
    }
}

impl Summary {
    fn of(profile: &Profile) -> Self {
        Self {
            files: profile.files.clone(),
            packets: profile.packets,
            duration_s: profile.duration_s,
            connections: profile.connections,
            failed: profile.failed,
            beyond_services: profile.others,
        }
    }
}

/// Findings of one code at one service, in A and in B, are one.
fn findings(a: &Profile, b: &Profile, pairs: &Pairs) -> Vec<FindingChange> {
    let mut left: Vec<&Told> = b.findings.iter().collect();
    let mut changes: Vec<FindingChange> = Vec::new();
    for told in &a.findings {
        let there: BTreeSet<Endpoint> =
            told.services.iter().filter_map(|(endpoint, _)| pairs.in_b(*endpoint)).collect();
        let is_same = |other: &&Told| {
            other.code == told.code
                && (there.is_empty() && other.services.is_empty() && told.services.is_empty()
                    || other.services.iter().any(|(endpoint, _)| there.contains(endpoint)))
        };
        // A second finding of the same code and service, of another severity, is another one where it can be.
        let alike = |other: &&Told| is_same(other) && other.severity == told.severity;
        let place = left.iter().position(alike).or_else(|| left.iter().position(is_same));
        let other = place.map(|place| left.remove(place));
        changes.push(change(Some(told), other, a, b, pairs));
    }
    changes.extend(left.into_iter().map(|told| change(None, Some(told), a, b, pairs)));
    changes.sort_by_key(|change| (change.change, std::cmp::Reverse(change.severity)));
    changes
}

fn change(in_a: Option<&Told>, in_b: Option<&Told>, a: &Profile, b: &Profile, pairs: &Pairs) -> FindingChange {
    // One of the two is there: the one that is shown.
    let fallback = Told::nothing();
    let shown = in_b.or(in_a).unwrap_or(&fallback);
    let share = |told: &Told| Share { count: told.affected, of: told.of };
    let without = |capture: &Profile, partner: &dyn Fn(Endpoint) -> Option<Endpoint>| {
        let there = shown.services.iter().filter_map(|(endpoint, _)| capture.service(partner(*endpoint)?));
        Share { count: 0, of: there.map(|dealings| dealings.connections).sum() }
    };
    let share_a = in_a.map_or_else(|| without(a, &|endpoint| pairs.in_a(endpoint)), share);
    let share_b = in_b.map_or_else(|| without(b, &|endpoint| pairs.in_b(endpoint)), share);
    let missing = match (in_a, in_b) {
        (None, _) => Some((a, share_a, "first", Change::New)),
        (_, None) => Some((b, share_b, "second", Change::Gone)),
        _ => None,
    };
    let (mut change, chance) = Change::of(share_a, share_b);
    let mut why = (change == Change::Unclear).then(|| "so small a difference can be chance".to_owned());
    if let Some((capture, share, which, sure)) = missing {
        let blind = capture.not_assessed.iter().find(|(code, _)| *code == shown.code);
        if shown.services.is_empty() {
            // What is odd about a capture is there or not.
            (change, why) = (sure, None);
        } else if let Some((_, reason)) = blind {
            (change, why) = (Change::Unclear, Some(format!("the {which} capture could not show it: {reason}")));
        } else if share.of == 0 {
            let reason = format!("the {which} capture has no connection to this service");
            (change, why) = (Change::Unclear, Some(reason));
        }
    } else if shown.services.is_empty() {
        (change, why) = (Change::Alike, None);
    }
    let service = shown.services.first();
    let proofs = |told: Option<&Told>| told.map(|told| told.evidence.clone()).unwrap_or_default();
    FindingChange {
        code: shown.code.clone(),
        severity: in_a.into_iter().chain(in_b).map(|told| told.severity).max().unwrap_or(shown.severity),
        change,
        service: service.map(|(endpoint, _)| *endpoint),
        server_name: service.and_then(|(_, name)| name.clone()),
        services: in_a.into_iter().chain(in_b).map(|told| told.services.len() as u64).max().unwrap_or_default(),
        a: share_a,
        b: share_b,
        chance: if shown.services.is_empty() { None } else { chance },
        why,
        summary: shown.summary.clone(),
        evidence_a: proofs(in_a),
        evidence_b: proofs(in_b),
    }
}
