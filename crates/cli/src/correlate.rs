//! `handshark correlate`: the same connections at several capture points.

use std::path::PathBuf;

use handshark::capture::Interfaces;
use handshark::correlate::{Collector, Correlation, Point};
use handshark::record::Connection;
use handshark_output::correlate;

use crate::analysis::{self, Input, Manners, Shared, Taker};
use crate::args::{Common, Correlate, ReportFormat};
use crate::destination::Destination;
use crate::failure::Failure;
use crate::{DONE, FOUND};

pub(crate) fn run(job: Correlate) -> Result<i32, Failure> {
    // One stream can not be read twice, and which one comes first would depend on the order.
    let mut common =
        Common { captures: job.captures, only: Vec::new(), follow: false, fail_on: job.fail_on, way: job.way };
    Input::of(&common)?;
    let mut out = Destination::open(&common)?;
    let style = out.style(&common.way.look);
    let mut points = Vec::new();
    let mut code = DONE;
    for path in std::mem::take(&mut common.captures) {
        let (point, concluded) = point(path, &mut common, out.temporary())?;
        points.push(point);
        code = code.max(concluded);
    }
    let correlation = Correlation::of(&points);
    let written = match job.format {
        ReportFormat::Text => correlate::write_text(&mut out, &correlation, style),
        ReportFormat::Json => correlate::write_json(&mut out, &correlation),
    };
    written.map_err(|source| out.failure(source))?;
    out.commit()?;
    let found = common.fail_on.is_some_and(|level| correlation.worst() >= Some(level.into()));
    Ok(if code == DONE && found { FOUND } else { code })
}

/// Reads the capture of one point; with the exit code that its damage asks for.
fn point(path: PathBuf, common: &mut Common, temporary: Option<PathBuf>) -> Result<(Point, i32), Failure> {
    common.captures = vec![path];
    let input = Input::of(common)?;
    let taker = Shared::new(Keeper(Collector::default()));
    let report = analysis::read(common, &input, &taker, Manners { no_progress: false, temporary })?;
    let report = report.ok_or(Failure::ClosedPipe)?;
    let collector = std::mem::take(&mut taker.0.borrow_mut().0);
    // No severity of one capture alone counts here.
    let code = analysis::conclude(common, &report, None);
    Ok((Point::new(&report, collector), code))
}

/// Keeps connections; nothing is written before all captures are read.
#[derive(Debug)]
struct Keeper(Collector);

impl Taker for Keeper {
    fn take(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.add(connection);
    }

    fn idle(&mut self) {}

    fn is_broken(&self) -> bool {
        false
    }
}
