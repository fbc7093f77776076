//! Alerts by name.

/// An alert in clear (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Whether its level is fatal; else it is warning.
    pub fatal: bool,
    /// AlertDescription.
    pub description: u8,
}

impl Alert {
    /// The description with this name, or this number.
    pub fn description_named(name: &str) -> Option<u8> {
        ALERTS.iter().find(|(known, _)| *known == name).map(|(_, code)| *code).or_else(|| name.parse().ok())
    }
}

/// Names and numbers, from the IANA registry "TLS Alerts".
pub const ALERTS: &[(&str, u8)] = &[
    ("close_notify", 0),
    ("unexpected_message", 10),
    ("bad_record_mac", 20),
    ("record_overflow", 22),
    ("handshake_failure", 40),
    ("bad_certificate", 42),
    ("unsupported_certificate", 43),
    ("certificate_revoked", 44),
    ("certificate_expired", 45),
    ("certificate_unknown", 46),
    ("illegal_parameter", 47),
    ("unknown_ca", 48),
    ("access_denied", 49),
    ("decode_error", 50),
    ("decrypt_error", 51),
    ("protocol_version", 70),
    ("insufficient_security", 71),
    ("internal_error", 80),
    ("inappropriate_fallback", 86),
    ("user_canceled", 90),
    ("no_renegotiation", 100),
    ("missing_extension", 109),
    ("unsupported_extension", 110),
    ("unrecognized_name", 112),
    ("bad_certificate_status_response", 113),
    ("unknown_psk_identity", 115),
    ("certificate_required", 116),
    ("no_application_protocol", 120),
    ("ech_required", 121),
];
