//! What was odd in the file: counted, located, never silent.

use serde::Serialize;

/// One kind of oddity of the capture itself, as in `capture.quality` of the JSON report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// A stable code in kebab-case: `cut-short`, `damaged`, `time-backwards`, `duplicate-packets` ...
    pub code: &'static str,
    /// How often.
    pub count: u64,
    /// One sentence: what, where (file and byte offset or packet number), what it means. Escaped.
    pub note: String,
}
