//! Errors of the core as Python exceptions, and panics as a bug report that `except Exception` catches.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use handshark::CaptureError;
use handshark::types::escaped;
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;

/// The classes live in Python, where they are documented.
mod classes {
    pyo3::import_exception!(handshark._errors, CaptureError);
    pyo3::import_exception!(handshark._errors, InternalError);
}

/// The exception for an error of the core. `name` is what the caller calls a capture without a path.
pub(crate) fn raised(error: CaptureError, name: &str) -> PyErr {
    let path = error.path().map(|path| path.as_os_str().to_owned());
    if let CaptureError::Io { source, .. } = &error {
        return refused(source, path.unwrap_or_else(|| OsString::from(name)));
    }
    let offset = match &error {
        CaptureError::Damaged { offset, .. } => Some(*offset),
        _ => None,
    };
    classes::CaptureError::new_err((reason(&error), path.unwrap_or_else(|| OsString::from(name)), offset))
}

/// `OSError`, of which Python makes `FileNotFoundError` and its like by the number.
pub(crate) fn refused(source: &std::io::Error, name: OsString) -> PyErr {
    let Some(number) = source.raw_os_error() else { return PyOSError::new_err(source.to_string()) };
    let text = Python::attach(|py| py.import("os")?.call_method1("strerror", (number,))?.extract::<String>());
    match text {
        Ok(text) => PyOSError::new_err((number, text, name)),
        Err(error) => error,
    }
}

/// The core's sentence without the name before it.
fn reason(error: &CaptureError) -> String {
    let text = error.to_string();
    let name = match error.path() {
        Some(path) => escaped(&path.to_string_lossy()).into_owned(),
        None => "standard input".to_owned(),
    };
    let rest = text.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix(": "));
    rest.unwrap_or(&text).to_owned()
}

/// Rows that can not be made: a bug of ours too.
pub(crate) fn not_rows(why: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(format!("rows: {why}"))
}

/// Runs `work`; a panic, which is always a bug of ours, becomes an exception.
///
/// PyO3's own `PanicException` is no `Exception`: it would pass every handler and end a service. Whatever Python can call
/// does its work in here; a test looks at that.
pub(crate) fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(classes::InternalError::new_err((text.unwrap_or_else(|| "a panic without a text".to_owned()),)))
    })
}

/// Panics, so that a test can see what comes of it: in released wheels as well, which are compiled with other settings.
#[pyfunction]
pub(crate) fn _panic() -> PyResult<()> {
    guarded(|| panic!("asked for by a test"))
}
