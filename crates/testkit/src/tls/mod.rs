//! TLS bytes: what each side says, as records, written from RFC 8446, RFC 5246 and RFC 6066.
//!
//! What is in clear on the wire is real; what is encrypted is noise of the right length. No keys exist.

mod alert;
mod client_hello;
mod record;
mod server_hello;
mod writer;

pub use alert::{ALERTS, Alert};
pub use client_hello::{ClientHello, Greeting};
pub use record::{Session, Speaker};
pub use server_hello::{Certificate, ServerHello};

/// A protocol version, as the two bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16);

impl Version {
    /// TLS 1.0
    pub const TLS1_0: Self = Self(0x0301);
    /// TLS 1.1
    pub const TLS1_1: Self = Self(0x0302);
    /// TLS 1.2
    pub const TLS1_2: Self = Self(0x0303);
    /// TLS 1.3
    pub const TLS1_3: Self = Self(0x0304);

    /// From `1.3` and the like.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "1.0" => Some(Self::TLS1_0),
            "1.1" => Some(Self::TLS1_1),
            "1.2" => Some(Self::TLS1_2),
            "1.3" => Some(Self::TLS1_3),
            _ => None,
        }
    }

    /// What stands in the old version fields: RFC 8446 sections 4.1.2 and 5.1 freeze them at 1.2.
    pub fn legacy(self) -> Self {
        self.min(Self::TLS1_2)
    }
}

/// A group for key exchange (RFC 8446 section 4.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(pub u16);

impl Group {
    /// secp256r1
    pub const P256: Self = Self(0x0017);
    /// secp384r1
    pub const P384: Self = Self(0x0018);
    /// x25519
    pub const X25519: Self = Self(0x001d);
    /// X25519MLKEM768, the post-quantum hybrid
    pub const X25519_MLKEM768: Self = Self(0x11ec);

    /// From its name in lower case.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "secp256r1" => Some(Self::P256),
            "secp384r1" => Some(Self::P384),
            "x25519" => Some(Self::X25519),
            "x25519mlkem768" => Some(Self::X25519_MLKEM768),
            _ => None,
        }
    }

    /// Bytes of a client's key share, or of the server's.
    pub const fn share_length(self, from_server: bool) -> usize {
        match (self.0, from_server) {
            (0x0017, _) => 65,
            (0x0018, _) => 97,
            // draft-ietf-tls-ecdhe-mlkem: encapsulation key 1184 or ciphertext 1088, and the 32 bytes of x25519.
            (0x11ec, false) => 1_184 + 32,
            (0x11ec, true) => 1_088 + 32,
            _ => 32,
        }
    }
}
