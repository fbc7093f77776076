//! All symptoms of one code in one place, folded.

use std::net::IpAddr;

use super::distribution::Distribution;
use super::examples::{Examples, Weight};
use super::lead::{Lead, Leads};
use super::marks::Marks;
use super::pace::{Pace, Second};
use super::pairs::Pairs;
use super::thresholds::{EVENT_RATIO, EVENT_SPREAD, EVENT_WITHIN, TIMER_SAMPLES};
use super::{Confidence, Severity, Sure, Symptom, Told};
use crate::Limits;
use crate::record::Connection;
use crate::report::Evidence;
use crate::types::{Span, Timestamp};

/// The fold of all symptoms of one code at one service: counts, times, spreads, and a few examples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Connections with the symptom.
    pub count: u64,
    /// Connections to which the check applied.
    pub applied: u64,
    /// When the first such connection showed it.
    pub first: Option<Timestamp>,
    /// When the last such connection showed it.
    pub last: Option<Timestamp>,
    /// The highest severity.
    pub severity: Option<Severity>,
    /// The highest confidence.
    pub confidence: Option<Confidence>,
    /// How many of each kind, in order of first appearance.
    pub kinds: Vec<(&'static str, u64)>,
    /// The spread of the symptoms' spans, in nanoseconds: that of all kinds together.
    pub spans: Distribution,
    /// The spread of the symptoms' counts: that of all kinds together.
    pub counts: Distribution,
    /// Clients with the most symptoms, at most 32 are told apart.
    pub clients: Vec<(IpAddr, u64)>,
    /// When clients began their connections, for each client and kind; at most 64 are told apart.
    pub paces: Vec<Pace>,
    /// The most symptoms whose connections began within one second.
    pub peak_per_second: u64,
    client_marks: Marks,
    pace_marks: Marks,
    /// What else is known of each kind, in the order of `kinds`.
    details: Vec<Detail>,
    /// How often detectors that explain more, a bit for each, found something in the same connection.
    overlaps: Vec<(u64, u64)>,
    quotes: Vec<Quote>,
    examples: Examples,
    second: Second,
    leads: Leads,
}

/// How the numbers of one kind of symptom are spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Spans, in nanoseconds.
    pub spans: Distribution,
    /// Second durations, in nanoseconds.
    pub delays: Distribution,
    /// Counts.
    pub counts: Distribution,
    /// Which second duration belongs to which span.
    pub pairs: Pairs,
}

impl Spread {
    fn add(&mut self, symptom: &Symptom) {
        if let Some(span) = symptom.span {
            self.spans.add(span.as_nanos());
        }
        if let Some(delay) = symptom.delay {
            self.delays.add(delay.as_nanos());
        }
        if let (Some(span), Some(delay)) = (symptom.span, symptom.delay) {
            self.pairs.add(span.as_nanos(), delay.as_nanos());
        }
        if let Some(count) = symptom.count {
            self.counts.add(i64::from(count));
        }
    }
}

/// What is known of the symptoms of one kind besides their number.
#[derive(Clone, Debug, Default, PartialEq)]
struct Detail {
    spread: Spread,
    /// The weight for which there was no more room among the examples: what weighs no more has none either.
    refused: Option<Weight>,
}

/// A text that symptoms of one kind quoted.
#[derive(Clone, Debug, PartialEq)]
struct Quote {
    kind: &'static str,
    name: &'static str,
    text: String,
    count: u64,
}

/// Quotes, clients and paces that one group tells apart.
const MAX_QUOTES: usize = 32;
const MAX_CLIENTS: usize = 32;
const MAX_PACES: usize = 64;

impl Group {
    /// How many symptoms of one kind.
    pub fn of_kind(&self, kind: &str) -> u64 {
        self.kinds.iter().find(|(name, _)| *name == kind).map_or(0, |(_, count)| *count)
    }

    /// The spread of the numbers of one kind; `None` where no symptom was of it.
    pub fn spread(&self, kind: &str) -> Option<&Spread> {
        let at = self.kinds.iter().position(|(name, _)| *name == kind)?;
        self.details.get(at).map(|detail| &detail.spread)
    }

    /// The only client, where there is one.
    pub fn only_client(&self) -> Option<IpAddr> {
        match self.clients.as_slice() {
            [(client, count)] if *count == self.count => Some(*client),
            _ => None,
        }
    }

    /// The texts that symptoms of one kind quoted under one name, the most frequent first, and how often each.
    pub fn quotes(&self, kind: &str, name: &str) -> Vec<(&str, u64)> {
        let mut quotes: Vec<(&str, u64)> = self
            .quotes
            .iter()
            .filter(|quote| quote.kind == kind && quote.name == name)
            .map(|quote| (quote.text.as_str(), quote.count))
            .collect();
        quotes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        quotes
    }

    /// How TLS is reached on these connections, where it does not begin with them.
    pub(crate) const fn lead_to_tls(&self) -> Option<&Lead> {
        self.leads.only()
    }

    /// Seconds over which the symptoms are spread.
    pub fn duration(&self) -> Span {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.since(first),
            _ => Span::ZERO,
        }
    }

    /// Whether all of it happened at one moment, and often enough that this is no chance.
    pub fn is_at_one_moment(&self) -> bool {
        self.count >= TIMER_SAMPLES && self.duration() <= EVENT_WITHIN
    }

    /// Whether all of it happened at one moment, though what came before lasted from `shortest` to `longest`: no timer of each
    /// connection does that.
    pub fn is_one_event(&self, shortest: Span, longest: Span) -> bool {
        let spread = Span::from_nanos(longest.as_nanos() - shortest.as_nanos());
        let unlike = spread >= EVENT_SPREAD && spread.as_secs_f64() >= self.duration().as_secs_f64() * EVENT_RATIO;
        self.is_at_one_moment() && unlike
    }

    pub(crate) fn add(&mut self, symptom: &Symptom, connection: &Connection, limits: &Limits) {
        let began = connection.first.at;
        self.count += 1;
        self.note_time(onset(symptom, connection));
        self.severity = self.severity.max(Some(symptom.severity));
        self.confidence = self.confidence.max(Some(symptom.confidence));
        self.note_quotes(symptom);
        self.leads.note(connection);
        self.peak_per_second = self.peak_per_second.max(self.second.count(began));
        let ended = began.plus(symptom.span.unwrap_or_default());
        let kind = self.note_pace(connection.client.address, symptom.kind, began, ended);
        let Some((detail, (_, count))) = self.details.get_mut(kind).zip(self.kinds.get_mut(kind)) else { return };
        *count += 1;
        detail.spread.add(symptom);
        let weight = (symptom.severity, symptom.confidence);
        let news = self.examples.is_news(kind, symptom);
        if (news || detail.refused.is_none_or(|refused| weight > refused))
            && !self.examples.keep(symptom, news, connection, limits)
        {
            detail.refused = detail.refused.max(Some(weight));
        }
    }

    /// One more with a symptom that is known beforehand, if nothing else is to be kept of it. See [`Detector::shows`].
    ///
    /// [`Detector::shows`]: super::Detector::shows
    pub(crate) fn add_alike(&mut self, sure: &Sure, c: &Connection) -> bool {
        let Some(kind) = self.kinds.iter().position(|(kind, _)| same(kind, sure.kind)) else { return false };
        let Some((detail, (_, count))) = self.details.get_mut(kind).zip(self.kinds.get_mut(kind)) else { return false };
        if detail.refused.is_none() {
            return false;
        }
        *count += 1;
        self.count += 1;
        self.leads.note(c);
        let began = c.first.at;
        if let Some(span) = sure.span {
            let span = span(c).unwrap_or_default();
            detail.spread.spans.add(span.as_nanos());
            self.peak_per_second = self.peak_per_second.max(self.second.count(began));
            self.note_pace(c.client.address, sure.kind, began, began.plus(span));
        }
        self.note_time(began);
        true
    }

    #[inline]
    fn note_time(&mut self, at: Timestamp) {
        if let (Some(first), Some(last)) = (&mut self.first, &mut self.last) {
            *first = (*first).min(at);
            *last = (*last).max(at);
        } else {
            (self.first, self.last) = (Some(at), Some(at));
        }
    }

    /// The place of a kind.
    fn kind_of(&mut self, kind: &'static str) -> usize {
        self.kinds.iter().position(|(known, _)| same(known, kind)).unwrap_or_else(|| {
            self.kinds.push((kind, 0));
            // Large, and mostly there is one kind.
            self.details.reserve_exact(1);
            self.details.push(Detail::default());
            self.kinds.len() - 1
        })
    }

    /// Puts together what was folded by kind, before the findings are told.
    pub(crate) fn settle(&mut self, applied: u64) {
        self.applied = applied;
        for Detail { spread, .. } in &self.details {
            self.spans.merge(&spread.spans);
            self.counts.merge(&spread.counts);
        }
    }

    /// The same connection was hit by these detectors too, which explain more: a bit for each.
    pub(crate) fn note_overlap(&mut self, others: u64) {
        match self.overlaps.iter_mut().find(|(known, _)| *known == others) {
            Some((_, count)) => *count += 1,
            None => self.overlaps.push((others, 1)),
        }
    }

    pub(crate) fn overlaps(&self) -> &[(u64, u64)] {
        &self.overlaps
    }

    /// Counts the client, and its pace; gives the place of the kind. A pace knows the places of its client and its kind, so
    /// that one search is enough.
    #[inline]
    fn note_pace(&mut self, address: IpAddr, kind: &'static str, began: Timestamp, ended: Timestamp) -> usize {
        for place in self.pace_marks.places(address) {
            if let Some(pace) = self.paces.get_mut(place)
                && pace.client == address
                && same(pace.kind, kind)
            {
                pace.add(began, ended);
                if let Some((_, count)) = pace.client_place.and_then(|place| self.clients.get_mut(usize::from(place))) {
                    *count += 1;
                }
                return usize::from(pace.kind_place);
            }
        }
        self.begin_pace(address, kind, began, ended)
    }

    #[cold]
    fn begin_pace(&mut self, address: IpAddr, kind: &'static str, began: Timestamp, ended: Timestamp) -> usize {
        let (client_place, kind_place) = (self.note_client(address), self.kind_of(kind));
        if self.paces.len() < MAX_PACES
            && let Ok(kind_place) = u8::try_from(kind_place)
        {
            let client_place = client_place.and_then(|place| u8::try_from(place).ok());
            self.paces.push(Pace::new(address, kind, began, ended).at_places(client_place, kind_place));
            self.pace_marks.push(address);
        }
        kind_place
    }

    fn note_client(&mut self, client: IpAddr) -> Option<usize> {
        let is_it = |place: &usize| self.clients.get(*place).is_some_and(|(known, _)| *known == client);
        let known = self.client_marks.places(client).find(is_it);
        let place = known.or_else(|| {
            let room = self.clients.len() < MAX_CLIENTS;
            room.then(|| self.clients.push((client, 0)))?;
            self.client_marks.push(client);
            Some(self.clients.len() - 1)
        })?;
        self.clients.get_mut(place)?.1 += 1;
        Some(place)
    }

    #[inline]
    fn note_quotes(&mut self, symptom: &Symptom) {
        for (name, text) in &symptom.quotes {
            let room = self.quotes.len() < MAX_QUOTES;
            let is_it =
                |quote: &&mut Quote| same(quote.name, name) && same(quote.kind, symptom.kind) && quote.text == *text;
            match self.quotes.iter_mut().find(is_it) {
                Some(quote) => quote.count += 1,
                None if room => self.quotes.push(Quote { kind: symptom.kind, name, text: text.clone(), count: 1 }),
                None => {}
            }
        }
    }

    /// The best examples of what is told.
    pub(crate) fn examples(&self, told: &Told, limits: &Limits) -> Vec<&Evidence> {
        self.examples.best(told, limits)
    }
}

/// Whether two names are one. They are constants: nearly always the addresses are the same, or not even the lengths.
#[inline]
fn same(a: &'static str, b: &'static str) -> bool {
    std::ptr::eq(a, b) || a == b
}

/// When the connection showed it: as the detector says, else at the end of its life if it has one, else at its last packet.
fn onset(symptom: &Symptom, connection: &Connection) -> Timestamp {
    match (symptom.at, symptom.evidence.first()) {
        (Some(at), _) => at,
        (None, Some(packet)) if *packet == connection.first.packet => connection.first.at,
        _ => connection.ending.first.map_or(connection.last.at, |moment| moment.at),
    }
}
