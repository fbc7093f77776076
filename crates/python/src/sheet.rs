//! Small tables, of things that the report holds: one column at a time.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    Array as _, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, Field, Schema};
use handshark::types::Timestamp;

use crate::kind::Kind;
use crate::table::Table;

/// Columns under their names as a table.
pub(crate) fn sheet<const N: usize>(
    kind: Kind,
    names: &[(&str, &str); N],
    columns: [ArrayRef; N],
) -> Result<Table, ArrowError> {
    let fields = names.iter().zip(&columns);
    let fields: Vec<Field> =
        fields.map(|((name, _), column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into())?;
    Ok(Table::new(kind, schema, vec![batch]))
}

/// A column of texts.
pub(crate) fn texts<T>(rows: &[T], of: impl Fn(&T) -> Option<String>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

/// A column of counts.
pub(crate) fn counts<T>(rows: &[T], of: impl Fn(&T) -> Option<u64>) -> ArrayRef {
    let counts = rows.iter().map(|row| of(row).and_then(|count| i64::try_from(count).ok()));
    Arc::new(counts.collect::<Int64Array>())
}

/// A column of numbers, such as seconds.
pub(crate) fn numbers<T>(rows: &[T], of: impl Fn(&T) -> Option<f64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Float64Array>())
}

/// A column of times, in microseconds.
pub(crate) fn times<T>(rows: &[T], of: impl Fn(&T) -> Option<Timestamp>) -> ArrayRef {
    let times = rows.iter().map(|row| of(row).map(|at| at.as_nanos().div_euclid(1_000)));
    Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// A column of lists of texts.
pub(crate) fn lists<T>(rows: &[T], of: impl Fn(&T) -> Vec<String>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        lists.append_value(of(row).into_iter().map(Some));
    }
    Arc::new(lists.finish())
}
