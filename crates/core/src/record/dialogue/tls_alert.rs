//! An alert of TLS in clear, from a server that was asked in another protocol: its port speaks TLS, and it could not read the question.

use super::Speaks;
use super::ear::{Begins, begins_with};
use super::listener::{Heard, Tongue};
use crate::tls::names;
use crate::types::Moment;

/// A server that has sent its alert.
#[derive(Debug, Default)]
struct TlsAlert {
    record: Vec<u8>,
}

/// The content type alert and the major version (RFC 8446 section 5.1).
const ALERT: &[u8] = &[0x15, 3];
/// Header, level and description.
const SIZE: usize = 7;
const FATAL: u8 = 2;

/// Whether a server's first bytes are an alert.
pub(super) fn begins(bytes: &[u8]) -> Begins {
    match bytes {
        [.., _] if bytes.len() < SIZE => match begins_with(bytes, ALERT, || Box::new(TlsAlert::default())) {
            Begins::No => Begins::No,
            Begins::Yes(_) | Begins::Perhaps => Begins::Perhaps,
        },
        [0x15, 3, 0..=4, 0, 2, FATAL, _, ..] => Begins::Yes(Box::new(TlsAlert::default())),
        _ => Begins::No,
    }
}

impl Tongue for TlsAlert {
    fn speaks(&self) -> Speaks {
        Speaks::TlsAlert
    }

    fn is_goodbye(&self, _bytes: &[u8]) -> bool {
        false
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        let missing = SIZE.saturating_sub(self.record.len());
        self.record.extend_from_slice(bytes.get(..missing.min(bytes.len())).unwrap_or_default());
        if let (Some(description), true) = (self.record.get(SIZE - 1), missing > 0) {
            let (code, name) = (description.to_string(), names::alert(*description));
            if let Some(said) = heard.says(at, &code, &name, false) {
                said.is_final = true;
            }
            heard.over = true;
        }
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.over = true;
    }
}
