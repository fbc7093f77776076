//! Bytes that were read and not yet used: one block of memory, refilled at its end.
//!
//! In: bytes written into [`Buffer::room`]. Out: [`Buffer::unread`]. It never holds more than the bound it was made with.

/// A window on a stream.
#[derive(Debug)]
pub(super) struct Buffer {
    /// `start <= end <= bytes.len() <= most`; the bytes from `start` to `end` are unread.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    size: usize,
    most: usize,
    /// Where in the stream the first of `bytes` is.
    base: u64,
}

impl Buffer {
    /// With room for `size` bytes as a rule and for `most` when that must be. Takes its memory when it is first written to.
    pub(super) fn new(size: usize, most: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0, size, most: most.max(size), base: 0 }
    }

    /// What is here and not yet used.
    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Where in the stream the first unread byte is.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The first `count` unread bytes are done with.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count.min(self.end - self.start);
    }

    /// Consumes `total` bytes and shows `len` of them, those behind the first `head`; all `total >= head + len` are unread.
    #[inline]
    pub(super) fn take(&mut self, head: usize, len: usize, total: usize) -> &[u8] {
        let from = self.start + head;
        self.start += total;
        &self.bytes[from..from + len]
    }

    /// Where the next bytes of the stream go; not empty when fewer than `wanted <= most` bytes are unread.
    pub(super) fn room(&mut self, wanted: usize) -> &mut [u8] {
        let held = self.end - self.start;
        let wanted = wanted.min(self.most);
        // Moving what is held to the front costs no more than the bytes that were consumed since the last time, unless the
        // room is needed.
        let cheap = held <= self.start;
        if self.start > 0 && (cheap || self.end == self.bytes.len() || wanted > self.bytes.len() - self.start) {
            self.bytes.copy_within(self.start..self.end, 0);
            self.base += self.start as u64;
            self.start = 0;
            self.end = held;
        }
        if wanted > self.bytes.len() || self.bytes.is_empty() {
            self.bytes.resize(wanted.next_power_of_two().clamp(self.size, self.most), 0);
        }
        &mut self.bytes[self.end..]
    }

    /// `count` bytes were written to the start of [`Self::room`].
    pub(super) fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_goes_out_whatever_the_sizes() {
        let stream: Vec<u8> = (0..10_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        for (write, read) in [(1, 1), (7, 3), (64, 64), (23, 100), (100, 23)] {
            let mut buffer = Buffer::new(64, 128);
            let (mut given, mut out) = (0, Vec::new());
            while out.len() < stream.len() {
                let room = buffer.room(read);
                let count = room.len().min(write).min(stream.len() - given);
                room[..count].copy_from_slice(&stream[given..given + count]);
                buffer.filled(count);
                given += count;
                while buffer.unread().len() >= read || given == stream.len() && !buffer.unread().is_empty() {
                    let take = read.min(buffer.unread().len());
                    assert_eq!(buffer.offset(), out.len() as u64);
                    out.extend_from_slice(buffer.take(0, take, take));
                }
                assert!(buffer.bytes.len() <= 128);
            }
            assert_eq!(out, stream, "{write} {read}");
        }
    }

    #[test]
    fn it_grows_to_its_bound_and_no_further() {
        let mut buffer = Buffer::new(64, 1_000);
        buffer.room(0).fill(1);
        buffer.filled(64);
        assert!(buffer.room(64).is_empty());
        assert_eq!(buffer.room(65).len(), 64);
        buffer.filled(64);
        assert_eq!(buffer.room(usize::MAX).len(), 1_000 - 128);
        buffer.filled(usize::MAX);
        assert!(buffer.room(usize::MAX).is_empty());
    }
}
