//! Captures that are read each by itself and then laid side by side: what `compare` and `correlate` share.

use std::io;
use std::path::PathBuf;

use handshark::detect::Severity;
use handshark::{Report, Sink};
use handshark_output::text::Style;

use crate::analysis::{self, Input, Manners, Quiet, Shared};
use crate::args::{Common, Level, Way};
use crate::destination::Destination;
use crate::failure::Failure;
use crate::{DONE, FOUND};

/// Reads the captures one after the other; `part` says what is kept of each, `write` what is said of all, and gives the
/// highest severity of that.
pub(crate) fn run<S: Sink + Default, P>(
    captures: Vec<PathBuf>,
    fail_on: Option<Level>,
    way: Way,
    part: impl Fn(&Report, S) -> P,
    write: impl FnOnce(&mut Destination, &[P], Style) -> io::Result<Option<Severity>>,
) -> Result<i32, Failure> {
    let mut common = Common { captures, only: Vec::new(), follow: false, fail_on, way };
    // One stream can not be read twice, and which one comes first would depend on the order.
    Input::of(&common)?;
    let mut out = Destination::open(&common)?;
    let style = out.style(&common.way.look);
    let mut parts = Vec::new();
    let mut code = DONE;
    for capture in std::mem::take(&mut common.captures) {
        common.captures = vec![capture];
        let taker = Shared::new(Quiet::<S>::default());
        let manners = Manners { no_progress: false, temporary: out.temporary() };
        let report = analysis::read(&common, &Input::of(&common)?, &taker, manners)?.ok_or(Failure::ClosedPipe)?;
        // No severity of one capture alone counts here.
        code = code.max(analysis::conclude(&common, &report, None));
        parts.push(part(&report, taker.kept()));
    }
    let worst = write(&mut out, &parts, style).map_err(|source| out.failure(source))?;
    out.commit()?;
    let found = common.fail_on.is_some_and(|level| worst >= Some(level.into()));
    Ok(if code == DONE && found { FOUND } else { code })
}
