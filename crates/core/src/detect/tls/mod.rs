//! Findings about the TLS handshake.

mod alerts;
pub(super) mod alpn_mismatch;
pub(super) mod certificate_fault;
pub(super) mod certificate_rejected;
mod certificate_words;
pub(super) mod client_certificate_fault;
mod client_stopped;
pub(super) mod encrypted_client_hello;
mod fault;
pub(super) mod handshake_abandoned;
mod hello_summary;
pub(super) mod large_client_hello_dropped;
pub(super) mod missing_sni;
pub(super) mod no_server_hello;
mod odd_name;
pub(super) mod plaintext_to_tls;
pub(super) mod proxy_protocol_mismatch;
mod server_stopped;
mod server_unfinished;
pub(super) mod slow_handshake;
pub(super) mod sni_ip_literal;
pub(super) mod sni_malformed;
pub(super) mod sni_mismatch;
pub(super) mod tls_alert;
pub(super) mod tls_parameter_mismatch;
pub(super) mod tls_to_plaintext;
pub(super) mod tls_version_mismatch;

pub(super) use client_certificate_fault::refuses_client;
pub(crate) use hello_summary::is_echo;
pub(super) use hello_summary::{exceeds_segment, got_no_byte};
