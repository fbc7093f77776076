//! `handshark correlate`: the same connections at several capture points.

use handshark::correlate::{Correlation, Point};
use handshark_output::correlate;

use crate::apart;
use crate::args::{Correlate, LaidFormat};
use crate::failure::Failure;

pub(crate) fn run(job: Correlate) -> Result<i32, Failure> {
    let Correlate { captures, format, fail_on, way } = job;
    apart::run(captures, fail_on, way, Point::new, |out, points, style| {
        let correlation = Correlation::of(points);
        match format {
            LaidFormat::Text => correlate::write_text(out, &correlation, style)?,
            LaidFormat::Json => correlate::write_json(out, &correlation)?,
        }
        Ok(correlation.worst())
    })
}
