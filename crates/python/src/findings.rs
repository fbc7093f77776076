//! Findings as rows: what fits into columns of one value.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{ArrowError, Field, Schema};
use handshark::report::{Finding, ServiceName};
use handshark::types::Timestamp;

use crate::table::Table;

/// One row for each finding, in their order.
pub(crate) fn table(findings: &[Finding]) -> Result<Table, ArrowError> {
    let texts =
        |of: fn(&Finding) -> Option<&str>| -> ArrayRef { Arc::new(findings.iter().map(of).collect::<StringArray>()) };
    let counts = |of: fn(&Finding) -> Option<u64>| -> ArrayRef {
        let counts = findings.iter().map(|finding| of(finding).and_then(|count| i64::try_from(count).ok()));
        Arc::new(counts.collect::<Int64Array>())
    };
    let times = |of: fn(&Finding) -> Option<Timestamp>| -> ArrayRef {
        let times = findings.iter().map(|finding| of(finding).map(|at| at.as_nanos().div_euclid(1_000)));
        Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let addresses = findings.iter().map(|finding| service(finding).map(|service| service.address.to_string()));
    let columns: [(&str, &'static str, ArrayRef); 11] = [
        ("code", "Its code, see handshark.explain", texts(|finding| Some(finding.code))),
        ("severity", "Harm: info, warning, error", texts(|finding| Some(finding.severity.name()))),
        ("confidence", "Sight: low, medium, high", texts(|finding| Some(finding.confidence.name()))),
        ("server_address", "IP address of the service", Arc::new(addresses.collect::<StringArray>())),
        ("server_port", "TCP port of the service", counts(|finding| service(finding).map(|s| u64::from(s.port)))),
        ("server_name", "Server name (SNI), escaped", texts(|finding| service(finding)?.server_name.as_deref())),
        ("affected", "Connections that it hit", counts(|finding| Some(finding.affected))),
        ("of", "Connections that it could have hit", counts(|finding| Some(finding.of))),
        ("first", "The first time it was seen", times(|finding| finding.first)),
        ("last", "The last time it was seen", times(|finding| finding.last)),
        ("summary", "What happened, escaped", texts(|finding| Some(&finding.summary))),
    ];
    let field = |(name, _, column): &(&str, _, ArrayRef)| Field::new(*name, column.data_type().clone(), true);
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let about = columns.iter().map(|(_, about, _)| *about).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, _, column)| column).collect())?;
    Ok(Table::new(schema, vec![batch], about))
}

fn service(finding: &Finding) -> Option<&ServiceName> {
    finding.service.as_ref()
}
