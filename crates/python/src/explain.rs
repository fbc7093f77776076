//! The manual pages of the findings, and text made safe to show.

use handshark::detect::DETECTORS;
use pyo3::prelude::*;

/// Code and page of every finding, in the order in which they look.
#[pyfunction]
pub(crate) fn pages() -> Vec<(&'static str, &'static str)> {
    DETECTORS.iter().map(|detector| (detector.code(), detector.page())).collect()
}

/// The text with every control, format and bidirectional character spelled out.
#[pyfunction]
pub(crate) fn escaped(text: &str) -> String {
    handshark::types::escaped(text).into_owned()
}
