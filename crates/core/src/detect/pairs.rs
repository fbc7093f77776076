//! Two durations of one symptom, side by side.

/// A sample of the pairs of span and delay of one kind: two distributions alone do not say which belong together. All of the first
/// 32, then every second, every fourth.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    sample: Vec<(i64, i64)>,
    /// Of so many pairs one is kept.
    every: u64,
    seen: u64,
}

const MAX: usize = 32;

impl Pairs {
    pub(super) fn add(&mut self, span: i64, delay: i64) {
        let is_next = self.seen.is_multiple_of(self.every);
        self.seen += 1;
        if !is_next {
            return;
        }
        if self.sample.len() == MAX {
            let mut place = 0;
            self.sample.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every *= 2;
        }
        self.sample.push((span, delay));
    }

    /// The delays beside spans from `low` to `high`, in nanoseconds, sorted.
    pub fn delays(&self, low: i64, high: i64) -> Vec<i64> {
        let within = self.sample.iter().filter(|(span, _)| (low..=high).contains(span));
        let mut delays: Vec<i64> = within.map(|(_, delay)| *delay).collect();
        delays.sort_unstable();
        delays
    }
}

impl Default for Pairs {
    fn default() -> Self {
        Self { sample: Vec::new(), every: 1, seen: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_those_of_their_spans() {
        let mut pairs = Pairs::default();
        [(60, 9), (5, 1), (61, 3), (300, 2)].into_iter().for_each(|(span, delay)| pairs.add(span, delay));
        assert_eq!(pairs.delays(60, 61), [3, 9]);
        assert_eq!(pairs.delays(6, 59), [0; 0]);
    }

    #[test]
    fn a_sample_is_spread_over_all_of_them() {
        let mut pairs = Pairs::default();
        (0..1_000).for_each(|n| pairs.add(n, n));
        let sample = pairs.delays(0, 1_000);
        assert!((MAX / 2..=MAX).contains(&sample.len()), "{}", sample.len());
        assert!(sample.windows(2).all(|two| two[1] - two[0] == 32), "{sample:?}");
        assert!(sample[0] == 0 && sample[sample.len() - 1] > 900, "{sample:?}");
    }
}
