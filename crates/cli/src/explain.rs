//! `handshark explain`: the manual page of a finding, or the list of all.

use handshark::detect::{DETECTORS, by_code};
use handshark_output::explain;

use crate::DONE;
use crate::args::{self, Explain};
use crate::destination::Destination;
use crate::failure::Failure;

pub(crate) fn run(job: &Explain) -> Result<i32, Failure> {
    let mut out = Destination::stdout();
    let style = out.style(&job.look);
    let written = match &job.code {
        Some(code) => {
            let code = args::code(code).map_err(Failure::Usage)?;
            explain::write_page(&mut out, by_code(code).map_or("", |detector| detector.page()), style)
        }
        None => {
            let pages = DETECTORS.iter().map(|detector| (detector.code(), detector.page()));
            explain::write_list(&mut out, pages, style)
        }
    };
    written.map_err(|source| out.failure(source))?;
    out.commit()?;
    Ok(DONE)
}
