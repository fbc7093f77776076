//! One finding: what happened, one example, why we think so, what to change, where to look.

use handshark::report::{Finding, ServiceName};
use handshark::types::Endpoint;

use super::{facts, ladder, times};
use crate::paint::{CODE, STRONG};
use crate::sheet::Sheet;

/// Indent of what belongs to a finding.
const INDENT: usize = 2;

/// Writes all of it; what a finding `before` has said in the same words is not said again.
pub(super) fn write(sheet: &mut Sheet, finding: &Finding, before: &[Finding]) {
    write_header(sheet, finding);
    sheet.paragraph(INDENT, "", &finding.summary);
    if let Some(example) = finding.evidence.first() {
        sheet.gap();
        ladder::write(sheet, INDENT, example);
    }
    facts::write(sheet, INDENT, finding, before);
    if !finding.remedy.is_empty() {
        section(sheet, "What to change");
        let said = before.iter().find(|earlier| finding.remedy.iter().any(|text| earlier.remedy.contains(text)));
        let new = finding.remedy.iter().filter(|text| !said.is_some_and(|earlier| earlier.remedy.contains(text)));
        for (i, text) in new.enumerate() {
            sheet.paragraph(INDENT + 2, &format!("{}. ", i + 1), text);
        }
        if let Some(earlier) = said {
            sheet.line(INDENT + 2, &format!("and as above, see {}", earlier.code));
        }
    }
    if let Some(example) = finding.evidence.first().filter(|example| !example.filter.is_empty()) {
        section(sheet, "Wireshark filter");
        let filter = sheet.paint.with(CODE, &example.filter);
        sheet.line(INDENT + 2, &filter);
    }
    if !finding.not_visible.is_empty() {
        section(sheet, "What the capture could not show");
        finding.not_visible.iter().for_each(|text| sheet.paragraph(INDENT + 2, "- ", text));
    }
}

/// `ERROR stale-reuse  10.0.0.5:3000 (api.example)  3 of 40 connections  10:34:01 - 10:36:20 UTC  confidence high`.
pub(super) fn write_header(sheet: &mut Sheet, finding: &Finding) {
    let share = match finding.of {
        0 => String::new(),
        of => format!("{} of {of} connections", finding.affected),
    };
    let plain = format!("{} {}", finding.severity.name(), finding.code);
    let painted = format!("{} {}", sheet.paint.severity(finding.severity), sheet.paint.with(STRONG, finding.code));
    let mut cells = vec![(plain, painted)];
    let rest = [
        finding.service.as_ref().map(service).unwrap_or_default(),
        share,
        times::range(finding.first, finding.last),
        format!("confidence {}", finding.confidence.name()),
    ];
    cells.extend(rest.map(|text| (text.clone(), text)));
    sheet.cells(&cells);
}

/// `10.0.0.5:3000 (api.example)`.
fn service(service: &ServiceName) -> String {
    let endpoint = Endpoint::new(service.address, service.port);
    match &service.server_name {
        Some(name) => format!("{endpoint} ({name})"),
        None => endpoint.to_string(),
    }
}

fn section(sheet: &mut Sheet, heading: &str) {
    sheet.gap();
    sheet.heading(INDENT, heading);
}
