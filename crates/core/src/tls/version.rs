//! What follows from a version number.

use super::ClientHello;

/// TLS 1.3 or one of its drafts (0x7fNN; 0xfbNN was Facebook's).
pub(super) const fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304 | 0x7f00..=0x7fff | 0xfb00..=0xfbff)
}

/// A value of RFC 8701, sent to keep servers tolerant: 0x0a0a, 0x1a1a ... 0xfafa.
pub(super) const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

impl ClientHello {
    /// Whether TLS 1.3 is among the versions offered.
    pub(super) fn offers_tls13(&self) -> bool {
        self.supported_versions.iter().copied().any(is_tls13)
    }
}
