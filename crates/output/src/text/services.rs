//! The services table: who was asked, how often, and what became of it.

use handshark::report::ServiceSummary;
use handshark::types::Endpoint;

use crate::sheet::{Align, Sheet, columns, cut, padded};

/// Services that are shown; the JSON report has all.
const MAX_SERVICES: usize = 20;

/// The widest service cell, and the narrowest that long names are cut to on a narrow terminal.
const CELL: std::ops::RangeInclusive<usize> = 24..=44;

/// Columns that the numbers take, with the spaces around them, and that the outcomes need at least.
const NUMBERS_AND_OUTCOMES: usize = 24 + 26;

/// Writes the first services, the worst first as the core gives them.
pub(super) fn write(sheet: &mut Sheet, services: &[ServiceSummary]) {
    if services.is_empty() {
        return;
    }
    sheet.gap();
    sheet.heading(0, "Services");
    let room = sheet.width().saturating_sub(NUMBERS_AND_OUTCOMES).clamp(*CELL.start(), *CELL.end());
    let shown: Vec<(String, &ServiceSummary)> =
        services.iter().take(MAX_SERVICES).map(|service| (cut(&label(service), room), service)).collect();
    let width = shown.iter().map(|(label, _)| columns(label)).max().unwrap_or(0).max("server".len());
    sheet.line(2, &format!("{}  connections  clients  outcomes", padded("server", width, Align::Left)));
    for (label, service) in &shown {
        let label = padded(label, width, Align::Left);
        let connections = padded(&service.connections.to_string(), 11, Align::Right);
        let clients = padded(&service.clients.to_string(), 7, Align::Right);
        sheet.paragraph(2, &format!("{label}  {connections}  {clients}  "), &outcomes(service));
    }
    if let Some(more) = services.len().checked_sub(MAX_SERVICES).filter(|more| *more > 0) {
        sheet.line(2, &format!("and {more} more: --format json has all"));
    }
}

/// `10.0.0.5:3000 (api.example, ...)`.
fn label(service: &ServiceSummary) -> String {
    let endpoint = Endpoint::new(service.address, service.port);
    match service.server_names.as_slice() {
        [] => endpoint.to_string(),
        [name] => format!("{endpoint} ({name})"),
        [name, ..] => format!("{endpoint} ({name}, ...)"),
    }
}

/// `37 established, 3 reset; up to 9 exchanges each, 3 closed by the server [stale-reuse]`.
pub(crate) fn outcomes(service: &ServiceSummary) -> String {
    let outcomes: Vec<String> =
        service.by_outcome.iter().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
    let outcomes = outcomes.join(", ") + &reuse(service).unwrap_or_default();
    match service.findings.as_slice() {
        [] => outcomes,
        codes => format!("{outcomes} [{}]", codes.join(", ")),
    }
}

/// How far connections were used again, and whether the server let them: what a limit on requests or an idle time must be compared with.
fn reuse(service: &ServiceSummary) -> Option<String> {
    let most = service.distributions.exchanges.map(|exchanges| exchanges.most).filter(|most| *most > 1)?;
    let closed = match service.closed_by_server {
        0 => "none".to_owned(),
        some => some.to_string(),
    };
    Some(format!("; up to {most} exchanges each, {closed} closed by the server"))
}
