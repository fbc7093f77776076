//! Bytes in, frames out: the format is told by magic, damage is passed by, and what was odd is counted.
//!
//! No file, no thread, no clock: whoever has bytes hands them over with [`Reader::push`], or reads straight into
//! [`Reader::space`] and calls [`Reader::advance`].

mod begin;
mod damage;
mod find;
mod piece;
mod run;

use super::buffer::Buffer;
use super::frame::{Frame, Interfaces, LinkType};
use super::log::Log;
use super::lost::Lost;
use super::names::Names;
use super::pcap::Pcap;
use super::pcapng::Section;
use super::record::Record;
use super::snoop::Snoop;
use super::unpack::Unpacker;
use crate::types::{PacketNo, Timestamp};
use crate::{CaptureError, Limits, Quality};

/// Unread bytes that are held as a rule; one block may need more, up to [`Limits::max_block_bytes`].
const BUFFER_BYTES: usize = 256 * 1024;

/// One capture, from bytes in any split to frames.
///
/// ```
/// use handshark::{Limits, capture::Reader};
///
/// # fn main() -> Result<(), handshark::CaptureError> {
/// let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
/// capture.extend([10, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 0xab, 0xcd]);
///
/// let mut reader = Reader::new(&Limits::default());
/// let mut rest = &capture[..];
/// while !rest.is_empty() {
///     let taken = reader.push(rest);
///     rest = &rest[taken..];
///     while let Some(frame) = reader.next_frame()? {
///         assert_eq!((frame.data, frame.original_len), (&[0xab, 0xcd][..], 60));
///     }
/// }
/// reader.end();
/// assert!(reader.next_frame()?.is_none());
/// assert_eq!(reader.packets(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reader {
    buffer: Buffer,
    state: State,
    /// The frame at the front of the buffer, when it is known and not yet taken.
    next: Option<Record>,
    /// Packet numbers given away.
    packets: u64,
    last: Option<Timestamp>,
    unpacker: Option<Box<Unpacker>>,
    /// The caller said that no more bytes will come; with an unpacker, that it has given its last.
    at_end: bool,
    /// Bytes to be unread before going on makes sense: compressed ones where there is an unpacker.
    wanted: usize,
    interfaces: Interfaces,
    names: Names,
    links: Vec<LinkType>,
    bytes_read: u64,
    log: Log,
    limits: Limits,
}

/// What is being read. With a tag of its own, because each packet asks for it.
#[derive(Debug)]
#[repr(u8)]
enum State {
    /// Nothing yet; so many bytes hold no magic.
    Start(usize),
    Pcap(Pcap),
    Pcapng(Section),
    Snoop(Snoop),
    Lost(Box<Lost>),
    Finished,
}

impl Reader {
    /// Before the first byte.
    pub fn new(limits: &Limits) -> Self {
        Self {
            buffer: buffer(limits),
            state: State::Start(0),
            next: None,
            packets: 0,
            last: None,
            unpacker: None,
            at_end: false,
            wanted: 1,
            interfaces: Interfaces::default(),
            names: Names::default(),
            links: Vec::new(),
            bytes_read: 0,
            log: Log::default(),
            limits: limits.clone(),
        }
    }

    /// Takes as many of `bytes` as there is room for, and says how many. After [`Self::next_frame`] gave `None`, there is
    /// room for at least one.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let count = space.len().min(bytes.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.advance(count);
        count
    }

    /// Room to read into; then say with [`Self::advance`] how much was read. Empty when frames must be taken first.
    pub fn space(&mut self) -> &mut [u8] {
        if matches!(self.state, State::Finished) && self.next.is_none() {
            // What comes after the end is taken and forgotten.
            self.unpacker = None;
            self.buffer.consume(self.buffer.unread().len());
        }
        match &mut self.unpacker {
            Some(unpacker) => unpacker.room(self.wanted),
            None => self.buffer.room(self.wanted),
        }
    }

    /// `count` bytes were put at the start of [`Self::space`].
    pub fn advance(&mut self, count: usize) {
        self.bytes_read = self.bytes_read.saturating_add(count as u64);
        match &mut self.unpacker {
            Some(unpacker) => unpacker.filled(count),
            None => self.buffer.filled(count),
        }
    }

    /// No more bytes will come.
    pub fn end(&mut self) {
        match &mut self.unpacker {
            Some(unpacker) => unpacker.end(),
            None => self.at_end = true,
        }
    }

    /// The next frame; `None` when more bytes are needed, or none are left after [`Self::end`].
    ///
    /// # Errors
    /// The bytes are no capture, or not one packet can be read. It is said once; then there are no more frames.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        let record = match self.front() {
            Some(record) => record,
            None => match self.find_record()? {
                Some(record) => record,
                None => return Ok(None),
            },
        };
        Ok(Some(self.give(record)))
    }

    /// The time of the next frame, which stays the next. `None` as in [`Self::next_frame`].
    ///
    /// # Errors
    /// As [`Self::next_frame`].
    #[inline]
    pub fn peek_time(&mut self) -> Result<Option<Timestamp>, CaptureError> {
        self.next = match self.front() {
            Some(record) => Some(record),
            None => self.find_record()?,
        };
        Ok(self.next.map(|record| record.time))
    }

    /// Whether the last frame was given and no more can come.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished) && self.next.is_none()
    }

    /// Packet numbers given away so far. Wireshark numbers custom and journal blocks of pcapng too; those are no frames.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes that came in, compressed where the capture is.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Interfaces declared so far.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// Interfaces declared so far, to be added to or renamed.
    pub fn interfaces_mut(&mut self) -> &mut Interfaces {
        &mut self.interfaces
    }

    /// Names of addresses that the capture brought so far.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Link types of the frames given, in order of appearance.
    pub fn link_types(&self) -> &[LinkType] {
        &self.links
    }

    /// What was odd so far.
    pub fn quality(&self) -> Vec<Quality> {
        let mut all = self.log.quality();
        all.extend(self.interfaces.drops());
        all
    }

    /// What was odd so far, without the drops that interfaces report.
    pub(super) fn log(&self) -> Vec<Quality> {
        self.log.quality()
    }

    /// The frame at the front of the buffer when it lies there whole, has nothing odd and was not looked at before: what most
    /// frames meet, and all that they meet before [`Self::give`].
    #[inline(always)]
    pub(super) fn front(&self) -> Option<Record> {
        if self.next.is_some() {
            return None;
        }
        if let State::Pcap(pcap) = &self.state {
            return pcap.record(self.buffer.unread());
        }
        if let State::Pcapng(section) = &self.state {
            return section.record(self.buffer.unread());
        }
        None
    }

    /// The frame that [`Self::front`] saw: now it was given.
    #[inline(always)]
    pub(super) fn give(&mut self, record: Record) -> Frame<'_> {
        let number = self.number();
        self.packets = number.number();
        self.last = Some(record.time);
        if self.links.last() != Some(&record.link) {
            self.note_link(record.link);
        }
        Frame {
            number,
            time: record.time,
            link: record.link,
            interface: record.interface,
            data: self.buffer.take(record.head, record.len, record.total),
            original_len: record.original_len,
            fcs_len: record.fcs_len,
        }
    }

    /// The number of the next packet.
    #[inline]
    fn number(&self) -> PacketNo {
        PacketNo::new(self.packets.wrapping_add(1)).unwrap_or(PacketNo::FIRST)
    }

    /// The frame whose time [`Self::peek_time`] told.
    pub(super) fn take_peeked(&mut self) -> Option<Record> {
        self.next.take()
    }

    /// Gives the memory back that only further reading would need.
    pub(super) fn release(&mut self) {
        self.buffer = buffer(&self.limits);
        self.unpacker = None;
    }

    /// Keeps the link type of the latest frame last, so that one comparison is enough for the next.
    #[cold]
    fn note_link(&mut self, link: LinkType) {
        match self.links.iter().position(|&known| known == link) {
            Some(at) => self.links[at..].rotate_left(1),
            None => self.links.push(link),
        }
    }
}

/// Room for one block of the largest size, or for the records that show the way back after damage.
fn buffer(limits: &Limits) -> Buffer {
    let most = limits.max_block_bytes.max(limits.max_packet_bytes).max(3 * 1024 * 1024);
    Buffer::new(BUFFER_BYTES, most.saturating_add(64 * 1024))
}
