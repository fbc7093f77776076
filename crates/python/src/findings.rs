//! Findings as rows: what fits into columns of one value.

use handshark::report::{Finding, ServiceName};

use crate::kind::Kind;
use crate::sheet::{counts, sheet, texts, times};
use crate::table::Table;

/// Names of the columns and what they mean.
pub(crate) const COLUMNS: [(&str, &str); 11] = [
    ("code", "Its code, see handshark.explain"),
    ("severity", "Harm: info, warning, error"),
    ("confidence", "Sight: low, medium, high"),
    ("server_address", "IP address of the service; null for findings on the capture"),
    ("server_port", "TCP port of the service"),
    ("server_name", "Server name (SNI), escaped"),
    ("affected", "Connections that it hit"),
    ("of", "Connections that it could have hit"),
    ("first", "The first time it was seen"),
    ("last", "The last time it was seen"),
    ("summary", "What happened, escaped"),
];

/// One row for each finding, in their order.
pub(crate) fn table(findings: &[Finding]) -> Result<Table, arrow_schema::ArrowError> {
    let columns = [
        texts(findings, |finding| Some(finding.code.to_owned())),
        texts(findings, |finding| Some(finding.severity.name().to_owned())),
        texts(findings, |finding| Some(finding.confidence.name().to_owned())),
        texts(findings, |finding| service(finding).map(|service| service.address.to_string())),
        counts(findings, |finding| service(finding).map(|service| u64::from(service.port))),
        texts(findings, |finding| service(finding)?.server_name.clone()),
        counts(findings, |finding| Some(finding.affected)),
        counts(findings, |finding| Some(finding.of)),
        times(findings, |finding| finding.first),
        times(findings, |finding| finding.last),
        texts(findings, |finding| Some(finding.summary.clone())),
    ];
    sheet(Kind::Findings, &COLUMNS, columns)
}

fn service(finding: &Finding) -> Option<&ServiceName> {
    finding.service.as_ref()
}
