//! What kind of segment it is, in Wireshark's terms (the conditions of `tcp.analysis.*`, own code).

use super::Opening;
use super::half::Half;
use crate::net::Segment;
use crate::types::{Seq, Span, Timestamp};

/// What a segment is besides what its flags say: a set, and empty for nearly all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Class(u8);

impl Class {
    const ZERO_WINDOW_PROBE: Self = Self(1);
    const ZERO_WINDOW: Self = Self(1 << 1);
    const KEEP_ALIVE: Self = Self(1 << 2);
    const ACK_OF_UNCAPTURED: Self = Self(1 << 3);
    /// Its bytes were sent before, for whatever reason (fast and spurious retransmissions too).
    const RETRANSMISSION: Self = Self(1 << 4);
    /// Not sent again: it arrives after a later one.
    const OUT_OF_ORDER: Self = Self(1 << 5);

    pub(super) const fn is_usual(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn zero_window(self) -> bool {
        self.has(Self::ZERO_WINDOW)
    }

    pub(super) const fn zero_window_probe(self) -> bool {
        self.has(Self::ZERO_WINDOW_PROBE)
    }

    pub(super) const fn keep_alive(self) -> bool {
        self.has(Self::KEEP_ALIVE)
    }

    /// Whether it asks for an answer and brings nothing.
    pub(super) const fn is_probe(self) -> bool {
        self.0 & (Self::ZERO_WINDOW_PROBE.0 | Self::KEEP_ALIVE.0) != 0
    }

    pub(super) const fn ack_of_uncaptured(self) -> bool {
        self.has(Self::ACK_OF_UNCAPTURED)
    }

    /// Whether the sender sent these bytes a second time.
    pub(super) const fn is_retransmission(self) -> bool {
        self.has(Self::RETRANSMISSION)
    }

    pub(super) const fn is_out_of_order(self) -> bool {
        self.has(Self::OUT_OF_ORDER)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: Self, holds: bool) -> Self {
        if holds { Self(self.0 | other.0) } else { self }
    }
}

/// Below this, and without a measured round trip, a segment behind its successor was reordered, not sent again.
const REORDERED_WITHIN: Span = Span::from_millis(3);
/// A fast retransmission follows the last duplicate ACK within this.
const FAST_WITHIN: Span = Span::from_millis(20);

/// Looks at a segment of `me` before it is noted.
pub(super) fn classify(me: &Half, peer: &Half, s: &Segment<'_>, at: Timestamp, opening: &Opening) -> Class {
    let plain = !s.flags.any_of_three();
    let class = Class::default().and(Class::ZERO_WINDOW, s.window == 0 && plain);
    let Some(next) = me.next else {
        return class;
    };
    if s.payload_len == 1 && s.seq == next && peer.window == 0 && peer.last_ack.is_some() {
        return class.and(Class::ZERO_WINDOW_PROBE, true);
    }
    let beyond = |acknowledgeable| s.ack.is_after(acknowledgeable);
    let ack_of_uncaptured = s.flags.ack() && !s.flags.rst() && peer.acknowledgeable.is_some_and(beyond);
    let class = class.and(Class::ACK_OF_UNCAPTURED, ack_of_uncaptured);
    if !s.seq.is_before(next) {
        return class;
    }
    if s.payload_len <= 1 && plain && s.seq == next.minus(1) {
        return class.and(Class::KEEP_ALIVE, true);
    }
    if Half::takes_space(s) { class.and(resent(me, peer, s, at, opening, next), true) } else { class }
}

#[cold]
fn resent(me: &Half, peer: &Half, s: &Segment<'_>, at: Timestamp, opening: &Opening, next: Seq) -> Class {
    let payload_end = s.seq.plus(s.payload_len);
    let acked = peer.last_ack.filter(|_| s.payload_len > 0);
    let spurious = acked.is_some_and(|ack| !payload_end.is_after(ack));
    let fast = peer.duplicate_acks >= 2 && peer.last_ack == Some(s.seq) && at.since(peer.last_ack_at) < FAST_WITHIN;
    if spurious || fast {
        return Class::RETRANSMISSION;
    }
    let round_trip = opening.ack.zip(opening.syn).map(|(ack, syn)| ack.at.since(syn.at));
    let window = round_trip.unwrap_or(REORDERED_WITHIN);
    if at.since(me.next_at) < window && Half::end_of(s) != next {
        return Class::OUT_OF_ORDER;
    }
    Class::RETRANSMISSION
}
