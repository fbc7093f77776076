//! Compressed captures: gzip, zstd and lz4, undone while they arrive.
//!
//! In: compressed bytes in any split. Out: plain bytes, as many as there is room for. Members and frames may follow each
//! other and mix; what is held is one compressed block and the window that its format asks for.

use std::fmt;
use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};
use lz4_flex::frame::FrameDecoder as Lz4Decoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder as ZstdDecoder};

use super::buffer::Buffer;
use super::magic::Packing;

/// What the `zstd` command itself accepts: a larger window needs its option `--long`.
const MOST_WINDOW: u64 = 128 * 1024 * 1024;

/// The largest thing that must be here whole: an lz4 block of 4 MiB.
const MOST_UNIT: usize = 4 * 1024 * 1024 + 64;

/// Undoes one compressed stream.
pub(super) struct Unpacker {
    input: Buffer,
    member: Member,
    /// The packing of the first member.
    pub(super) packing: Packing,
    ended: bool,
}

/// What became of a request for plain bytes.
#[derive(Debug)]
pub(super) enum Unpacked {
    /// So many bytes were written.
    Bytes(usize),
    /// Nothing can be written before so many compressed bytes are here.
    Need(usize),
    /// The stream ended.
    End(Ending),
}

/// How a compressed stream ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Where it should.
    Whole,
    /// In the middle of a member.
    Cut,
    /// With bytes that the format does not allow.
    Corrupt(String),
    /// Where it should, but other bytes follow.
    Trailed,
}

/// Where in the stream we are.
enum Member {
    Between,
    Skipping(u64),
    Gzip(Decompress),
    Zstd(Box<Zstd>),
    Lz4(Box<Lz4>),
    Ended,
}

impl Unpacker {
    /// Begins with the bytes that are here already.
    pub(super) fn new(first: &[u8], packing: Packing) -> Self {
        let mut input = Buffer::new(128 * 1024, MOST_UNIT);
        let mut rest = first;
        while !rest.is_empty() {
            let room = input.room(first.len());
            let count = room.len().min(rest.len());
            let (now, later) = rest.split_at(count);
            room[..count].copy_from_slice(now);
            input.filled(count);
            rest = later;
        }
        Self { input, member: Member::Between, packing, ended: false }
    }

    /// Where compressed bytes go.
    pub(super) fn room(&mut self, wanted: usize) -> &mut [u8] {
        self.input.room(wanted)
    }

    /// `count` bytes were written to [`Self::room`].
    pub(super) fn filled(&mut self, count: usize) {
        self.input.filled(count);
    }

    /// No more compressed bytes will come.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Compressed bytes used so far.
    pub(super) fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Writes plain bytes to `out`, which has room for at least one.
    pub(super) fn unpack(&mut self, out: &mut [u8]) -> Unpacked {
        loop {
            let step = match &mut self.member {
                Member::Between => self.begin_member(),
                Member::Skipping(left) => skip(&mut self.input, left),
                Member::Gzip(inflater) => inflate(inflater, &mut self.input, out),
                Member::Zstd(zstd) => zstd.step(&mut self.input, out),
                Member::Lz4(lz4) => lz4.step(&mut self.input, out),
                Member::Ended => Step::Ended(Ending::Whole),
            };
            match step {
                Step::Wrote(count) => return Unpacked::Bytes(count),
                Step::Again => {}
                Step::MemberDone => self.member = Member::Between,
                Step::Need(_) if self.ended => {
                    self.member = Member::Ended;
                    return Unpacked::End(Ending::Cut);
                }
                Step::Need(wanted) => return Unpacked::Need(wanted),
                Step::Ended(ending) => {
                    self.member = Member::Ended;
                    return Unpacked::End(ending);
                }
            }
        }
    }

    fn begin_member(&mut self) -> Step {
        let bytes = self.input.unread();
        match Packing::of(bytes) {
            Some(Packing::Gzip) => self.member = Member::Gzip(Decompress::new_gzip(15)),
            Some(Packing::Zstd) => self.member = Member::Zstd(Box::default()),
            Some(Packing::Lz4) => self.member = Member::Lz4(Box::default()),
            Some(Packing::Skippable) => match bytes.get(4..).and_then(<[u8]>::first_chunk::<4>) {
                Some(&len) => self.member = Member::Skipping(8 + u64::from(u32::from_le_bytes(len))),
                None => return Step::Need(8),
            },
            None if bytes.is_empty() && self.ended => return Step::Ended(Ending::Whole),
            None if bytes.len() < 4 && !self.ended => return Step::Need(4),
            // Tapes and some archivers pad with zeros, as gzip(1) knows.
            None if bytes.iter().all(|&b| b == 0) => {
                let count = bytes.len();
                self.input.consume(count);
                return if self.ended { Step::Ended(Ending::Whole) } else { Step::Need(4) };
            }
            None => return Step::Ended(Ending::Trailed),
        }
        Step::Again
    }
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacker")
            .field("packing", &self.packing)
            .field("offset", &self.offset())
            .finish_non_exhaustive()
    }
}

/// What one decoder did.
enum Step {
    Wrote(usize),
    /// Something was used up; ask again.
    Again,
    MemberDone,
    Need(usize),
    Ended(Ending),
}

fn skip(input: &mut Buffer, left: &mut u64) -> Step {
    let count = input.unread().len().min(usize::try_from(*left).unwrap_or(usize::MAX));
    input.consume(count);
    *left -= count as u64;
    match *left {
        0 => Step::MemberDone,
        _ => Step::Need(1),
    }
}

/// RFC 1952; checks length and CRC at the end of each member.
fn inflate(inflater: &mut Decompress, input: &mut Buffer, out: &mut [u8]) -> Step {
    let (read, written) = (inflater.total_in(), inflater.total_out());
    let status = inflater.decompress(input.unread(), out, FlushDecompress::None);
    input.consume((inflater.total_in() - read) as usize);
    let count = (inflater.total_out() - written) as usize;
    match status {
        Ok(Status::StreamEnd) if count == 0 => Step::MemberDone,
        // An error comes again when it is asked again, after what was unpacked before it.
        Ok(_) | Err(_) if count > 0 => Step::Wrote(count),
        Ok(_) if input.unread().is_empty() => Step::Need(1),
        Ok(_) if inflater.total_in() > read => Step::Again,
        Ok(_) => Step::Ended(Ending::Corrupt("deflate makes no progress".to_owned())),
        Err(error) => Step::Ended(Ending::Corrupt(error.to_string())),
    }
}

/// One zstd frame, block by block: each is handed over whole, so that the decoder never waits for bytes.
struct Zstd {
    decoder: ZstdDecoder,
    begun: bool,
    has_checksum: bool,
}

impl Default for Zstd {
    fn default() -> Self {
        let mut decoder = ZstdDecoder::new();
        decoder.set_max_window_size(MOST_WINDOW);
        Self { decoder, begun: false, has_checksum: false }
    }
}

impl Zstd {
    fn step(&mut self, input: &mut Buffer, out: &mut [u8]) -> Step {
        if !self.begun {
            return self.begin(input);
        }
        match self.decoder.read(out) {
            Ok(0) if !self.decoder.is_finished() => self.block(input),
            Ok(0) if self.checksum_fails() => Step::Ended(Ending::Corrupt("its checksum does not fit".to_owned())),
            Ok(0) => Step::MemberDone,
            Ok(count) => Step::Wrote(count),
            Err(error) => Step::Ended(Ending::Corrupt(error.to_string())),
        }
    }

    /// The decoder calculates and leaves the comparison to us.
    fn checksum_fails(&self) -> bool {
        let stored = self.decoder.get_checksum_from_data();
        stored.is_some() && stored != self.decoder.get_calculated_checksum()
    }

    /// RFC 8878 section 3.1.1.1.
    fn begin(&mut self, input: &mut Buffer) -> Step {
        let bytes = input.unread();
        let Some(&descriptor) = bytes.get(4) else { return Step::Need(5) };
        let single_segment = descriptor & 0x20 != 0;
        let window = usize::from(!single_segment);
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let content_size = match descriptor >> 6 {
            0 => usize::from(single_segment),
            power => 1 << power,
        };
        let len = 5 + window + dictionary + content_size;
        let Some(header) = bytes.get(..len) else { return Step::Need(len) };
        if let Err(error) = self.decoder.reset(header) {
            return Step::Ended(Ending::Corrupt(error.to_string()));
        }
        self.begun = true;
        self.has_checksum = descriptor & 4 != 0;
        input.consume(len);
        Step::Again
    }

    /// RFC 8878 section 3.1.1.2.
    fn block(&mut self, input: &mut Buffer) -> Step {
        const MOST_BLOCK: u32 = 128 * 1024;
        let bytes = input.unread();
        let Some(&[a, b, c]) = bytes.first_chunk() else { return Step::Need(3) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (last, kind, size) = (header & 1 != 0, header >> 1 & 3, header >> 3);
        if size > MOST_BLOCK {
            return Step::Ended(Ending::Corrupt(format!("a block of {size} bytes")));
        }
        let body = if kind == 1 { 1 } else { size as usize };
        let checksum = if last && self.has_checksum { 4 } else { 0 };
        let Some(block) = bytes.get(..3 + body + checksum) else { return Step::Need(3 + body + checksum) };
        if let Err(error) = self.decoder.decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1)) {
            return Step::Ended(Ending::Corrupt(error.to_string()));
        }
        let len = block.len();
        input.consume(len);
        Step::Again
    }
}

/// One lz4 frame, block by block.
struct Lz4 {
    decoder: Lz4Decoder<Portion>,
    begun: bool,
    ended: bool,
    block_checksum: usize,
    content_checksum: usize,
    most_block: usize,
}

/// Bytes for the lz4 decoder: always whole headers and blocks.
#[derive(Default)]
struct Portion {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Portion {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.read(out)?;
        self.at += count;
        Ok(count)
    }
}

impl Default for Lz4 {
    fn default() -> Self {
        let decoder = Lz4Decoder::new(Portion::default());
        Self { decoder, begun: false, ended: false, block_checksum: 0, content_checksum: 0, most_block: 0 }
    }
}

impl Lz4 {
    fn step(&mut self, input: &mut Buffer, out: &mut [u8]) -> Step {
        if !self.begun {
            return self.begin(input);
        }
        // Reads what the last block gave, then finds its source empty and says 0.
        match self.decoder.read(out) {
            Ok(0) if self.ended => Step::MemberDone,
            Ok(0) => self.block(input),
            Ok(count) => Step::Wrote(count),
            Err(error) => Step::Ended(Ending::Corrupt(error.to_string())),
        }
    }

    /// Frame descriptor: flags, block size, optional content size, optional dictionary, checksum.
    fn begin(&mut self, input: &mut Buffer) -> Step {
        let bytes = input.unread();
        let (Some(&flags), Some(&sizes)) = (bytes.get(4), bytes.get(5)) else { return Step::Need(7) };
        let content_size = if flags & 0x08 != 0 { 8 } else { 0 };
        let dictionary = if flags & 0x01 != 0 { 4 } else { 0 };
        let len = 7 + content_size + dictionary;
        let Some(header) = bytes.get(..len) else { return Step::Need(len) };
        self.begun = true;
        self.block_checksum = if flags & 0x10 != 0 { 4 } else { 0 };
        self.content_checksum = if flags & 0x04 != 0 { 4 } else { 0 };
        // 4 to 7: 64 KiB, 256 KiB, 1 MiB, 4 MiB.
        self.most_block = 1 << (8 + 2 * u32::from(sizes >> 4 & 7));
        self.hand_over(header.to_vec());
        input.consume(len);
        Step::Again
    }

    /// Length, bytes, checksum; length 0 ends the frame.
    fn block(&mut self, input: &mut Buffer) -> Step {
        let bytes = input.unread();
        let Some(&length) = bytes.first_chunk() else { return Step::Need(4) };
        let len = (u32::from_le_bytes(length) & 0x7fff_ffff) as usize;
        if len > self.most_block {
            return Step::Ended(Ending::Corrupt(format!("a block of {len} bytes")));
        }
        let (unit, last) = match len {
            0 => (4 + self.content_checksum, true),
            _ => (4 + len + self.block_checksum, false),
        };
        let Some(block) = bytes.get(..unit) else { return Step::Need(unit) };
        self.ended = last;
        self.hand_over(block.to_vec());
        input.consume(unit);
        Step::Again
    }

    fn hand_over(&mut self, bytes: Vec<u8>) {
        *self.decoder.get_mut() = Portion { bytes, at: 0 };
    }
}
