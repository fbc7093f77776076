//! Known limits of servers, proxies and load balancers: the table of `data/timeouts.json`, compiled in.

use crate::report::Candidate;
use crate::types::Span;

include!(concat!(env!("OUT_DIR"), "/timeouts.rs"));

/// A known limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Its name in the table.
    pub id: &'static str,
    /// The software or service.
    pub component: &'static str,
    /// The setting.
    pub setting: &'static str,
    /// What is limited.
    pub kind: Kind,
    /// Who has the limit: `server`, `client`, `proxy`, `path` ...
    pub role: &'static str,
    /// How it ends a connection: `fin`, `rst`, `silent` ...
    pub closes_with: &'static str,
    /// The versions for which it holds.
    pub versions: &'static str,
    /// Where the value is from.
    pub source: &'static str,
    /// Documented value in seconds, for durations.
    pub value_s: Option<f64>,
    /// Documented value, for counts.
    pub value_count: Option<u64>,
    /// The lowest and highest value that is expected on the wire, in seconds.
    pub band_s: Option<(f64, f64)>,
    /// What else to know.
    pub note: Option<&'static str>,
}

/// What a known limit limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Time without traffic.
    Idle,
    /// Age.
    Lifetime,
    /// Requests on one connection.
    MaxRequests,
    /// Time to open or to shake hands.
    Handshake,
    /// Anything else.
    Other,
}

impl Known {
    /// As it stands in a finding.
    pub fn candidate(&self, because: Option<String>) -> Candidate {
        Candidate {
            component: self.component,
            setting: self.setting,
            versions: self.versions,
            value_s: self.value_s,
            value_count: self.value_count,
            observed_band_s: self.band_s,
            source: self.source,
            note: self.note,
            because,
        }
    }

    /// Whether an idle time or age that was observed can come from this limit.
    pub fn fits(&self, observed: Span) -> bool {
        let seconds = observed.as_secs_f64();
        self.band_s.is_some_and(|(low, high)| low <= seconds && seconds <= high)
    }
}
