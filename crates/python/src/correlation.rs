//! The same connections at several capture points.

use handshark::correlate::{Collector, Correlation, Point};
use handshark_output::correlate;
use pyo3::prelude::*;

use crate::analysis::{STYLE, changed, inspect};
use crate::error::guarded;
use crate::source::Source;

/// Reads captures of several points to their ends, and says what they tell together: as JSON, `handshark.correlation/1`, and for a
/// person. Each capture comes with what to call it where it has no path.
#[pyfunction]
pub(crate) fn correlated(
    py: Python<'_>,
    captures: Vec<(Source, String)>,
    changes: Vec<(String, f64)>,
) -> PyResult<(String, String)> {
    py.detach(|| {
        guarded(|| {
            let limits = changed(&changes)?;
            let points: PyResult<Vec<Point>> = captures
                .into_iter()
                .map(|(source, name)| {
                    let (report, collector) = inspect(source, &name, &limits, Collector::default(), None)?;
                    Ok(Point::new(&report, collector))
                })
                .collect();
            let correlation = Correlation::of(&points?);
            let (mut json, mut text) = (Vec::new(), Vec::new());
            correlate::write_json(&mut json, &correlation)?;
            correlate::write_text(&mut text, &correlation, STYLE)?;
            Ok((String::from_utf8(json)?, String::from_utf8(text)?))
        })
    })
}
