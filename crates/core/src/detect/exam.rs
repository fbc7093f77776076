//! What one detector says of one connection.

use super::beside::Held;
use super::{Confidence, Detector, Severity, Symptom};
use crate::record::{Connection, Outcome};
use crate::types::{Moment, Side, Span, escaped};

/// The longest quote: enough for the suites of a usual ClientHello, and a bound on what a hostile one can make us keep.
const QUOTE_CHARACTERS: usize = 400;

/// What a detector may say of one connection.
#[derive(Debug)]
pub struct Exam<'a> {
    said: &'a mut Said,
    outcome: Outcome,
}

/// What was said of one connection by one detector. One place serves all, so that little is moved and nothing allocated.
#[derive(Debug)]
pub(crate) struct Said {
    symptom: Symptom,
    has_symptom: bool,
    /// A symptom that is counted for the service, and not shown on the connection.
    pub(crate) quiet: bool,
    /// The check could have found something here, had it been there: the denominator of the finding.
    pub(crate) applies: bool,
    pub(crate) not_visible: Option<(&'static str, Option<&'static str>)>,
    /// To be judged at the end, beside the others from this side's address and port.
    pub(crate) held_for: Option<Side>,
}

impl Said {
    /// Nothing said yet.
    pub(crate) const fn nothing() -> Self {
        Self {
            symptom: Symptom::BLANK,
            has_symptom: false,
            quiet: false,
            applies: false,
            not_visible: None,
            held_for: None,
        }
    }

    /// Lets one detector look at one connection, and forgets what the one before it said.
    pub(crate) fn hear(&mut self, detector: &dyn Detector, connection: &Connection, outcome: Outcome) {
        self.has_symptom = false;
        self.quiet = false;
        self.applies = false;
        self.not_visible = None;
        self.held_for = None;
        detector.examine(connection, &mut Exam { said: self, outcome });
    }

    /// The same for a connection that was held, with those beside it.
    pub(crate) fn hear_beside(&mut self, detector: &dyn Detector, held: &Held) {
        *self = Self::nothing();
        let outcome = held.connection.outcome();
        let mut exam = Exam { said: self, outcome };
        detector.examine_beside(&held.connection, &held.beside, held.incomplete, &mut exam);
    }

    /// The symptom, if there was one.
    pub(crate) const fn symptom(&self) -> Option<&Symptom> {
        if self.has_symptom { Some(&self.symptom) } else { None }
    }

    /// Takes the symptom away, for the connection to show it.
    pub(crate) const fn take_shown(&mut self) -> Option<Symptom> {
        if self.has_symptom && !self.quiet { Some(std::mem::replace(&mut self.symptom, Symptom::BLANK)) } else { None }
    }

    const fn symptom_mut(&mut self) -> Option<&mut Symptom> {
        if self.has_symptom { Some(&mut self.symptom) } else { None }
    }
}

impl Exam<'_> {
    /// What became of the connection: [`Connection::outcome`], worked out once for all detectors.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The check applies to this connection: it counts in the finding's `of`. Attaching a symptom says so too.
    pub fn applies(&mut self) {
        self.said.applies = true;
    }

    /// Attaches a symptom. The evidence are the packets that prove it; without one there is no symptom.
    pub fn symptom(
        &mut self,
        code: &'static str,
        kind: &'static str,
        severity: Severity,
        confidence: Confidence,
        evidence: &[Option<Moment>],
    ) -> &mut Self {
        if evidence.iter().any(Option::is_some) {
            let symptom = &mut self.said.symptom;
            symptom.code = code;
            symptom.severity = severity;
            symptom.confidence = confidence;
            symptom.evidence.clear();
            evidence.iter().flatten().for_each(|moment| symptom.evidence.add(moment.packet));
            symptom.at = None;
            symptom.span = None;
            symptom.count = None;
            symptom.delay = None;
            symptom.quotes.clear();
            symptom.kind = kind;
            self.said.has_symptom = true;
            self.said.applies = true;
        }
        self
    }

    /// When it happened, where that is neither the connection's beginning nor its end: the time by which an operator will look
    /// into the logs.
    pub fn happened(&mut self, at: Moment) -> &mut Self {
        if let Some(symptom) = self.said.symptom_mut() {
            symptom.at = Some(at.at);
        }
        self
    }

    /// The duration that the symptom is about.
    pub fn span(&mut self, span: Option<Span>) -> &mut Self {
        if let Some(symptom) = self.said.symptom_mut() {
            symptom.span = span;
        }
        self
    }

    /// The count that the symptom is about.
    pub fn count(&mut self, count: Option<u32>) -> &mut Self {
        if let Some(symptom) = self.said.symptom_mut() {
            symptom.count = count;
        }
        self
    }

    /// A second duration, for findings about two.
    pub fn delay(&mut self, delay: Option<Span>) -> &mut Self {
        if let Some(symptom) = self.said.symptom_mut() {
            symptom.delay = delay;
        }
        self
    }

    /// A text that the finding quotes: escaped here, and cut where it is very long.
    pub fn quote(&mut self, name: &'static str, text: &str) -> &mut Self {
        if let Some(symptom) = self.said.symptom_mut() {
            let text = escaped(text);
            let end = if text.len() > QUOTE_CHARACTERS { text.char_indices().nth(QUOTE_CHARACTERS) } else { None };
            let quote = match end {
                Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
                None => text.into_owned(),
            };
            symptom.quotes.push((name, quote));
        }
        self
    }

    /// Counts the symptom for the service and does not show it on the connection: for what is no fault of a connection
    /// alone.
    pub fn quietly(&mut self) -> &mut Self {
        self.said.quiet = true;
        self
    }

    /// It takes the others from this side's address and port to judge: they are shown to `examine_beside` once they are known. At
    /// most 64 connections of a capture wait so.
    pub const fn hold_for_others_of(&mut self, side: Side) {
        self.said.held_for = Some(side);
    }

    /// The check can not be made on this connection, for this reason; `capture_instead` is a command line that would
    /// allow it.
    pub fn not_visible(&mut self, reason: &'static str, capture_instead: Option<&'static str>) {
        self.said.not_visible = Some((reason, capture_instead));
    }
}
