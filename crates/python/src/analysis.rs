//! Reads a capture with the interpreter free, and holds what came of it.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use handshark::detect::DETECTORS;
use handshark::{Inspector, Limits, Progress, Report};
use handshark_cli::limits::{Limit, limits};
use handshark_output::json;
use handshark_output::text::{self, Scope, Style};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{guarded, raised};
use crate::findings;
use crate::keeper::{Keeper, MAX_TIMELINES, Step, Timeline};
use crate::source::{Raised, Source};
use crate::table::Table;

/// Between two looks at signals, and two calls of the progress function.
const TICK: Duration = Duration::from_millis(50);

/// Everything that was read out of a capture.
#[pyclass(frozen, module = "handshark._handshark")]
#[derive(Debug)]
pub(crate) struct Analysis {
    report: Report,
    connections: Table,
    hellos: Table,
    certificates: Table,
    findings: Table,
    timelines: Vec<Option<Timeline>>,
    /// Where the row of a connection is, by its number; made when first asked for.
    places: OnceLock<Vec<Option<u32>>>,
}

/// Reads `source` to its end. `progress` is called with the bytes read and their number in all, where it is known.
#[pyfunction]
pub(crate) fn analyse(
    py: Python<'_>,
    source: Source,
    name: &str,
    changes: Vec<(String, f64)>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Analysis> {
    let changes: Result<Vec<Limit>, String> =
        changes.iter().map(|(name, value)| format!("{name}={value}").parse()).collect();
    let limits = limits(&changes.map_err(PyValueError::new_err)?);
    py.detach(|| guarded(|| read(source, name, &limits, progress)))
}

fn read(source: Source, name: &str, limits: &Limits, progress: Option<Py<PyAny>>) -> PyResult<Analysis> {
    let mut ticker = Ticker { progress, size: source.size(), due: Instant::now() + TICK };
    let exception = Raised::default();
    let mut inspector = Inspector::with_sink(limits.clone(), Keeper::new());
    let mut last = Progress::default();
    let done = source.open(name, &exception, limits).and_then(|mut captures| {
        let done = inspector.read(&mut captures, &mut |progress| match ticker.tick(progress) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                exception.set(error);
                ControlFlow::Break(())
            }
        });
        last =
            Progress { bytes: captures.bytes_read(), total_bytes: captures.total_bytes(), packets: captures.packets() };
        done
    });
    if let Some(error) = exception.take() {
        return Err(error);
    }
    done.and_then(|()| inspector.finish()).map_err(|error| raised(error, name)).and_then(|(report, keeper)| {
        ticker.call(last)?;
        Analysis::new(report, keeper)
    })
}

/// Lets Python in from time to time: for Ctrl-C, and to show how far reading has come.
struct Ticker {
    progress: Option<Py<PyAny>>,
    size: Option<u64>,
    due: Instant,
}

impl Ticker {
    fn tick(&mut self, progress: Progress) -> PyResult<()> {
        if Instant::now() < self.due {
            return Ok(());
        }
        let called = self.call(progress);
        self.due = Instant::now() + TICK;
        called
    }

    fn call(&self, progress: Progress) -> PyResult<()> {
        Python::attach(|py| {
            py.check_signals()?;
            if let Some(function) = &self.progress {
                function.call1(py, (progress.bytes, progress.total_bytes.or(self.size)))?;
            }
            Ok(())
        })
    }
}

impl Analysis {
    fn new(report: Report, keeper: Keeper) -> PyResult<Self> {
        let bug = |error| PyRuntimeError::new_err(format!("rows: {error}"));
        if let Some(error) = keeper.failure {
            return Err(bug(error));
        }
        Ok(Self {
            connections: Table::connections(keeper.connections.finish().map_err(bug)?),
            hellos: Table::hellos(keeper.hellos.finish().map_err(bug)?),
            certificates: Table::certificates(keeper.certificates.finish().map_err(bug)?),
            findings: findings::table(&report.findings).map_err(bug)?,
            timelines: keeper.timelines,
            places: OnceLock::new(),
            report,
        })
    }
}

#[pymethods]
impl Analysis {
    /// The report as JSON, `handshark.report/1`.
    fn report(&self, py: Python<'_>) -> PyResult<String> {
        let mut out = Vec::new();
        py.detach(|| guarded(|| Ok(json::write_report(&mut out, &self.report)?)))?;
        Ok(String::from_utf8(out)?)
    }

    /// The report for a person, in so many columns.
    fn text(&self, width: usize) -> PyResult<String> {
        let checks: Vec<&'static str> = DETECTORS.iter().map(|detector| detector.code()).collect();
        let scope = Scope { checks: &checks, hidden: &[] };
        let mut out = Vec::new();
        guarded(|| Ok(text::write_report(&mut out, &self.report, scope, Style { width, color: false })?))?;
        Ok(String::from_utf8(out)?)
    }

    /// One row for each connection, in the order in which they became final.
    #[getter]
    fn connections(&self) -> Table {
        self.connections.clone()
    }

    /// One row for each ClientHello.
    #[getter]
    fn hellos(&self) -> Table {
        self.hellos.clone()
    }

    /// One row for each certificate in clear.
    #[getter]
    fn certificates(&self) -> Table {
        self.certificates.clone()
    }

    /// One row for each finding.
    #[getter]
    fn findings(&self) -> Table {
        self.findings.clone()
    }

    /// The row of the connection with this number.
    fn connection<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        let place = self.places.get_or_init(|| self.connections.by_number()).get(number).copied().flatten();
        place.map_or(Ok(None), |place| self.connections.row(py, place as usize))
    }

    /// The steps of the connection with this number; `None` where they were not kept.
    fn timeline(&self, number: usize) -> Option<Vec<Step<'_>>> {
        Some(self.timelines.get(number)?.as_ref()?.steps().collect())
    }

    /// Connections whose steps are kept, by number.
    #[classattr]
    const MAX_TIMELINES: usize = MAX_TIMELINES;
}
