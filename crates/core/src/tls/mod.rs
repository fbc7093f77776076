//! What can be seen of a TLS handshake: records, hellos, certificates, alerts, the stage that was reached.
//!
//! In: the bytes of both directions in order, and gaps. Out: a [`Tls`]. Knows no sequence numbers, no ports, no
//! addresses, no clock; a passive observer never refuses.
//!
//! [`probe`] says whether the first bytes of a side are TLS at all, [`TlsObserver`] reads the rest. The way of the bytes:
//! `record` -> `message` -> `client_hello`, `server_hello`, `chain` -> `observer`, and `stage` for what is encrypted.

mod certificate;
mod chain;
mod client_hello;
mod cursor;
mod extension;
mod facts;
mod fingerprint;
mod message;
pub mod names;
mod observer;
mod probe;
mod record;
mod server_hello;
mod stage;
#[cfg(test)]
pub(crate) mod tests;
mod tickets;
mod version;

pub use certificate::{Certificate, Validity};
pub(crate) use chain::Chains;
pub use chain::{CertificateMessage, Chain};
pub use facts::{Alert, AlertLevel, ClientHello, HelloFormat, KeyShare, ServerHello, Sni, Stage, Tls};
pub use observer::TlsObserver;
pub use probe::{Probe, probe};
pub(crate) use record::{ALERT, APPLICATION_DATA, RecordHeader};
pub(crate) use stage::may_be_alert;
