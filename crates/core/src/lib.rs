//! handshark says why TCP and TLS connections fail, from a packet capture.
//!
//! Bytes of a capture come in; finished [`Connection`](record::Connection)s and a [`Report`] with findings go out. The
//! crate has no clock, no log, no thread and no terminal: two runs over one capture give the same result.
//!
//! The modules stand in the order in which a packet passes them; each may know those above it, never those below.

#![forbid(unsafe_code)]

pub mod types;

mod anomaly;
mod error;
mod limits;
mod secret;

pub mod capture;
pub mod link;
pub mod net;

mod flow;
pub mod tcp;

pub mod http;
pub mod tls;

pub mod record;

pub mod detect;
pub mod report;

mod inspector;
mod pipeline;

pub mod compare;
pub mod correlate;
pub mod excerpt;

#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;

// The paved path. Everything else is reached through its module.
pub use anomaly::Quality;
pub use error::CaptureError;
pub use inspector::{Inspector, Progress, Sink, read_path};
pub use limits::Limits;
pub use report::Report;
