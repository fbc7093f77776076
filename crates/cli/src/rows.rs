//! `handshark connections`, `hellos` and `certificates`: rows, written as connections end.

use std::io;

use handshark::capture::Interfaces;
use handshark::record::Connection;
use handshark_output::rows::{Formulas, RowFormat, RowKind, Rows};

use crate::analysis::{self, Input, Manners, Shared, Taker};
use crate::args::{self, RowsFormat};
use crate::destination::Destination;
use crate::failure::Failure;

pub(crate) fn run(job: &args::Rows, kind: RowKind) -> Result<i32, Failure> {
    let input = Input::of(&job.common)?;
    let out = Destination::open(&job.common)?;
    if job.format.is_binary() && out.is_terminal() {
        return Err(Failure::Usage("parquet is not for a terminal: add --output FILE".to_owned()));
    }
    let style = out.style(&job.common.way.look);
    let no_progress = job.format != RowsFormat::Table && out.is_terminal();
    let manners = Manners { no_progress, temporary: out.temporary() };
    let formulas = if job.csv_safe { Formulas::Defused } else { Formulas::Kept };
    let only = &job.common.only;
    let rows = Rows::new(kind, RowFormat::from(job.format), style, formulas, out);
    let taker = Shared::new(RowTaker { rows, only: only.clone(), error: None });
    let report = analysis::read(&job.common, &input, &taker, manners)?;
    let RowTaker { rows, error, .. } = &mut *taker.0.borrow_mut();
    let written = error.take().map_or_else(|| rows.finish(), Err);
    written.map_err(|source| rows.out().failure(source))?;
    let Some(report) = report else { return Err(Failure::ClosedPipe) };
    rows.out().commit()?;
    let asked = report.findings.iter().filter(|finding| only.is_empty() || only.contains(&finding.code));
    let worst = asked.map(|finding| finding.severity).max();
    Ok(analysis::conclude(&job.common, &report, worst))
}

/// Writes each connection's rows; the first error ends it.
#[derive(Debug)]
struct RowTaker {
    rows: Rows<Destination>,
    only: Vec<&'static str>,
    error: Option<io::Error>,
}

impl Taker for RowTaker {
    fn take(&mut self, connection: &Connection, interfaces: &Interfaces) {
        let has_wanted = || connection.symptoms.iter().any(|symptom| self.only.contains(&symptom.code));
        if self.error.is_none() && (self.only.is_empty() || has_wanted()) {
            self.error = self.rows.connection(connection, interfaces).err();
        }
    }

    fn idle(&mut self) {
        if self.error.is_none() {
            self.error = self.rows.flush().err();
        }
    }

    fn is_broken(&self) -> bool {
        self.error.is_some()
    }
}
