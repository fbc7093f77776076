//! `handshark diagnose`: the report, and on a live stream one line for each new symptom before it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use handshark::capture::Interfaces;
use handshark::detect::{DETECTORS, Severity};
use handshark::record::Connection;
use handshark::report::Finding;
use handshark::types::Endpoint;
use handshark_output::text::{Scope, Style};
use handshark_output::{html, json, text};

use crate::analysis::{self, Input, Manners, Shared, Taker};
use crate::args::{Diagnose, ReportFormat};
use crate::destination::Destination;
use crate::failure::Failure;

/// Symptoms that are announced: one for each code and service, at most.
const MAX_ANNOUNCED: usize = 4_096;

pub(crate) fn run(job: &Diagnose) -> Result<i32, Failure> {
    let input = Input::of(&job.common)?;
    let out = Destination::open(&job.common)?;
    let style = out.style(&job.common.way.look);
    let announces = input.is_live() && job.format == ReportFormat::Text && out.is_stdout();
    let manners = Manners { no_progress: false, temporary: out.temporary() };
    let severity = job.min_severity.map_or(Severity::Warning, |level| Severity::from(level).max(Severity::Warning));
    let only = &job.common.only;
    let announcer =
        Announcer { out, style, announces, severity, only: only.clone(), known: BTreeSet::new(), error: None };
    let announcer = Shared::new(announcer);
    let report = analysis::read(&job.common, &input, &announcer, manners)?;
    let Announcer { out, known, error, .. } = &mut *announcer.0.borrow_mut();
    if let Some(source) = error.take() {
        return Err(out.failure(source));
    }
    let Some(mut report) = report else { return Err(Failure::ClosedPipe) };
    let wanted = |finding: &Finding| only.is_empty() || only.contains(&finding.code);
    // What is hidden by its severity alone still counts for the exit code.
    let worst = report.findings.iter().filter(|finding| wanted(finding)).map(|finding| finding.severity).max();
    let shown = |finding: &Finding| {
        wanted(finding) && job.min_severity.is_none_or(|least| finding.severity >= Severity::from(least))
    };
    let (findings, hidden) = std::mem::take(&mut report.findings).into_iter().partition::<Vec<_>, _>(shown);
    report.findings = findings;
    let asked = DETECTORS.iter().map(|detector| detector.code()).filter(|code| only.is_empty() || only.contains(code));
    let checks: Vec<&'static str> = asked.collect();
    let scope = Scope { checks: &checks, hidden: &hidden };
    let written = match job.format {
        ReportFormat::Text => {
            let gap = if known.is_empty() { Ok(()) } else { writeln!(out) };
            gap.and_then(|()| text::write_report(out, &report, scope, style))
        }
        ReportFormat::Json => json::write_report(out, &report),
        ReportFormat::Html => html::write_report(out, &report, scope),
    };
    written.map_err(|source| out.failure(source))?;
    out.commit()?;
    Ok(analysis::conclude(&job.common, &report, worst))
}

/// Writes one line when a code first hits a service.
#[derive(Debug)]
struct Announcer {
    out: Destination,
    style: Style,
    announces: bool,
    severity: Severity,
    only: Vec<&'static str>,
    known: BTreeSet<(&'static str, Endpoint)>,
    error: Option<io::Error>,
}

impl Announcer {
    fn announce(&mut self, connection: &Connection) -> io::Result<()> {
        for symptom in &connection.symptoms {
            let wanted = self.only.is_empty() || self.only.contains(&symptom.code);
            if symptom.severity >= self.severity
                && wanted
                && self.known.len() < MAX_ANNOUNCED
                && self.known.insert((symptom.code, connection.server))
            {
                text::write_symptom(&mut self.out, connection, symptom, self.style)?;
            }
        }
        Ok(())
    }
}

impl Taker for Announcer {
    fn take(&mut self, connection: &Connection, _: &Interfaces) {
        if self.announces && self.error.is_none() {
            self.error = self.announce(connection).err();
        }
    }

    fn idle(&mut self) {
        if self.announces && self.error.is_none() {
            self.error = self.out.flush().err();
        }
    }

    fn is_broken(&self) -> bool {
        self.error.is_some()
    }
}
