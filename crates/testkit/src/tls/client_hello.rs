//! The ClientHello (RFC 8446 section 4.1.2).

use super::writer::Writer;
use super::{Group, Version};
use crate::Noise;

/// What a client offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The server name; `None` leaves the extension out, an empty name is an empty name.
    pub server_name: Option<String>,
    /// Application protocols; none leaves the extension out.
    pub alpn: Vec<String>,
    /// Versions, the preferred one first.
    pub versions: Vec<Version>,
    /// Cipher suites; none: those usual for the versions.
    pub ciphers: Vec<u16>,
    /// Groups, the preferred one first: it gets a key share.
    pub groups: Vec<Group>,
    /// Whether there is an encrypted_client_hello extension.
    pub ech: bool,
    /// Whether a session is to be resumed.
    pub psk: bool,
    /// Length of the handshake message with its header, reached by padding; `None`: as it comes.
    pub size: Option<usize>,
    /// Number of records that it is split over.
    pub records: usize,
    /// Whether there are extensions at all.
    pub extensions: bool,
}

impl Default for ClientHello {
    fn default() -> Self {
        Self {
            server_name: None,
            alpn: Vec::new(),
            versions: vec![Version::TLS1_3, Version::TLS1_2],
            ciphers: Vec::new(),
            groups: vec![Group::X25519, Group::P256, Group::P384],
            ech: false,
            psk: false,
            size: None,
            records: 1,
            extensions: true,
        }
    }
}

/// A written ClientHello and what the server will need of it.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// The handshake message.
    pub message: Vec<u8>,
    /// The session identifier, which a server of 1.3 sends back.
    pub session_id: Vec<u8>,
    /// The group of the first key share.
    pub group: Group,
}

const PADDING: u16 = 21;
const PRE_SHARED_KEY: u16 = 41;

impl ClientHello {
    /// The handshake message.
    ///
    /// # Errors
    /// `size` is smaller than the message is without padding; the error is the smallest size that can be had.
    pub fn message(&self, noise: &mut Noise) -> Result<Greeting, usize> {
        let random = noise.random();
        let session_id = noise.bytes(32);
        let plain = self.written(&random, &session_id, None, &mut noise.clone());
        let message = match self.size {
            None => plain,
            Some(size) if size == plain.len() => plain,
            // The header of the padding extension takes four bytes.
            Some(size) => {
                let padding = size.checked_sub(plain.len() + 4).ok_or(plain.len() + 4)?;
                self.written(&random, &session_id, Some(padding), &mut noise.clone())
            }
        };
        let group = self.groups.first().copied().unwrap_or(Group::X25519);
        Ok(Greeting { message, session_id, group })
    }

    fn written(&self, random: &[u8; 32], session_id: &[u8], padding: Option<usize>, noise: &mut Noise) -> Vec<u8> {
        let highest = self.versions.iter().copied().max().unwrap_or(Version::TLS1_2);
        Writer::handshake(1, |hello| {
            hello.u16(highest.legacy().0);
            hello.bytes(random);
            hello.vector(1, |id| id.bytes(session_id));
            hello.vector(2, |suites| self.cipher_suites().iter().for_each(|suite| suites.u16(*suite)));
            hello.vector(1, |methods| methods.u8(0));
            if self.extensions {
                hello.vector(2, |extensions| self.write_extensions(extensions, padding, noise));
            }
        })
    }

    fn cipher_suites(&self) -> Vec<u16> {
        if !self.ciphers.is_empty() {
            return self.ciphers.clone();
        }
        let mut suites = Vec::new();
        if self.versions.contains(&Version::TLS1_3) {
            suites.extend([0x1301, 0x1302, 0x1303]);
        }
        if self.versions.contains(&Version::TLS1_2) {
            suites.extend([0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8]);
        }
        if self.versions.iter().any(|version| *version < Version::TLS1_3) {
            suites.extend([0xc013, 0xc014, 0x002f, 0x0035]);
        }
        suites
    }

    fn write_extensions(&self, out: &mut Writer, padding: Option<usize>, noise: &mut Noise) {
        let modern = self.versions.contains(&Version::TLS1_3);
        let old = self.versions.iter().any(|version| *version < Version::TLS1_3);
        if let Some(name) = &self.server_name {
            // RFC 6066 section 3
            out.extension(0, |e| {
                e.vector(2, |list| {
                    list.u8(0);
                    list.vector(2, |host| host.bytes(name.as_bytes()));
                });
            });
        }
        if old {
            out.extension(23, |_| {}); // extended_master_secret
            out.extension(0xff01, |e| e.u8(0)); // renegotiation_info
        }
        out.extension(10, |e| e.vector(2, |list| self.groups.iter().for_each(|group| list.u16(group.0))));
        if old {
            out.extension(11, |e| e.vector(1, |formats| formats.u8(0)));
            out.extension(35, |_| {}); // session_ticket
        }
        if !self.alpn.is_empty() {
            out.extension(16, |e| {
                e.vector(2, |list| {
                    for name in &self.alpn {
                        list.vector(1, |protocol| protocol.bytes(name.as_bytes()));
                    }
                });
            });
        }
        out.extension(13, |e| {
            e.vector(2, |list| {
                [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601].into_iter().for_each(|s| list.u16(s));
            });
        });
        if modern {
            out.extension(51, |e| {
                e.vector(2, |shares| {
                    for group in self.shares() {
                        shares.u16(group.0);
                        shares.vector(2, |share| share.bytes(&noise.bytes(group.share_length(false))));
                    }
                });
            });
            out.extension(45, |e| e.vector(1, |modes| modes.u8(1)));
            out.extension(43, |e| {
                e.vector(1, |list| self.versions.iter().for_each(|version| list.u16(version.0)));
            });
        }
        if self.ech {
            // draft-ietf-tls-esni section 5: outer, HKDF-SHA256, AES-128-GCM, config id, enc, payload
            out.extension(0xfe0d, |e| {
                e.bytes(&[0, 0, 1, 0, 1, 0x2a]);
                e.vector(2, |enc| enc.bytes(&noise.bytes(32)));
                e.vector(2, |payload| payload.bytes(&noise.bytes(208)));
            });
        }
        if let Some(padding) = padding {
            out.extension(PADDING, |e| e.bytes(&vec![0; padding]));
        }
        if self.psk {
            // RFC 8446 section 4.2.11: the last extension.
            out.extension(PRE_SHARED_KEY, |e| {
                e.vector(2, |identities| {
                    identities.vector(2, |identity| identity.bytes(&noise.bytes(192)));
                    identities.bytes(&noise.bytes(4));
                });
                e.vector(2, |binders| binders.vector(1, |binder| binder.bytes(&noise.bytes(32))));
            });
        }
    }

    /// The groups with a share: the first, and x25519 beside a post-quantum one (as browsers do).
    fn shares(&self) -> Vec<Group> {
        let mut shares: Vec<_> = self.groups.iter().copied().take(1).collect();
        if shares.first() == Some(&Group::X25519_MLKEM768) && self.groups.contains(&Group::X25519) {
            shares.push(Group::X25519);
        }
        shares
    }
}
