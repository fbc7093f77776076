//! The report as JSON, schema `handshark.report/1`.

use std::io::{self, Write};

use handshark::Report;

/// JSON Schema (draft 2020-12) of what [`write_report`] writes. Keys are stable; new ones may be added.
pub const SCHEMA: &str = include_str!("../schema/report.schema.json");

/// Writes a report as indented JSON with a line end.
///
/// # Errors
/// The writer refuses.
pub fn write_report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

#[cfg(test)]
mod tests;
