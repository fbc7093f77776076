//! What kind of segment it is, in Wireshark's terms (the conditions of `tcp.analysis.*`, own code).

use super::Opening;
use super::half::Half;
use crate::net::Segment;
use crate::types::{Span, Timestamp};

/// What a segment is besides what its flags say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) zero_window_probe: bool,
    pub(super) zero_window: bool,
    pub(super) keep_alive: bool,
    pub(super) ack_of_uncaptured: bool,
    pub(super) resent: Resent,
}

/// Whether its bytes were sent before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Resent {
    /// New bytes, or none.
    #[default]
    No,
    /// Sent before, and acknowledged before.
    Spurious,
    /// Sent before, after duplicate ACKs asked for it.
    Fast,
    /// Not sent again: it arrives after a later one.
    OutOfOrder,
    /// Sent before.
    Retransmission,
}

impl Resent {
    /// Whether the sender sent these bytes a second time.
    pub(super) const fn is_retransmission(self) -> bool {
        matches!(self, Self::Spurious | Self::Fast | Self::Retransmission)
    }
}

/// Below this, and without a measured round trip, a segment behind its successor was reordered, not sent again.
const REORDERED_WITHIN: Span = Span::from_millis(3);
/// A fast retransmission follows the last duplicate ACK within this.
const FAST_WITHIN: Span = Span::from_millis(20);

/// Looks at a segment of `me` before it is noted.
pub(super) fn classify(me: &Half, peer: &Half, s: &Segment<'_>, at: Timestamp, opening: &Opening) -> Class {
    let mut class = Class::default();
    let flags = s.flags.0 & 7;
    class.zero_window = s.window == 0 && flags == 0;
    let Some(next) = me.next else {
        return class;
    };
    if s.payload_len == 1 && s.seq == next && peer.window == 0 && peer.last_ack.is_some() {
        class.zero_window_probe = true;
        return class;
    }
    class.keep_alive = s.payload_len <= 1 && flags == 0 && s.seq == next.minus(1);
    if s.flags.ack()
        && let Some(acknowledgeable) = peer.acknowledgeable
    {
        class.ack_of_uncaptured = s.ack.is_after(acknowledgeable) && !s.flags.rst();
    }
    let takes_space = s.payload_len > 0 || s.flags.syn() || s.flags.fin();
    if takes_space && !class.keep_alive && s.seq.is_before(next) {
        class.resent = resent(me, peer, s, at, opening, next);
    }
    class
}

fn resent(
    me: &Half,
    peer: &Half,
    s: &Segment<'_>,
    at: Timestamp,
    opening: &Opening,
    next: crate::types::Seq,
) -> Resent {
    let payload_end = s.seq.plus(s.payload_len);
    let acked = peer.last_ack.filter(|_| s.payload_len > 0);
    if acked.is_some_and(|ack| !payload_end.is_after(ack)) {
        return Resent::Spurious;
    }
    if peer.duplicate_acks >= 2 && peer.last_ack == Some(s.seq) && at.since(peer.last_ack_at) < FAST_WITHIN {
        return Resent::Fast;
    }
    let round_trip = opening.ack.zip(opening.syn).map(|(ack, syn)| ack.at.since(syn.at));
    let window = round_trip.unwrap_or(REORDERED_WITHIN);
    if at.since(me.next_at) < window && Half::end_of(s) != next {
        return Resent::OutOfOrder;
    }
    Resent::Retransmission
}
