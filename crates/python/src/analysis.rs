//! Reads a capture with the interpreter free, and holds what came of it.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use handshark::compare::{Comparison, Profile};
use handshark::detect::DETECTORS;
use handshark::report::Finding;
use handshark::{Inspector, Limits, Progress, Report};
use handshark_cli::limits::{Limit, limits};
use handshark_output::rows::RowKind;
use handshark_output::text::{self, Scope, Style};
use handshark_output::{compare, json};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{guarded, raised};
use crate::keeper::{Keeper, MAX_TIMELINES, Step, Timeline};
use crate::source::{Raised, Source};
use crate::table::Table;
use crate::{findings, services};

/// Between two looks at signals, and two calls of the progress function.
const TICK: Duration = Duration::from_millis(50);

/// Columns of the report's text.
const WIDTH: usize = 100;

/// Everything that was read out of a capture.
#[pyclass(frozen, module = "handshark._handshark")]
#[derive(Debug)]
pub(crate) struct Analysis {
    /// The report as JSON, `handshark.report/1`.
    report: String,
    /// The report for a person.
    text: String,
    tables: Tables,
    timelines: Vec<Option<Timeline>>,
    /// What a comparison with another capture needs.
    profile: Profile,
    /// Where the row of a connection is, by its number; made when first asked for.
    places: OnceLock<Vec<Option<u32>>>,
}

/// In the order of `Analysis.__reduce__`.
#[derive(Clone, Debug)]
struct Tables {
    connections: Table,
    hellos: Table,
    certificates: Table,
    findings: Table,
    services: Table,
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
    let limits = changed(&changes)?;
    py.detach(|| guarded(|| read(source, name, &limits, &only, progress)))
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
    only: &[String],
    progress: Option<Py<PyAny>>,
) -> PyResult<Analysis> {
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
        Analysis::new(report, keeper, only)
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
    /// What a report and the rows beside it come to; findings that are not among `only` are left out, as the command's
    /// `--only` does.
    pub(crate) fn new(mut report: Report, keeper: Keeper, only: &[String]) -> PyResult<Self> {
        let bug = |error| PyRuntimeError::new_err(format!("rows: {error}"));
        if let Some(error) = keeper.failure {
            return Err(bug(error));
        }
        // All findings: a comparison of a choice with all would call the rest gone.
        let profile = Profile::new(&report, keeper.tally);
        let wanted = |code: &str| only.is_empty() || only.iter().any(|wanted| wanted == code);
        let (shown, hidden) = std::mem::take(&mut report.findings)
            .into_iter()
            .partition::<Vec<Finding>, _>(|finding| wanted(finding.code));
        report.findings = shown;
        let checks: Vec<&'static str> =
            DETECTORS.iter().map(|detector| detector.code()).filter(|code| wanted(code)).collect();
        let scope = Scope { checks: &checks, hidden: &hidden };
        let (mut json, mut text) = (Vec::new(), Vec::new());
        json::write_report(&mut json, &report)?;
        text::write_report(&mut text, &report, scope, Style { width: WIDTH, color: false })?;
        Ok(Self {
            report: String::from_utf8(json)?,
            text: String::from_utf8(text)?,
            tables: Tables {
                connections: Table::of_rows(RowKind::Connections, keeper.connections.finish().map_err(bug)?),
                hellos: Table::of_rows(RowKind::Hellos, keeper.hellos.finish().map_err(bug)?),
                certificates: Table::of_rows(RowKind::Certificates, keeper.certificates.finish().map_err(bug)?),
                findings: findings::table(&report.findings).map_err(bug)?,
                services: services::table(&report.services).map_err(bug)?,
            },
            timelines: keeper.timelines,
            profile,
            places: OnceLock::new(),
        })
    }
}

/// What `Analysis.__reduce__` hands to `Analysis._restored`: report, text, tables, timelines, and the profile as JSON.
type Parts = (String, String, [Table; 5], Vec<Option<crate::keeper::Plain>>, String);

/// What differs from `a` to `b`: as JSON, `handshark.comparison/1`, and for a person.
#[pyfunction]
pub(crate) fn compared(py: Python<'_>, a: &Analysis, b: &Analysis) -> PyResult<(String, String)> {
    let (a, b) = (&a.profile, &b.profile);
    py.detach(|| {
        guarded(|| {
            let comparison = Comparison::of(a, b);
            let (mut json, mut text) = (Vec::new(), Vec::new());
            compare::write_json(&mut json, &comparison)?;
            compare::write_text(&mut text, &comparison, Style { width: WIDTH, color: false })?;
            Ok((String::from_utf8(json)?, String::from_utf8(text)?))
        })
    })
}

fn not_json(error: serde_json::Error) -> PyErr {
    PyValueError::new_err(format!("profile: {error}"))
}

#[pymethods]
impl Analysis {
    /// The report as JSON, `handshark.report/1`.
    #[getter]
    fn report(&self) -> &str {
        &self.report
    }

    /// The report for a person.
    #[getter]
    fn text(&self) -> &str {
        &self.text
    }

    /// One row for each connection, in the order in which they became final.
    #[getter]
    fn connections(&self) -> Table {
        self.tables.connections.clone()
    }

    /// One row for each ClientHello.
    #[getter]
    fn hellos(&self) -> Table {
        self.tables.hellos.clone()
    }

    /// One row for each certificate in clear.
    #[getter]
    fn certificates(&self) -> Table {
        self.tables.certificates.clone()
    }

    /// One row for each finding.
    #[getter]
    fn findings(&self) -> Table {
        self.tables.findings.clone()
    }

    /// One row for each service.
    #[getter]
    fn services(&self) -> Table {
        self.tables.services.clone()
    }

    /// The row of the connection with this number.
    fn connection<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Option<Bound<'py, PyDict>>> {
        let connections = &self.tables.connections;
        let place = self.places.get_or_init(|| connections.by_number()).get(number).copied().flatten();
        place.map_or(Ok(None), |place| connections.row(py, place as usize))
    }

    /// The rows of `hellos` of the connection with this number.
    fn hellos_of<'py>(&self, py: Python<'py>, number: i64) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.tables.hellos.rows_of(py, number)
    }

    /// The steps of the connection with this number; `None` where they were not kept.
    fn timeline(&self, number: usize) -> Option<Vec<Step<'_>>> {
        Some(self.timelines.get(number)?.as_ref()?.steps().collect())
    }

    /// Connections whose steps are kept, by number.
    #[classattr]
    const MAX_TIMELINES: usize = MAX_TIMELINES;

    fn __reduce__<'py>(slf: Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        let Self { report, text, tables, timelines, profile, .. } = slf.get();
        let Tables { connections, hellos, certificates, findings, services } = tables.clone();
        let timelines = timelines.iter().map(|timeline| timeline.as_ref().map(Timeline::plain)).collect();
        let profile = serde_json::to_string(profile).map_err(not_json)?;
        let parts =
            (report.clone(), text.clone(), [connections, hellos, certificates, findings, services], timelines, profile);
        Ok((slf.get_type().getattr("_restored")?, parts))
    }

    /// An analysis from what `__reduce__` gave.
    #[staticmethod]
    fn _restored(
        report: String,
        text: String,
        tables: [Table; 5],
        timelines: Vec<Option<crate::keeper::Plain>>,
        profile: &str,
    ) -> PyResult<Self> {
        let [connections, hellos, certificates, findings, services] = tables;
        Ok(Self {
            report,
            text,
            tables: Tables { connections, hellos, certificates, findings, services },
            timelines: timelines.into_iter().map(|plain| plain.map(Timeline::from_plain)).collect(),
            profile: serde_json::from_str(profile).map_err(not_json)?,
            places: OnceLock::new(),
        })
    }
}
