//! What a detector says of one connection.

use serde::{Deserialize, Serialize};

use crate::types::{Packets, Span, Timestamp};

/// What a detector says of one connection: a code, the packets that prove it, and numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Symptom {
    /// The finding's code, see `handshark explain`.
    pub code: &'static str,
    /// How bad it is for the connection.
    pub severity: Severity,
    /// How well it can be seen.
    pub confidence: Confidence,
    /// The packets that prove it, in order; never empty.
    pub evidence: Packets,
    /// When it happened, where that is neither the connection's beginning nor its end.
    pub at: Option<Timestamp>,
    /// The duration that the finding is about (idle time, waiting time), where there is one.
    pub span: Option<Span>,
    /// The count that the finding is about (requests, retries), where there is one.
    pub count: Option<u32>,
    /// A second duration, for findings about two: how late a write came after the FIN.
    pub delay: Option<Span>,
    /// What the finding must quote of this connection (offered versions, a chosen suite), by name. Escaped.
    pub quotes: Vec<(&'static str, String)>,
    /// Which of its kinds it is, where the finding has kinds (`crossed`, `unaware`, `silent`, `fin`, `reset` ...).
    pub kind: &'static str,
}

impl Symptom {
    /// A place to write a symptom into: it proves nothing.
    pub(super) const BLANK: Self = Self {
        code: "",
        severity: Severity::Info,
        confidence: Confidence::Low,
        evidence: Packets::new(),
        at: None,
        span: None,
        count: None,
        delay: None,
        quotes: Vec::new(),
        kind: "",
    };
}

/// Harm: what it does to the connection or to its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing failed.
    Info,
    /// Something can fail, or is slower than it should be.
    Warning,
    /// Connections or requests failed.
    Error,
}

impl Severity {
    /// `info`, `warning`, `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Sight: how well the capture shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint: other explanations remain.
    Low,
    /// Likely: the usual explanation of what was seen.
    Medium,
    /// The packets say so.
    High,
}

impl Confidence {
    /// `low`, `medium`, `high`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
