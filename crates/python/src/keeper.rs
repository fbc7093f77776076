//! What is kept of each finished connection: a row, the rows of its hellos and certificates, and its steps.

use arrow_schema::ArrowError;
use handshark::Sink;
use handshark::capture::Interfaces;
use handshark::compare::Tally;
use handshark::record::{Connection, timeline};
use handshark::types::{PacketNo, Side, Timestamp};
use handshark_output::arrow::Batches;
use handshark_output::rows::RowKind;

use crate::follow::{Symptom, symptoms};

/// Connections whose steps are kept, by number: some 300 bytes each. Rows are kept of all.
pub(crate) const MAX_TIMELINES: usize = 200_000;

/// Takes connections while the capture is read.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) connections: Batches,
    pub(crate) hellos: Batches,
    pub(crate) certificates: Batches,
    pub(crate) timelines: Vec<Option<Timeline>>,
    /// What is counted for comparisons.
    pub(crate) tally: Tally,
    /// Whether rows and steps are kept.
    keeps: bool,
    /// Symptoms since they were last taken, where somebody takes them.
    symptoms: Option<Vec<Symptom>>,
    /// A column that does not hold what the registry says: a bug, told at the end.
    pub(crate) failure: Option<ArrowError>,
}

impl Keeper {
    pub(crate) fn new() -> Self {
        Self {
            connections: Batches::new(RowKind::Connections),
            hellos: Batches::new(RowKind::Hellos),
            certificates: Batches::new(RowKind::Certificates),
            timelines: Vec::new(),
            tally: Tally::default(),
            keeps: true,
            symptoms: None,
            failure: None,
        }
    }

    /// Keeps no rows: for streams without an end.
    pub(crate) fn of_nothing() -> Self {
        Self { keeps: false, ..Self::new() }
    }

    /// Holds symptoms ready as well.
    pub(crate) fn telling_symptoms(self) -> Self {
        Self { symptoms: Some(Vec::new()), ..self }
    }

    /// The symptoms since the last call.
    pub(crate) fn take_symptoms(&mut self) -> Vec<Symptom> {
        self.symptoms.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

impl Sink for Keeper {
    fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
        if let Some(told) = &mut self.symptoms {
            told.extend(symptoms(connection));
        }
        if self.failure.is_some() || !self.keeps {
            return;
        }
        self.tally.add(connection);
        let mut tables = [&mut self.connections, &mut self.hellos, &mut self.certificates].into_iter();
        self.failure = tables.try_for_each(|table| table.push(connection, interfaces)).err();
        if let Ok(place) = usize::try_from(connection.number)
            && place < MAX_TIMELINES
        {
            if self.timelines.len() <= place {
                self.timelines.resize_with(place + 1, || None);
            }
            if let Some(timeline) = self.timelines.get_mut(place) {
                *timeline = Some(Timeline::of(connection));
            }
        }
    }
}

/// The steps of one connection, in little room.
#[derive(Debug)]
pub(crate) struct Timeline {
    start: Timestamp,
    steps: Box<[(PacketNo, Timestamp, Side)]>,
    /// One line for each step; texts of steps are escaped and hold no line end.
    what: Box<str>,
}

/// A timeline as Python pickles it: its start, its steps (packet, nanoseconds since the epoch, whether the client sent it),
/// and what they were, one line each.
pub(crate) type Plain = (i64, Vec<(u64, i64, bool)>, String);

/// One step as Python takes it: packet, nanoseconds since the epoch, seconds since the first packet, sender, what it was.
pub(crate) type Step<'a> = (u64, i64, f64, &'static str, &'a str);

impl Timeline {
    fn of(connection: &Connection) -> Self {
        let steps = timeline::of(connection);
        let what: Vec<&str> = steps.iter().map(|step| step.what.as_str()).collect();
        Self {
            start: connection.first.at,
            what: what.join("\n").into_boxed_str(),
            steps: steps.iter().map(|step| (step.packet, step.at, step.from)).collect(),
        }
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.steps.iter().zip(self.what.split('\n')).map(|(&(packet, at, from), what)| {
            (packet.number(), at.as_nanos(), at.since(self.start).as_secs_f64(), from.name(), what)
        })
    }
    pub(crate) fn plain(&self) -> Plain {
        let steps = self.steps.iter().map(|(packet, at, from)| (packet.number(), at.as_nanos(), *from == Side::Client));
        (self.start.as_nanos(), steps.collect(), self.what.to_string())
    }

    pub(crate) fn from_plain((start, steps, what): Plain) -> Self {
        let side = |client| if client { Side::Client } else { Side::Server };
        let steps = steps.into_iter().map(|(packet, at, client)| {
            (PacketNo::new(packet).unwrap_or(PacketNo::FIRST), Timestamp::from_nanos(at), side(client))
        });
        Self { start: Timestamp::from_nanos(start), steps: steps.collect(), what: what.into_boxed_str() }
    }
}
