//! Ctrl-C and SIGTERM: a live stream ends with its report, a half-written file is removed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use crate::live::Message;

/// What a shell reports of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// From now on the first signal ends the live stream, where there is one; the next, or any without a stream, removes the
/// temporary file and ends the program.
pub(crate) fn install(stream: Option<SyncSender<Message>>, temporary: Option<PathBuf>) {
    let stopped = AtomicBool::new(false);
    let installed = ctrlc::set_handler(move || {
        if let Some(stream) = &stream
            && !stopped.swap(true, Ordering::Relaxed)
            && stream.send(Message::Stop).is_ok()
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
