//! Columns for data frames: an Arrow stream without copies, and rows for the few.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::Int64Type;
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::SchemaRef;
use arrow_schema::ffi::FFI_ArrowSchema;
use handshark::record::{CERTIFICATE_COLUMNS, COLUMNS, HELLO_COLUMNS};
use handshark_output::arrow::schema;
use handshark_output::rows::RowKind;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyString};

use crate::row;

/// A table in memory. Copies share its columns.
#[pyclass(frozen, module = "handshark")]
#[derive(Clone, Debug)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// What each column means.
    about: Arc<[&'static str]>,
}

impl Table {
    pub(crate) fn connections(batches: Vec<RecordBatch>) -> Self {
        Self::new(schema(RowKind::Connections), batches, COLUMNS.iter().map(|column| column.about).collect())
    }

    pub(crate) fn hellos(batches: Vec<RecordBatch>) -> Self {
        Self::new(schema(RowKind::Hellos), batches, HELLO_COLUMNS.iter().map(|column| column.about).collect())
    }

    pub(crate) fn certificates(batches: Vec<RecordBatch>) -> Self {
        let about = CERTIFICATE_COLUMNS.iter().map(|column| column.about).collect();
        Self::new(schema(RowKind::Certificates), batches, about)
    }

    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>, about: Arc<[&'static str]>) -> Self {
        Self { schema, batches, about }
    }

    /// The place of each row by the number in its first column, as the connections' numbers are: from 0, without gaps.
    pub(crate) fn by_number(&self) -> Vec<Option<u32>> {
        let mut places = vec![None; self.rows()];
        let batches = self.batches.iter().filter_map(|batch| batch.columns().first()?.as_primitive_opt::<Int64Type>());
        for (row, number) in (0_u32..).zip(batches.flat_map(|numbers| numbers.values().iter())) {
            if let Some(place) = usize::try_from(*number).ok().and_then(|number| places.get_mut(number)) {
                *place = Some(row);
            }
        }
        places
    }

    /// One row.
    pub(crate) fn row<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.place(row).map(|(batch, place)| row::dict(py, &self.names(py), batch, place)).transpose()
    }

    fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The batch of a row, and its place there.
    fn place(&self, mut row: usize) -> Option<(&RecordBatch, usize)> {
        for batch in &self.batches {
            if row < batch.num_rows() {
                return Some((batch, row));
            }
            row -= batch.num_rows();
        }
        None
    }

    fn names<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyString>> {
        self.schema.fields().iter().map(|field| PyString::intern(py, field.name())).collect()
    }

    fn dicts<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Bound<'py, PyList>> {
        let (names, list) = (self.names(py), PyList::empty(py));
        let places = self.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
        for (count, (batch, place)) in places.take(limit).enumerate() {
            if count % 4_096 == 4_095 {
                py.check_signals()?;
            }
            list.append(row::dict(py, &names, batch, place)?)?;
        }
        Ok(list)
    }
}

#[pymethods]
impl Table {
    /// The table as an Arrow C stream, for every library that knows the Arrow PyCapsule interface. Nothing is copied.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface allows to ignore it: whoever asked casts.
        drop(requested_schema);
        let batches =
            RecordBatchIterator::new(self.batches.clone().into_iter().map(Ok), SchemaRef::clone(&self.schema));
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
    }

    /// Names and types of the columns as an Arrow C schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref());
        let schema = schema.map_err(|error| PyValueError::new_err(error.to_string()))?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    fn __len__(&self) -> usize {
        self.rows()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, row: isize) -> PyResult<Bound<'py, PyDict>> {
        let place = if row < 0 { self.rows().checked_add_signed(row) } else { usize::try_from(row).ok() };
        let found = place.map_or(Ok(None), |place| self.row(py, place))?;
        found.ok_or_else(|| PyIndexError::new_err(format!("row {row} of a table of {} rows", self.rows())))
    }

    fn __iter__(&self) -> Rows {
        Rows { table: self.clone(), next: AtomicUsize::new(0) }
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// What each column means, with its unit.
    #[getter]
    fn about<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let about = PyDict::new(py);
        for (field, text) in self.schema.fields().iter().zip(self.about.iter()) {
            about.set_item(field.name(), text)?;
        }
        Ok(about)
    }

    /// All rows as dictionaries.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.dicts(py, usize::MAX)
    }

    /// The table as a polars data frame; needs polars.
    fn to_polars<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// The table as a pyarrow table; needs pyarrow.
    fn to_arrow<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// The table as a pandas data frame; needs pandas and pyarrow.
    fn to_pandas<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::to_arrow(slf)?.call_method0("to_pandas")
    }

    fn __repr__(&self) -> String {
        format!("<handshark.Table: {} rows of {} columns>", self.rows(), self.schema.fields().len())
    }

    /// The first rows for a notebook.
    fn _repr_html_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rows = self.dicts(py, 10)?;
        py.import("handshark._html")?.call_method1("table", (self.columns(), rows, self.rows()))
    }
}

/// The rows of a table, one after the other. Threads may share it: each row is given once.
#[pyclass(frozen, module = "handshark._handshark")]
#[derive(Debug)]
pub(crate) struct Rows {
    table: Table,
    next: AtomicUsize,
}

#[pymethods]
impl Rows {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.table.row(py, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
