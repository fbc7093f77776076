//! The one door to the file system: files, directories and streams as one capture in time order.

use std::path::PathBuf;

use crate::{CaptureError, Limits};

/// One capture made of one or more files, or of a stream.
#[derive(Debug)]
pub struct Captures {
    paths: Vec<PathBuf>,
}

impl Captures {
    /// Opens files and directories (a directory stands for the captures in it) as one capture in time order.
    ///
    /// # Errors
    /// A file can not be opened or is no capture.
    pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Self, CaptureError> {
        let _ = limits;
        Ok(Self { paths: paths.to_vec() })
    }
}
