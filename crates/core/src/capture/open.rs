//! The one door to the file system: a file, or a stream that someone else opened, with its [`Reader`].

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::reader::Reader;
use crate::types::Timestamp;
use crate::{CaptureError, Limits};

/// A capture that can be asked for its next frame.
pub(super) struct Source {
    /// `None` for a stream.
    pub(super) path: Option<PathBuf>,
    pub(super) reader: Reader,
    input: Input,
    /// Size of a regular file.
    pub(super) size: Option<u64>,
}

/// Where the bytes come from.
enum Input {
    /// A regular file that is not open: it can be opened again and read from its start.
    Closed,
    Open(Box<dyn Read + Send>),
    Done,
    /// It could not be opened again: nothing of it is given.
    Gone,
}

impl Source {
    /// A file of any kind, opened now.
    pub(super) fn file(path: &Path, limits: &Limits) -> Result<Self, CaptureError> {
        let (input, size) = open(path)?;
        Ok(Self {
            path: Some(path.to_path_buf()),
            reader: Reader::new(limits),
            input: Input::Open(Box::new(input)),
            size,
        })
    }

    /// A stream.
    pub(super) fn stream(source: Box<dyn Read + Send>, limits: &Limits) -> Self {
        Self { path: None, reader: Reader::new(limits), input: Input::Open(source), size: None }
    }

    /// A stream that is shown as this file, and about which errors are told as about a file.
    pub(super) fn followed(path: PathBuf, source: Box<dyn Read + Send>, limits: &Limits) -> Self {
        Self { path: Some(path), ..Self::stream(source, limits) }
    }

    /// Whether it can be closed now and read from its start later.
    pub(super) fn is_regular(&self) -> bool {
        self.size.is_some()
    }

    /// Whether it was closed and could not be opened again.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.input, Input::Gone)
    }

    /// Forgets what was read; [`Self::peek`] begins anew.
    pub(super) fn close(&mut self, limits: &Limits) {
        self.input = Input::Closed;
        self.reader = Reader::new(limits);
    }

    /// The time of the next frame, which then lies whole in the reader; `None` at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<Timestamp>, CaptureError> {
        loop {
            match self.reader.peek_time() {
                Ok(Some(time)) => return Ok(Some(time)),
                Ok(None) if self.reader.is_finished() => {
                    self.input = Input::Done;
                    return Ok(None);
                }
                Ok(None) => self.fill()?,
                Err(error) => {
                    self.input = Input::Done;
                    return Err(error.about(self.path.as_deref()));
                }
            }
        }
    }

    /// One read, straight into the reader's buffer.
    #[inline(never)]
    pub(super) fn fill(&mut self) -> Result<(), CaptureError> {
        if let (Input::Closed, Some(path)) = (&self.input, &self.path) {
            let opened = open(path);
            self.input = Input::Gone;
            self.input = Input::Open(Box::new(opened?.0));
        }
        let Input::Open(input) = &mut self.input else {
            self.reader.end();
            return Ok(());
        };
        loop {
            match input.read(self.reader.space()) {
                Ok(0) => self.reader.end(),
                Ok(count) => self.reader.advance(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // Not now: asked again, it goes on.
                Err(source) if source.kind() == ErrorKind::WouldBlock => {
                    return Err(CaptureError::Io { path: self.path.clone(), source });
                }
                Err(source) => {
                    // Once: after it, what is in the buffer is the end.
                    self.input = Input::Done;
                    self.reader.end();
                    return Err(CaptureError::Io { path: self.path.clone(), source });
                }
            }
            return Ok(());
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("path", &self.path).field("reader", &self.reader).finish_non_exhaustive()
    }
}

/// The files of a directory in the order of their names, or `None` for what is no directory. One that is being written to replace
/// another when it is whole (`.NAME.tmp`, as our own output) is none yet.
pub(super) fn directory(path: &Path) -> Result<Option<Vec<PathBuf>>, CaptureError> {
    let failed = |source| CaptureError::Io { path: Some(path.to_path_buf()), source };
    #[expect(clippy::disallowed_methods, reason = "this file is the one door to the file system")]
    let (metadata, read_dir) = (std::fs::metadata(path).map_err(failed)?, std::fs::read_dir::<&Path>);
    if !metadata.is_dir() {
        return Ok(None);
    }
    let mut files = Vec::new();
    for entry in read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // Follows symbolic links; what can not be asked is no file.
        if path.is_file() && !is_unfinished(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(Some(files))
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(b".tmp")
}

fn open(path: &Path) -> Result<(File, Option<u64>), CaptureError> {
    let failed = |source| CaptureError::Io { path: Some(path.to_path_buf()), source };
    #[expect(clippy::disallowed_methods, reason = "this file is the one door to the file system")]
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    Ok((file, metadata.is_file().then_some(metadata.len())))
}
