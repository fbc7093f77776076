//! Services as rows: how the connections to each went.

use handshark::record::Outcome;
use handshark::report::ServiceSummary;

use crate::kind::Kind;
use crate::sheet::{counts, lists, sheet, texts};
use crate::table::Table;

/// Names of the columns and what they mean.
pub(crate) const COLUMNS: [(&str, &str); 17] = [
    ("server_address", "IP address of the server"),
    ("server_port", "TCP port of the server"),
    ("server_names", "Server names (SNI) that clients asked for, the most frequent first, at most 8, escaped"),
    ("connections", "Connections and attempts"),
    ("clients", "Clients by address; a lower bound where there are many"),
    ("established", "Connections with this outcome"),
    ("refused", "Connections with this outcome"),
    ("unanswered", "Connections with this outcome"),
    ("prohibited", "Connections with this outcome"),
    ("reset_in_handshake", "Connections with this outcome"),
    ("tls_failed", "Connections with this outcome"),
    ("reset", "Connections with this outcome"),
    ("timed_out", "Connections with this outcome"),
    ("open", "Connections with this outcome"),
    ("mid_stream", "Connections with this outcome"),
    ("health_check", "Connections with this outcome"),
    ("findings", "Codes of findings about it"),
];

/// One row for each service, the worst first.
pub(crate) fn table(services: &[ServiceSummary]) -> Result<Table, arrow_schema::ArrowError> {
    let outcome = |wanted: Outcome| {
        counts(services, move |service| {
            let found = service.by_outcome.iter().find(|(outcome, _)| *outcome == wanted);
            Some(found.map_or(0, |(_, count)| *count))
        })
    };
    let columns = [
        texts(services, |service| Some(service.address.to_string())),
        counts(services, |service| Some(u64::from(service.port))),
        lists(services, |service| service.server_names.clone()),
        counts(services, |service| Some(service.connections)),
        counts(services, |service| Some(service.clients)),
        outcome(Outcome::Established),
        outcome(Outcome::Refused),
        outcome(Outcome::Unanswered),
        outcome(Outcome::Prohibited),
        outcome(Outcome::ResetInHandshake),
        outcome(Outcome::TlsFailed),
        outcome(Outcome::Reset),
        outcome(Outcome::TimedOut),
        outcome(Outcome::Open),
        outcome(Outcome::MidStream),
        outcome(Outcome::HealthCheck),
        lists(services, |service| service.findings.iter().map(|code| (*code).to_owned()).collect()),
    ];
    sheet(Kind::Services, &COLUMNS, columns)
}
