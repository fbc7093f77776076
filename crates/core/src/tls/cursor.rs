//! Checked reading of big-endian fields: every method answers `None` where the bytes end too early.

/// The bytes that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let (&bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(bytes))
    }

    /// A vector with a one-byte length (RFC 8446 section 3.4).
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A vector with a two-byte length.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A vector with a three-byte length.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let high = self.u8()?;
        let low = self.u16()?;
        self.take(usize::from(high) << 16 | usize::from(low))
    }
}

/// Two-byte numbers, one after the other; `None` where a byte is left over.
pub(super) fn numbers(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, left_over) = bytes.as_chunks::<2>();
    left_over.is_empty().then(|| pairs.iter().copied().map(u16::from_be_bytes).collect())
}

/// What `read` makes of the whole of `bytes`; `None` where something is left over.
pub(super) fn whole<'a, T>(bytes: &'a [u8], read: impl FnOnce(&mut Cursor<'a>) -> Option<T>) -> Option<T> {
    let mut cursor = Cursor::new(bytes);
    let value = read(&mut cursor)?;
    cursor.is_empty().then_some(value)
}
