//! A live stream: bytes in as they come, symptoms of finished connections out, the whole analysis at the end.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use handshark::Inspector;
use handshark::record::Connection;
use handshark::tls::Sni;
use handshark::types::escaped;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::analysis::{Analysis, changed};
use crate::error::{guarded, raised};
use crate::keeper::Keeper;

/// A symptom as Python takes it: code, severity, confidence, connection, client address and port, server address and port,
/// server name (escaped), packets, nanoseconds since the epoch.
pub(crate) type Symptom =
    (&'static str, &'static str, &'static str, u64, (String, u16), (String, u16), Option<String>, Vec<u64>, i64);

/// The symptoms of one finished connection.
pub(crate) fn symptoms(c: &Connection) -> impl Iterator<Item = Symptom> {
    c.symptoms.iter().map(|symptom| {
        let hello = c.tls.as_ref().and_then(|tls| tls.client_hello.as_deref());
        let name = hello.and_then(|hello| match &hello.sni {
            Sni::Present(name) => Some(escaped(name).into_owned()),
            Sni::Empty | Sni::Absent | Sni::NotVisible(_) => None,
        });
        (
            symptom.code,
            symptom.severity.name(),
            symptom.confidence.name(),
            c.number,
            (c.client.address.to_string(), c.client.port),
            (c.server.address.to_string(), c.server.port),
            name,
            symptom.evidence.iter().map(|packet| packet.number()).collect(),
            symptom.at.unwrap_or(c.last.at).as_nanos(),
        )
    })
}

/// An analysis under way.
#[pyclass(frozen, module = "handshark._handshark")]
#[derive(Debug)]
pub(crate) struct Follower {
    inspector: Mutex<Option<Inspector<Keeper>>>,
    name: String,
    only: Vec<String>,
}

#[pymethods]
impl Follower {
    /// Nothing was read yet. Rows and steps are kept for the end where `keep` says so.
    #[new]
    fn new(name: String, changes: Vec<(String, f64)>, only: Vec<String>, keep: bool) -> PyResult<Self> {
        guarded(|| {
            let limits = changed(&changes)?;
            let keeper = if keep { Keeper::new(&limits) } else { Keeper::of_nothing(&limits) };
            let mut inspector = Inspector::with_sink(limits, keeper.telling_symptoms());
            // A stream that never gives a byte is an error too: without this the inspector would not know of the stream.
            inspector.push(&[]).map_err(|error| raised(error, &name))?;
            Ok(Self { inspector: Mutex::new(Some(inspector)), name, only })
        })
    }

    /// The next bytes; gives the symptoms of the connections that became final.
    fn push(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<Vec<Symptom>> {
        py.detach(|| {
            guarded(|| {
                let mut inspector = self.inspector.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(inspector) = inspector.as_mut() else { return Err(over()) };
                let pushed = inspector.push(bytes);
                inspector.now(SystemTime::now().into());
                let told = inspector.sink().take_symptoms();
                pushed.map(|()| told).map_err(|error| raised(error, &self.name))
            })
        })
    }

    /// The end of the stream: the symptoms of what was still open, and the whole analysis.
    fn finish(&self, py: Python<'_>) -> PyResult<(Vec<Symptom>, Analysis)> {
        py.detach(|| {
            guarded(|| {
                let inspector = self.inspector.lock().unwrap_or_else(PoisonError::into_inner).take();
                let (mut report, mut keeper) =
                    inspector.ok_or_else(over)?.finish().map_err(|error| raised(error, &self.name))?;
                report.capture.files = vec![escaped(&self.name).into_owned()];
                let told = keeper.take_symptoms();
                Ok((told, Analysis::new(report, keeper, self.only.clone())?))
            })
        })
    }
}

fn over() -> PyErr {
    PyValueError::new_err("the stream was read to its end")
}
