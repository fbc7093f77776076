//! When attempts at one service began, and whether the first SYN, a later one, or none was answered.

use super::thresholds::{BURST_HOLDS_SHARE, BURST_LEAST, BURST_MISSED_SHARE, BURST_TIMES, SYN_RETRY_LEAST};
use super::words::is_share;
use super::{Confidence, Exam, Severity};
use crate::record::{Connection, Outcome};
use crate::report::Quantiles;
use crate::types::{Span, Timestamp};

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The first SYN was answered.
    AtOnce,
    /// The client had to send its SYN again, and then was answered.
    Late,
    /// It was not answered, however often it was sent.
    Never,
}

impl Start {
    /// `None` where that can not be told.
    pub(super) fn of(c: &Connection, outcome: Outcome) -> Option<Self> {
        let syn = c.opening.syn?;
        if outcome == Outcome::Unanswered {
            let seen = c.visibility.one_way.is_none() && c.opening.syn_count > 1;
            return seen.then_some(Self::Never);
        }
        if !c.opening.is_answered() {
            return None;
        }
        let waits = |at: Timestamp| at.since(syn.at) >= SYN_RETRY_LEAST;
        let late = c.opening.syn_count > 1
            && c.opening.syn_ack.is_some_and(|answer| waits(answer.at))
            && c.opening.syn_retries.iter().any(|retry| waits(retry.at));
        Some(if late { Self::Late } else { Self::AtOnce })
    }
}

/// The kind of a symptom: a later SYN was answered.
pub(super) const LATE: &str = "late";
/// The kind of a symptom: no SYN was answered.
pub(super) const NEVER: &str = "never";

/// Whether the first SYN of one attempt was left unanswered: what detectors that judge a crowd of attempts ask of each. Says
/// whether there is a symptom, which is then counted and not shown: one alone says nothing.
pub(super) fn examine(c: &Connection, exam: &mut Exam<'_>, code: &'static str) -> bool {
    let Some(syn) = c.opening.syn else { return false };
    let start = Start::of(c, exam.outcome());
    if start.is_some() || c.opening.is_answered() {
        exam.applies();
    }
    let (kind, severity) = match start {
        Some(Start::Late) => (LATE, Severity::Warning),
        Some(Start::Never) => (NEVER, Severity::Error),
        Some(Start::AtOnce) | None => return false,
    };
    let mut evidence = vec![Some(syn)];
    evidence.extend(c.opening.syn_retries.iter().copied().map(Some));
    evidence.push(c.opening.syn_ack);
    exam.symptom(code, kind, severity, Confidence::Medium, &evidence).quietly();
    true
}

/// Attempts by the second in which they began, in bounded memory: where there are too many seconds, longer spans.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Openings {
    /// In order of time; spans without attempts are left out.
    spans: Vec<Begun>,
    /// The length of one span, in seconds: a power of two.
    shift: u8,
}

/// The attempts of one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Begun {
    /// Which span: seconds since 1970 divided by its length.
    place: i64,
    pub(super) at_once: u32,
    pub(super) late: u32,
    pub(super) never: u32,
}

impl Begun {
    pub(super) const fn all(&self) -> u32 {
        self.at_once + self.missed()
    }

    /// Attempts whose first SYN was not answered.
    pub(super) const fn missed(&self) -> u32 {
        self.late + self.never
    }
}

/// Spans of time that are told apart: 12 KiB at the most.
const MOST: usize = 512;

impl Openings {
    pub(super) const fn new() -> Self {
        Self { spans: Vec::new(), shift: 0 }
    }

    /// An attempt began.
    #[inline]
    pub(super) fn note(&mut self, at: Timestamp, start: Start) {
        let place = at.as_nanos().div_euclid(Span::from_secs(1).as_nanos()) >> self.shift;
        let begun = match self.spans.last_mut() {
            Some(last) if last.place == place => last,
            _ => self.other(place),
        };
        match start {
            Start::AtOnce => begun.at_once += 1,
            Start::Late => begun.late += 1,
            Start::Never => begun.never += 1,
        }
    }

    /// A span that is not the last.
    fn other(&mut self, place: i64) -> &mut Begun {
        // Where none was left out, its place is known.
        let from_end = self.spans.last().map_or(0, |last| last.place.wrapping_sub(place));
        let dense = (self.spans.len() as i64 - 1).wrapping_sub(from_end);
        if self.spans.get(dense as usize).is_some_and(|begun| begun.place == place) {
            return &mut self.spans[dense as usize];
        }
        self.search(place)
    }

    #[cold]
    fn search(&mut self, place: i64) -> &mut Begun {
        let place = match self.spans.binary_search_by_key(&place, |begun| begun.place) {
            Ok(known) => known,
            Err(_) if self.spans.len() >= MOST => {
                self.coarsen();
                return self.search(place >> 1);
            }
            Err(new) => {
                self.spans.insert(new, Begun { place, ..Begun::default() });
                new
            }
        };
        &mut self.spans[place]
    }

    /// Spans of twice the length.
    fn coarsen(&mut self) {
        self.shift += 1;
        self.spans.iter_mut().for_each(|begun| begun.place >>= 1);
        self.spans.dedup_by(|next, kept| {
            let same = next.place == kept.place;
            if same {
                kept.at_once += next.at_once;
                kept.late += next.late;
                kept.never += next.never;
            }
            same
        });
    }

    /// Attempts per second, of each span of time that had any.
    pub(super) fn rates(&self) -> Option<Quantiles<f64>> {
        let mut sizes: Vec<u32> = self.spans.iter().map(Begun::all).collect();
        sizes.sort_unstable();
        let last = sizes.len().checked_sub(1)?;
        let seconds = f64::from(1_u32 << self.shift.min(31));
        let at = |share: f64| sizes.get((last as f64 * share) as usize).map_or(0.0, |size| f64::from(*size) / seconds);
        let (least, most) = (at(0.0), at(1.0));
        Some(Quantiles { count: sizes.len() as u64, least, p50: at(0.5), p90: at(0.9), p99: at(0.99), most })
    }

    /// All together.
    pub(super) fn total(&self) -> Begun {
        self.spans.iter().fold(Begun::default(), |sum, begun| Begun {
            place: 0,
            at_once: sum.at_once + begun.at_once,
            late: sum.late + begun.late,
            never: sum.never + begun.never,
        })
    }

    /// Attempts that were never answered although another one, which began in the two seconds after theirs, was answered at
    /// once: while they still asked. `None` where seconds are not told apart.
    pub(super) fn never_beside_answered(&self) -> Option<u64> {
        let answered = |place: i64| self.spans.iter().any(|begun| begun.place == place && begun.at_once > 0);
        let beside = |begun: &&Begun| begun.never > 0 && (answered(begun.place + 1) || answered(begun.place + 2));
        (self.shift == 0).then(|| self.spans.iter().filter(beside).map(|begun| u64::from(begun.never)).sum())
    }

    /// The spans in which far more attempts began than usual and a share of first SYNs went unanswered, where those before the
    /// first and after the last such span were answered at once, and nearly all that went unanswered lies in them.
    pub(super) fn bursts(&self) -> Option<Bursts> {
        if self.shift > 1 {
            return None;
        }
        let mut sizes: Vec<u32> = self.spans.iter().map(Begun::all).collect();
        sizes.sort_unstable();
        let usual = *sizes.get(sizes.len() / 2)?;
        let is_burst = |begun: &Begun| {
            begun.all() >= BURST_LEAST
                && f64::from(begun.all()) >= f64::from(usual) * BURST_TIMES
                && is_share(u64::from(begun.missed()), u64::from(begun.all()), BURST_MISSED_SHARE)
        };
        let first = self.spans.iter().position(is_burst)?;
        let last = self.spans.iter().rposition(is_burst)?;
        let bursts = || self.spans.iter().filter(|begun| is_burst(begun));
        let found = Bursts {
            count: bursts().count() as u64,
            attempts: bursts().map(|begun| u64::from(begun.all())).sum(),
            missed: bursts().map(|begun| u64::from(begun.missed())).sum(),
            largest: bursts().map(Begun::all).max()?,
            usual,
        };
        let well = |spans: Option<&[Begun]>| spans.is_some_and(|spans| spans.iter().any(|begun| begun.at_once > 0));
        let around = well(self.spans.get(..first)) && well(self.spans.get(last + 1..));
        let most = is_share(found.missed, u64::from(self.total().missed()), BURST_HOLDS_SHARE);
        (around && most).then_some(found)
    }
}

/// Seconds in which many attempts began at once and not all first SYNs were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bursts {
    /// How many.
    pub(super) count: u64,
    /// Attempts that began in them.
    pub(super) attempts: u64,
    /// Those of them whose first SYN was not answered.
    pub(super) missed: u64,
    /// The most attempts in one.
    pub(super) largest: u32,
    /// Attempts in a usual second.
    pub(super) usual: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn openings(all: &[(i64, Start)]) -> Openings {
        let mut openings = Openings::new();
        all.iter().for_each(|(seconds, start)| openings.note(at(*seconds), *start));
        openings
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut openings = Openings::new();
        (0..10_000).for_each(|second| openings.note(at(second * 7 % 10_000), Start::AtOnce));
        assert!(openings.spans.len() <= MOST && openings.shift >= 5);
        assert_eq!(openings.total().at_once, 10_000);
        assert!(openings.spans.is_sorted_by_key(|begun| begun.place));
    }

    #[test]
    fn rates_are_per_second_however_long_the_spans() {
        assert_eq!(openings(&[]).rates(), None);
        let rates = openings(&[(0, Start::AtOnce), (0, Start::AtOnce), (0, Start::Late), (9, Start::Never)]).rates();
        assert_eq!(rates.map(|all| (all.count, all.least, all.most)), Some((2, 1.0, 3.0)));
        let mut long = Openings::new();
        (0..4_096).for_each(|second| (0..3).for_each(|_| long.note(at(second), Start::AtOnce)));
        assert_eq!(long.rates().map(|all| (all.p50, all.most)), Some((3.0, 3.0)));
    }

    #[test]
    fn the_answered_must_have_begun_while_the_other_still_asked() {
        use Start::{AtOnce, Never};
        let beside = |all: &[(i64, Start)]| openings(all).never_beside_answered();
        assert_eq!(beside(&[(0, AtOnce), (5, Never), (7, AtOnce)]), Some(1));
        assert_eq!(beside(&[(0, AtOnce), (5, Never), (60, AtOnce)]), Some(0), "it may have been down in between");
        assert_eq!(beside(&[(5, Never), (5, AtOnce)]), Some(0), "which was first is not known");
    }

    #[test]
    fn a_burst_stands_out_and_holds_what_was_missed() {
        use Start::{AtOnce, Late};
        let calm = |seconds: std::ops::Range<i64>| seconds.flat_map(|second| [(second, AtOnce); 3]);
        let burst = [(10, AtOnce); 20].into_iter().chain([(10, Late); 20]);
        let all: Vec<_> = calm(0..10).chain(burst.clone()).chain(calm(11..20)).collect();
        let found = openings(&all).bursts().expect("a burst");
        assert_eq!((found.count, found.attempts, found.missed, found.usual), (1, 40, 20, 3));
        let spread: Vec<_> = all.iter().copied().chain((0..20).map(|second| (second, Late))).collect();
        assert_eq!(openings(&spread).bursts(), None, "loss at all times is no burst");
        let at_the_end: Vec<_> = calm(0..10).chain(burst).collect();
        assert_eq!(openings(&at_the_end).bursts(), None, "it may never have answered again");
    }
}
