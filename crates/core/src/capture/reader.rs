//! Bytes in, frames out: the format is told by magic, damage is passed by, and what was odd is counted.
//!
//! No file, no thread, no clock: whoever has bytes hands them over with [`Reader::push`], or reads straight into
//! [`Reader::space`] and calls [`Reader::advance`].

use super::buffer::Buffer;
use super::frame::{Frame, Interface, Interfaces, LinkType};
use super::log::Log;
use super::lost::{Format, Lost, Search};
use super::magic::{self, Magic, Packing};
use super::pcap::Pcap;
use super::pcapng::{Opened, Section};
use super::record::{Look, Record};
use super::unpack::{Ending, Unpacked, Unpacker};
use crate::types::{PacketNo, Timestamp};
use crate::{CaptureError, Limits, Quality};

/// Unread bytes that are held as a rule; one block may need more, up to [`Limits::max_block_bytes`].
const BUFFER_BYTES: usize = 256 * 1024;

/// How far into a stream a capture may begin: shells and wrappers write messages before it.
const BANNER_BYTES: usize = 64 * 1024;

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
    number: PacketNo,
    last: Option<Timestamp>,
    unpacker: Option<Box<Unpacker>>,
    /// The caller said that no more bytes will come; with an unpacker, that it has given its last.
    at_end: bool,
    /// Bytes to be unread before going on makes sense: compressed ones where there is an unpacker.
    wanted: usize,
    interfaces: Interfaces,
    links: Vec<LinkType>,
    bytes_read: u64,
    log: Log,
    limits: Limits,
}

/// What is being read.
#[derive(Debug)]
enum State {
    /// Nothing yet; so many bytes hold no magic.
    Start(usize),
    Pcap(Pcap),
    Pcapng(Section),
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
            number: PacketNo::FIRST,
            last: None,
            unpacker: None,
            at_end: false,
            wanted: 1,
            interfaces: Interfaces::default(),
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
        if !self.ready()? {
            return Ok(None);
        }
        Ok(self.take())
    }

    /// The time of the next frame, which stays the next. `None` as in [`Self::next_frame`].
    ///
    /// # Errors
    /// As [`Self::next_frame`].
    #[inline]
    pub fn peek_time(&mut self) -> Result<Option<Timestamp>, CaptureError> {
        self.ready()?;
        Ok(self.next.map(|record| record.time))
    }

    /// Whether the last frame was given and no more can come.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished) && self.next.is_none()
    }

    /// Packet numbers given away so far. Wireshark numbers custom and journal blocks of pcapng too; those are no frames.
    pub fn packets(&self) -> u64 {
        self.number.number() - 1
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

    /// Whether the next frame lies whole in the buffer; finds it.
    #[inline]
    pub(super) fn ready(&mut self) -> Result<bool, CaptureError> {
        if self.next.is_none() {
            // The common case, and all that most packets meet.
            self.next = match &self.state {
                State::Pcap(pcap) => pcap.record(self.buffer.unread()),
                State::Pcapng(section) => section.record(self.buffer.unread()),
                State::Start(_) | State::Lost(_) | State::Finished => None,
            };
            if self.next.is_none() {
                return self.find();
            }
        }
        Ok(true)
    }

    /// Gives the memory back that only further reading would need.
    pub(super) fn release(&mut self) {
        self.buffer = buffer(&self.limits);
        self.unpacker = None;
    }

    /// The frame that [`Self::ready`] found.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Frame<'_>> {
        let record = self.next.take()?;
        self.buffer.consume(record.total);
        let number = self.number;
        self.number = number.next();
        self.last = Some(record.time);
        if self.links.last() != Some(&record.link) {
            self.note_link(record.link);
        }
        Some(Frame {
            number,
            time: record.time,
            link: record.link,
            interface: record.interface,
            data: self.buffer.behind(record.total - record.head, record.len),
            original_len: record.original_len,
            fcs_len: record.fcs_len,
        })
    }

    /// Keeps the link type of the latest frame last, so that one comparison is enough for the next.
    #[cold]
    fn note_link(&mut self, link: LinkType) {
        match self.links.iter().position(|&known| known == link) {
            Some(at) => self.links[at..].rotate_left(1),
            None => self.links.push(link),
        }
    }

    /// Everything that is not the common case.
    #[cold]
    #[inline(never)]
    fn find(&mut self) -> Result<bool, CaptureError> {
        loop {
            let look = match self.look() {
                Ok(look) => look,
                Err(error) => {
                    self.state = State::Finished;
                    return Err(error);
                }
            };
            let (number, offset) = (self.number, self.buffer.offset());
            match look {
                Look::Record(record) => {
                    self.next = Some(record);
                    return Ok(true);
                }
                Look::OddTime(record, code, how) => {
                    self.next = Some(record);
                    self.log.add(code, || format!("packet {number} at byte {offset}: {how}"));
                    return Ok(true);
                }
                Look::Need(wanted) => {
                    if !self.refill(wanted) {
                        return Ok(false);
                    }
                }
                Look::Skip(count) => self.buffer.consume(count),
                Look::Numbered(count) => {
                    self.buffer.consume(count);
                    self.number = number.next();
                }
                Look::Malformed(count, why) => {
                    self.buffer.consume(count);
                    self.log.damaged(count as u64, || format!("a block at byte {offset} was passed by: {why}"));
                }
                Look::Capture => self.lose_the_way("a file header inside a file header".to_owned(), false),
                Look::Damaged(why) => self.lose_the_way(why.into_owned(), false),
                Look::CutOrDamaged(why) => self.lose_the_way(why.into_owned(), true),
                Look::CutShort => {
                    self.log_cut();
                    self.state = State::Finished;
                }
                Look::End => {
                    self.state = State::Finished;
                    return Ok(false);
                }
            }
        }
    }

    fn look(&mut self) -> Result<Look, CaptureError> {
        let (bytes, at_end) = (self.buffer.unread(), self.at_end);
        let look = match &mut self.state {
            State::Pcap(pcap) => pcap.look(bytes, at_end, self.last),
            State::Pcapng(section) => section.look(bytes, at_end, self.last, &mut self.interfaces),
            State::Start(_) => self.start()?,
            State::Lost(_) => self.search()?,
            State::Finished => Look::End,
        };
        Ok(if matches!(look, Look::Capture) { self.open_another() } else { look })
    }

    /// Gets more bytes from the unpacker; `false` when the caller must bring them.
    fn refill(&mut self, wanted: usize) -> bool {
        let Some(unpacker) = &mut self.unpacker else {
            self.wanted = wanted;
            return false;
        };
        match unpacker.unpack(self.buffer.room(wanted)) {
            Unpacked::Bytes(count) => {
                self.buffer.filled(count);
                return true;
            }
            Unpacked::Need(wanted) => {
                self.wanted = wanted;
                return false;
            }
            Unpacked::End(ending) => self.log_ending(&ending),
        }
        self.at_end = true;
        true
    }

    /// The first bytes: a packing, a capture, or something before a capture.
    fn start(&mut self) -> Result<Look, CaptureError> {
        let (bytes, at_end) = (self.buffer.unread(), self.at_end);
        if bytes.len() < 4 && !at_end {
            return Ok(Look::Need(4));
        }
        if bytes.is_empty() {
            return Err(match self.log.quality().first() {
                // A packed stream that broke before its first byte.
                Some(Quality { note, .. }) => CaptureError::Damaged { path: None, offset: 0, reason: note.clone() },
                None => CaptureError::Empty { path: None },
            });
        }
        if let Some(packing) = Packing::of(bytes) {
            return self.unpack(packing);
        }
        if let Some(magic) = Magic::of(bytes) {
            return self.open(magic);
        }
        if at_end && bytes.len() < 4 && Magic::begins_with(bytes) {
            return Err(self.cut_in_header());
        }
        self.search_banner()
    }

    fn unpack(&mut self, packing: Packing) -> Result<Look, CaptureError> {
        if let Some(outer) = &self.unpacker {
            let found = format!("{} inside {}; unpack it first", packing.name(), outer.packing.name());
            return Err(CaptureError::NotACapture { path: None, found });
        }
        let mut unpacker = Unpacker::new(self.buffer.unread(), packing);
        if self.at_end {
            unpacker.end();
        }
        self.at_end = false;
        self.unpacker = Some(Box::new(unpacker));
        self.buffer = buffer(&self.limits);
        Ok(Look::Need(4))
    }

    /// A capture may begin after some text: the messages of a shell, of `kubectl` or of the capturing program.
    fn search_banner(&mut self) -> Result<Look, CaptureError> {
        let bytes = self.buffer.unread();
        let State::Start(searched) = self.state else { return Ok(Look::End) };
        let stranger = magic::known_stranger(bytes).is_some();
        let searchable = bytes.get(..BANNER_BYTES + Magic::PLAUSIBLE_LEN).unwrap_or(bytes);
        let found = (searched..searchable.len()).find(|&at| Magic::plausible(&searchable[at..]).is_some());
        match found {
            Some(at) if !stranger => {
                let banner = String::from_utf8_lossy(&bytes[..at]).into_owned();
                self.buffer.consume(at);
                self.log.add("garbage-before", || {
                    let text = magic::shortened(banner.trim());
                    format!("{at} bytes before the capture were passed by: \"{text}\"")
                });
                self.state = State::Start(0);
                Ok(Look::Skip(0))
            }
            _ if stranger || self.at_end || searchable.len() == BANNER_BYTES + Magic::PLAUSIBLE_LEN => {
                let found = match bytes.len() {
                    0..4 => format!("{}, {} bytes long", magic::describe(bytes), bytes.len()),
                    _ => magic::describe(bytes),
                };
                Err(CaptureError::NotACapture { path: None, found })
            }
            _ => {
                self.state = State::Start((bytes.len() + 1).saturating_sub(Magic::PLAUSIBLE_LEN));
                Ok(Look::Need(bytes.len() + 1))
            }
        }
    }

    /// The first header of the input.
    fn open(&mut self, magic: Magic) -> Result<Look, CaptureError> {
        match self.open_at_front(magic) {
            Look::CutShort => Err(self.cut_in_header()),
            Look::Damaged(reason) => {
                Err(CaptureError::Damaged { path: None, offset: self.buffer.offset(), reason: reason.into_owned() })
            }
            look => Ok(look),
        }
    }

    /// A header behind other records: a section of the same pcapng file, or a file that was joined to this one.
    fn open_another(&mut self) -> Look {
        let bytes = self.buffer.unread();
        let next_section = matches!(self.state, State::Pcapng(_)) && Magic::of(bytes) == Some(Magic::Pcapng);
        let magic = if next_section { Some(Magic::Pcapng) } else { Magic::plausible(bytes) };
        let Some(magic) = magic else { return Look::Damaged("a file header that makes no sense".into()) };
        let look = self.open_at_front(magic);
        if !next_section && matches!(look, Look::Skip(_)) {
            let offset = self.buffer.offset();
            self.log.add("joined", || {
                format!(
                    "another capture begins at byte {offset}, joined without a merging program; it was read as well"
                )
            });
        }
        look
    }

    /// Reads the file or section header at the front: [`Look::Skip`] over it, `Need`, `CutShort` or `Damaged`.
    fn open_at_front(&mut self, magic: Magic) -> Look {
        let (bytes, at_end) = (self.buffer.unread(), self.at_end);
        let needs = |wanted| if at_end { Look::CutShort } else { Look::Need(wanted) };
        match magic {
            Magic::Pcap => {
                let Some(mut pcap) = Pcap::open(bytes, &self.limits) else { return needs(Pcap::HEADER_LEN) };
                pcap.interface = self.interfaces.add(Interface {
                    name: None,
                    link: pcap.link,
                    snaplen: pcap.snaplen,
                    dropped: None,
                });
                self.state = State::Pcap(pcap);
                Look::Skip(Pcap::HEADER_LEN)
            }
            Magic::Pcapng => match Section::open(bytes, &self.limits) {
                Opened::Section(section, len) => {
                    self.state = State::Pcapng(section);
                    Look::Skip(len)
                }
                Opened::Need(wanted) => needs(wanted),
                Opened::Version(major, minor) => {
                    Look::Damaged(format!("pcapng version {major}.{minor} is not known").into())
                }
                Opened::Damaged(why) => Look::Damaged(why.into()),
            },
        }
    }

    fn cut_in_header(&self) -> CaptureError {
        let unread = self.buffer.unread().len() as u64;
        let reason = "it ends in the middle of its file header".to_owned();
        CaptureError::Damaged { path: None, offset: self.buffer.offset() + unread, reason }
    }

    fn lose_the_way(&mut self, why: String, perhaps_cut: bool) {
        let format = match std::mem::replace(&mut self.state, State::Finished) {
            State::Pcap(pcap) => Format::Pcap(pcap),
            State::Pcapng(section) => Format::Pcapng(section),
            State::Start(_) | State::Lost(_) | State::Finished => return,
        };
        let from = self.buffer.offset();
        self.state = State::Lost(Box::new(Lost { format, from, why, perhaps_cut }));
        // Where the damage begins, nothing can begin.
        self.buffer.consume(1);
    }

    /// Looks for the next place where records follow each other.
    fn search(&mut self) -> Result<Look, CaptureError> {
        let State::Lost(lost) = &mut self.state else { return Ok(Look::End) };
        match lost.search(self.buffer.unread(), self.at_end, self.last) {
            Search::Found(at) => {
                self.buffer.consume(at);
                let State::Lost(lost) = std::mem::replace(&mut self.state, State::Finished) else {
                    return Ok(Look::End);
                };
                let Lost { format, from, why, perhaps_cut: _ } = *lost;
                let to = self.buffer.offset();
                self.log.damaged(to - from, || {
                    format!("bytes {from} to {to} are damaged ({why}) and were passed by; packets in them are missing")
                });
                self.state = match format {
                    Format::Pcap(pcap) => State::Pcap(pcap),
                    Format::Pcapng(section) => State::Pcapng(section),
                };
                Ok(Look::Skip(0))
            }
            Search::Need(nothing_in, wanted) => {
                self.buffer.consume(nothing_in);
                Ok(Look::Need(wanted))
            }
            Search::Nothing if lost.perhaps_cut => Ok(Look::CutShort),
            Search::Nothing => {
                let (from, reason) = (lost.from, std::mem::take(&mut lost.why));
                if self.number == PacketNo::FIRST {
                    return Err(CaptureError::Damaged { path: None, offset: from, reason });
                }
                let left = self.buffer.offset() + self.buffer.unread().len() as u64 - from;
                self.log.damaged(left, || {
                    format!(
                        "from byte {from} to the end, {left} bytes are damaged ({reason}); everything before was read"
                    )
                });
                Ok(Look::End)
            }
        }
    }

    fn log_cut(&mut self) {
        let (number, end) = (self.number, self.buffer.offset() + self.buffer.unread().len() as u64);
        // A cut in the compressed stream was said already, and is the same cut.
        if self.unpacker.is_some() && (self.log.has("cut-short") || self.log.has("damaged")) {
            return;
        }
        self.log.add("cut-short", || {
            format!(
                "the capture ends at byte {end} in the middle of packet {number}; everything before it was read. \
                 The capturing program was stopped hard, or it is still writing"
            )
        });
    }

    fn log_ending(&mut self, ending: &Ending) {
        let Some(unpacker) = &self.unpacker else { return };
        let (name, offset, number) = (unpacker.packing.name(), unpacker.offset(), self.number);
        match ending {
            Ending::Whole => {}
            Ending::Cut => self.log.add("cut-short", || {
                format!("the {name} stream ends too early, near packet {number}; everything before it was read")
            }),
            Ending::Corrupt(why) => self.log.damaged(0, || {
                format!("the {name} stream is corrupt near its byte {offset} ({why}); everything before it was read")
            }),
            Ending::Trailed => self.log.add("garbage-after", || {
                format!("bytes after the end of the {name} stream, from its byte {offset}, were not read")
            }),
        }
    }
}

/// Room for one block of the largest size, or for the records that show the way back after damage.
fn buffer(limits: &Limits) -> Buffer {
    let most = limits.max_block_bytes.max(limits.max_packet_bytes).max(3 * 1024 * 1024);
    Buffer::new(BUFFER_BYTES, most.saturating_add(64 * 1024))
}
