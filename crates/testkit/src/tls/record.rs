//! One TLS session: turns what the sides say into records.

use super::writer::Writer;
use super::{Alert, ClientHello, Group, ServerHello, Version};
use crate::Noise;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The largest plaintext of one record (RFC 8446 section 5.1).
const LARGEST: usize = 16_384;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The side that sent the ClientHello.
    Client,
    /// The other one.
    Server,
}

/// What both sides have agreed on so far.
#[derive(Clone, Debug)]
pub struct Session {
    noise: Noise,
    session_id: Vec<u8>,
    group: Group,
    chosen: Option<ServerHello>,
}

impl Session {
    /// A session before its first byte.
    pub const fn new(noise: Noise) -> Self {
        Self { noise, session_id: Vec::new(), group: Group::X25519, chosen: None }
    }

    /// The version, once a ServerHello has named it.
    pub fn version(&self) -> Option<Version> {
        self.chosen.as_ref().map(|hello| hello.version)
    }

    /// A ClientHello in its records.
    ///
    /// # Errors
    /// The size asked for is too small; the error is the smallest possible.
    pub fn client_hello(&mut self, hello: &ClientHello) -> Result<Vec<u8>, usize> {
        let greeting = hello.message(&mut self.noise)?;
        self.noise.next_u64();
        self.session_id = greeting.session_id;
        self.group = greeting.group;
        let part = greeting.message.len().div_ceil(hello.records.max(1));
        // RFC 8446 section 5.1: the first record may carry 0x0301, and nearly all clients do so.
        Ok(greeting.message.chunks(part).flat_map(|part| record(HANDSHAKE, Version::TLS1_0, part)).collect())
    }

    /// The server's flight that begins with a ServerHello.
    pub fn server_hello(&mut self, hello: &ServerHello) -> Vec<u8> {
        let legacy = hello.version.legacy();
        let message = hello.message(&self.session_id, self.group, &mut self.noise);
        let mut bytes = record(HANDSHAKE, legacy, &message);
        self.chosen = Some(hello.clone());
        if hello.alone {
            return bytes;
        }
        if hello.version == Version::TLS1_3 {
            bytes.extend(record(CHANGE_CIPHER_SPEC, legacy, &[1]));
            for length in hello.hidden_flight() {
                bytes.extend(self.hidden(length));
            }
        } else {
            for message in hello.clear_flight(&mut self.noise) {
                bytes.extend(record(HANDSHAKE, legacy, &message));
            }
        }
        bytes
    }

    /// The Certificate message of a client that was asked and has none, before 1.3 (RFC 5246 section 7.4.6).
    pub fn empty_certificate(&self) -> Vec<u8> {
        record(HANDSHAKE, Version::TLS1_2, &Writer::handshake(11, |body| body.vector(3, |_| {})))
    }

    /// A HelloRetryRequest and the CCS after it. The next ClientHello is expected to hold a share of P-256.
    pub fn hello_retry_request(&mut self) -> Vec<u8> {
        let retry = ServerHello::default().retry(&self.session_id, Group::P256);
        let mut bytes = record(HANDSHAKE, Version::TLS1_2, &retry);
        bytes.extend(record(CHANGE_CIPHER_SPEC, Version::TLS1_2, &[1]));
        bytes
    }

    /// The flight that ends this side's handshake; `None` before the ServerHello, and for a 1.3 server, whose
    /// Finished is part of its first flight.
    pub fn finished(&mut self, speaker: Speaker) -> Option<Vec<u8>> {
        let chosen = self.chosen.clone()?;
        let legacy = chosen.version.legacy();
        let ccs = record(CHANGE_CIPHER_SPEC, legacy, &[1]);
        match (chosen.version, speaker) {
            (Version::TLS1_3, Speaker::Server) => None,
            (Version::TLS1_3, Speaker::Client) => {
                let finished = self.hidden(4 + chosen.hash_length());
                Some([ccs, finished].concat())
            }
            (_, speaker) => {
                let mut bytes = Vec::new();
                if speaker == Speaker::Client {
                    let public = self.noise.bytes(32);
                    let keys = Writer::handshake(16, |body| body.vector(1, |point| point.bytes(&public)));
                    bytes.extend(record(HANDSHAKE, legacy, &keys));
                }
                bytes.extend(ccs);
                // verify_data of 12 bytes and its header, under AES-GCM (RFC 5288): explicit nonce 8, tag 16.
                let finished = self.noise.bytes(16 + 8 + 16);
                bytes.extend(record(HANDSHAKE, legacy, &finished));
                Some(bytes)
            }
        }
    }

    /// Application data in records; in clear while no version is chosen.
    pub fn application_data(&mut self, plain: &[u8]) -> Vec<u8> {
        match self.version() {
            None => plain.to_vec(),
            Some(Version::TLS1_3) => plain.chunks(LARGEST).flat_map(|part| self.hidden(part.len())).collect(),
            Some(version) => plain
                .chunks(LARGEST)
                .flat_map(|part| record(APPLICATION_DATA, version, &self.noise.bytes(part.len() + 24)))
                .collect(),
        }
    }

    /// Two session tickets of a 1.3 server; `None` in other versions.
    pub fn tickets(&mut self) -> Option<Vec<u8>> {
        (self.version()? == Version::TLS1_3).then(|| [self.hidden(233), self.hidden(233)].concat())
    }

    /// An alert in clear.
    pub fn alert(&self, alert: Alert) -> Vec<u8> {
        let version = self.version().unwrap_or(Version::TLS1_2).legacy();
        record(ALERT, version, &[if alert.fatal { 2 } else { 1 }, alert.description])
    }

    /// An alert under encryption; `None` before the ServerHello.
    pub fn encrypted_alert(&mut self) -> Option<Vec<u8>> {
        match self.version()? {
            Version::TLS1_3 => Some(self.hidden(2)),
            version => Some(record(ALERT, version, &self.noise.bytes(2 + 24))),
        }
    }

    /// A record of application data with a body of `length` bytes, whatever is in it.
    pub fn opaque(&mut self, length: usize) -> Vec<u8> {
        let version = self.version().unwrap_or(Version::TLS1_2).legacy();
        record(APPLICATION_DATA, version, &self.noise.bytes(length))
    }

    /// A TLS 1.3 ciphertext (RFC 8446 section 5.2): content type 1 and tag 16 come on top of the plaintext.
    fn hidden(&mut self, plaintext: usize) -> Vec<u8> {
        record(APPLICATION_DATA, Version::TLS1_2, &self.noise.bytes(plaintext + 17))
    }
}

fn record(kind: u8, version: Version, body: &[u8]) -> Vec<u8> {
    let mut record = Writer::default();
    record.u8(kind);
    record.u16(version.0);
    record.vector(2, |fragment| fragment.bytes(body));
    record.0
}
