//! What can be read from: files, bytes in memory, or a Python object that gives bytes.

use std::ffi::OsString;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use handshark::capture::Captures;
use handshark::{CaptureError, Limits};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// Bytes that are asked of a Python object at once.
const CHUNK: usize = 256 * 1024;

/// A capture as Python names it.
#[derive(FromPyObject)]
pub(crate) enum Source {
    /// The capture itself.
    #[pyo3(annotation = "bytes")]
    Bytes(PyBackedBytes),
    /// Files and directories.
    #[pyo3(annotation = "list[str]")]
    Files(Vec<OsString>),
    /// `read1` or `read` of a binary file object.
    #[pyo3(annotation = "Callable[[int], bytes]")]
    Stream(Py<PyAny>),
}

impl Source {
    /// Opens it. `name` stands for what has no path; `raised` takes what a Python object raises.
    pub(crate) fn open(self, name: &str, raised: &Raised, limits: &Limits) -> Result<Captures, CaptureError> {
        Ok(match self {
            Self::Files(paths) => Captures::open(&paths.into_iter().map(PathBuf::from).collect::<Vec<_>>(), limits)?,
            Self::Bytes(bytes) => Captures::from_read(name, Box::new(Cursor::new(bytes)), limits),
            Self::Stream(read) => {
                let stream = Stream { read, chunk: None, raised: raised.clone() };
                Captures::from_read(name, Box::new(stream), limits)
            }
        })
    }

    /// Its size, where it is known before it is read.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Files(_) | Self::Stream(_) => None,
        }
    }
}

/// The exception that ended the reading: `io::Error` and `ControlFlow` can not carry one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    pub(crate) fn set(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Bytes from a Python callable; attached to the interpreter only while it runs.
struct Stream {
    read: Py<PyAny>,
    chunk: Option<Cursor<PyBackedBytes>>,
    raised: Raised,
}

impl Stream {
    fn next_chunk(&self) -> PyResult<PyBackedBytes> {
        Python::attach(|py| {
            // A signal that came while packets were read would otherwise wait as long as the pipe is quiet.
            py.check_signals()?;
            let chunk = self.read.bind(py).call1((CHUNK,))?;
            chunk.extract::<PyBackedBytes>().map_err(|_| {
                let kind = chunk.get_type().qualname().map_or_else(|_| "?".to_owned(), |name| name.to_string());
                PyTypeError::new_err(format!("the file must be open in binary mode: reading it gave {kind}, not bytes"))
            })
        })
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if let Some(chunk) = &mut self.chunk {
            let count = chunk.read(space)?;
            if count > 0 || space.is_empty() {
                return Ok(count);
            }
        }
        match self.next_chunk() {
            Ok(bytes) => self.chunk.insert(Cursor::new(bytes)).read(space),
            Err(error) => {
                self.raised.set(error);
                Err(io::Error::other("the Python file object raised an exception"))
            }
        }
    }
}
