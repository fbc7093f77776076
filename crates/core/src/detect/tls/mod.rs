//! Findings about the TLS handshake.

mod hello_summary;
pub(super) mod missing_sni;
