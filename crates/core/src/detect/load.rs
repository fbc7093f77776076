//! How many connections the whole capture carried at each time, and how its attempts fared.

use super::fallback::Fallbacks;
use super::openings::Start;
use super::races::Races;
use super::trouble::Trouble;
use crate::record::{CloseKind, Connection};
use crate::types::{Span, Timestamp};

/// Attempts by the time at which they began, and connections by the time for which a device on the path keeps track of them.
/// In bounded memory: the longer the capture, the longer the spans of time that are told apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    spans: Vec<Part>,
    /// The first span: seconds since 1970 divided by its length.
    origin: i64,
    /// The length of one span, in seconds: a power of two.
    shift: u8,
    /// The latest second in which an attempt began.
    latest: Option<i64>,
    /// Attempts of a host at itself.
    pub(super) fallbacks: Fallbacks,
    /// Attempts that were given up beside others.
    pub(super) races: Races,
    /// Whom the attempts hit that go unanswered, and whom not.
    pub(super) trouble: Trouble,
}

/// One span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    attempts: u32,
    missed: u32,
    /// Connections that were opened.
    opened: u32,
    /// Connections, of those that were opened, that a FIN or RST ended, by their last packet.
    ended: u32,
}

/// A span of time as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Attempts that began in it.
    pub(super) attempts: u32,
    /// Those of them whose first SYN was not answered.
    pub(super) missed: u32,
    /// Connections that were open at its end, or had ended less than a given time before.
    pub(super) tracked: u32,
}

/// Spans of time that are told apart: 16 KiB.
const MOST: i64 = 1_024;

impl Load {
    /// A finished connection, and how it opened.
    pub(crate) fn note(&mut self, c: &Connection, start: Option<Start>) {
        self.fallbacks.note(c);
        self.races.note(c);
        // What got no answer may have been dropped before it was tracked: that is the very case which is looked for.
        let opened = u32::from(start != Some(Start::Never));
        let second = second_of(c.first.at);
        if let Some(part) = self.part(second) {
            part.opened += opened;
            if let Some(start) = start {
                part.attempts += 1;
                part.missed += u32::from(start != Start::AtOnce);
                self.latest = self.latest.max(Some(second));
            }
        }
        // What only fell silent is tracked for hours.
        if matches!(c.ending.kind, CloseKind::Fin | CloseKind::Reset)
            && let Some(part) = self.part(second_of(c.last.at))
        {
            part.ended += opened;
        }
        if let Some(start) = start
            && (start != Start::AtOnce || self.trouble.lasts_at(c.first.at))
        {
            self.trouble.note(c, start, self.latest_attempt());
        }
    }

    /// The end of the last span in which an attempt is known to have begun.
    fn latest_attempt(&self) -> Timestamp {
        let end = self.latest.map_or(self.origin, |second| (second >> self.shift) + 1);
        let seconds = end << self.shift;
        Timestamp::from_nanos(seconds.saturating_mul(Span::from_secs(1).as_nanos()))
    }

    #[inline]
    fn part(&mut self, second: i64) -> Option<&mut Part> {
        if self.spans.is_empty() {
            self.origin = second;
        }
        let mut place = (second >> self.shift) - self.origin;
        if place < 0 || place >= self.spans.len() as i64 {
            place = self.grow(second);
        }
        self.spans.get_mut(place as usize)
    }

    /// Makes room for a second outside of what is there; gives its place.
    #[cold]
    fn grow(&mut self, second: i64) -> i64 {
        loop {
            let place = (second >> self.shift) - self.origin;
            let (before, length) = ((-place).max(0), self.spans.len() as i64);
            if before + length.max(place + 1) <= MOST {
                let front = std::iter::repeat_n(Part::default(), before as usize);
                self.spans.splice(..0, front);
                self.origin -= before;
                let place = place + before;
                if place >= self.spans.len() as i64 {
                    self.spans.resize(place as usize + 1, Part::default());
                }
                return place;
            }
            self.coarsen();
        }
    }

    /// Spans of twice the length.
    fn coarsen(&mut self) {
        let origin = self.origin >> 1;
        let mut coarse = vec![Part::default(); self.spans.len() / 2 + 1];
        for (at, part) in self.spans.iter().enumerate() {
            let place = ((self.origin + at as i64) >> 1) - origin;
            if let Some(sum) = coarse.get_mut(place as usize) {
                sum.attempts += part.attempts;
                sum.missed += part.missed;
                sum.opened += part.opened;
                sum.ended += part.ended;
            }
        }
        (self.spans, self.origin) = (coarse, origin);
        self.shift += 1;
    }

    /// The length of one span.
    pub(super) fn resolution(&self) -> Span {
        Span::from_secs(1 << self.shift.min(32))
    }

    /// All spans in which attempts began, in order. A closed connection counts as tracked for so long.
    pub(super) fn stretches(&self, held: Span) -> Vec<Stretch> {
        let later = (held.as_nanos() / self.resolution().as_nanos().max(1)) as usize;
        let forgotten = std::iter::repeat_n(0, later).chain(self.spans.iter().map(|part| part.ended));
        let mut tracked = 0_i64;
        let told = self.spans.iter().zip(forgotten).map(|(part, forgotten)| {
            tracked += i64::from(part.opened) - i64::from(forgotten);
            let tracked = u32::try_from(tracked.max(0)).unwrap_or(u32::MAX);
            Stretch { attempts: part.attempts, missed: part.missed, tracked }
        });
        told.filter(|stretch| stretch.attempts > 0).collect()
    }
}

/// Seconds since 1970.
#[inline]
const fn second_of(at: Timestamp) -> i64 {
    at.as_nanos().div_euclid(Span::from_secs(1).as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut load = Load::default();
        for second in [5_000, 4_990, 1, 90_000, 40_000, 1_000_000, 0] {
            if let Some(part) = load.part(second) {
                part.attempts += 1;
            }
        }
        assert!(load.spans.len() as i64 <= MOST, "{}", load.spans.len());
        assert_eq!(load.stretches(Span::ZERO).iter().map(|stretch| stretch.attempts).sum::<u32>(), 7);
        assert_eq!(
            load.stretches(Span::ZERO).len(),
            5,
            "5,000 and 4,990 fall together, 0 and 1 do: {:?}",
            load.resolution()
        );
    }

    #[test]
    fn what_was_closed_is_tracked_for_a_time() {
        let mut load = Load::default();
        for second in 0..30 {
            if let Some(part) = load.part(second) {
                part.attempts += 5;
                part.opened += 4;
                part.ended += 3;
            }
        }
        let tracked = |held| load.stretches(Span::from_secs(held)).last().map(|stretch| stretch.tracked);
        assert_eq!(tracked(0), Some(30), "those that are open");
        assert_eq!(tracked(10), Some(60), "and those of the last ten seconds");
        assert_eq!(tracked(120), Some(120), "and all of them");
    }

    #[test]
    fn the_far_ends_of_time_do_no_harm() {
        let mut load = Load::default();
        for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::from_nanos(0)] {
            assert!(load.part(second_of(at)).is_some());
        }
        assert!(load.spans.len() as i64 <= MOST);
    }
}
