//! Rows as Parquet: the columns and types of [`crate::arrow`], compressed with Snappy.
//!
//! A row group has as many rows as a batch, and is handed on when it is full: memory does not grow with the rows. What makes
//! the file readable stands at its end.

use std::fmt;
use std::io::{self, Write};

use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use handshark::record::Value;

use crate::arrow::{Batches, schema};
use crate::rows::RowKind;

/// Writes rows as Parquet.
pub(crate) struct Parquet<W> {
    out: W,
    kind: RowKind,
    batches: Batches,
    /// From the first batch, or the end, on. It writes to memory, from which each row group goes to `out`.
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl<W> fmt::Debug for Parquet<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parquet").field("batches", &self.batches).finish_non_exhaustive()
    }
}

impl<W: Write> Parquet<W> {
    pub(crate) fn new(kind: RowKind, out: W) -> Self {
        Self { out, kind, batches: Batches::new(kind), writer: None }
    }

    pub(crate) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    pub(crate) fn row<'a>(&mut self, values: impl Iterator<Item = Value<'a>>) -> io::Result<()> {
        self.batches.row(values).map_err(io::Error::other)?;
        self.batches.take_full().iter().try_for_each(|batch| self.write(batch))
    }

    /// Writes the rows that are left, and what makes it a file.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let rest = std::mem::replace(&mut self.batches, Batches::new(self.kind));
        rest.finish().map_err(io::Error::other)?.iter().try_for_each(|batch| self.write(batch))?;
        self.writer()?.finish()?;
        self.hand_on()?;
        self.out.flush()
    }

    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let writer = self.writer()?;
        writer.write(batch)?;
        writer.flush()?;
        self.hand_on()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let written = self.writer.as_mut().map(|writer| std::mem::take(writer.inner_mut()));
        self.out.write_all(&written.unwrap_or_default())
    }

    fn writer(&mut self) -> io::Result<&mut ArrowWriter<Vec<u8>>> {
        if self.writer.is_none() {
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_created_by(concat!("handshark version ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            self.writer = Some(ArrowWriter::try_new(Vec::new(), schema(self.kind), Some(properties))?);
        }
        self.writer.as_mut().ok_or_else(|| io::Error::other("no Parquet writer"))
    }
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

    use super::*;
    use crate::rows::{Formulas, RowFormat, Rows};
    use crate::samples;
    use crate::text::Style;

    fn written(kind: RowKind, connections: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rows = Rows::new(kind, RowFormat::Parquet, Style::default(), Formulas::Kept, &mut out);
        for number in 0..connections {
            rows.connection(&samples::connection(number), &samples::interfaces()).expect("a Vec takes all");
        }
        rows.finish().expect("a Vec takes all");
        drop(rows);
        out
    }

    #[test]
    fn what_is_read_back_are_the_batches() {
        for kind in [RowKind::Connections, RowKind::Hellos, RowKind::Certificates] {
            let mut batches = Batches::new(kind);
            for number in 0..3 {
                batches.push(&samples::connection(number), &samples::interfaces()).expect("types agree");
            }
            let file = bytes::Bytes::from(written(kind, 3));
            let read: Vec<RecordBatch> = ParquetRecordBatchReader::try_new(file, 1_024)
                .expect("a Parquet file")
                .collect::<Result<_, _>>()
                .expect("readable rows");
            assert_eq!(read, batches.finish().expect("types agree"));
        }
    }

    #[test]
    fn no_rows_are_a_file_with_all_columns() {
        let file = bytes::Bytes::from(written(RowKind::Connections, 0));
        let reader = ParquetRecordBatchReader::try_new(file, 1_024).expect("a Parquet file");
        assert_eq!(reader.count(), 0);
    }
}
