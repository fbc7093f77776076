//! The server's handshake messages in clear: ServerHello, HelloRetryRequest and, before 1.3, the certificate and keys.

use super::writer::Writer;
use super::{Group, Version};
use crate::Noise;

/// What a server chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version.
    pub version: Version,
    /// The cipher suite; `None`: a usual one for the version.
    pub cipher: Option<u16>,
    /// The application protocol, in clear before 1.3.
    pub alpn: Option<String>,
    /// Whether the random ends in the downgrade sentinel.
    pub downgrade: bool,
    /// Which certificate, in clear before 1.3.
    pub certificate: Certificate,
    /// Whether a certificate of the client is asked for, in clear before 1.3.
    pub request: bool,
    /// Whether nothing follows: no certificate, no encrypted flight.
    pub alone: bool,
}

/// A certificate for example.org and *.example.org, signed by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Valid from 2020 to 2120.
    #[default]
    Good,
    /// Valid in 2019 alone.
    Expired,
    /// Valid from 2100.
    NotYet,
    /// RSA with 1024 bits, valid from 2020 to 2120.
    Weak,
}

impl Certificate {
    /// From its name in ladders.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "good" => Some(Self::Good),
            "expired" => Some(Self::Expired),
            "not-yet" => Some(Self::NotYet),
            "weak" => Some(Self::Weak),
            _ => None,
        }
    }

    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Good => include_bytes!("example.org.der"),
            Self::Expired => include_bytes!("expired.der"),
            Self::NotYet => include_bytes!("not-yet.der"),
            Self::Weak => include_bytes!("weak.der"),
        }
    }
}

impl Default for ServerHello {
    fn default() -> Self {
        Self {
            version: Version::TLS1_3,
            cipher: None,
            alpn: None,
            downgrade: false,
            certificate: Certificate::Good,
            request: false,
            alone: false,
        }
    }
}

/// SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

impl ServerHello {
    /// The cipher suite.
    pub fn cipher(&self) -> u16 {
        self.cipher.unwrap_or(match self.version {
            Version::TLS1_3 => 0x1301,
            Version::TLS1_2 => 0xc02b,
            _ => 0xc009,
        })
    }

    /// Bytes of the hash of the cipher suite, which is the length of a Finished message.
    pub fn hash_length(&self) -> usize {
        if self.cipher() == 0x1302 { 48 } else { 32 }
    }

    /// The ServerHello message.
    pub fn message(&self, session_id: &[u8], group: Group, noise: &mut Noise) -> Vec<u8> {
        let mut random = noise.random();
        if self.downgrade {
            let last = u8::from(self.version == Version::TLS1_2);
            random[24..].copy_from_slice(&[b'D', b'O', b'W', b'N', b'G', b'R', b'D', last]);
        }
        let modern = self.version == Version::TLS1_3;
        let own_id = noise.bytes(32);
        Writer::handshake(2, |hello| {
            hello.u16(self.version.legacy().0);
            hello.bytes(&random);
            hello.vector(1, |id| id.bytes(if modern { session_id } else { &own_id }));
            hello.u16(self.cipher());
            hello.u8(0);
            hello.vector(2, |extensions| {
                if modern {
                    extensions.extension(43, |e| e.u16(self.version.0));
                    extensions.extension(51, |e| {
                        e.u16(group.0);
                        e.vector(2, |share| share.bytes(&noise.bytes(group.share_length(true))));
                    });
                } else {
                    extensions.extension(0xff01, |e| e.u8(0));
                    extensions.extension(23, |_| {});
                    if let Some(alpn) = &self.alpn {
                        extensions.extension(16, |e| {
                            e.vector(2, |list| list.vector(1, |protocol| protocol.bytes(alpn.as_bytes())));
                        });
                    }
                }
            });
        })
    }

    /// A HelloRetryRequest that asks for a share of `group`.
    pub fn retry(&self, session_id: &[u8], group: Group) -> Vec<u8> {
        Writer::handshake(2, |hello| {
            hello.u16(self.version.legacy().0);
            hello.bytes(&RETRY_RANDOM);
            hello.vector(1, |id| id.bytes(session_id));
            hello.u16(self.cipher());
            hello.u8(0);
            hello.vector(2, |extensions| {
                extensions.extension(43, |e| e.u16(self.version.0));
                extensions.extension(51, |e| e.u16(group.0));
            });
        })
    }

    /// Certificate, ServerKeyExchange and ServerHelloDone of TLS 1.2 and before (RFC 5246 section 7.4, RFC 8422).
    pub fn clear_flight(&self, noise: &mut Noise) -> Vec<Vec<u8>> {
        let certificate = Writer::handshake(11, |body| {
            body.vector(3, |list| list.vector(3, |certificate| certificate.bytes(self.certificate.bytes())));
        });
        let key_exchange = Writer::handshake(12, |body| {
            body.u8(3); // named_curve
            body.u16(Group::X25519.0);
            body.vector(1, |public| public.bytes(&noise.bytes(32)));
            if self.version == Version::TLS1_2 {
                body.u16(0x0403);
            }
            body.vector(2, |signature| signature.bytes(&noise.bytes(71)));
        });
        // RFC 5246 section 7.4.4: types, signature algorithms, no names of authorities.
        let request = self.request.then(|| {
            Writer::handshake(13, |body| {
                body.vector(1, |types| types.bytes(&[1, 64]));
                body.vector(2, |algorithms| algorithms.u16(0x0403));
                body.vector(2, |_| {});
            })
        });
        let done = Writer::handshake(14, |_| {});
        [Some(certificate), Some(key_exchange), request, Some(done)].into_iter().flatten().collect()
    }

    /// Lengths of the encrypted messages of a 1.3 server: EncryptedExtensions, Certificate, CertificateVerify, Finished.
    pub fn hidden_flight(&self) -> [usize; 4] {
        let alpn = self.alpn.as_ref().map_or(0, |alpn| 7 + alpn.len());
        [6 + alpn, self.certificate.bytes().len() + 13, 79, 4 + self.hash_length()]
    }
}
