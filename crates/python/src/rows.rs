//! Connections as they were handed over, and the columns that are made of them once somebody asks.
//!
//! Most who read a capture look at its findings first; columns of names, fingerprints and addresses take longer to make than
//! the packets took to read.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use arrow_schema::ArrowError;
use handshark::Limits;
use handshark::capture::Interfaces;
use handshark::compare::Tally;
use handshark::record::Connection;
use handshark_output::arrow::Batches;
use handshark_output::rows::RowKind;
use pyo3::prelude::*;

use crate::analysis::TICK;
use crate::error::{guarded, not_rows};
use crate::table::Table;
use crate::timeline::Timelines;

/// Of the room for certificate chains (`Limits::max_certificate_bytes`) connections that wait may hold this part: the rest is
/// for those that are open.
const CHAINS_PART: usize = 8;

/// Connections that are made into rows between two looks at signals.
const CHUNK: usize = 1_024;

/// Finished connections: some as rows, the later ones as they came.
#[derive(Debug)]
pub(crate) struct Rows {
    made: Made,
    /// Those that are not rows yet, in order.
    waiting: Waiting,
    /// What names their interfaces.
    interfaces: Interfaces,
    /// Addresses of the certificate chains that they keep alive, and the bytes of those.
    chains: BTreeSet<usize>,
    chain_bytes: usize,
    max_chain_bytes: usize,
    len: usize,
}

#[derive(Debug)]
struct Made {
    connections: Batches,
    hellos: Batches,
    certificates: Batches,
    timelines: Timelines,
    tally: Tally,
}

impl Rows {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            made: Made {
                connections: Batches::new(RowKind::Connections),
                hellos: Batches::new(RowKind::Hellos),
                certificates: Batches::new(RowKind::Certificates),
                timelines: Timelines::default(),
                tally: Tally::default(),
            },
            waiting: Waiting::default(),
            interfaces: Interfaces::default(),
            chains: BTreeSet::new(),
            chain_bytes: 0,
            max_chain_bytes: limits.max_certificate_bytes / CHAINS_PART,
            len: 0,
        }
    }

    /// Keeps one more.
    ///
    /// # Errors
    /// A column does not hold what the registry says: a bug there.
    pub(crate) fn push(&mut self, connection: &Connection, interfaces: &Interfaces) -> Result<(), ArrowError> {
        if self.interfaces.len() != interfaces.len() {
            self.interfaces.clone_from(interfaces);
        }
        self.note_chains(connection);
        let waiting = &mut self.waiting.0;
        if waiting.back().is_none_or(|chunk| chunk.len() == CHUNK) {
            // The first one grows, so that a small capture does not ask for much.
            let room = if waiting.is_empty() { 0 } else { CHUNK };
            waiting.push_back(Vec::with_capacity(room));
        }
        if let Some(chunk) = waiting.back_mut() {
            chunk.push(connection.clone());
            self.len += 1;
        }
        while self.chain_bytes > self.max_chain_bytes && self.make_some()? {}
        Ok(())
    }

    /// Makes rows of some that wait, the first ones; `false` where there are none.
    fn make_some(&mut self) -> Result<bool, ArrowError> {
        let Some(chunk) = self.waiting.0.pop_front() else { return Ok(false) };
        chunk.iter().try_for_each(|connection| self.made.push(connection, &self.interfaces))?;
        if self.waiting.0.is_empty() {
            self.chains.clear();
            self.chain_bytes = 0;
        }
        Ok(true)
    }

    fn note_chains(&mut self, connection: &Connection) {
        let Some(tls) = &connection.tls else { return };
        for message in [&tls.server_certificate, &tls.client_certificate].into_iter().flatten() {
            // As long as a chain is kept alive here no other one has its address.
            if let Ok(chain) = &message.chain
                && self.chains.insert(Arc::as_ptr(chain).addr())
            {
                self.chain_bytes += chain.bytes().len();
            }
        }
    }
}

/// Connections in order, some to a chunk.
#[derive(Debug, Default)]
struct Waiting(VecDeque<Vec<Connection>>);

/// Whether the interpreter has begun to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// The interpreter begins to end; for `atexit`.
#[pyfunction]
pub(crate) fn _ending() {
    ENDING.store(true, Ordering::Relaxed);
}

impl Drop for Waiting {
    /// Each connection is in dozens of pieces. At the end of the process the system takes all back at once: to go through
    /// them before takes a tenth of what reading the capture took.
    fn drop(&mut self) {
        if ENDING.load(Ordering::Relaxed) {
            std::mem::forget(std::mem::take(&mut self.0));
        }
    }
}

impl Made {
    fn push(&mut self, connection: &Connection, interfaces: &Interfaces) -> Result<(), ArrowError> {
        self.timelines.add(connection);
        self.tally.add(connection);
        let mut tables = [&mut self.connections, &mut self.hellos, &mut self.certificates].into_iter();
        tables.try_for_each(|table| table.push(connection, interfaces))
    }

    fn finish(self) -> Result<Columns, ArrowError> {
        Ok(Columns {
            connections: Table::of_rows(RowKind::Connections, self.connections.finish()?),
            hellos: Table::of_rows(RowKind::Hellos, self.hellos.finish()?),
            certificates: Table::of_rows(RowKind::Certificates, self.certificates.finish()?),
            timelines: self.timelines,
            tally: self.tally,
        })
    }
}

/// All rows, all steps, and what was counted.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) connections: Table,
    pub(crate) hellos: Table,
    pub(crate) certificates: Table,
    pub(crate) timelines: Timelines,
    /// What is counted for comparisons.
    pub(crate) tally: Tally,
}

/// Rows that become columns when they are first asked for.
#[derive(Debug)]
pub(crate) struct Store {
    rows: Mutex<Option<Rows>>,
    columns: OnceLock<Columns>,
    len: usize,
}

impl From<Rows> for Store {
    fn from(rows: Rows) -> Self {
        let len = rows.len;
        Self { rows: Mutex::new(Some(rows)), columns: OnceLock::new(), len }
    }
}

impl From<Columns> for Store {
    fn from(columns: Columns) -> Self {
        let len = columns.connections.rows();
        Self { rows: Mutex::new(None), columns: OnceLock::from(columns), len }
    }
}

impl Store {
    /// How many connections there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The columns. Whoever asks first waits until they are made, with the interpreter free; where a signal ends that, what
    /// was made stays.
    pub(crate) fn columns(&self, py: Python<'_>) -> PyResult<&Columns> {
        match self.columns.get() {
            Some(columns) => Ok(columns),
            None => py.detach(|| guarded(|| self.make())),
        }
    }

    fn make(&self) -> PyResult<&Columns> {
        let mut place = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(columns) = self.columns.get() {
            return Ok(columns);
        }
        // Rows of which a panic left a part are not put back.
        let mut rows = place.take().ok_or_else(|| not_rows("lost by the bug that was told before"))?;
        let mut due = Instant::now() + TICK;
        while rows.make_some().map_err(not_rows)? {
            if Instant::now() > due {
                if let Some(signal) = Python::attach(|py| py.check_signals().err()) {
                    *place = Some(rows);
                    return Err(signal);
                }
                due = Instant::now() + TICK;
            }
        }
        let columns = rows.made.finish().map_err(not_rows)?;
        Ok(self.columns.get_or_init(|| columns))
    }
}
