//! How values are spread, in bounded memory.

use std::borrow::Cow;
use std::fmt;

use super::waiting::Waiting;
use crate::types::Span;

/// Spans or counts folded into buckets, 32 for each doubling and so 2 to 3 % wide: a value read back is off by at most half
/// of that, the smallest and largest of a cluster are exact. 800 bytes for each power of two among the values.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Those that hold something, in the order in which they were met.
    octaves: Vec<[Bucket; 32]>,
    /// For each exponent the place of its octave, from 1; 0 where there is none.
    place_of: [u8; EXPONENTS],
    count: u64,
    waiting: Waiting,
}

/// One for 0, and one for each power of two of an `i64` up to the one that rounding can reach.
pub(super) const EXPONENTS: usize = 65;

/// The octave of a value that is not negative, below [`EXPONENTS`], and its bucket in that, below 32: the exponent of a
/// double and five bits of its mantissa, a logarithm for free.
#[inline]
pub(super) const fn bucket_of(value: i64) -> (usize, usize) {
    // The exponent of 1 is 1,023, that of 0 is 0.
    let index = ((value as f64).to_bits() >> 47) as usize;
    ((index >> 5).saturating_sub(1_022), index & 31)
}

/// Where a bucket begins.
pub(super) fn begin_of(exponent: usize, place: usize) -> f64 {
    if exponent == 0 { 0.0 } else { f64::from_bits(((exponent as u64 + 1_022) << 5 | place as u64) << 47) }
}

/// Values that are told apart no further.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bucket {
    count: u64,
    smallest: i64,
    largest: i64,
}

impl Bucket {
    /// Any value is smaller than its smallest and larger than its largest.
    const EMPTY: Self = Self { count: 0, smallest: i64::MAX, largest: i64::MIN };
}

/// Neighbouring values without a wide gap between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cluster {
    /// How many values.
    pub count: u64,
    /// The smallest, exact.
    pub smallest: i64,
    /// The median, within 1.5 %.
    pub median: i64,
    /// The largest, exact.
    pub largest: i64,
}

impl Cluster {
    /// The smallest as a span, for values that are nanoseconds.
    pub const fn shortest(&self) -> Span {
        Span::from_nanos(self.smallest)
    }

    /// The median as a span, for values that are nanoseconds.
    pub const fn middle(&self) -> Span {
        Span::from_nanos(self.median)
    }

    /// The largest as a span, for values that are nanoseconds.
    pub const fn longest(&self) -> Span {
        Span::from_nanos(self.largest)
    }
}

/// Of spans, for a reader's eyes: `6.00-6.01 s`, or `6.00 s` where both ends read the same.
impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shortest, longest) = (self.shortest().to_string(), self.longest().to_string());
        let unit = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
        match shortest.strip_suffix(unit(&longest).as_str()) {
            Some(_) if shortest == longest => f.write_str(&longest),
            Some(number) if !unit(&longest).is_empty() => write!(f, "{number}-{longest}"),
            _ => write!(f, "{shortest} to {longest}"),
        }
    }
}

impl Distribution {
    /// Adds a value; negative ones count as 0.
    #[inline]
    pub fn add(&mut self, value: i64) {
        self.count += 1;
        if self.waiting.add(value.max(0)) {
            self.settle();
        }
    }

    /// Adds all values of another.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        other.settled().buckets().for_each(|bucket| self.put(*bucket));
    }

    /// Brings the values that wait to their buckets.
    fn settle(&mut self) {
        for value in self.waiting.take() {
            self.put(Bucket { count: 1, smallest: value, largest: value });
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

    #[inline]
    fn put(&mut self, from: Bucket) {
        let (exponent, place) = bucket_of(from.smallest);
        let Some(octave) = self.place_of.get_mut(exponent) else { return };
        if *octave == 0 {
            // Large, and mostly there are few.
            self.octaves.reserve_exact(1);
            self.octaves.push([Bucket::EMPTY; 32]);
            *octave = self.octaves.len() as u8;
        }
        let octave = self.octaves.get_mut(usize::from(*octave).wrapping_sub(1));
        if let Some(bucket) = octave.and_then(|octave| octave.get_mut(place)) {
            bucket.smallest = bucket.smallest.min(from.smallest);
            bucket.largest = bucket.largest.max(from.largest);
            bucket.count += from.count;
        }
    }

    /// Those that hold something, in order. The values that wait are in none.
    fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        let places = self.place_of.iter().map(|place| usize::from(*place).wrapping_sub(1));
        places.filter_map(|place| self.octaves.get(place)).flatten().filter(|bucket| bucket.count > 0)
    }

    /// How many values.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// All values as one cluster.
    pub fn whole(&self) -> Option<Cluster> {
        self.clusters(f64::INFINITY, i64::MAX).pop()
    }

    /// Values cut into clusters where the gap to the next is wider than `ratio` times the value and than `gap`.
    pub fn clusters(&self, ratio: f64, gap: i64) -> Vec<Cluster> {
        let mut clusters: Vec<Vec<Bucket>> = Vec::new();
        for bucket in self.settled().buckets() {
            match clusters.last_mut() {
                Some(cluster) if !is_gap(cluster, bucket, ratio, gap) => cluster.push(*bucket),
                _ => clusters.push(vec![*bucket]),
            }
        }
        clusters.iter().filter_map(|buckets| summary(buckets)).collect()
    }

    /// How many values lie between two edges of a cluster, both included.
    pub fn between(&self, low: i64, high: i64) -> u64 {
        let within = |bucket: &&Bucket| low <= bucket.smallest && bucket.largest <= high;
        self.settled().buckets().filter(within).map(|bucket| bucket.count).sum()
    }

    /// The value below which `share` (0 to 1) of all lie, within 1.5 %.
    pub fn quantile(&self, share: f64) -> Option<i64> {
        let rank = ((self.count.saturating_sub(1)) as f64 * share.clamp(0.0, 1.0)) as u64;
        let mut below = 0;
        for bucket in self.settled().buckets() {
            below += bucket.count;
            if below > rank {
                return Some(middle(bucket));
            }
        }
        None
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self { octaves: Vec::new(), place_of: [0; EXPONENTS], count: 0, waiting: Waiting::default() }
    }
}

/// Whatever order the values came in.
impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        self.settled().buckets().eq(other.settled().buckets())
    }
}

fn is_gap(cluster: &[Bucket], next: &Bucket, ratio: f64, gap: i64) -> bool {
    let Some(last) = cluster.last() else { return false };
    let distance = next.smallest.saturating_sub(last.largest);
    distance > gap && distance as f64 > last.largest as f64 * ratio
}

fn middle(bucket: &Bucket) -> i64 {
    bucket.smallest + (bucket.largest - bucket.smallest) / 2
}

fn summary(buckets: &[Bucket]) -> Option<Cluster> {
    let count = buckets.iter().map(|bucket| bucket.count).sum();
    let mut below = 0;
    let median = buckets.iter().find(|bucket| {
        below += bucket.count;
        below * 2 >= count
    })?;
    Some(Cluster {
        count,
        smallest: buckets.first()?.smallest,
        median: middle(median),
        largest: buckets.last()?.largest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_timers_are_two_clusters() {
        let mut spread = Distribution::default();
        for milli in [6_000, 6_001, 6_003, 6_010, 20_000, 20_004] {
            spread.add(Span::from_millis(milli).as_nanos());
        }
        let clusters = spread.clusters(0.08, Span::from_millis(300).as_nanos());
        assert_eq!(clusters.len(), 2);
        assert_eq!((clusters[0].count, clusters[1].count), (4, 2));
        assert_eq!(clusters[0].shortest(), Span::from_millis(6_000));
        assert_eq!(clusters[0].longest(), Span::from_millis(6_010));
        assert_eq!(clusters[1].shortest(), Span::from_millis(20_000));
    }

    #[test]
    fn a_cluster_reads_as_a_range() {
        let text = |millis: &[i64]| {
            let mut spread = Distribution::default();
            millis.iter().for_each(|milli| spread.add(Span::from_millis(*milli).as_nanos()));
            spread.whole().expect("values were added").to_string()
        };
        assert_eq!(text(&[6_000, 6_010]), "6.00-6.01 s");
        assert_eq!(text(&[6_000, 6_001]), "6.00 s");
        assert_eq!(text(&[200, 1_200]), "200 ms to 1.20 s");
    }

    #[test]
    fn values_between_the_edges_of_a_cluster() {
        let mut spread = Distribution::default();
        [100, 101, 500, 900].into_iter().for_each(|value| spread.add(value));
        assert_eq!((spread.between(100, 101), spread.between(500, 900), spread.between(102, 499)), (2, 2, 0));
    }

    #[test]
    fn a_quantile_is_within_its_bucket() {
        let mut spread = Distribution::default();
        (1..=1_000).for_each(|value| spread.add(value * 1_000));
        let median = spread.quantile(0.5).expect("values were added") as f64;
        assert!((median / 500_000.0 - 1.0).abs() < 0.016, "{median}");
    }
}
