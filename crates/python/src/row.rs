//! One row of record batches as a Python dictionary.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use handshark::types::Timestamp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDict, PyList, PyString, PyTzInfo};

/// The row as `{column: value}`. `names` are the columns' names as Python has them, made once for many rows.
pub(crate) fn dict<'py>(
    py: Python<'py>,
    names: &[Bound<'py, PyString>],
    batch: &RecordBatch,
    row: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, column) in names.iter().zip(batch.columns()) {
        dict.set_item(name, value(py, column, row)?)?;
    }
    Ok(dict)
}

/// One value; the types are those that `handshark_output::arrow` writes.
pub(crate) fn value<'py>(py: Python<'py>, column: &dyn Array, row: usize) -> PyResult<Bound<'py, PyAny>> {
    if column.is_null(row) {
        return Ok(py.None().into_bound(py));
    }
    Ok(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into_pyobject(py)?.to_owned().into_any(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into_pyobject(py)?.into_any(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into_pyobject(py)?.into_any(),
        DataType::Utf8 => column.as_string::<i32>().value(row).into_pyobject(py)?.into_any(),
        DataType::Timestamp(_, _) => time(py, column.as_primitive::<TimestampMicrosecondType>().value(row))?.into_any(),
        DataType::List(_) => {
            let texts = column.as_list::<i32>().value(row);
            PyList::new(py, texts.as_string::<i32>().iter())?.into_any()
        }
        other => return Err(PyTypeError::new_err(format!("no Python value for {other}"))),
    })
}

fn time(py: Python<'_>, micros: i64) -> PyResult<Bound<'_, PyDateTime>> {
    let (year, month, day, hour, minute, second, nano) = Timestamp::from_nanos(micros.saturating_mul(1_000)).civil();
    let year = i32::try_from(year)?;
    let utc = PyTzInfo::utc(py)?;
    PyDateTime::new(py, year, month, day, hour, minute, second, nano / 1_000, Some(&utc))
}
