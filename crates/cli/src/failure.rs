//! Why the command ends early, as one line and an exit code.

use std::io;

use handshark::CaptureError;
use handshark::types::escaped;

use crate::{DONE, FAILED, say};

/// Why the command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing failed: help or version was asked for and is printed.
    Answered,
    /// The arguments make no sense; the line says which.
    Usage(String),
    /// Nothing can be read.
    Capture(CaptureError),
    /// Whoever read our output has gone: `handshark ... | head`.
    ClosedPipe,
    /// The output can not be written.
    Write {
        /// Where to.
        to: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure {
    /// A refused write; a closed pipe is no error.
    pub(crate) fn write(to: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Write { to: to.to_owned(), source },
        }
    }

    /// Says it, and gives the exit code.
    pub(crate) fn report(&self) -> i32 {
        match self {
            Self::Answered | Self::ClosedPipe => return DONE,
            Self::Usage(line) => say(&escaped(line)),
            Self::Capture(error) => say(&error.to_string()),
            Self::Write { to, source } => say(&format!("{}: {source}", escaped(to))),
        }
        FAILED
    }
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Self {
        Self::Capture(error)
    }
}
