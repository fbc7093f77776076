//! Wires the layers: bytes in, connections and a report out. Nothing clever.

mod stream;

use std::ops::ControlFlow;
use std::path::Path;

use self::stream::Stream;
use crate::capture::{Captures, Frame, Interfaces, Reader};
use crate::pipeline::Pipeline;
use crate::record::Connection;
use crate::types::Timestamp;
use crate::{CaptureError, Limits, Report};

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

/// Packets between two calls of the progress function.
const TICK_EVERY: u64 = 16_384;

/// The whole analysis: push a capture's bytes in any split, or hand it captures to read, then ask for the report.
///
/// ```
/// # fn main() -> Result<(), handshark::CaptureError> {
/// let mut inspector = handshark::Inspector::new(handshark::Limits::default());
/// let header = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
/// for byte in header {
///     inspector.push(&[byte])?;
/// }
/// let (report, _) = inspector.finish()?;
/// assert_eq!(report.totals.connections, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Inspector<S: Sink = ()> {
    pipeline: Pipeline<S>,
    pushed: Option<Box<Reader>>,
    /// Why what was pushed is no capture.
    refused: Option<CaptureError>,
    stream: Stream,
    limits: Limits,
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
        Self {
            pipeline: Pipeline::new(limits.clone(), sink),
            pushed: None,
            refused: None,
            stream: Stream::default(),
            limits,
        }
    }

    /// The next bytes of the capture, in any split.
    ///
    /// # Errors
    /// The bytes are no capture; further bytes are then ignored, and [`Self::finish`] gives the same error.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), CaptureError> {
        let reader = self.pushed.get_or_insert_with(|| Box::new(Reader::new(&self.limits)));
        while !bytes.is_empty() {
            let taken = reader.push(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            if let Err(error) = drain(reader, &mut self.pipeline) {
                self.refused = Some(error.again());
                return Err(error);
            }
            if taken == 0 {
                break;
            }
        }
        Ok(())
    }

    /// One packet, from wherever the program has it: a socket, a ring buffer, another library. Packets come in order of time, and are
    /// numbered from 1. An analysis takes packets, or a capture by [`Self::push`] or [`Self::read`], and not both.
    ///
    /// `interfaces` names the places of capture to which [`Frame::interface`] points; it is looked at when a packet comes from a new one.
    ///
    /// ```
    /// use handshark::capture::{Frame, Interface, Interfaces, LinkType};
    /// use handshark::types::{PacketNo, Timestamp};
    ///
    /// let mut interfaces = Interfaces::default();
    /// let eth0 = Interface { name: Some("eth0".to_owned()), link: LinkType::ETHERNET, snaplen: 0, dropped: None };
    /// let interface = interfaces.add(eth0);
    /// let mut inspector = handshark::Inspector::new(handshark::Limits::default());
    /// let data = [0_u8; 60];
    /// let (number, time) = (PacketNo::FIRST, Timestamp::from_nanos(1_767_225_600_000_000_000));
    /// let frame = Frame { number, time, link: LinkType::ETHERNET, interface, data: &data, original_len: 60, fcs_len: 0 };
    /// inspector.packet(&frame, &interfaces);
    /// # let (report, ()) = inspector.finish().expect("packets are no file that could be refused");
    /// # assert_eq!(report.capture.packets, 1);
    /// ```
    pub fn packet(&mut self, frame: &Frame<'_>, interfaces: &Interfaces) {
        self.pipeline.on_frame(frame);
        if self.pipeline.wants_interfaces() {
            self.pipeline.learn(interfaces);
        }
    }

    /// Tells a live stream what time it is by the clock of who reads, who calls this every second or so, whether packets come or not. What
    /// ended 15 s ago becomes final then, as does an attempt to connect that was not repeated for 70 s; without this both wait for later
    /// packets, and longer ([`Limits::closed_linger`], [`Limits::half_open_timeout`]). What comes for such a connection after that
    /// is no part of it any more.
    ///
    /// Nothing happens where the packets are not of these minutes, or come faster than they were captured: that is a file.
    pub fn now(&mut self, time: Timestamp) {
        if let Some(quiet) = self.stream.quiet(time, self.pipeline.latest()) {
            self.pipeline.settle(quiet);
        }
    }

    /// Reads whole captures; `tick` is called every few thousand packets and can stop the reading.
    ///
    /// # Errors
    /// A capture can not be read at all, or its source has nothing now ([`CaptureError::would_block`]): then call it again
    /// with the same captures.
    pub fn read(
        &mut self,
        captures: &mut Captures,
        tick: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), CaptureError> {
        let read = self.read_frames(captures, tick);
        if read.as_ref().is_err_and(CaptureError::would_block) {
            return read;
        }
        // What came before an error is read, and what the reader has to say of it counts.
        self.pipeline.note_captures(captures);
        read
    }

    fn read_frames(
        &mut self,
        captures: &mut Captures,
        tick: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), CaptureError> {
        let (mut packets, mut tick_at) = (0_u64, TICK_EVERY);
        while let Some(frame) = captures.next_frame()? {
            self.pipeline.on_frame(&frame);
            packets += 1;
            if !self.pipeline.wants_interfaces() {
                captures.run(|frame| {
                    self.pipeline.on_frame(frame);
                    packets += 1;
                    packets < tick_at && !self.pipeline.wants_interfaces()
                });
            }
            if self.pipeline.wants_interfaces() {
                self.pipeline.describe(captures.interfaces());
            }
            if packets >= tick_at {
                tick_at = packets + TICK_EVERY;
                let progress = Progress { bytes: captures.bytes_read(), total_bytes: captures.total_bytes(), packets };
                if tick(progress).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The sink, to look at it while the capture is being read.
    pub fn sink(&mut self) -> &mut S {
        self.pipeline.sink()
    }

    /// The end of the capture: judges what is still open and gives the report and the sink back.
    ///
    /// # Errors
    /// What was pushed is no capture.
    pub fn finish(mut self) -> Result<(Report, S), CaptureError> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        if let Some(mut reader) = self.pushed.take() {
            reader.end();
            drain(&mut reader, &mut self.pipeline)?;
            self.pipeline.note_reader(&reader, "-");
        }
        Ok(self.pipeline.finish())
    }
}

fn drain<S: Sink>(reader: &mut Reader, pipeline: &mut Pipeline<S>) -> Result<(), CaptureError> {
    while let Some(frame) = reader.next_frame()? {
        pipeline.on_frame(&frame);
        if pipeline.wants_interfaces() {
            pipeline.describe(reader.interfaces());
        }
    }
    Ok(())
}

/// Reads one capture file and gives the verdict.
///
/// # Errors
/// The file can not be opened, or is no capture.
pub fn read_path(path: impl AsRef<Path>) -> Result<Report, CaptureError> {
    let limits = Limits::default();
    let mut captures = Captures::open(&[path.as_ref().to_path_buf()], &limits)?;
    let mut inspector = Inspector::new(limits);
    inspector.read(&mut captures, &mut |_| ControlFlow::Continue(()))?;
    let (report, ()) = inspector.finish()?;
    Ok(report)
}
