//! Fields of fixed width in either byte order.

/// The byte order of a file or of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl Order {
    /// The two bytes at `at`.
    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(field),
            Self::Big => u16::from_be_bytes(field),
        })
    }

    /// The four bytes at `at`.
    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(field),
            Self::Big => u32::from_be_bytes(field),
        })
    }

    /// The first `N` fields of four bytes each; the order is asked for once.
    #[inline]
    pub(super) fn words<const N: usize>(self, bytes: &[u8]) -> Option<[u32; N]> {
        let (fields, _) = bytes.as_chunks();
        let fields: &[_; N] = fields.first_chunk()?;
        let mut words = [0; N];
        for (at, word) in words.iter_mut().enumerate() {
            *word = u32::from_le_bytes(fields[at]);
        }
        Some(if self == Self::Little { words } else { swapped(words) })
    }

    /// A field of eight bytes; `None` for any other length.
    pub(super) fn u64(self, field: &[u8]) -> Option<u64> {
        let field = field.try_into().ok()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(field),
            Self::Big => u64::from_be_bytes(field),
        })
    }
}

/// Apart, or the compiler swaps the words of every capture and then chooses. Captures of the other order are rare.
#[cold]
#[inline(never)]
fn swapped<const N: usize>(words: [u32; N]) -> [u32; N] {
    words.map(u32::swap_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_fields_one_after_the_other() {
        let bytes: Vec<u8> = (1..=19).collect();
        for order in [Order::Little, Order::Big] {
            let fields = [0, 4, 8, 12].map(|at| order.u32(&bytes, at));
            assert_eq!(order.words::<4>(&bytes).map(|words| words.map(Some)), Some(fields));
            assert_eq!(order.words::<5>(&bytes), None);
        }
        assert_eq!(Order::Little.words(&bytes), Some([0x0403_0201, 0x0807_0605]));
    }
}
