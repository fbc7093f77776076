//! The few reasons to stop.

use std::io;
use std::path::{Path, PathBuf};

/// Why a capture can not be read. Odd traffic is never an error, and damage after a readable beginning is a warning.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The operating system refused.
    #[error("{}: {source}", name(.path))]
    Io {
        /// The file; `None` for a stream.
        path: Option<PathBuf>,
        /// What the system said.
        source: io::Error,
    },
    /// Not one byte.
    #[error("{}: 0 bytes: the capture is empty; if a command wrote it, that command failed: look at its standard error", name(.path))]
    Empty {
        /// The file; `None` for a stream.
        path: Option<PathBuf>,
    },
    /// The bytes are no capture that we read.
    #[error("{}: not a packet capture: {found}; expected pcap, pcapng or snoop, plain or in gzip, zstd or lz4", name(.path))]
    NotACapture {
        /// The file; `None` for a stream.
        path: Option<PathBuf>,
        /// What the first bytes look like, in a few words.
        found: String,
    },
    /// The beginning is damaged so that not even one record can be found.
    #[error("{}: damaged at byte {offset}: {reason}; no packet could be read", name(.path))]
    Damaged {
        /// The file; `None` for a stream.
        path: Option<PathBuf>,
        /// Offset of the damage in the (decompressed) file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A directory or pattern without captures.
    #[error("{}: no capture file in this directory", shown(.path))]
    NoCaptures {
        /// The directory.
        path: PathBuf,
    },
}

fn name(path: &Option<PathBuf>) -> String {
    match path {
        Some(path) => shown(path),
        None => "standard input".to_owned(),
    }
}

fn shown(path: &Path) -> String {
    crate::types::escaped(&path.to_string_lossy()).into_owned()
}

impl CaptureError {
    /// The same error, about this file.
    #[must_use]
    pub(crate) fn about(mut self, file: Option<&Path>) -> Self {
        match &mut self {
            Self::Io { path, .. }
            | Self::Empty { path }
            | Self::NotACapture { path, .. }
            | Self::Damaged { path, .. } => *path = file.map(Path::to_path_buf),
            Self::NoCaptures { .. } => {}
        }
        self
    }

    /// The same error once more, for who asks later.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Io { path, source } => {
                Self::Io { path: path.clone(), source: io::Error::new(source.kind(), source.to_string()) }
            }
            Self::Empty { path } => Self::Empty { path: path.clone() },
            Self::NotACapture { path, found } => Self::NotACapture { path: path.clone(), found: found.clone() },
            Self::Damaged { path, offset, reason } => {
                Self::Damaged { path: path.clone(), offset: *offset, reason: reason.clone() }
            }
            Self::NoCaptures { path } => Self::NoCaptures { path: path.clone() },
        }
    }

    /// Whether nothing is wrong: the source has no more bytes now ([`io::ErrorKind::WouldBlock`]), and can be read on later.
    pub fn would_block(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::WouldBlock)
    }

    /// The file it is about, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::Empty { path }
            | Self::NotACapture { path, .. }
            | Self::Damaged { path, .. } => path.as_deref(),
            Self::NoCaptures { path } => Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_shows_its_path_escaped() {
        let path = PathBuf::from("a\u{1b}[31m");
        let about = Some(path.clone());
        let errors = [
            CaptureError::Io { path: about.clone(), source: io::Error::from(io::ErrorKind::NotFound) },
            CaptureError::Empty { path: about.clone() },
            CaptureError::NotACapture { path: about.clone(), found: String::new() },
            CaptureError::Damaged { path: about, offset: 0, reason: String::new() },
            CaptureError::NoCaptures { path },
        ];
        for error in errors {
            assert!(error.to_string().starts_with(r"a\x1b[31m: "), "{error:?}");
        }
    }
}
