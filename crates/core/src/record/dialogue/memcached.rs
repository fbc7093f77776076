//! memcached: the one thing that it says to those whom it does not serve.
//!
//! After `proto_text.c`: a server with as many connections as it allows writes a line to a new one, and closes it. Anything else that it
//! says is an answer.

use super::Speaks;
use super::ear::{Begins, begins_with};
use super::listener::{Heard, Tongue};
use crate::types::Moment;

/// A connection that is turned away.
#[derive(Debug)]
struct TurnedAway;

const WORDS: &[u8] = b"ERROR Too many open connections";

/// Whether a server's first bytes turn a client away.
pub(super) fn begins_with_refusal(bytes: &[u8]) -> Begins {
    begins_with(bytes, WORDS, || Box::new(TurnedAway))
}

impl Tongue for TurnedAway {
    fn speaks(&self) -> Speaks {
        Speaks::Memcached
    }

    fn is_goodbye(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"quit")
    }

    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        if bytes.starts_with(WORDS) {
            heard.says(at, "ERROR", &String::from_utf8_lossy(WORDS), false);
        } else {
            heard.goes_on();
        }
    }

    fn on_gap(&mut self, _length: u32, heard: &mut Heard) {
        heard.goes_on();
    }
}
