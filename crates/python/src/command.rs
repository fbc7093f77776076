//! The command, for the console script.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::error::guarded;

/// Runs the command with these arguments, the first of which is its name, and gives the exit code.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<i32> {
    py.detach(|| guarded(|| Ok(handshark_cli::run(arguments))))
}
