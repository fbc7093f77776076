//! Names of wire numbers, as IANA registers them.

use std::borrow::Cow;

/// An alert description, as `protocol_version`; the number where it has no name.
pub fn alert(description: u8) -> Cow<'static, str> {
    let name = match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        other => return Cow::Owned(other.to_string()),
    };
    Cow::Borrowed(name)
}

/// A protocol version, as `TLS 1.3`; hexadecimal where it has no name.
pub fn version(version: u16) -> Cow<'static, str> {
    let name = match version {
        0x0002 => "SSL 2.0",
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        other => return Cow::Owned(format!("0x{other:04x}")),
    };
    Cow::Borrowed(name)
}

/// A cipher suite, IANA name; hexadecimal where it has no name.
pub fn cipher_suite(id: u16) -> Cow<'static, str> {
    Cow::Owned(format!("0x{id:04x}"))
}

/// A named group, IANA name; hexadecimal where it has no name.
pub fn group(id: u16) -> Cow<'static, str> {
    Cow::Owned(format!("0x{id:04x}"))
}
