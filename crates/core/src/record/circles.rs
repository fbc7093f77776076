//! Packets that go round: each sighting of one has fewer hops left.

use super::Circled;
use crate::types::Moment;

/// Packets that came by again and again.
#[derive(Debug, Default)]
pub(super) struct Circles {
    /// The last packet with its further sightings so far; `None` as well once they differ in how many hops less they have.
    now: Option<Circled>,
    /// Those of the last packet are no circle.
    broken: bool,
    /// The packet that came by most often.
    pub(super) most: Option<Circled>,
}

impl Circles {
    /// Another packet.
    #[cold]
    pub(super) const fn end(&mut self) {
        (self.now, self.broken) = (None, false);
    }

    /// Another sighting of the last packet, after one with its own moment and hops left.
    #[cold]
    pub(super) fn note(&mut self, (before, hops_before): (Moment, u8), (at, hops): (Moment, u8)) {
        let step = hops_before.saturating_sub(hops);
        let row = self.now.unwrap_or(Circled { first: before, last: before, times: 1, step });
        self.broken |= step == 0 || step != row.step;
        if self.broken {
            self.now = None;
            return;
        }
        let row = Circled { last: at, times: row.times.saturating_add(1), ..row };
        self.now = Some(row);
        if self.most.is_none_or(|most| most.times < row.times) {
            self.most = Some(row);
        }
    }
}
