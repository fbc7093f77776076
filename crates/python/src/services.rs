//! Services as rows: how the connections to each went.

use handshark::record::Outcome;
use handshark::report::{Distributions, Quantiles, ServiceSummary};
use handshark::types::Span;

use crate::kind::Kind;
use crate::sheet::{counts, lists, numbers, sheet, texts};
use crate::table::Table;

/// Names of the columns and what they mean.
pub(crate) const COLUMNS: [(&str, &str); 35] = [
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
    ("connect_p50_s", "What connecting took, in seconds: the median, within 1.6 %"),
    ("connect_p90_s", "What connecting took, in seconds: nine of ten are not above it, within 1.6 %"),
    ("connect_p99_s", "What connecting took, in seconds: ninety-nine of a hundred are not above it, within 1.6 %"),
    ("handshake_p50_s", "What the TLS handshake took, in seconds: the median, within 1.6 %"),
    ("handshake_p90_s", "What the TLS handshake took, in seconds: nine of ten are not above it, within 1.6 %"),
    (
        "handshake_p99_s",
        "What the TLS handshake took, in seconds: ninety-nine of a hundred are not above it, within 1.6 %",
    ),
    ("idle_before_close_p50_s", "From the last payload to the first FIN or RST, in seconds: the median, within 1.6 %"),
    (
        "idle_before_close_p90_s",
        "From the last payload to the first FIN or RST, in seconds: nine of ten are not above it, within 1.6 %",
    ),
    (
        "idle_before_close_p99_s",
        "From the last payload to the first FIN or RST, in seconds: ninety-nine of a hundred are not above it, within 1.6 %",
    ),
    ("age_p50_s", "From the SYN to the first FIN or RST, in seconds: the median, within 1.6 %"),
    ("age_p90_s", "From the SYN to the first FIN or RST, in seconds: nine of ten are not above it, within 1.6 %"),
    (
        "age_p99_s",
        "From the SYN to the first FIN or RST, in seconds: ninety-nine of a hundred are not above it, within 1.6 %",
    ),
    (
        "exchanges_p50",
        "Bursts of the client that the server answered, of connections on which both sides spoke: the median, within 1.6 %",
    ),
    (
        "exchanges_p90",
        "Bursts of the client that the server answered, of connections on which both sides spoke: nine of ten are not above it, within 1.6 %",
    ),
    (
        "exchanges_p99",
        "Bursts of the client that the server answered, of connections on which both sides spoke: ninety-nine of a hundred are not above it, within 1.6 %",
    ),
    ("attempts_per_second_p50", "Attempts in each second that had any: the median"),
    ("attempts_per_second_p90", "Attempts in each second that had any: nine of ten are not above it"),
    ("attempts_per_second_p99", "Attempts in each second that had any: ninety-nine of a hundred are not above it"),
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
    let seconds = |which: fn(&Distributions) -> Option<Quantiles<Span>>, of: fn(Quantiles<Span>) -> Span| {
        numbers(services, move |service| which(&service.distributions).map(|found| of(found).as_secs_f64()))
    };
    let count = |service: &ServiceSummary, of: fn(Quantiles<i64>) -> i64| {
        service.distributions.exchanges.and_then(|found| u64::try_from(of(found)).ok())
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
        seconds(|all| all.connect_s, |found| found.p50),
        seconds(|all| all.connect_s, |found| found.p90),
        seconds(|all| all.connect_s, |found| found.p99),
        seconds(|all| all.handshake_s, |found| found.p50),
        seconds(|all| all.handshake_s, |found| found.p90),
        seconds(|all| all.handshake_s, |found| found.p99),
        seconds(|all| all.idle_before_close_s, |found| found.p50),
        seconds(|all| all.idle_before_close_s, |found| found.p90),
        seconds(|all| all.idle_before_close_s, |found| found.p99),
        seconds(|all| all.age_s, |found| found.p50),
        seconds(|all| all.age_s, |found| found.p90),
        seconds(|all| all.age_s, |found| found.p99),
        counts(services, |service| count(service, |found| found.p50)),
        counts(services, |service| count(service, |found| found.p90)),
        counts(services, |service| count(service, |found| found.p99)),
        numbers(services, |service| service.distributions.attempts_per_second.map(|found| found.p50)),
        numbers(services, |service| service.distributions.attempts_per_second.map(|found| found.p90)),
        numbers(services, |service| service.distributions.attempts_per_second.map(|found| found.p99)),
        lists(services, |service| service.findings.iter().map(|code| (*code).to_owned()).collect()),
    ];
    sheet(Kind::Services, &COLUMNS, columns)
}
