//! All symptoms of one code in one place, folded.

use std::net::IpAddr;

use super::distribution::Distribution;
use super::pace::Pace;
use super::{Confidence, Severity, Symptom};
use crate::Limits;
use crate::record::{Connection, timeline};
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
    /// The spread of the symptoms' spans, in nanoseconds.
    pub spans: Distribution,
    /// The spread of the symptoms' counts.
    pub counts: Distribution,
    /// Clients with the most symptoms, at most 32 are told apart.
    pub clients: Vec<(IpAddr, u64)>,
    /// When clients began their connections, for each client and kind; at most 64 are told apart.
    pub paces: Vec<Pace>,
    /// The most symptoms whose connections began within one second.
    pub peak_per_second: u64,
    /// The spread of each kind's numbers.
    spreads: Vec<(&'static str, Spread)>,
    /// How often another code hit the same connection.
    overlaps: Vec<(&'static str, u64)>,
    quotes: Vec<Quote>,
    examples: Vec<Example>,
    second: (i64, u64),
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
}

/// A text that symptoms of one kind quoted.
#[derive(Clone, Debug, PartialEq)]
struct Quote {
    kind: &'static str,
    name: &'static str,
    text: String,
    count: u64,
}

/// Quotes that one group tells apart.
const MAX_QUOTES: usize = 32;

#[derive(Clone, Debug, PartialEq)]
struct Example {
    kind: &'static str,
    span: Option<Span>,
    weight: (Severity, Confidence),
    evidence: Evidence,
}

impl Group {
    /// How many symptoms of one kind.
    pub fn of_kind(&self, kind: &str) -> u64 {
        self.kinds.iter().find(|(name, _)| *name == kind).map_or(0, |(_, count)| *count)
    }

    /// The spread of the numbers of one kind; `None` where no symptom was of it.
    pub fn spread(&self, kind: &str) -> Option<&Spread> {
        self.spreads.iter().find(|(name, _)| *name == kind).map(|(_, spread)| spread)
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

    /// Seconds over which the symptoms are spread.
    pub fn duration(&self) -> Span {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.since(first),
            _ => Span::ZERO,
        }
    }

    pub(crate) fn add(&mut self, symptom: &Symptom, connection: &Connection, limits: &Limits) {
        let at = onset(symptom, connection);
        self.count += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        self.severity = self.severity.max(Some(symptom.severity));
        self.confidence = self.confidence.max(Some(symptom.confidence));
        match self.kinds.iter_mut().find(|(kind, _)| *kind == symptom.kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((symptom.kind, 1)),
        }
        if let Some(span) = symptom.span {
            self.spans.add(span.as_nanos());
        }
        if let Some(count) = symptom.count {
            self.counts.add(i64::from(count));
        }
        self.note_spread(symptom);
        self.note_client(connection.client.address);
        self.note_pace(connection.client.address, symptom.kind, connection.first.at);
        self.note_quotes(symptom);
        self.note_second(connection.first.at);
        self.keep_example(symptom, connection, limits);
    }

    /// The same connection was hit by `code` too, which explains more.
    pub(crate) fn note_overlap(&mut self, code: &'static str) {
        match self.overlaps.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.overlaps.push((code, 1)),
        }
    }

    pub(crate) fn overlaps(&self) -> &[(&'static str, u64)] {
        &self.overlaps
    }

    fn note_spread(&mut self, symptom: &Symptom) {
        if !self.spreads.iter().any(|(kind, _)| *kind == symptom.kind) {
            self.spreads.push((symptom.kind, Spread::default()));
        }
        let Some((_, spread)) = self.spreads.iter_mut().find(|(kind, _)| *kind == symptom.kind) else { return };
        if let Some(span) = symptom.span {
            spread.spans.add(span.as_nanos());
        }
        if let Some(delay) = symptom.delay {
            spread.delays.add(delay.as_nanos());
        }
        if let Some(count) = symptom.count {
            spread.counts.add(i64::from(count));
        }
    }

    fn note_client(&mut self, client: IpAddr) {
        let room = self.clients.len() < 32;
        match self.clients.iter_mut().find(|(known, _)| *known == client) {
            Some((_, count)) => *count += 1,
            None if room => self.clients.push((client, 1)),
            None => {}
        }
    }

    fn note_pace(&mut self, client: IpAddr, kind: &'static str, began: Timestamp) {
        let room = self.paces.len() < 64;
        match self.paces.iter_mut().find(|pace| pace.client == client && pace.kind == kind) {
            Some(pace) => pace.add(began),
            None if room => self.paces.push(Pace::new(client, kind, began)),
            None => {}
        }
    }

    fn note_quotes(&mut self, symptom: &Symptom) {
        for (name, text) in &symptom.quotes {
            let room = self.quotes.len() < MAX_QUOTES;
            let same = |quote: &&mut Quote| quote.kind == symptom.kind && quote.name == *name && quote.text == *text;
            match self.quotes.iter_mut().find(same) {
                Some(quote) => quote.count += 1,
                None if room => self.quotes.push(Quote { kind: symptom.kind, name, text: text.clone(), count: 1 }),
                None => {}
            }
        }
    }

    fn note_second(&mut self, at: Timestamp) {
        let second = at.as_nanos().div_euclid(1_000_000_000);
        // Connections end in nearly the order in which they begin; one that began earlier counts with its successors.
        if second > self.second.0 {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.peak_per_second = self.peak_per_second.max(self.second.1);
    }

    /// Keeps the first few of each kind, and lets a clearer one replace a weaker one.
    fn keep_example(&mut self, symptom: &Symptom, connection: &Connection, limits: &Limits) {
        let weight = (symptom.severity, symptom.confidence);
        let same = self.examples.iter().filter(|example| example.kind == symptom.kind).count();
        let place = if same < limits.max_examples && self.examples.len() < 4 * limits.max_examples {
            None
        } else {
            let weaker = |example: &Example| example.kind == symptom.kind && example.weight < weight;
            match self.examples.iter().position(weaker) {
                Some(place) => Some(place),
                None => return,
            }
        };
        let example =
            Example { kind: symptom.kind, span: symptom.span, weight, evidence: evidence(symptom, connection, limits) };
        match place {
            Some(place) => self.examples[place] = example,
            None => self.examples.push(example),
        }
    }

    /// The best examples, those of the wanted kind and span first.
    pub(crate) fn examples(
        &self,
        kind: Option<&'static str>,
        span: Option<(Span, Span)>,
        limits: &Limits,
    ) -> Vec<Evidence> {
        let mut examples: Vec<&Example> = self.examples.iter().collect();
        let wanted = |example: &Example| {
            let in_span = match (span, example.span) {
                (Some((low, high)), Some(span)) => low <= span && span <= high,
                (Some(_), None) => false,
                (None, _) => true,
            };
            kind.is_none_or(|kind| kind == example.kind) && in_span
        };
        examples.sort_by_key(|example| (!wanted(example), std::cmp::Reverse(example.weight)));
        let any_wanted = examples.iter().any(|example| wanted(example));
        examples.retain(|example| !any_wanted || wanted(example));
        examples.truncate(limits.max_examples);
        examples.into_iter().map(|example| example.evidence.clone()).collect()
    }
}

/// When the connection showed it: at the end of its life if it has one, else at its last packet.
fn onset(symptom: &Symptom, connection: &Connection) -> Timestamp {
    match symptom.evidence.first() {
        Some(packet) if *packet == connection.first.packet => connection.first.at,
        _ => connection.ending.first().map_or(connection.last.at, |moment| moment.at),
    }
}

fn evidence(symptom: &Symptom, connection: &Connection, limits: &Limits) -> Evidence {
    let mut packets = symptom.evidence.clone();
    packets.truncate(limits.max_evidence_packets);
    Evidence {
        connection: connection.number,
        client: connection.client,
        server: connection.server,
        packets,
        filter: format!("tcp.stream eq {}", connection.number),
        ladder: timeline::of(connection),
    }
}
