//! Goodbyes and pings of protocols that are not read: whoever gets no answer to one has lost nothing.

use memchr::memmem;

/// Longer is no small talk.
const MOST: usize = 32;

/// Lines that protocols of text say goodbye with, or ask whether the other side is there.
const WORDS: [&[u8]; 7] = [b"quit", b"exit", b"bye", b"logout", b"ping", b"pong", b"noop"];

/// Whole messages of binary protocols.
const MESSAGES: [&[u8]; 7] = [
    b"X\0\0\0\x04",                // PostgreSQL: Terminate
    b"\x01\0\0\0\x01",             // MySQL: COM_QUIT
    b"\x01\0\0\0\x0e",             // MySQL: COM_PING
    b"\xe0\0",                     // MQTT: DISCONNECT
    b"\xc0\0",                     // MQTT: PINGREQ
    b"\x08\0\0\0\0\0\0\xce",       // AMQP 0-9-1: heartbeat
    b"\x30\x05\x02\x01\x03\x42\0", // LDAP: unbind, often the third message
];

/// Whether this payload is one, as far as its first bytes tell. What was not captured may be one.
pub(super) fn is_small_talk(payload: &[u8], length: u32) -> bool {
    if payload.len() < length as usize {
        return true;
    }
    if payload.len() > MOST {
        return false;
    }
    let mut text = [0; MOST];
    let text = text.get_mut(..payload.len()).unwrap_or_default();
    text.copy_from_slice(payload);
    text.make_ascii_lowercase();
    // Keystrokes, and the control bytes of terminals.
    payload.len() <= 4 || MESSAGES.contains(&payload) || WORDS.iter().any(|word| memmem::find(text, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodbyes_and_pings_are_told_from_requests() {
        let talk = |payload: &[u8]| is_small_talk(payload, payload.len() as u32);
        for payload in [b"QUIT\r\n".as_slice(), b"*1\r\n$4\r\nPING\r\n", b"X\0\0\0\x04", b"\xe0\0", b"\r"] {
            assert!(talk(payload), "{payload:?}");
        }
        for payload in [b"GET key\r\n".as_slice(), b"Q\0\0\0\x0aBEGIN\0", b"\0\0\0\x04helo", b"\xe0\0\0\0\0"] {
            assert!(!talk(payload), "{payload:?}");
        }
        assert!(is_small_talk(b"GET ", 9), "cut by the snap length, it may be anything");
        assert!(!is_small_talk(&[b'x'; 33], 33));
    }
}
