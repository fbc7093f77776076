//! The first bytes of a side's latest segments: enough to notice when others come in their place.
//!
//! Whoever forges an answer has to guess when the true one comes; then both lie in the same place of the stream. The bytes that were
//! captured first are the ones that are read ([`super::Assembler`]); that there were others is said.

use crate::types::Seq;

/// What is remembered of one side.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    latest: [Head; 2],
    /// The older of them.
    oldest: u8,
}

/// The beginning of one segment's payload.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    from: Seq,
    length: u8,
    bytes: [u8; MOST],
}

/// A ClientHello shows five bytes of its random within these, an HTTP response its status.
const MOST: usize = 16;

impl Heads {
    /// Notes a segment's payload. Whether it has other bytes than one of the latest had in the same place. One byte is a keep-alive
    /// probe, whose byte means nothing (RFC 9293 section 3.8.4).
    pub(crate) fn differ(&mut self, from: Seq, payload: &[u8]) -> bool {
        if payload.len() < 2 {
            return false;
        }
        let differ = self.latest.iter().any(|head| head.differs(from, payload));
        if !differ && !self.latest.iter().any(|head| head.length > 0 && head.from == from) {
            let length = payload.len().min(MOST);
            let mut head = Head { from, length: length as u8, bytes: [0; MOST] };
            head.bytes[..length].copy_from_slice(&payload[..length]);
            self.latest[usize::from(self.oldest)] = head;
            self.oldest ^= 1;
        }
        differ
    }
}

impl Head {
    fn differs(&self, from: Seq, payload: &[u8]) -> bool {
        let known = &self.bytes[..usize::from(self.length)];
        let ahead = self.from.distance_from(from);
        let skipped = ahead.unsigned_abs() as usize;
        let (known, there) =
            if ahead >= 0 { (Some(known), payload.get(skipped..)) } else { (known.get(skipped..), Some(payload)) };
        known.zip(there).is_some_and(|(known, there)| known.iter().zip(there).any(|(a, b)| a != b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_in_any_pieces_are_the_same() {
        let stream: Vec<u8> = (0..=255).collect();
        for (from, to) in [(0, 100), (0, 2), (3, 9), (10, 40), (90, 130), (0, 256)] {
            let mut heads = Heads::default();
            // Over the end of the numbers.
            let base = Seq(u32::MAX - 50);
            assert!(!heads.differ(base, &stream[..100]));
            assert!(!heads.differ(base.plus(100), &stream[100..200]));
            assert!(!heads.differ(base.plus(from as u32), &stream[from..to]), "{from} to {to}");
        }
    }

    #[test]
    fn other_bytes_are_noticed_where_the_beginning_of_a_segment_was() {
        let mut heads = Heads::default();
        assert!(!heads.differ(Seq(1_000), b"HTTP/1.1 302 Found\r\n"));
        assert!(heads.differ(Seq(1_000), b"HTTP/1.1 200 OK\r\nContent-Length: 5"));
        assert!(heads.differ(Seq(990), b"0123456789HTTP/1.1 200"));
        assert!(heads.differ(Seq(1_005), b"2.0 200"));
        assert!(!heads.differ(Seq(1_000), b"HTTP/1.1 302 Found\r\n"));
        assert!(!heads.differ(Seq(1_003), b"\0"), "a probe");
    }
}
