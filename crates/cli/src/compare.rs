//! `handshark compare`: what differs from one capture to another.

use std::path::PathBuf;

use handshark::capture::Interfaces;
use handshark::compare::{Comparison, Profile, Tally};
use handshark::record::Connection;
use handshark_output::compare;

use crate::analysis::{self, Input, Manners, Shared, Taker};
use crate::args::{Common, Compare, ReportFormat};
use crate::destination::Destination;
use crate::failure::Failure;
use crate::{DONE, FAILED};

pub(crate) fn run(job: Compare) -> Result<i32, Failure> {
    // One stream can not be read twice, and which one comes first would depend on the order.
    let mut common =
        Common { captures: vec![job.a, job.b], only: Vec::new(), follow: false, fail_on: job.fail_on, way: job.way };
    Input::of(&common)?;
    let mut out = Destination::open(&common)?;
    let style = out.style(&common.way.look);
    let mut profiles = Vec::new();
    let mut code = DONE;
    for path in std::mem::take(&mut common.captures) {
        let (profile, concluded) = profile(path, &mut common, out.temporary())?;
        profiles.push(profile);
        code = code.max(concluded);
    }
    let [a, b] = profiles.as_slice() else { return Ok(FAILED) };
    let comparison = Comparison::of(a, b);
    let written = match job.format {
        ReportFormat::Text => compare::write_text(&mut out, &comparison, style),
        ReportFormat::Json => compare::write_json(&mut out, &comparison),
    };
    written.map_err(|source| out.failure(source))?;
    out.commit()?;
    let found = common.fail_on.is_some_and(|level| comparison.worst() >= Some(level.into()));
    Ok(if code == DONE && found { crate::FOUND } else { code })
}

/// Reads one of the two captures; with the exit code that its damage asks for.
fn profile(path: PathBuf, common: &mut Common, temporary: Option<PathBuf>) -> Result<(Profile, i32), Failure> {
    common.captures = vec![path];
    let input = Input::of(common)?;
    let taker = Shared::new(Counter(Tally::default()));
    let manners = Manners { no_progress: false, temporary };
    let report = analysis::read(common, &input, &taker, manners)?.ok_or(Failure::ClosedPipe)?;
    let tally = std::mem::take(&mut taker.0.borrow_mut().0);
    // No severity of one capture alone counts here.
    let code = analysis::conclude(common, &report, None);
    Ok((Profile::new(&report, tally), code))
}

/// Counts connections; nothing is written before both captures are read.
#[derive(Debug)]
struct Counter(Tally);

impl Taker for Counter {
    fn take(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.add(connection);
    }

    fn idle(&mut self) {}

    fn is_broken(&self) -> bool {
        false
    }
}
