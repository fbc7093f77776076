//! The manual pages of the findings, the known limits, and text made safe to show.

use handshark::detect::{DETECTORS, KNOWN, Kind};
use pyo3::prelude::*;

use crate::error::guarded;

/// Code and page of every finding, in the order in which they look.
#[pyfunction]
pub(crate) fn pages() -> PyResult<Vec<(&'static str, &'static str)>> {
    guarded(|| Ok(DETECTORS.iter().map(|detector| (detector.code(), detector.page())).collect()))
}

/// A known limit on idle time as Python takes it: component, setting, role, documented value in seconds, and the band that
/// is expected on the wire.
pub(crate) type IdleLimit = (&'static str, &'static str, &'static str, f64, (f64, f64));

/// Known limits on idle time.
#[pyfunction]
pub(crate) fn idle_limits() -> PyResult<Vec<IdleLimit>> {
    guarded(|| {
        let idle = KNOWN.iter().filter(|known| known.kind == Kind::Idle);
        let limits =
            idle.filter_map(|known| Some((known.component, known.setting, known.role, known.value_s?, known.band_s?)));
        Ok(limits.collect())
    })
}

/// The text with every control, format and bidirectional character spelled out.
#[pyfunction]
pub(crate) fn escaped(text: &str) -> PyResult<String> {
    guarded(|| Ok(handshark::types::escaped(text).into_owned()))
}
