//! Judgement: from finished connections to symptoms, from symptoms to findings.
//!
//! A finding is a pair of files, `<layer>/<code>.rs` and `<code>.md`, and one line in `registry.rs`. A detector reads
//! finished connections and numbers of its service; it never sees packets, bytes or another detector.

mod symptom;

pub use symptom::{Confidence, Severity, Symptom};
