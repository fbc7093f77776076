//! Rows as Arrow record batches, for Python and for Parquet.
//!
//! Types that every reader takes: signed 64-bit, 64-bit floating point, plain UTF-8 (no dictionaries), lists of it, and
//! microseconds in UTC. Every column may be null. Text is as it was on the wire, not escaped: data, not something to show.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use handshark::capture::Interfaces;
use handshark::record::{
    CERTIFICATE_COLUMNS, COLUMNS, CertificateRow, ColumnType, Connection, HELLO_COLUMNS, HelloRow, Value,
};
use handshark::types::Timestamp;

use crate::csv::Csv;
use crate::rows::{Formulas, Heading, RowKind};

/// Rows in one batch.
pub const BATCH_ROWS: usize = 64 * 1024;

/// The schema of the rows.
pub fn schema(kind: RowKind) -> SchemaRef {
    let fields: Vec<Field> =
        kind.headings().iter().map(|heading| Field::new(heading.name, data_type(heading.kind), true)).collect();
    Arc::new(Schema::new(fields))
}

/// Gathers finished connections, or their hellos or certificates, into record batches.
///
/// ```
/// use handshark_output::arrow::{Batches, schema};
/// use handshark_output::rows::RowKind;
///
/// let mut batches = Batches::new(RowKind::Connections);
/// // for each finished connection: batches.push(&connection, &interfaces)?;
/// let rest = batches.finish()?;
/// assert!(rest.iter().all(|batch| batch.schema() == schema(RowKind::Connections)));
/// # Ok::<(), arrow_schema::ArrowError>(())
/// ```
#[derive(Debug)]
pub struct Batches {
    kind: RowKind,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    full: Vec<RecordBatch>,
}

impl Batches {
    /// No rows yet.
    pub fn new(kind: RowKind) -> Self {
        let builders = kind.headings().iter().map(Builder::new).collect();
        Self { kind, schema: schema(kind), builders, rows: 0, full: Vec::new() }
    }

    /// Adds what this connection gives: one row, or one for each of its hellos or certificates.
    ///
    /// # Errors
    /// A column's values do not have the type that the registry says; a bug there.
    pub fn push(&mut self, connection: &Connection, interfaces: &Interfaces) -> Result<(), ArrowError> {
        match self.kind {
            RowKind::Connections => self.row(COLUMNS.iter().map(|column| (column.value)(connection, interfaces))),
            RowKind::Hellos => HelloRow::all(connection)
                .try_for_each(|row| self.row(HELLO_COLUMNS.iter().map(|column| (column.value)(&row)))),
            RowKind::Certificates => CertificateRow::all(connection)
                .try_for_each(|row| self.row(CERTIFICATE_COLUMNS.iter().map(|column| (column.value)(&row)))),
        }
    }

    /// Full batches so far; they are handed over once.
    pub fn take_full(&mut self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.full)
    }

    /// All batches that were not taken, the last one as full as it is. Without any row there is no batch: the schema is
    /// what [`schema`] says.
    ///
    /// # Errors
    /// A column's values do not have the type that the registry says; a bug there.
    pub fn finish(mut self) -> Result<Vec<RecordBatch>, ArrowError> {
        self.close_batch()?;
        Ok(self.full)
    }

    pub(crate) fn row<'a>(&mut self, values: impl Iterator<Item = Value<'a>>) -> Result<(), ArrowError> {
        for (i, (builder, value)) in self.builders.iter_mut().zip(values).enumerate() {
            if !builder.push(&value) {
                let name = self.schema.fields().get(i).map_or("", |field| field.name());
                return Err(ArrowError::SchemaError(format!("column {name} holds {value:?}")));
            }
        }
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.close_batch() } else { Ok(()) }
    }

    fn close_batch(&mut self) -> Result<(), ArrowError> {
        if self.rows > 0 {
            let columns: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
            self.full.push(RecordBatch::try_new(Arc::clone(&self.schema), columns)?);
            self.rows = 0;
        }
        Ok(())
    }
}

/// Writes batches as CSV, in the format of [`RowFormat::Csv`](crate::rows::RowFormat::Csv); times to the microsecond, as
/// batches have them.
///
/// # Errors
/// The writer refuses.
pub fn write_csv(
    schema: &Schema,
    batches: &[RecordBatch],
    formulas: Formulas,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut csv = Csv::of_names(&names, formulas, out);
    for batch in batches {
        for row in 0..batch.num_rows() {
            csv.row(batch.columns().iter().map(|column| value(column, row)))?;
        }
    }
    csv.flush()
}

/// One value of a batch, of the types that [`data_type`] gives.
fn value(column: &dyn Array, row: usize) -> Value<'_> {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int64 => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::Text(Cow::Borrowed(column.as_string::<i32>().value(row))),
        DataType::Timestamp(_, _) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            Value::Time(Timestamp::from_nanos(micros.saturating_mul(1_000)))
        }
        DataType::List(_) => {
            let texts = column.as_list::<i32>().value(row);
            Value::Texts(texts.as_string::<i32>().iter().flatten().map(|text| Cow::Owned(text.to_owned())).collect())
        }
        _ => Value::Null,
    }
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Text => DataType::Utf8,
        ColumnType::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Texts => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
    }
}

/// One column under construction.
#[derive(Debug)]
enum Builder {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Time(TimestampMicrosecondBuilder),
    Texts(ListBuilder<StringBuilder>),
}

impl Builder {
    fn new(heading: &Heading) -> Self {
        match heading.kind {
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Int => Self::Int(Int64Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            ColumnType::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
        }
    }

    /// Adds a value; `false` where it has another type.
    fn push(&mut self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Bool(builder), Value::Null) => builder.append_null(),
            (Self::Bool(builder), Value::Bool(yes)) => builder.append_value(*yes),
            (Self::Int(builder), Value::Null) => builder.append_null(),
            (Self::Int(builder), Value::Int(number)) => builder.append_value(*number),
            (Self::Float(builder), Value::Null) => builder.append_null(),
            (Self::Float(builder), Value::Float(number)) => builder.append_value(*number),
            (Self::Text(builder), Value::Null) => builder.append_null(),
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Text(builder), Value::Address(address)) => {
                // Writing to a builder can not fail; the empty value closes what was written.
                let _ = write!(builder, "{address}");
                builder.append_value("");
            }
            (Self::Time(builder), Value::Null) => builder.append_null(),
            (Self::Time(builder), Value::Time(time)) => builder.append_value(time.as_nanos().div_euclid(1_000)),
            (Self::Texts(builder), Value::Null) => builder.append_null(),
            (Self::Texts(builder), Value::Texts(texts)) => {
                texts.iter().for_each(|text| builder.values().append_value(text));
                builder.append(true);
            }
            (_, _) => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Bool(builder) => ArrayBuilder::finish(builder),
            Self::Int(builder) => ArrayBuilder::finish(builder),
            Self::Float(builder) => ArrayBuilder::finish(builder),
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Time(builder) => ArrayBuilder::finish(builder),
            Self::Texts(builder) => ArrayBuilder::finish(builder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{RowFormat, Rows};
    use crate::samples;
    use crate::text::Style;

    #[test]
    fn every_column_of_both_registries_becomes_a_batch() {
        for kind in [RowKind::Connections, RowKind::Hellos] {
            let mut batches = Batches::new(kind);
            for number in 0..3 {
                batches.push(&samples::connection(number), &samples::interfaces()).expect("types agree");
            }
            let done = batches.finish().expect("types agree");
            assert_eq!((done.len(), done[0].num_rows()), (1, 3));
            assert_eq!(done[0].num_columns(), kind.headings().len());
        }
    }

    #[test]
    fn values_are_those_of_the_connection() {
        let mut batches = Batches::new(RowKind::Connections);
        batches.push(&samples::connection(7), &samples::interfaces()).expect("types agree");
        let batch = batches.finish().expect("types agree").remove(0);
        let column = |name: &str| batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
        assert_eq!(column("connection").as_primitive::<Int64Type>().value(0), 7);
        assert_eq!(column("server_address").as_string::<i32>().value(0), "2001:db8::5");
        let start = column("start").as_primitive::<TimestampMicrosecondType>().value(0);
        assert_eq!(start, samples::at(0).as_nanos() / 1_000);
        assert_eq!(column("server_name").as_string::<i32>().value(0), "evil\u{1b}[31m.example");
        let symptoms = column("symptoms").as_list::<i32>().value(0);
        assert_eq!(symptoms.as_string::<i32>().value(0), "stale-reuse");
        assert!(column("vlan").is_null(0));
    }

    #[test]
    fn csv_of_batches_is_csv_of_rows() {
        for kind in [RowKind::Connections, RowKind::Hellos, RowKind::Certificates] {
            let (mut batches, mut expected, mut written) = (Batches::new(kind), Vec::new(), Vec::new());
            let mut rows = Rows::new(kind, RowFormat::Csv, Style::default(), Formulas::Kept, &mut expected);
            for number in 0..3 {
                let (connection, interfaces) = (samples::connection(number), samples::interfaces());
                batches.push(&connection, &interfaces).expect("types agree");
                rows.connection(&connection, &interfaces).expect("a Vec takes all");
            }
            rows.finish().expect("a Vec takes all");
            drop(rows);
            let batches = batches.finish().expect("types agree");
            write_csv(&schema(kind), &batches, Formulas::Kept, &mut written).expect("a Vec takes all");
            assert_eq!(String::from_utf8(written), String::from_utf8(expected));
        }
    }

    #[test]
    fn a_full_batch_can_be_taken_while_more_come() {
        let (connection, interfaces) = (samples::connection(1), samples::interfaces());
        let mut batches = Batches::new(RowKind::Hellos);
        for _ in 0..=BATCH_ROWS {
            batches.push(&connection, &interfaces).expect("types agree");
        }
        let full = batches.take_full();
        assert_eq!(full.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [BATCH_ROWS]);
        let rest = batches.finish().expect("types agree");
        assert_eq!(rest.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn no_rows_are_no_batch() {
        assert!(Batches::new(RowKind::Connections).finish().expect("nothing to disagree").is_empty());
        assert_eq!(schema(RowKind::Connections).fields().len(), COLUMNS.len());
    }
}
