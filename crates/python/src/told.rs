//! What a report says, in the forms that Python takes: each is made when it is first asked for.

use std::borrow::Cow;
use std::sync::OnceLock;

use handshark::Report;
use handshark::detect::DETECTORS;
use handshark::report::Finding;
use handshark_output::json;
use handshark_output::text::{self, Scope};
use pyo3::prelude::*;

use crate::analysis::STYLE;
use crate::error::{guarded, not_rows};
use crate::table::Table;
use crate::{findings, services};

/// A report and its forms.
#[derive(Debug)]
pub(crate) struct Told {
    /// What they are made of; a pickle brings them ready made.
    source: Option<Box<Source>>,
    forms: Forms,
    /// What is odd about the capture: code, how often, and one sentence.
    pub(crate) quality: Vec<(String, u64, String)>,
}

#[derive(Debug)]
struct Source {
    report: Report,
    /// Codes of the findings that were asked for; all where it is empty.
    only: Vec<String>,
}

#[derive(Debug, Default)]
struct Forms {
    json: OnceLock<String>,
    text: OnceLock<String>,
    findings: OnceLock<Table>,
    services: OnceLock<Table>,
}

/// All forms: JSON, text, findings, services, and what is odd.
pub(crate) type Plain = (String, String, Table, Table, Vec<(String, u64, String)>);

impl Told {
    /// Findings that are not among `only` are left out, as the command's `--only` does.
    pub(crate) fn new(report: Report, only: Vec<String>) -> Self {
        let quality = &report.capture.quality;
        let quality = quality.iter().map(|odd| (odd.code.to_owned(), odd.count, odd.note.clone())).collect();
        Self { source: Some(Box::new(Source { report, only })), forms: Forms::default(), quality }
    }

    /// The report with all findings; `None` where a pickle brought its forms alone.
    pub(crate) fn whole(&self) -> Option<&Report> {
        self.source.as_deref().map(|source| &source.report)
    }

    /// The report as JSON, `handshark.report/1`.
    pub(crate) fn json(&self, py: Python<'_>) -> PyResult<&String> {
        self.form(py, &self.forms.json, |source| {
            let mut out = Vec::new();
            json::write_report(&mut out, &source.asked().0)?;
            Ok(String::from_utf8(out)?)
        })
    }

    /// The report for a person.
    pub(crate) fn text(&self, py: Python<'_>) -> PyResult<&String> {
        self.form(py, &self.forms.text, |source| {
            let (report, hidden) = source.asked();
            let checks: Vec<_> =
                DETECTORS.iter().map(|detector| detector.code()).filter(|code| source.wants(code)).collect();
            let mut out = Vec::new();
            text::write_report(&mut out, &report, Scope { checks: &checks, hidden: &hidden }, STYLE)?;
            Ok(String::from_utf8(out)?)
        })
    }

    /// The findings as rows.
    pub(crate) fn findings(&self, py: Python<'_>) -> PyResult<&Table> {
        self.form(py, &self.forms.findings, |source| findings::table(&source.asked().0.findings).map_err(not_rows))
    }

    /// The services as rows.
    pub(crate) fn services(&self, py: Python<'_>) -> PyResult<&Table> {
        self.form(py, &self.forms.services, |source| services::table(&source.report.services).map_err(not_rows))
    }

    /// All forms, as Python pickles them.
    pub(crate) fn plain(&self, py: Python<'_>) -> PyResult<Plain> {
        let (json, text) = (self.json(py)?.clone(), self.text(py)?.clone());
        Ok((json, text, self.findings(py)?.clone(), self.services(py)?.clone(), self.quality.clone()))
    }

    /// Two threads may both make it; one of the two equal forms stays.
    fn form<'a, T: Send + Sync>(
        &'a self,
        py: Python<'_>,
        form: &'a OnceLock<T>,
        make: impl FnOnce(&Source) -> PyResult<T> + Send,
    ) -> PyResult<&'a T> {
        if let Some(form) = form.get() {
            return Ok(form);
        }
        let source = self.source.as_deref().ok_or_else(|| not_rows("a form of the report is missing"))?;
        let made = py.detach(|| guarded(|| make(source)))?;
        Ok(form.get_or_init(|| made))
    }
}

impl Source {
    fn wants(&self, code: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == code)
    }

    /// The report with the findings that were asked for, and the others.
    fn asked(&self) -> (Cow<'_, Report>, Vec<Finding>) {
        if self.only.is_empty() {
            return (Cow::Borrowed(&self.report), Vec::new());
        }
        let mut report = self.report.clone();
        let findings = std::mem::take(&mut report.findings).into_iter();
        let (shown, hidden) = findings.partition(|finding| self.wants(finding.code));
        report.findings = shown;
        (Cow::Owned(report), hidden)
    }
}

impl From<Plain> for Told {
    fn from((json, text, findings, services, quality): Plain) -> Self {
        let forms =
            Forms { json: json.into(), text: text.into(), findings: findings.into(), services: services.into() };
        Self { source: None, forms, quality }
    }
}
