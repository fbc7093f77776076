//! The few symptoms of a group that are told in full.
//!
//! In: symptoms with the number that they are about: an idle time, how many requests. Out: examples of each kind, and of each number
//! that comes again, since that is what a finding may be about: 15 closes after 60 s are not shown by one after 5 s.

use super::symptom::Symptom;
use super::{Confidence, Severity, Told};
use crate::Limits;
use crate::record::{Connection, timeline};
use crate::report::Evidence;
use crate::types::Span;

/// What makes one example better than another.
pub(super) type Weight = (Severity, Confidence);

/// Examples: the first of each kind, clearer ones in the place of weaker ones, and one for each number that comes again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Examples {
    kept: Vec<Example>,
    numbers: Vec<Number>,
}

#[derive(Clone, Debug, PartialEq)]
struct Example {
    kind: &'static str,
    span: Option<Span>,
    count: Option<u32>,
    weight: Weight,
    evidence: Evidence,
}

/// A number that several symptoms of one kind may share.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number {
    kind: u8,
    value: i64,
    /// Symptoms that had it, less those with numbers for which there was no room: what comes often stays (after Misra and Gries).
    hits: u32,
    /// There is an example with it, or was no room for one.
    settled: bool,
}

/// Numbers that one group tells apart.
const MAX_NUMBERS: usize = 12;

/// Hits from which a number is one that comes again: fewer make no timer.
const AGAIN: u32 = 3;

impl Examples {
    /// Notes the number of a symptom of the kind at this place; `true` when it came again and has no example yet.
    #[inline]
    pub(super) fn is_news(&mut self, kind: usize, symptom: &Symptom) -> bool {
        let (Some(value), Ok(kind)) = (number_of(symptom.span, symptom.count), u8::try_from(kind)) else {
            return false;
        };
        match self.numbers.iter_mut().find(|known| known.kind == kind && is_near(known.value, value)) {
            Some(known) => {
                known.hits = known.hits.saturating_add(1);
                known.hits >= AGAIN && !std::mem::replace(&mut known.settled, true)
            }
            None => {
                self.note_number(Number { kind, value, hits: 1, settled: false });
                false
            }
        }
    }

    fn note_number(&mut self, new: Number) {
        if self.numbers.len() == MAX_NUMBERS {
            self.numbers.retain_mut(|known| {
                known.hits -= 1;
                known.hits > 0
            });
        }
        if self.numbers.len() < MAX_NUMBERS {
            self.numbers.push(new);
        }
    }

    /// Keeps a symptom, if it is one of the first of its kind, clearer than one that is kept, or `news`; `false` where there is no
    /// room for what weighs no more.
    pub(super) fn keep(&mut self, symptom: &Symptom, news: bool, c: &Connection, limits: &Limits) -> bool {
        let weight = (symptom.severity, symptom.confidence);
        let of_kind = self.kept.iter().filter(|example| example.kind == symptom.kind).count();
        let has_room = self.kept.len() < 4 * limits.max_examples;
        let place = if has_room && (of_kind < limits.max_examples || self.is_missing(symptom, news)) {
            self.kept.len()
        } else {
            let weaker = |example: &Example| example.kind == symptom.kind && example.weight < weight;
            let weaker = self.kept.iter().position(weaker);
            match weaker.or_else(|| self.is_missing(symptom, news).then(|| self.spare(symptom.kind)).flatten()) {
                Some(place) => place,
                None => return false,
            }
        };
        let evidence = evidence(symptom, c, limits);
        let example = Example { kind: symptom.kind, span: symptom.span, count: symptom.count, weight, evidence };
        match self.kept.get_mut(place) {
            Some(kept) => *kept = example,
            None => self.kept.push(example),
        }
        true
    }

    /// Whether no example shows a number that came again.
    fn is_missing(&self, symptom: &Symptom, news: bool) -> bool {
        let Some(value) = number_of(symptom.span, symptom.count).filter(|_| news) else { return false };
        !self.kept.iter().any(|known| known.kind == symptom.kind && known.is_about(value))
    }

    /// The place of an example that another of its kind makes needless, the last of them: both are about the same number.
    fn spare(&self, kind: &str) -> Option<usize> {
        let mut places = self.kept.iter().enumerate().filter(|(_, example)| example.kind == kind).rev();
        let twice = |example: &Example| {
            let value = number_of(example.span, example.count)?;
            let same = self.kept.iter().filter(|other| other.kind == kind && other.is_about(value));
            Some(same.count() > 1)
        };
        places.find(|(_, example)| twice(example) == Some(true)).map(|(place, _)| place)
    }

    /// The best examples: those of the wanted kind, if there are any, and none that is about another span or count.
    pub(super) fn best(&self, told: &Told, limits: &Limits) -> Vec<&Evidence> {
        let about = |example: &&Example| {
            is_within(example.span, told.example_span) && is_within(example.count, told.example_count)
        };
        let mut examples: Vec<&Example> = self.kept.iter().filter(about).collect();
        let wanted = |example: &Example| told.example_kind.is_none_or(|kind| kind == example.kind);
        if examples.iter().any(|example| wanted(example)) {
            examples.retain(|example| wanted(example));
        }
        examples.sort_by_key(|example| std::cmp::Reverse(example.weight));
        examples.truncate(limits.max_examples);
        examples.into_iter().map(|example| &example.evidence).collect()
    }
}

impl Example {
    fn is_about(&self, value: i64) -> bool {
        number_of(self.span, self.count).is_some_and(|own| is_near(own, value))
    }
}

/// The number that a symptom is about: where it has two, the span only says how long the connection was quiet then.
fn number_of(span: Option<Span>, count: Option<u32>) -> Option<i64> {
    count.map(i64::from).or_else(|| span.map(Span::as_nanos))
}

/// Whether two numbers may be one timer's, or one limit's: timers are further apart, and small counts are equal or not.
fn is_near(a: i64, b: i64) -> bool {
    a.abs_diff(b) <= a.max(b).unsigned_abs() / 32
}

/// Whether a number is in the range, if there is one.
fn is_within<T: PartialOrd>(number: Option<T>, range: Option<(T, T)>) -> bool {
    range.is_none_or(|(low, high)| number.is_some_and(|number| low <= number && number <= high))
}

fn evidence(symptom: &Symptom, connection: &Connection, limits: &Limits) -> Evidence {
    let packets = symptom.evidence.iter().copied().take(limits.max_evidence_packets).collect();
    Evidence {
        connection: connection.number,
        client: connection.client,
        server: connection.server,
        packets,
        filter: format!("tcp.stream eq {}", connection.number),
        ladder: timeline::of(connection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Desk;

    /// The numbers of the connections that are shown for spans between two, after connections that were quiet for these milliseconds.
    fn shown(quiet: &[i64], between: (i64, i64)) -> Vec<u64> {
        let (mut examples, limits, mut desk) = (Examples::default(), Limits::default(), Desk::new());
        let mut refused = false;
        for (number, millis) in quiet.iter().enumerate() {
            let connection = desk.connection();
            connection.number = number as u64;
            let symptom = Symptom { span: Some(Span::from_millis(*millis)), ..Symptom::BLANK };
            let news = examples.is_news(0, &symptom);
            if news || !refused {
                refused = !examples.keep(&symptom, news, connection, &limits);
            }
        }
        let (low, high) = between;
        let told = Told { example_span: Some((Span::from_millis(low), Span::from_millis(high))), ..Told::default() };
        examples.best(&told, &limits).iter().map(|evidence| evidence.connection).collect()
    }

    #[test]
    fn a_second_timer_has_an_example_of_its_own() {
        let quiet = [5_000, 5_001, 5_002, 5_003, 60_000, 60_001, 60_002];
        assert_eq!(shown(&quiet, (5_000, 5_003)), [0, 1, 2]);
        assert_eq!(shown(&quiet, (60_000, 60_002)), [6], "the third makes it a timer");
    }

    #[test]
    fn a_finding_without_an_example_shows_none_of_another() {
        assert_eq!(shown(&[5_000, 5_001, 5_002, 60_000], (60_000, 60_000)), [0; 0]);
    }

    #[test]
    fn a_timer_behind_many_chances_has_one_too() {
        let chances = (1..=40).map(|n| n * 1_000);
        let quiet: Vec<i64> = chances.chain(std::iter::repeat_n(90_000, 20)).collect();
        let shown = shown(&quiet, (90_000, 90_000));
        assert!(shown.len() == 1 && shown[0] >= 41, "{shown:?}");
    }

    #[test]
    fn timers_in_turn_all_have_one_and_no_more_are_kept_than_may_be() {
        let timers = [5, 15, 30, 60, 75, 120, 350];
        let quiet: Vec<i64> = (0..10).flat_map(|turn| timers.map(|timer| timer * 1_000 + turn)).collect();
        for timer in timers {
            let shown = shown(&quiet, (timer * 1_000, timer * 1_000 + 10));
            assert_eq!(shown.len(), 1, "{timer}: {shown:?}");
        }
    }
}
