//! Several captures as one, in time order, as `mergecap` would join them.
//!
//! Each file's first time is looked at when the captures are opened; then a file is open only while packets of it are due.
//! At equal times the file that was named first comes first.

mod following;
mod interfaces;
mod opening;

pub use following::NextFile;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Read;

use super::frame::{Frame, InterfaceId, Interfaces, LinkType};
use super::names::Names;
use super::open::Source;
use super::record::Record;
use crate::types::{PacketNo, Timestamp, escaped};
use crate::{CaptureError, Limits, Quality};

/// One capture made of one or more files, or of a stream.
///
/// ```no_run
/// use handshark::{Limits, capture::Captures};
///
/// # fn main() -> Result<(), handshark::CaptureError> {
/// let mut captures = Captures::open(&["before.pcap".into(), "rotated/".into()], &Limits::default())?;
/// while let Some(frame) = captures.next_frame()? {
///     println!("{} {} {} bytes", frame.number, frame.time, frame.original_len);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Captures {
    members: Vec<Member>,
    /// The member whose packet is next.
    current: Option<usize>,
    /// The others that have packets left, by the time of their next one.
    waiting: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Packet numbers given away.
    packets: u64,
    /// What the current member's own numbers lack to those given away, modulo 2^64.
    ahead: u64,
    interfaces: Interfaces,
    /// Which of them files that follow each other share.
    shared: interfaces::Shared,
    /// What was odd about files as a whole.
    unread: Vec<Quality>,
    /// Where files that are not there yet come from.
    following: Option<following::Following>,
}

/// One file or stream.
#[derive(Debug)]
struct Member {
    /// As it was named; escaped.
    name: String,
    source: Source,
    /// Its interfaces' numbers among all.
    interfaces: Vec<InterfaceId>,
    /// Number of its last packet that was given, by its own count; set when it stops to be the current one.
    packets: u64,
    state: State,
}

/// How far a member was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Begun,
    Done,
}

impl Captures {
    /// A stream: standard input, a socket, bytes in memory. `name` is shown where a file's name would be.
    pub fn from_read(name: &str, source: Box<dyn Read + Send>, limits: &Limits) -> Self {
        let mut captures = Self::empty();
        captures.members.push(Member::new(name, Source::stream(source, limits)));
        captures.waiting.push(Reverse((Timestamp::MIN, 0)));
        captures
    }

    /// The next packet in time order, numbered over all files.
    ///
    /// # Errors
    /// The operating system refuses to read on, or a stream is no capture. It is said once for each file; asked again, the
    /// next packets come from what is left. A source that has nothing now says so each time
    /// ([`CaptureError::would_block`]).
    // Into the loop of whoever reads: there are two or three, and a frame handed back through a result is copied twice.
    #[inline(always)]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        let (index, record) = match self.due() {
            Some(due) => due,
            None => match self.find_due()? {
                Some(due) => due,
                None => return Ok(None),
            },
        };
        let Some(member) = self.members.get_mut(index) else { return Ok(None) };
        let mut frame = member.source.reader.give(record);
        // The reader's numbers have gaps where Wireshark numbers what is no packet.
        self.packets = frame.number.number().wrapping_add(self.ahead);
        frame.number = PacketNo::new(self.packets).unwrap_or(PacketNo::FIRST);
        Ok(Some(frame))
    }

    /// Gives the next packets as far as they can be had at once, and none of another file comes between them, as long as `give`
    /// wants more. [`Self::next_frame`] goes on from there.
    #[inline(always)]
    pub(crate) fn run(&mut self, mut give: impl FnMut(&Frame<'_>) -> bool) {
        let Some(index) = self.current.filter(|_| self.waiting.is_empty()) else { return };
        if let Some(Member { source, interfaces, .. }) = self.members.get_mut(index) {
            source.reader.run(self.ahead, interfaces, &mut give);
            self.packets = source.reader.packets().wrapping_add(self.ahead);
        }
    }

    /// Names of the files as given, or of the stream, in the order given. Escaped.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// The interfaces of all files. Files that follow each other share an interface of the same name; files that overlap in
    /// time were captured at different places and do not.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// The interfaces of all files, to be added to: a link layer may tell of more.
    pub fn interfaces_mut(&mut self) -> &mut Interfaces {
        &mut self.interfaces
    }

    /// Packets so far, as Wireshark counts frames.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes read so far, compressed where the files are.
    pub fn bytes_read(&self) -> u64 {
        self.members.iter().filter(|m| m.state != State::Waiting).map(|m| m.source.reader.bytes_read()).sum()
    }

    /// Size of all files; `None` where one is a pipe or a stream.
    pub fn total_bytes(&self) -> Option<u64> {
        self.members.iter().map(|member| member.source.size).sum()
    }

    /// Names of addresses that the files brought; the file that was named first counts.
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        self.members.iter().for_each(|member| names.join(member.source.reader.names()));
        names
    }

    /// Link types of the packets given.
    pub fn link_types(&self) -> Vec<LinkType> {
        let mut links = Vec::new();
        for &link in self.members.iter().flat_map(|member| member.source.reader.link_types()) {
            if !links.contains(&link) {
                links.push(link);
            }
        }
        links
    }

    /// What was odd so far, each kind once; of several files, the note is of the first that has it.
    pub fn quality(&self) -> Vec<Quality> {
        let mut all = self.unread.clone();
        for member in &self.members {
            for mut quality in member.source.reader.log() {
                if self.members.len() > 1 {
                    quality.note = format!("{}: {}", member.name, quality.note);
                }
                add(&mut all, quality);
            }
        }
        all.extend(self.interfaces.drops());
        all
    }

    fn empty() -> Self {
        Self {
            members: Vec::new(),
            current: None,
            waiting: BinaryHeap::new(),
            packets: 0,
            ahead: 0,
            interfaces: Interfaces::default(),
            shared: interfaces::Shared::default(),
            unread: Vec::new(),
            following: None,
        }
    }

    /// The member whose packet is next, and the packet with its interface's number among all, when it can be had at once and is
    /// earlier than all others: what most packets meet.
    #[inline(always)]
    fn due(&self) -> Option<(usize, Record)> {
        let index = self.current?;
        let member = self.members.get(index)?;
        let mut record = member.source.reader.front()?;
        if self.waiting.peek().is_some_and(|&Reverse((next, _))| next <= record.time) {
            return None;
        }
        record.interface = *member.interfaces.get(usize::from(record.interface.0))?;
        Some((index, record))
    }

    /// As [`Self::due`] when bytes must be read, a member begins or ends, or its next packet may not be the earliest.
    #[cold]
    #[inline(never)]
    fn find_due(&mut self) -> Result<Option<(usize, Record)>, CaptureError> {
        let index = loop {
            let Some(index) = self.current.or_else(|| self.next_member()) else {
                match self.follow()? {
                    true => continue,
                    false => return Ok(None),
                }
            };
            let Some(member) = self.members.get_mut(index) else { return Ok(None) };
            match member.source.peek() {
                Ok(Some(time)) => {
                    let due = self.waiting.peek().is_none_or(|&Reverse(next)| (time, index) < next);
                    if due {
                        break index;
                    }
                    member.packets = self.packets.wrapping_sub(self.ahead);
                    self.waiting.push(Reverse((time, index)));
                    self.current = None;
                }
                Ok(None) => self.finish(index),
                Err(error) => {
                    let is_gone = member.source.is_gone();
                    let must_be_said = self.fails(index, &error);
                    // Asked again, it would fail again, for ever.
                    if is_gone {
                        self.finish(index);
                    }
                    if must_be_said {
                        return Err(error);
                    }
                }
            }
        };
        if self.members.get(index).is_some_and(Member::has_new_interfaces) {
            self.adopt_interfaces(index);
        }
        let Some(member) = self.members.get_mut(index) else { return Ok(None) };
        let Some(mut record) = member.source.reader.take_peeked() else { return Ok(None) };
        if let Some(&id) = member.interfaces.get(usize::from(record.interface.0)) {
            record.interface = id;
        }
        Ok(Some((index, record)))
    }

    /// The member whose next packet is the earliest.
    fn next_member(&mut self) -> Option<usize> {
        let Reverse((_, index)) = self.waiting.pop()?;
        if let Some(member) = self.members.get_mut(index) {
            member.state = State::Begun;
            self.ahead = self.packets.wrapping_sub(member.packets);
        }
        self.current = Some(index);
        self.current
    }

    #[cold]
    fn finish(&mut self, index: usize) {
        self.current = None;
        if let Some(member) = self.members.get_mut(index) {
            member.state = State::Done;
            member.source.reader.release();
            member.packets = member.source.reader.packets();
            self.packets = member.packets.wrapping_add(self.ahead);
        }
        self.adopt_interfaces(index);
        self.leave_interfaces(index);
        self.count_drops();
    }

    /// Whether an error must be said: a file that broke after packets were read is a warning.
    #[cold]
    fn fails(&mut self, index: usize, error: &CaptureError) -> bool {
        if error.would_block() {
            return true;
        }
        let Some(member) = self.members.get(index) else { return true };
        let (stream, packets) = (member.source.path.is_none(), member.source.reader.packets());
        let several = self.members.len() > 1 || self.following.is_some();
        // The reader still has what came before the error; it ends by itself.
        if stream || packets == 0 && !several {
            return true;
        }
        let quality = match member.source.is_gone() {
            true => Quality { code: "unreadable-file", count: 1, note: error.to_string() },
            false => Quality { code: "read-error", count: 1, note: format!("{error}; after {packets} packets") },
        };
        add(&mut self.unread, quality);
        false
    }
}

impl Member {
    fn new(name: &str, source: Source) -> Self {
        Self { name: escaped(name).into_owned(), source, interfaces: Vec::new(), packets: 0, state: State::Waiting }
    }

    #[inline]
    fn has_new_interfaces(&self) -> bool {
        self.interfaces.len() != self.source.reader.interfaces().len()
    }
}

fn add(all: &mut Vec<Quality>, quality: Quality) {
    match all.iter_mut().find(|known| known.code == quality.code) {
        Some(known) => known.count += quality.count,
        None => all.push(quality),
    }
}
