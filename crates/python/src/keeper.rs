//! What is kept of each finished connection while a capture is read.

use arrow_schema::ArrowError;
use handshark::capture::Interfaces;
use handshark::record::Connection;
use handshark::{Limits, Sink};

use crate::follow::{Symptom, symptoms};
use crate::rows::Rows;

/// Takes connections while the capture is read.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) rows: Rows,
    /// Whether rows are kept.
    keeps: bool,
    /// Symptoms since they were last taken, where somebody takes them.
    symptoms: Option<Vec<Symptom>>,
    /// A column that does not hold what the registry says: a bug, told at the end.
    pub(crate) failure: Option<ArrowError>,
}

impl Keeper {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { rows: Rows::new(limits), keeps: true, symptoms: None, failure: None }
    }

    /// Keeps no rows: for streams without an end.
    pub(crate) fn of_nothing(limits: &Limits) -> Self {
        Self { keeps: false, ..Self::new(limits) }
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
        self.failure = self.rows.push(connection, interfaces).err();
    }
}
