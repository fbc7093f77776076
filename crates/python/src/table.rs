//! Columns for data frames: an Arrow stream without copies, and rows for the few.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch, RecordBatchIterator};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, SchemaRef};
use handshark_output::arrow::{schema, write_csv};
use handshark_output::rows::{Formulas, RowKind};
use pyo3::exceptions::{PyIndexError, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList, PyString};

use crate::error::{guarded, refused};
use crate::kind::Kind;
use crate::row;

/// A table in memory. Copies share its columns.
#[pyclass(frozen, from_py_object, module = "handshark")]
#[derive(Clone, Debug)]
pub(crate) struct Table {
    kind: Kind,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// Rows of the core's registries.
    pub(crate) fn of_rows(kind: RowKind, batches: Vec<RecordBatch>) -> Self {
        Self::new(kind.into(), schema(kind), batches)
    }

    pub(crate) fn new(kind: Kind, schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { kind, schema, batches }
    }

    /// The place of each row by the number in its first column, as the connections' numbers are: from 0, without gaps.
    pub(crate) fn by_number(&self) -> Vec<Option<u32>> {
        let mut places = vec![None; self.rows()];
        for (row, number) in self.numbers() {
            if let Some(place) = usize::try_from(number).ok().and_then(|number| places.get_mut(number)) {
                *place = u32::try_from(row).ok();
            }
        }
        places
    }

    /// One row.
    pub(crate) fn row<'py>(&self, py: Python<'py>, row: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.place(row).map(|(batch, place)| row::dict(py, &self.names(py), batch, place)).transpose()
    }

    /// The rows with this number in their first column, in order.
    pub(crate) fn rows_of<'py>(&self, py: Python<'py>, wanted: i64) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let found = self.numbers().filter(|(_, number)| *number == wanted).map(|(row, _)| row);
        found.filter_map(|row| self.row(py, row).transpose()).collect()
    }

    /// Rows and what their first column says.
    fn numbers(&self) -> impl Iterator<Item = (usize, i64)> {
        let batches = self.batches.iter().filter_map(|batch| batch.columns().first()?.as_primitive_opt::<Int64Type>());
        batches.flat_map(|numbers| numbers.values().iter().copied()).enumerate()
    }

    pub(crate) fn rows(&self) -> usize {
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

    /// Kind and columns as an Arrow IPC stream.
    fn to_bytes(&self) -> Result<Vec<u8>, ArrowError> {
        let mut writer = StreamWriter::try_new(Vec::new(), &self.schema)?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.into_inner()
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
        guarded(|| {
            let batches =
                RecordBatchIterator::new(self.batches.clone().into_iter().map(Ok), SchemaRef::clone(&self.schema));
            PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
        })
    }

    /// Names and types of the columns as an Arrow C schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guarded(|| {
            let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(wrong)?;
            PyCapsule::new_with_value(py, schema, c"arrow_schema")
        })
    }

    fn __len__(&self) -> usize {
        self.rows()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, row: isize) -> PyResult<Bound<'py, PyDict>> {
        guarded(|| {
            let place = if row < 0 { self.rows().checked_add_signed(row) } else { usize::try_from(row).ok() };
            let found = place.map_or(Ok(None), |place| self.row(py, place))?;
            found.ok_or_else(|| PyIndexError::new_err(format!("row {row} of a table of {} rows", self.rows())))
        })
    }

    fn __iter__(&self) -> Rows {
        Rows { table: self.clone(), next: AtomicUsize::new(0) }
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<Self>() else { return Ok(false) };
        guarded(|| {
            let other = other.get();
            Ok(self.kind == other.kind && self.schema == other.schema && self.batches == other.batches)
        })
    }

    /// What a table holds can be compared, but is too much for a key.
    #[classattr]
    const __hash__: Option<Py<PyAny>> = None;

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// What each column means, with its unit.
    #[getter]
    fn about<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guarded(|| {
            let known = self.kind.about();
            let about = PyDict::new(py);
            for field in self.schema.fields() {
                let text = known.iter().find(|(name, _)| name == field.name()).map_or("", |(_, text)| text);
                about.set_item(field.name(), text)?;
            }
            Ok(about)
        })
    }

    /// The values of one column.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let place = self.schema.index_of(name);
        let place =
            place.map_err(|_| PyKeyError::new_err(format!("no column {name:?}; Table.columns has all names")))?;
        guarded(|| {
            let list = PyList::empty(py);
            for column in self.batches.iter().filter_map(|batch| batch.columns().get(place)) {
                for row in 0..column.len() {
                    list.append(row::value(py, column, row)?)?;
                }
            }
            Ok(list)
        })
    }

    /// All rows as dictionaries.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        guarded(|| self.dicts(py, usize::MAX))
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

    /// Writes the table as CSV, as `handshark connections --format csv` does.
    #[pyo3(signature = (path = None, *, defuse_formulas = false))]
    fn to_csv(&self, py: Python<'_>, path: Option<PathBuf>, defuse_formulas: bool) -> PyResult<Option<String>> {
        let formulas = if defuse_formulas { Formulas::Defused } else { Formulas::Kept };
        py.detach(|| {
            guarded(|| match path {
                Some(path) => {
                    let written = File::create(&path).map(BufWriter::new).and_then(|mut out| {
                        write_csv(&self.schema, &self.batches, formulas, &mut out)?;
                        out.flush()
                    });
                    written.map(|()| None).map_err(|error| refused(&error, path.into_os_string()))
                }
                None => {
                    let mut out = Vec::new();
                    write_csv(&self.schema, &self.batches, formulas, &mut out)?;
                    Ok(Some(String::from_utf8(out)?))
                }
            })
        })
    }

    /// Writes the table as Parquet; needs pyarrow or polars.
    fn to_parquet<'py>(slf: Bound<'py, Self>, path: Bound<'py, PyAny>) -> PyResult<()> {
        let table = slf.py().import("handshark._table")?;
        table.call_method1("to_parquet", (slf, path)).map(drop)
    }

    fn __reduce__<'py>(slf: Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Pickled<'py>)> {
        let py = slf.py();
        let table = slf.get();
        let bytes = py.detach(|| guarded(|| table.to_bytes().map_err(wrong)))?;
        Ok((slf.get_type().getattr("_restored")?, (table.kind.name(), PyBytes::new(py, &bytes))))
    }

    /// A table from what `__reduce__` gave.
    #[staticmethod]
    fn _restored(kind: &str, bytes: &[u8]) -> PyResult<Self> {
        guarded(|| {
            let kind = Kind::by_name(kind).ok_or_else(|| PyValueError::new_err("no table of handshark"))?;
            let reader = StreamReader::try_new(bytes, None).map_err(wrong)?;
            let schema = reader.schema();
            let batches = reader.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
            Ok(Self::new(kind, schema, batches))
        })
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rows = guarded(|| self.dicts(py, 10))?;
        py.import("handshark._table")?.call_method1("text", (self.kind.name(), self.columns(), rows, self.rows()))
    }

    /// The first rows for a notebook.
    fn _repr_html_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rows = guarded(|| self.dicts(py, 10))?;
        py.import("handshark._html")?.call_method1("table", (self.columns(), rows, self.rows()))
    }
}

/// A table as Python pickles it: its kind, and its columns as an Arrow IPC stream.
type Pickled<'py> = (&'static str, Bound<'py, PyBytes>);

fn wrong(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
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
        guarded(|| self.table.row(py, self.next.fetch_add(1, Ordering::Relaxed)))
    }
}
