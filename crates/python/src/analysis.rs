//! Reads a capture with the interpreter free, and holds what came of it.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use handshark::compare::{Comparison, Profile, Tally};
use handshark::{Inspector, Limits, Progress, Report, Sink};
use handshark_cli::limits::{Limit, limits};
use handshark_output::compare;
use handshark_output::text::Style;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{guarded, not_rows, raised};
use crate::keeper::Keeper;
use crate::rows::{Columns, Store};
use crate::source::{Raised, Source};
use crate::table::Table;
use crate::timeline::{self, MAX_TIMELINES, Step};
use crate::told::{self, Told};

/// Between two looks at signals, and two calls of the progress function.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// How texts are set.
pub(crate) const STYLE: Style = Style { width: 100, color: false };

/// Everything that was read out of a capture.
#[pyclass(frozen, module = "handshark._handshark")]
#[derive(Debug)]
pub(crate) struct Analysis {
    told: Told,
    /// Connections, their hellos and certificates, and their steps.
    store: Store,
    /// What a comparison with another capture needs; made when first asked for.
    profile: OnceLock<Profile>,
    /// Where the row of a connection is, by its number; made when first asked for.
    places: OnceLock<Vec<Option<u32>>>,
}

/// Reads `source` to its end. `progress` is called with the bytes read and their number in all, where it is known; `only`
/// are the codes of the findings to keep, all where it is empty.
#[pyfunction]
pub(crate) fn analyse(
    py: Python<'_>,
    source: Source,
    name: &str,
    changes: Vec<(String, f64)>,
    only: Vec<String>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Analysis> {
    py.detach(|| guarded(|| read(source, name, &changed(&changes)?, only, progress)))
}

/// The default budgets with these changes.
pub(crate) fn changed(changes: &[(String, f64)]) -> PyResult<Limits> {
    let changes: Result<Vec<Limit>, String> =
        changes.iter().map(|(name, value)| format!("{name}={value}").parse()).collect();
    Ok(limits(&changes.map_err(PyValueError::new_err)?))
}

fn read(
    source: Source,
    name: &str,
    limits: &Limits,
    only: Vec<String>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Analysis> {
    let (report, keeper) = inspect(source, name, limits, Keeper::new(limits), progress)?;
    Analysis::new(report, keeper, only)
}

/// Reads `source` to its end into `sink`.
pub(crate) fn inspect<S: Sink>(
    source: Source,
    name: &str,
    limits: &Limits,
    sink: S,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Report, S)> {
    let mut ticker = Ticker { progress, size: source.size(), due: Instant::now() + TICK };
    let exception = Raised::default();
    let mut inspector = Inspector::with_sink(limits.clone(), sink);
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
    let inspected = done.and_then(|()| inspector.finish()).map_err(|error| raised(error, name))?;
    ticker.call(last)?;
    Ok(inspected)
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
    /// What a report and the rows beside it come to.
    pub(crate) fn new(report: Report, keeper: Keeper, only: Vec<String>) -> PyResult<Self> {
        if let Some(error) = keeper.failure {
            return Err(not_rows(error));
        }
        Ok(Self {
            told: Told::new(report, only),
            store: keeper.rows.into(),
            profile: OnceLock::new(),
            places: OnceLock::new(),
        })
    }

    fn profile(&self, py: Python<'_>) -> PyResult<&Profile> {
        if let Some(profile) = self.profile.get() {
            return Ok(profile);
        }
        // All findings: a comparison of a choice with all would call the rest gone.
        let report = self.told.whole().ok_or_else(|| not_rows("the report is missing"))?;
        let tally = self.store.columns(py)?.tally.clone();
        guarded(|| Ok(self.profile.get_or_init(|| Profile::new(report, tally))))
    }
}

/// What `Analysis.__reduce__` hands to `Analysis._restored`: the report, tables, steps, and the profile as JSON.
type Parts = (told::Plain, [Table; 3], Vec<Option<timeline::Plain>>, String);

/// What differs from `a` to `b`: as JSON, `handshark.comparison/1`, and for a person.
#[pyfunction]
pub(crate) fn compared(py: Python<'_>, a: &Analysis, b: &Analysis) -> PyResult<(String, String)> {
    let (a, b) = (a.profile(py)?, b.profile(py)?);
    py.detach(|| {
        guarded(|| {
            let comparison = Comparison::of(a, b);
            let (mut json, mut text) = (Vec::new(), Vec::new());
            compare::write_json(&mut json, &comparison)?;
            compare::write_text(&mut text, &comparison, STYLE)?;
            Ok((String::from_utf8(json)?, String::from_utf8(text)?))
        })
    })
}

fn not_json(error: serde_json::Error) -> PyErr {
    PyValueError::new_err(format!("profile: {error}"))
}

#[pymethods]
impl Analysis {
    /// How many connections there are.
    fn __len__(&self) -> usize {
        self.store.len()
    }

    /// The report as JSON, `handshark.report/1`.
    #[getter]
    fn report(&self, py: Python<'_>) -> PyResult<&str> {
        self.told.json(py).map(String::as_str)
    }

    /// The report for a person.
    #[getter]
    fn text(&self, py: Python<'_>) -> PyResult<&str> {
        self.told.text(py).map(String::as_str)
    }

    /// What is odd about the capture: code, how often, and one sentence.
    #[getter]
    fn quality(&self) -> Vec<(String, u64, String)> {
        self.told.quality.clone()
    }

    /// One row for each connection, in the order in which they became final.
    #[getter]
    fn connections(&self, py: Python<'_>) -> PyResult<Table> {
        Ok(self.store.columns(py)?.connections.clone())
    }

    /// One row for each ClientHello.
    #[getter]
    fn hellos(&self, py: Python<'_>) -> PyResult<Table> {
        Ok(self.store.columns(py)?.hellos.clone())
    }

    /// One row for each certificate in clear.
    #[getter]
    fn certificates(&self, py: Python<'_>) -> PyResult<Table> {
        Ok(self.store.columns(py)?.certificates.clone())
    }

    /// One row for each finding.
    #[getter]
    fn findings(&self, py: Python<'_>) -> PyResult<Table> {
        self.told.findings(py).cloned()
    }

    /// One row for each service.
    #[getter]
    fn services(&self, py: Python<'_>) -> PyResult<Table> {
        self.told.services(py).cloned()
    }

    /// The row of the connection with this number.
    fn connection<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        let connections = &self.store.columns(py)?.connections;
        guarded(|| {
            let place = self.places.get_or_init(|| connections.by_number()).get(number).copied().flatten();
            place.map_or(Ok(None), |place| connections.row(py, place as usize))
        })
    }

    /// The rows of `hellos` of the connection with this number.
    fn hellos_of<'py>(&self, py: Python<'py>, number: i64) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let hellos = &self.store.columns(py)?.hellos;
        guarded(|| hellos.rows_of(py, number))
    }

    /// The steps of the connection with this number; `None` where they were not kept.
    fn timeline(&self, py: Python<'_>, number: usize) -> PyResult<Option<Vec<Step<'_>>>> {
        let timelines = &self.store.columns(py)?.timelines;
        guarded(|| Ok(timelines.steps(number).map(Iterator::collect)))
    }

    /// Connections whose steps are kept, by number.
    #[classattr]
    const MAX_TIMELINES: usize = MAX_TIMELINES;

    fn __reduce__<'py>(slf: Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        let (py, analysis) = (slf.py(), slf.get());
        let Columns { connections, hellos, certificates, timelines, .. } = analysis.store.columns(py)?;
        let tables = [connections, hellos, certificates].map(Table::clone);
        let profile = analysis.profile(py)?;
        let (steps, profile) = guarded(|| Ok((timelines.plain(), serde_json::to_string(profile).map_err(not_json)?)))?;
        Ok((slf.get_type().getattr("_restored")?, (analysis.told.plain(py)?, tables, steps, profile)))
    }

    /// An analysis from what `__reduce__` gave.
    #[staticmethod]
    fn _restored(
        told: told::Plain,
        tables: [Table; 3],
        timelines: Vec<Option<timeline::Plain>>,
        profile: &str,
    ) -> PyResult<Self> {
        let [connections, hellos, certificates] = tables;
        guarded(|| {
            // What was counted is in the profile already.
            let (timelines, tally) = (timelines.into(), Tally::default());
            Ok(Self {
                told: told.into(),
                store: Columns { connections, hellos, certificates, timelines, tally }.into(),
                profile: OnceLock::from(serde_json::from_str::<Profile>(profile).map_err(not_json)?),
                places: OnceLock::new(),
            })
        })
    }
}
