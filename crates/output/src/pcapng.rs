//! A capture as pcapng, block by block, with comments on its packets and on the file.
//!
//! In: [`Piece`](handshark::capture::Piece)s and texts. Out: bytes. What comes from pcapng goes out as it came, in its own byte
//! order, but for two things: comments stand before the options of a block, and a section that grows no longer says how long
//! it is. Packets of other formats become enhanced packet blocks. draft-ietf-opsawg-pcapng.

use std::io::{self, Write};

use handshark::capture::{Block, FileHeader, Frame, Order};
use handshark::types::Timestamp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const IF_TSRESOL: u16 = 9;
const IF_FCSLEN: u16 = 13;
const ISB_IFDROP: u16 = 5;

/// Bytes before the options of a section header: framing, byte order, version, length of the section.
const SECTION_HEAD: usize = 24;
/// Bytes before the data of an enhanced or obsolete packet block.
const PACKET_HEAD: usize = 28;
/// A block's second length.
const TAIL: usize = 4;

/// Bytes of one comment; its length has 16 bits.
pub const MAX_COMMENT: usize = 4_000;
/// A block may not grow beyond: readers refuse larger ones (Wireshark's `MAX_BLOCK_SIZE`, and this program's own).
const MAX_BLOCK: usize = 16 * 1024 * 1024;

/// Writes one pcapng file.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// The comment on the file, until the first section takes it.
    about: Option<String>,
    /// The header that the present section was made for, where it was no pcapng.
    header: Option<FileHeader>,
    last: Timestamp,
    block: Vec<u8>,
}

/// What became of a packet's comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commented {
    /// They are written, or there were none.
    Yes,
    /// Its block has no place for options: a simple packet block, or one that is as large as can be.
    No,
}

impl<W: Write> Writer<W> {
    /// A file whose first section has this comment.
    pub fn new(out: W, about: String) -> Self {
        Self { out, about: Some(about), header: None, last: Timestamp::default(), block: Vec::new() }
    }

    /// The header of a file that is no pcapng: a section of one interface.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn header(&mut self, header: FileHeader) -> io::Result<()> {
        let FileHeader { order, .. } = header;
        let mut body = u32_of(order, 0x1a2b_3c4d).to_vec();
        body.extend(u16_of(order, 1));
        body.extend(u16_of(order, 0));
        body.extend([0xff; 8]);
        if let Some(about) = self.about.take() {
            option(&mut body, order, OPTION_COMMENT, cut(&about).as_bytes());
            option(&mut body, order, OPTION_END, &[]);
        }
        self.write(order, SECTION_HEADER, &body)?;
        let mut body = u16_of(order, header.link.0).to_vec();
        body.extend([0, 0]);
        body.extend(u32_of(order, header.snaplen));
        option(&mut body, order, IF_TSRESOL, &[if header.nanoseconds { 9 } else { 6 }]);
        if header.fcs_len > 0 {
            option(&mut body, order, IF_FCSLEN, &[header.fcs_len]);
        }
        option(&mut body, order, OPTION_END, &[]);
        self.header = Some(header);
        self.write(order, INTERFACE_DESCRIPTION, &body)
    }

    /// A block without a packet.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn block(&mut self, block: Block<'_>) -> io::Result<()> {
        let bytes = block.bytes;
        if kind(block) != Some(SECTION_HEADER) {
            return self.out.write_all(bytes);
        }
        self.header = None;
        let about = self.about.take();
        self.block.clear();
        if !commented(&mut self.block, block, SECTION_HEAD, about.as_slice()) {
            self.block.extend_from_slice(bytes);
        }
        // How long it is now is known at its end alone: section 4.1 has -1 for that.
        if let Some(length) = self.block.get_mut(SECTION_HEAD - 8..SECTION_HEAD) {
            length.fill(0xff);
        }
        self.out.write_all(&self.block)
    }

    /// A packet with its comments; `block` holds it where the capture is pcapng.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn packet(
        &mut self,
        frame: &Frame<'_>,
        block: Option<Block<'_>>,
        comments: &[String],
    ) -> io::Result<Commented> {
        let Some(block) = block else { return self.made(frame, comments).map(|()| Commented::Yes) };
        if comments.is_empty() {
            return self.out.write_all(block.bytes).map(|()| Commented::Yes);
        }
        self.block.clear();
        let options_at = PACKET_HEAD + frame.data.len().next_multiple_of(4);
        let has_options = matches!(kind(block), Some(PACKET | ENHANCED_PACKET));
        if has_options && commented(&mut self.block, block, options_at, comments) {
            return self.out.write_all(&self.block).map(|()| Commented::Yes);
        }
        self.out.write_all(block.bytes).map(|()| Commented::No)
    }

    /// Packets that the interface of the file dropped, where only other formats' headers say so.
    ///
    /// # Errors
    /// The writer refuses.
    pub fn drops(&mut self, dropped: u64) -> io::Result<()> {
        let Some(header) = self.header else { return Ok(()) };
        let order = header.order;
        let mut body = u32_of(order, 0).to_vec();
        body.extend(self.ticks(header, self.last));
        let count = match order {
            Order::Little => dropped.to_le_bytes(),
            Order::Big => dropped.to_be_bytes(),
        };
        option(&mut body, order, ISB_IFDROP, &count);
        option(&mut body, order, OPTION_END, &[]);
        self.write(order, INTERFACE_STATISTICS, &body)
    }

    /// Where it is written.
    pub const fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// A packet that had no block.
    fn made(&mut self, frame: &Frame<'_>, comments: &[String]) -> io::Result<()> {
        let Some(header) = self.header else { return Ok(()) };
        let order = header.order;
        self.last = frame.time;
        let mut body = std::mem::take(&mut self.block);
        body.clear();
        body.extend(u32_of(order, 0));
        body.extend(self.ticks(header, frame.time));
        // No reader gives a packet of 4 GiB.
        body.extend(u32_of(order, frame.data.len() as u32));
        body.extend(u32_of(order, frame.original_len));
        body.extend_from_slice(frame.data);
        pad(&mut body);
        for comment in comments {
            option(&mut body, order, OPTION_COMMENT, cut(comment).as_bytes());
        }
        if !comments.is_empty() {
            option(&mut body, order, OPTION_END, &[]);
        }
        let written = self.write(order, ENHANCED_PACKET, &body);
        self.block = body;
        written
    }

    /// A time in the resolution of the interface: the upper and the lower half.
    fn ticks(&self, header: FileHeader, time: Timestamp) -> impl Iterator<Item = u8> + use<W> {
        // Times of pcap and snoop are unsigned.
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(0);
        let ticks = if header.nanoseconds { nanos } else { nanos / 1_000 };
        [(ticks >> 32) as u32, ticks as u32].into_iter().flat_map(move |half| u32_of(header.order, half))
    }

    fn write(&mut self, order: Order, kind: u32, body: &[u8]) -> io::Result<()> {
        let total = u32_of(order, (body.len() + 12) as u32);
        self.out.write_all(&u32_of(order, kind))?;
        self.out.write_all(&total)?;
        self.out.write_all(body)?;
        self.out.write_all(&total)
    }
}

/// Appends the block with comments before its options; `false`, and nothing appended, where it can not have them.
fn commented(out: &mut Vec<u8>, block: Block<'_>, options_at: usize, comments: &[String]) -> bool {
    let Block { bytes, order } = block;
    let end = bytes.len().saturating_sub(TAIL);
    let (Some(head), Some(options)) = (bytes.get(..options_at), bytes.get(options_at..end)) else { return false };
    let start = out.len();
    out.extend_from_slice(head);
    for comment in comments {
        option(out, order, OPTION_COMMENT, cut(comment).as_bytes());
    }
    out.extend_from_slice(options);
    // Options that break off are left as they are.
    if !comments.is_empty() && ends_open(options, order) {
        option(out, order, OPTION_END, &[]);
    }
    let total = out.len() - start + TAIL;
    if total > MAX_BLOCK {
        out.truncate(start);
        return false;
    }
    let total = u32_of(order, total as u32);
    out.extend(total);
    if let Some(length) = out.get_mut(start + 4..start + 8) {
        length.copy_from_slice(&total);
    }
    true
}

/// Whether options are whole, and the one that says that they end is missing.
fn ends_open(mut options: &[u8], order: Order) -> bool {
    while let Some((head, rest)) = options.split_first_chunk::<4>() {
        let [code, len] = match order {
            Order::Little => [u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]])],
            Order::Big => [u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]])],
        };
        let Some(rest) = rest.get(usize::from(len).next_multiple_of(4)..).filter(|_| code != OPTION_END) else {
            return false;
        };
        options = rest;
    }
    options.is_empty()
}

fn option(out: &mut Vec<u8>, order: Order, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend(u16_of(order, code));
    out.extend(u16_of(order, value.len() as u16));
    out.extend_from_slice(value);
    pad(out);
}

/// At most [`MAX_COMMENT`] bytes of a comment, cut between characters.
fn cut(comment: &str) -> std::borrow::Cow<'_, str> {
    if comment.len() <= MAX_COMMENT {
        return comment.into();
    }
    let most = MAX_COMMENT - "…".len();
    let end = (0..=most).rev().find(|&at| comment.is_char_boundary(at)).unwrap_or(0);
    format!("{}…", &comment[..end]).into()
}

fn kind(block: Block<'_>) -> Option<u32> {
    let kind = *block.bytes.first_chunk()?;
    Some(match block.order {
        Order::Little => u32::from_le_bytes(kind),
        Order::Big => u32::from_be_bytes(kind),
    })
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn u16_of(order: Order, number: u16) -> [u8; 2] {
    match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    }
}

fn u32_of(order: Order, number: u32) -> [u8; 4] {
    match order {
        Order::Little => number.to_le_bytes(),
        Order::Big => number.to_be_bytes(),
    }
}

#[cfg(test)]
mod tests;
