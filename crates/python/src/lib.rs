//! The extension module below the Python package `handshark`: glue, and no judgement.
//!
//! In: what Python can hold of a capture (paths, bytes, something to read from). Out: the report as JSON and as text, rows
//! as Arrow, the steps of a connection as tuples. What a user sees, documents and shows is Python, in `python/handshark`;
//! `_handshark/` there repeats this list with its types, one stub for each file here that shows something to Python.

mod analysis;
mod command;
mod correlation;
mod error;
mod explain;
mod findings;
mod follow;
mod keeper;
mod kind;
mod row;
mod rows;
mod services;
mod sheet;
mod source;
mod table;
mod timeline;
mod told;

/// The module itself: the list of all there is.
#[pyo3::pymodule(name = "_handshark")]
mod module {
    #[pymodule_export]
    use crate::analysis::{Analysis, analyse, compared};
    #[pymodule_export]
    use crate::command::run;
    #[pymodule_export]
    use crate::correlation::correlated;
    #[pymodule_export]
    use crate::error::_panic;
    #[pymodule_export]
    use crate::explain::{escaped, idle_limits, pages};
    #[pymodule_export]
    use crate::follow::Follower;
    #[pymodule_export]
    use crate::rows::_ending;
    #[pymodule_export]
    use crate::table::{Rows, Table};

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
