//! Quantiles of many values in little memory.

use crate::report::Quantiles;
use crate::types::Span;

/// Values counted in buckets, 32 for each doubling. A value read back is the middle of its bucket and so within 1.6 % of it; the least and the
/// most are exact. Six bytes for each bucket that holds something, at most 12 KiB; [`super::Distribution`] also knows the ends of each bucket
/// and is ten times as large.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sketch {
    /// In order of the bucket.
    buckets: Vec<(u16, u32)>,
    ends: Option<(i64, i64)>,
}

/// Bits of a double below those that tell buckets apart: the exponent and five bits of the mantissa stay.
const BELOW: u32 = 47;

impl Sketch {
    /// Adds a value; negative ones count as 0.
    pub(super) fn add(&mut self, value: i64) {
        let value = value.max(0);
        let bucket = ((value as f64).to_bits() >> BELOW) as u16;
        match self.buckets.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, count)) = self.buckets.get_mut(at) {
                    *count = count.saturating_add(1);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, 1)),
        }
        let (least, most) = self.ends.unwrap_or((value, value));
        self.ends = Some((least.min(value), most.max(value)));
    }

    /// `None` where there were no values.
    pub(super) fn quantiles(&self) -> Option<Quantiles<i64>> {
        let (least, most) = self.ends?;
        let count = self.buckets.iter().map(|(_, count)| u64::from(*count)).sum();
        let at = |share: f64| self.at(share, count).clamp(least, most);
        Some(Quantiles { count, least, p50: at(0.5), p90: at(0.9), p99: at(0.99), most })
    }

    /// The same of nanoseconds.
    pub(super) fn spans(&self) -> Option<Quantiles<Span>> {
        self.quantiles().map(|all| all.map(Span::from_nanos))
    }

    /// The middle of the bucket below or in which `share` of all lie.
    fn at(&self, share: f64, count: u64) -> i64 {
        let rank = (count.saturating_sub(1) as f64 * share) as u64;
        let mut below = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            below += u64::from(*count);
            below > rank
        });
        let Some(&(bucket, _)) = found else { return 0 };
        let edge = |bucket: u64| f64::from_bits(bucket << BELOW);
        ((edge(u64::from(bucket)) + edge(u64::from(bucket) + 1)) / 2.0) as i64
    }
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
        assert!(sketch.buckets.len() <= 64 * 32);
        assert!(sketch.buckets.is_sorted_by(|a, b| a.0 < b.0));
    }
}
