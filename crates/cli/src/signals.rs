//! Ctrl-C and SIGTERM: a live stream ends with its report, a half-written file is removed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell reports of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Asks what is read live to end; `false` where nobody listens.
pub(crate) type End = Box<dyn Fn() -> bool + Send>;

/// From now on the first signal ends what is read live, where there is such; the next, or any without it, removes the
/// temporary file and ends the program.
pub(crate) fn install(live: Option<End>, temporary: Option<PathBuf>) {
    let stopped = AtomicBool::new(false);
    let installed = ctrlc::set_handler(move || {
        if let Some(end) = &live
            && !stopped.swap(true, Ordering::Relaxed)
            && end()
        {
            return;
        }
        if let Some(temporary) = &temporary {
            drop(std::fs::remove_file(temporary));
        }
        std::process::exit(INTERRUPTED);
    });
    // Where there can be no handler (a second run in one process), a signal ends the program as usual.
    drop(installed);
}
