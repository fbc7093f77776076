//! The report for a person: the verdict in the first line, then what was found, what to change, and what was not seen.
//!
//! In: a [`Report`], whose strings are escaped already. Out: plain lines that fit a terminal and read well without colour.
//! Orders nothing and judges nothing: findings come as the core gives them, the most harmful first.

pub(crate) mod blind;
pub(crate) mod capture;
pub(crate) mod facts;
pub(crate) mod finding;
mod ladder;
mod live;
pub(crate) mod services;
pub(crate) mod times;
pub(crate) mod unexplained;
pub(crate) mod verdict;

use std::io::{self, Write};

use handshark::Report;
use handshark::report::Finding;

use crate::paint::Paint;
use crate::sheet::Sheet;

pub use live::write_symptom;

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal. Paragraphs keep within it; what is to be copied (filters, commands) is never broken.
    pub width: usize,
    /// Whether to write colours.
    pub color: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 100, color: false }
    }
}

/// What a report can not know of itself.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Codes of the checks that were asked for.
    pub checks: &'a [&'static str],
    /// Findings that were taken out of the report before it came here.
    pub hidden: &'a [Finding],
}

/// Findings that are told in full; of the rest one line each.
const MAX_TOLD: usize = 20;

/// Writes a report as text.
///
/// # Errors
/// The writer refuses.
pub fn write_report(out: &mut dyn Write, report: &Report, scope: Scope<'_>, style: Style) -> io::Result<()> {
    let mut sheet = Sheet::new(style.width, Paint { color: style.color });
    verdict::write(&mut sheet, report, scope);
    capture::write_numbering(&mut sheet, &report.capture.files);
    unexplained::write(&mut sheet, &report.unexplained);
    for (i, finding) in report.findings.iter().enumerate() {
        let number = (report.findings.len() > 1).then_some(i + 1);
        if i < MAX_TOLD {
            sheet.gap();
            let before = report.findings.get(..i).unwrap_or_default();
            finding::write(&mut sheet, number, finding, before);
        } else {
            if i == MAX_TOLD {
                sheet.gap();
            }
            finding::write_header(&mut sheet, number, finding);
        }
    }
    services::write(&mut sheet, &report.services);
    capture::write_found_nothing(&mut sheet, report, scope);
    capture::write_not_assessed(&mut sheet, report);
    capture::write(&mut sheet, &report.capture);
    if !report.findings.is_empty() {
        sheet.gap();
        sheet.line(0, "More on a finding: handshark explain CODE");
    }
    out.write_all(sheet.into_text().as_bytes())
}

#[cfg(test)]
mod tests;
