//! Findings about the TLS handshake.

mod alerts;
mod hello_summary;
pub(super) mod missing_sni;
pub(super) mod no_server_hello;
pub(super) mod tls_alert;
pub(super) mod tls_version_mismatch;
