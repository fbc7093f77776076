//! A header and all that follows it: what the capture kept, and how long it was on the wire.

use super::Skip;

/// The rest of a packet, from some header on.
///
/// `kept.len() <= wire_len`: the snap length cuts from the end. A header that claims more bytes than the frame holds is
/// believed, because it was the sender who wrote it: switches and clouds that mirror traffic cut packets short inside a
/// tunnel header of the shorter length. Where the header's own checksum is wrong, nobody knows who wrote it, and the frame is
/// believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    kept: &'a [u8],
    wire_len: usize,
}

impl<'a> Piece<'a> {
    /// A piece; never shorter on the wire than what was kept of it.
    #[inline]
    pub(crate) fn new(kept: &'a [u8], wire_len: usize) -> Self {
        Self { kept, wire_len: wire_len.max(kept.len()) }
    }

    /// The bytes that the capture kept.
    #[inline]
    pub(crate) fn kept(self) -> &'a [u8] {
        self.kept
    }

    /// Its length on the wire in bytes.
    #[inline]
    pub(crate) fn wire_len(self) -> usize {
        self.wire_len
    }

    /// The first `N` bytes, and what follows them.
    #[inline(always)]
    pub(crate) fn split<const N: usize>(self) -> Result<(&'a [u8; N], Self), Skip> {
        match self.kept.split_first_chunk::<N>() {
            Some((head, kept)) => Ok((head, Self { kept, wire_len: self.wire_len - N })),
            None => Err(self.too_short(N)),
        }
    }

    /// What follows the first `len` bytes.
    #[inline(always)]
    pub(crate) fn after(self, len: usize) -> Result<Self, Skip> {
        match self.kept.get(len..) {
            Some(kept) => Ok(Self { kept, wire_len: self.wire_len - len }),
            None => Err(self.too_short(len)),
        }
    }

    /// The first `len` bytes as a piece of their own, where all of them were kept.
    #[inline(always)]
    pub(crate) fn front(self, len: usize) -> Option<Self> {
        self.kept.get(..len).map(|kept| Self { kept, wire_len: len })
    }

    /// The piece with the length that its header claims: padding behind it falls away.
    #[inline(always)]
    #[must_use]
    pub(crate) fn with_wire_len(self, wire_len: usize) -> Self {
        Self { kept: self.kept.get(..wire_len).unwrap_or(self.kept), wire_len }
    }

    /// The piece without its last `len` bytes on the wire.
    #[inline(always)]
    #[must_use]
    pub(crate) fn without_last(self, len: usize) -> Self {
        if len == 0 { self } else { self.with_wire_len(self.wire_len.saturating_sub(len)) }
    }

    /// Why the first `len` bytes are not there: the capture cut them off, or they never were.
    #[inline(always)]
    pub(crate) fn too_short(self, len: usize) -> Skip {
        why_too_short(self.wire_len, len)
    }

    /// The first byte, where it was kept.
    #[inline]
    pub(crate) fn first(self) -> Option<u8> {
        self.kept.first().copied()
    }
}

#[cold]
fn why_too_short(wire_len: usize, len: usize) -> Skip {
    if wire_len >= len { Skip::CutBySnaplen } else { Skip::Malformed }
}
