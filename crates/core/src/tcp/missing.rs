//! What of a side's stream was not captured, and how that is known.

use super::Hole;
use super::half::Half;
use crate::types::{Moment, Seq};

/// RFC 7323 section 2.3: no window is larger. What is farther off is of another connection, or forged.
const LARGEST_WINDOW: u32 = 1 << 30;

impl Half {
    /// Whether everything before this number was captured, in whatever order.
    pub(super) fn has_sent_all_before(&self, ack: Seq) -> bool {
        let Some(start) = self.stream_start() else { return false };
        let end = self.fin.map_or(ack, |fin| if fin.seq.plus(1) == ack { fin.seq } else { ack });
        // An ACK of the SYN alone is an ACK of no byte; after a challenge ACK the numbers before it are those of an older connection.
        !end.is_after(start) || self.ranges.cover(start, end)
    }

    /// Bytes that the peer acknowledged, and of which no captured packet was.
    #[cold]
    pub(super) fn bytes_in_gaps(&self, peer: &Self) -> u32 {
        let (Some(base), Some(end)) = (self.base, peer.last_ack) else { return 0 };
        // Without its SYN the first packet of a side can be a keep-alive probe, one byte too low.
        let (start, unsure) = self.stream_start().map_or_else(|| (base.plus(1), 1), |start| (start, 0));
        let fin = self.fin.is_some_and(|fin| end.is_after(fin.seq));
        let acknowledged = end.minus(u32::from(fin)).distance_from(start.plus(unsure));
        // The count goes on past 2^32 where sequence numbers begin again: only their difference means something.
        let missing = acknowledged.wrapping_sub(self.ranges.bytes() as i32).max(0).unsigned_abs();
        if missing > LARGEST_WINDOW { 0 } else { missing }
    }

    /// A packet whose number is beyond what was captured before it.
    #[cold]
    pub(super) fn note_ahead(&mut self, at: Moment) {
        // Where nothing was missing until now a new time begins.
        if self.ran_ahead.is_none() || self.acknowledgeable == self.next {
            self.ran_ahead = Some(at);
        }
    }

    /// What the peer is still missing of it, as it says itself.
    pub(super) fn hole(&self, peer: &Self) -> Option<Box<Hole>> {
        let (told, _) = peer.arrived?;
        let bytes = self.ranges.missing_at(peer.last_ack?)?;
        Some(Box::new(Hole { told, bytes }))
    }

    /// What it had sent by its own numbers, and was neither captured nor acknowledged. Of SYN, FIN and RST alone nothing is said: their
    /// numbers always go on behind what was not captured.
    pub(super) fn unseen(&self, peer: &Self) -> Option<Box<Hole>> {
        let told = self.ran_ahead.filter(|_| self.plain && peer.plain)?;
        let (acknowledged, end) = (peer.last_ack?, self.fin.map(|fin| fin.seq).or(self.next)?);
        let until = match self.ranges.missing_at(acknowledged) {
            Some(bytes) => acknowledged.plus(bytes),
            None if self.ranges.has(acknowledged) => return None,
            None => end,
        };
        let bytes = until.distance_from(acknowledged).max(0).unsigned_abs();
        (1..=LARGEST_WINDOW).contains(&bytes).then(|| Box::new(Hole { told, bytes }))
    }
}
