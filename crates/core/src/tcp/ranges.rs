//! Which parts of a stream were captured: a union of ranges of sequence numbers.

use crate::types::Seq;

/// The union of captured ranges of one half-stream, in order.
///
/// Invariant: `islands` are disjoint, not touching, in ascending order of distance from `base`, and none touches
/// `base..base + contiguous`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    base: Option<Seq>,
    /// Bytes from `base` without a hole.
    contiguous: u64,
    /// Usually none.
    scattered: Option<Box<Scattered>>,
}

/// What does not follow the rest without a hole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Scattered {
    /// Further ranges as offsets from `base`.
    islands: Vec<(i64, i64)>,
    /// Bytes of ranges that were folded away because there were too many.
    folded: u64,
}

impl Ranges {
    /// Adds `length` bytes from `from`. `limit` bounds the number of separate ranges.
    pub(crate) fn add(&mut self, from: Seq, length: u32, limit: usize) {
        if length == 0 {
            return;
        }
        let base = *self.base.get_or_insert(from);
        // Offsets go on past 2^32: the nearest one to the contiguous end that fits the wrapped number.
        let edge = base.plus(self.contiguous as u32);
        let start = self.contiguous as i64 + i64::from(from.distance_from(edge));
        let end = start + i64::from(length);
        if start >= 0 && start <= self.contiguous as i64 {
            self.contiguous = self.contiguous.max(end as u64);
            if let Some(scattered) = &mut self.scattered {
                self.contiguous = scattered.absorb(self.contiguous);
            }
        } else {
            self.add_island(start, end, limit);
        }
    }

    /// Whether ranges were folded away because there were too many.
    pub(crate) fn is_folded(&self) -> bool {
        self.scattered.as_ref().is_some_and(|scattered| scattered.folded > 0)
    }

    /// Whether everything from one number to before another was captured, from the first byte on.
    pub(crate) fn cover(&self, from: Seq, to: Seq) -> bool {
        self.base == Some(from) && !to.is_after(from.plus(self.contiguous as u32))
    }

    /// How many bytes are missing from a number on, up to the next range; `None` where that byte was captured, or nothing behind
    /// it.
    #[cold]
    pub(crate) fn missing_at(&self, from: Seq) -> Option<u32> {
        let edge = self.base?.plus(self.contiguous as u32);
        let at = self.contiguous as i64 + i64::from(from.distance_from(edge));
        let islands = self.scattered.iter().flat_map(|scattered| &scattered.islands);
        let mut next = None;
        for (start, end) in islands.copied().chain([(0, self.contiguous as i64)]) {
            if (start..end).contains(&at) {
                return None;
            }
            next = next.into_iter().chain((start > at).then_some(start)).min();
        }
        next.and_then(|next| u32::try_from(next - at).ok())
    }

    /// Whether the byte with this number was captured.
    #[cold]
    pub(crate) fn has(&self, seq: Seq) -> bool {
        let Some(base) = self.base else { return false };
        let at = self.contiguous as i64 + i64::from(seq.distance_from(base.plus(self.contiguous as u32)));
        let islands = self.scattered.iter().flat_map(|scattered| &scattered.islands);
        islands.copied().chain([(0, self.contiguous as i64)]).any(|(start, end)| (start..end).contains(&at))
    }

    /// Bytes in the union.
    pub(crate) fn bytes(&self) -> u64 {
        self.contiguous + self.scattered.as_ref().map_or(0, |scattered| scattered.bytes())
    }

    fn add_island(&mut self, mut start: i64, mut end: i64, limit: usize) {
        let scattered = self.scattered.get_or_insert_default();
        scattered.islands.retain(|&(from, to)| {
            let touches = from <= end && start <= to;
            if touches {
                start = start.min(from);
                end = end.max(to);
            }
            !touches
        });
        if start < 0 && end >= 0 {
            // Bytes before the first that was seen, joined to it: the base moves back.
            let back = (-start) as u64;
            self.base = self.base.map(|base| base.minus(back as u32));
            self.contiguous = (self.contiguous + back).max((end - start) as u64);
            scattered.islands.iter_mut().for_each(|island| *island = (island.0 - start, island.1 - start));
            self.contiguous = scattered.absorb(self.contiguous);
            return;
        }
        let place = scattered.islands.partition_point(|island| island.0 < start);
        scattered.islands.insert(place, (start, end));
        if scattered.islands.len() > limit {
            let (from, to) = scattered.islands.remove(0);
            scattered.folded += (to - from) as u64;
        }
    }
}

impl Scattered {
    fn bytes(&self) -> u64 {
        let islands: i64 = self.islands.iter().map(|(start, end)| end - start).sum();
        islands as u64 + self.folded
    }

    /// Takes in what now follows without a hole; where the hole is after that.
    fn absorb(&mut self, mut contiguous: u64) -> u64 {
        while let Some(&(start, end)) = self.islands.iter().find(|(start, _)| *start >= 0) {
            if start > contiguous as i64 {
                break;
            }
            contiguous = contiguous.max(end as u64);
            self.islands.retain(|island| *island != (start, end));
        }
        contiguous
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a set of byte positions, across the wrap of sequence numbers.
        #[test]
        fn the_union_equals_that_of_a_naive_set(
            base in any::<u32>(),
            segments in prop::collection::vec((0_u32..400, 0_u32..60), 1..40),
        ) {
            let mut ranges = Ranges::default();
            let mut naive = std::collections::BTreeSet::new();
            for (offset, length) in segments {
                ranges.add(Seq(base.wrapping_add(offset)), length, 64);
                naive.extend(offset..offset + length);
            }
            prop_assert_eq!(ranges.bytes(), naive.len() as u64);
            for at in 0..500 {
                let next = naive.range(at..).next().filter(|next| **next > at).map(|next| next - at);
                prop_assert_eq!(ranges.missing_at(Seq(base.wrapping_add(at))), next);
            }
        }
    }

    #[test]
    fn a_stream_of_more_than_4_gib_is_counted() {
        let mut ranges = Ranges::default();
        let mut seq = Seq(17);
        for _ in 0..6_000 {
            ranges.add(seq, 1_000_000, 64);
            seq = seq.plus(1_000_000);
        }
        assert_eq!(ranges.bytes(), 6_000_000_000);
    }
}
