//! What can be seen of a TLS handshake: records, hellos, alerts, the stage that was reached.
//!
//! In: the bytes of both directions in order, and gaps. Out: a [`Tls`]. Knows no sequence numbers, no ports, no
//! addresses, no clock; a passive observer never refuses.

mod facts;
mod fingerprint;
pub mod names;

pub use facts::{Alert, AlertLevel, ClientHello, HelloFormat, KeyShare, ServerHello, Sni, Stage, Tls};
