//! `handshark compare`: what differs from one capture to another.

use handshark::compare::{Comparison, Profile};
use handshark_output::compare;

use crate::apart;
use crate::args::{Compare, LaidFormat};
use crate::failure::Failure;

pub(crate) fn run(job: Compare) -> Result<i32, Failure> {
    let Compare { a, b, format, fail_on, way } = job;
    apart::run(vec![a, b], fail_on, way, Profile::new, |out, profiles, style| {
        let [a, b] = profiles else { unreachable!("two captures were named") };
        let comparison = Comparison::of(a, b);
        match format {
            LaidFormat::Text => compare::write_text(out, &comparison, style)?,
            LaidFormat::Json => compare::write_json(out, &comparison)?,
        }
        Ok(comparison.worst())
    })
}
