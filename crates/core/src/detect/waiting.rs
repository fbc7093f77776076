//! Values on their way to their buckets.

/// The last values of a spread, not in their buckets yet. Buckets lie apart in memory: to go to several at once takes little
/// longer than to go to one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    values: [i64; AT_ONCE],
    count: u8,
}

const AT_ONCE: usize = 8;

impl Waiting {
    /// One more waits; `true` when it is time for all to go.
    #[inline]
    pub(super) fn add(&mut self, value: i64) -> bool {
        if let Some(place) = self.values.get_mut(usize::from(self.count)) {
            *place = value;
            self.count += 1;
        }
        usize::from(self.count) == AT_ONCE
    }

    /// All that wait: they do so no more.
    #[inline]
    pub(super) fn take(&mut self) -> impl Iterator<Item = i64> + use<> {
        let count = std::mem::take(&mut self.count);
        self.values.into_iter().take(usize::from(count))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
