//! Which checks look at connections of one shape, and what is known of them without a look.

use crate::detect::{Blind, DETECTORS, Detector, Said, Scope, Shape, Sure};
use crate::record::Connection;

/// A detector, and what it answers whenever it is asked.
#[derive(Clone, Copy)]
pub(super) struct Check {
    pub(super) detector: &'static dyn Detector,
    pub(super) needs: Shape,
    pub(super) clears: Option<(Shape, Shape)>,
    pub(super) shows: Option<Sure>,
    pub(super) blind: Option<Blind>,
    pub(super) scope: Scope,
    pub(super) explains_failures: bool,
    /// The checks that explain more, a bit for each.
    pub(super) yields_to: u64,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.detector.code())
    }
}

/// What to do with connections of one shape: a bit for each check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Checks that must look at the connection.
    pub(super) asked: u64,
    /// Checks that apply and find nothing, by the shape alone.
    pub(super) clear: u64,
    /// Checks, of those asked, of which the shape alone says that they find the same as ever.
    pub(super) alike: u64,
    /// Checks that can not be made, by the shape alone.
    pub(super) blind: u64,
}

const _: () = assert!(DETECTORS.len() <= 64, "a plan has a bit for each detector");

/// How many connections of each shape there were, and the plan for each: what their checks found to be in order is worked
/// out at the end.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// What is searched for each connection: near to each other, and apart from what is read of one.
    shapes: Vec<Shape>,
    met: Vec<(Plan, u64)>,
}

impl Check {
    pub(super) fn new(detector: &'static dyn Detector) -> Self {
        Self {
            detector,
            needs: detector.needs(),
            clears: detector.clears(),
            shows: detector.shows(),
            blind: detector.blind(),
            scope: detector.scope(),
            explains_failures: detector.explains_failures(),
            yields_to: bits_of(detector.yields_to()),
        }
    }
}

impl Plan {
    pub(super) fn new(shape: Shape, checks: &[Check]) -> Self {
        let mut plan = Self { asked: 0, clear: 0, alike: 0, blind: 0 };
        for (number, check) in checks.iter().enumerate() {
            if check.clears.is_some_and(|(with, without)| shape.has(with) && shape.lacks(without)) {
                plan.clear |= 1 << number;
            } else if check.blind.is_some_and(|blind| shape.has(blind.shape)) {
                plan.blind |= 1 << number;
            } else if shape.has(check.needs) {
                plan.asked |= 1 << number;
            }
            if check.shows.is_some_and(|sure| shape.has(sure.shape)) {
                plan.alike |= 1 << number;
            }
        }
        plan
    }

    /// The code of a detector that would have said something else of the connection than the plan says for it.
    pub(super) fn broken(&self, checks: &[Check], connection: &Connection) -> Option<&'static str> {
        let mut unasked = chosen(checks, !self.asked | self.alike);
        let broken = unasked.find(|(number, check)| {
            let mut said = Said::nothing();
            said.hear(check.detector, connection, connection.outcome());
            let alike = self.alike & 1 << number != 0;
            let applies = alike || self.clear & 1 << number != 0;
            let reason = check.blind.filter(|_| self.blind & 1 << number != 0).map(|blind| blind.reason);
            said.applies != applies
                || said.not_visible.map(|(reason, _)| reason) != reason
                || said.symptom().is_some() != alike
                || said.quiet != alike
        });
        broken.map(|(_, check)| check.detector.code())
    }
}

/// The checks whose bits are set, with their numbers, in order.
pub(super) fn chosen(checks: &[Check], mut bits: u64) -> impl Iterator<Item = (usize, &Check)> {
    std::iter::from_fn(move || {
        let number = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        checks.get(number).map(|check| (number, check))
    })
}

/// The checks of these codes, a bit for each.
fn bits_of(codes: &[&str]) -> u64 {
    let numbers = DETECTORS.iter().enumerate().filter(|(_, detector)| codes.contains(&detector.code()));
    numbers.fold(0, |bits, (number, _)| bits | 1 << number)
}

impl Shapes {
    /// Counts one more connection of a shape, and says what to do with it. Few shapes: a search is one or two comparisons.
    #[inline]
    pub(super) fn plan(&mut self, shape: Shape, checks: &[Check]) -> Plan {
        let place = self.shapes.iter().position(|known| *known == shape);
        match place.and_then(|place| self.met.get_mut(place)) {
            Some((plan, count)) => {
                *count += 1;
                *plan
            }
            None => self.meet(shape, checks),
        }
    }

    #[cold]
    fn meet(&mut self, shape: Shape, checks: &[Check]) -> Plan {
        let plan = Plan::new(shape, checks);
        self.shapes.push(shape);
        self.met.push((plan, 1));
        plan
    }

    /// How many connections had all of this.
    pub(super) fn count(&self, having: Shape) -> u64 {
        let met = self.shapes.iter().zip(&self.met);
        met.filter(|(shape, _)| shape.has(having)).map(|(_, (_, count))| count).sum()
    }

    /// Every plan, with how many connections it was for.
    pub(super) fn each(&self) -> impl Iterator<Item = (&Plan, u64)> {
        self.met.iter().map(|(plan, count)| (plan, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_bit_of_its_own() {
        let checks: Vec<Check> = DETECTORS.iter().map(|detector| Check::new(*detector)).collect();
        let all: Vec<usize> = chosen(&checks, u64::MAX).map(|(number, _)| number).collect();
        assert!(all.into_iter().eq(0..DETECTORS.len()));
        let last = DETECTORS.len() - 1;
        assert!(chosen(&checks, 1 << last).map(|(number, _)| number).eq([last]));
        assert_eq!(chosen(&checks, 0).count(), 0);
    }
}
