//! Quantiles of many values in little memory.

use std::borrow::Cow;

use super::distribution::{EXPONENTS, begin_of, bucket_of};
use super::waiting::Waiting;
use crate::report::Quantiles;
use crate::types::Span;

/// Values counted in buckets, 32 for each doubling. A value read back is the middle of its bucket and so within 1.6 % of it; the least and the
/// most are exact. 128 bytes for each power of two among the values, at most 8 KiB; [`super::Distribution`] also knows the ends of each bucket
/// and is six times as large.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    /// Those that hold something, in the order in which they were met.
    octaves: Vec<[u32; 32]>,
    /// For each exponent the place of its octave, from 1; 0 where there is none.
    place_of: [u8; EXPONENTS],
    least: i64,
    most: i64,
    waiting: Waiting,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            octaves: Vec::new(),
            place_of: [0; EXPONENTS],
            least: i64::MAX,
            most: i64::MIN,
            waiting: Waiting::default(),
        }
    }
}

/// Whatever order the values came in.
impl PartialEq for Sketch {
    fn eq(&self, other: &Self) -> bool {
        (self.least, self.most) == (other.least, other.most) && self.settled().buckets().eq(other.settled().buckets())
    }
}

impl Sketch {
    /// Adds a value; negative ones count as 0.
    #[inline]
    pub(super) fn add(&mut self, value: i64) {
        let value = value.max(0);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        if self.waiting.add(value) {
            self.settle();
        }
    }

    /// Brings the values that wait to their buckets.
    #[inline(never)]
    fn settle(&mut self) {
        for value in self.waiting.take() {
            let (exponent, place) = bucket_of(value);
            let Some(octave) = self.place_of.get_mut(exponent) else { continue };
            if *octave == 0 {
                self.octaves.push([0; 32]);
                *octave = self.octaves.len() as u8;
            }
            let octave = self.octaves.get_mut(usize::from(*octave).wrapping_sub(1));
            if let Some(count) = octave.and_then(|octave| octave.get_mut(place)) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// The same with all values in their buckets.
    fn settled(&self) -> Cow<'_, Self> {
        let mut settled = Cow::Borrowed(self);
        if !self.waiting.is_empty() {
            settled.to_mut().settle();
        }
        settled
    }

    /// Those that hold something, in order: exponent, place, and how many values they hold. The values that wait are in none.
    fn buckets(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        let octaves = self.place_of.iter().enumerate().filter_map(|(exponent, place)| {
            let octave = self.octaves.get(usize::from(*place).wrapping_sub(1))?;
            Some((exponent, octave))
        });
        let each = octaves.flat_map(|(exponent, octave)| {
            octave.iter().enumerate().map(move |(place, count)| (exponent, place, u64::from(*count)))
        });
        each.filter(|(.., count)| *count > 0)
    }

    /// `None` where there were no values.
    pub(super) fn quantiles(&self) -> Option<Quantiles<i64>> {
        let &Self { least, most, .. } = self;
        let all = self.settled();
        let count: u64 = all.octaves.iter().flatten().map(|count| u64::from(*count)).sum();
        if count == 0 {
            return None;
        }
        let [p50, p90, p99] = all.at([0.5, 0.9, 0.99], count).map(|value| value.clamp(least, most));
        Some(Quantiles { count, least, p50, p90, p99, most })
    }

    /// The same of nanoseconds.
    pub(super) fn spans(&self) -> Option<Quantiles<Span>> {
        self.quantiles().map(|all| all.map(Span::from_nanos))
    }

    /// The middles of the buckets below or in which these shares of all lie, which grow.
    fn at<const N: usize>(&self, shares: [f64; N], count: u64) -> [i64; N] {
        let ranks = shares.map(|share| (count.saturating_sub(1) as f64 * share) as u64);
        let mut found = [0; N];
        let mut open = ranks.iter().zip(&mut found).peekable();
        let mut below = 0;
        for (exponent, place, here) in self.buckets() {
            below += here;
            while let Some((_, value)) = open.next_if(|(rank, _)| below > **rank) {
                *value = middle(exponent, place);
            }
            if open.peek().is_none() {
                break;
            }
        }
        drop(open);
        found
    }
}

fn middle(exponent: usize, place: usize) -> i64 {
    let end = if place == 31 { begin_of(exponent + 1, 0) } else { begin_of(exponent, place + 1) };
    ((begin_of(exponent, place) + end) / 2.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_what_is_stated() {
        let mut sketch = Sketch::default();
        (1..=100_000).for_each(|value| sketch.add(value * 1_000));
        let all = sketch.quantiles().expect("values were added");
        let near = |found: i64, right: f64| (found as f64 / right - 1.0).abs() < 0.016;
        assert!(near(all.p50, 50e6) && near(all.p90, 90e6) && near(all.p99, 99e6), "{all:?}");
        assert_eq!((all.count, all.least, all.most), (100_000, 1_000, 100_000_000));
    }

    #[test]
    fn every_value_alone_is_exact_and_none_is_none() {
        assert_eq!(Sketch::default().quantiles(), None);
        for value in [0, 1, 2, 3, 1_000, i64::MAX] {
            let mut sketch = Sketch::default();
            sketch.add(value);
            let all = sketch.quantiles().expect("a value was added");
            assert_eq!((all.least, all.p50, all.p99, all.most), (value, value, value, value));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut sketch = Sketch::default();
        let mut value: u64 = 1;
        for _ in 0..200_000 {
            value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sketch.add((value >> (value % 63 + 1)) as i64);
        }
        assert!(sketch.octaves.len() <= EXPONENTS);
        assert!(sketch.buckets().is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
        assert_eq!(sketch.buckets().map(|(.., count)| count).sum::<u64>(), 200_000);
    }
}
