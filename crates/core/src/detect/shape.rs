//! What a connection has, in a few bits: a detector is not asked about connections of which the bits tell its answer.
//!
//! The bits say nothing that the [`Connection`] does not say; they are gathered once instead of by each detector.

use std::ops::BitOr;

use super::thresholds::AGE_LEAST;
use crate::record::{CloseKind, Connection, Dialogue, Outcome, Reset, ResetKind};
use crate::types::Side;

/// What a connection has; as a detector's [`needs`](super::Detector::needs), what it must have for the detector to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape(u64);

impl Shape {
    /// Any connection.
    pub const ANY: Self = Self(0);
    /// A SYN was captured.
    pub const SYN: Self = Self(1);
    /// A SYN-ACK was captured.
    pub const SYN_ACK: Self = Self(1 << 1);
    /// Payload was captured, or sequence numbers show that some was sent.
    pub const PAYLOAD: Self = Self(1 << 2);
    /// TLS was recognised.
    pub const TLS: Self = Self(1 << 3);
    /// A FIN or a RST ended it.
    pub const ENDED: Self = Self(1 << 4);
    /// A FIN ended it.
    pub const ENDED_BY_FIN: Self = Self(1 << 5);
    /// A RST ended it.
    pub const ENDED_BY_RESET: Self = Self(1 << 6);
    /// The server sent the first FIN or RST.
    pub const CLOSED_BY_SERVER: Self = Self(1 << 7);
    /// The server sent a FIN.
    pub const SERVER_FIN: Self = Self(1 << 8);

    /// Packets of both sides were captured.
    pub const BOTH_SIDES: Self = Self(1 << 9);
    /// One side alone was captured, though the other answered.
    pub const ONE_WAY: Self = Self(1 << 10);
    /// Its beginning was not captured.
    pub const MID_STREAM: Self = Self(1 << 11);
    /// Packets of it were cut by the snap length.
    pub const CUT: Self = Self(1 << 12);
    /// Packets of it were seen more than once.
    pub const TWINS: Self = Self(1 << 13);
    /// Payload was sent after the other side had closed.
    pub const LATE_WRITE: Self = Self(1 << 14);
    /// Only packets with SYN, FIN and RST of it were captured.
    pub const FLAGS_ONLY: Self = Self(1 << 15);
    /// Payload of both sides was captured.
    pub const BOTH_SPOKE: Self = Self(1 << 16);
    /// A segment was sent again and was never answered.
    pub const UNANSWERED: Self = Self(1 << 17);
    /// A segment was sent again and was never answered, or one side says that it is missing what the other sent.
    pub const STUCK: Self = Self(1 << 40);
    /// There was a RST, whatever ended it.
    pub const RESET: Self = Self(1 << 18);
    /// A side took no more payload for a time.
    pub const ZERO_WINDOW: Self = Self(1 << 19);
    /// Keep-alive probes were sent.
    pub const PROBED: Self = Self(1 << 20);

    /// An ICMP error quoted a packet that was never acknowledged.
    pub const REJECTED: Self = Self(1 << 39);

    /// The RST looks like that of a host that does not know the connection.
    pub const BARE_RESET: Self = Self(1 << 31);
    /// The RST has the time to live of its side's other packets.
    pub const USUAL_TTL: Self = Self(1 << 32);
    /// A RST ended it before it was opened.
    pub const RESET_AT_ONCE: Self = Self(1 << 33);
    /// Its TCP timestamps show well that it was not quiet before its end, and it said nothing in clear.
    pub const BUSY: Self = Self(1 << 34);

    /// It ended within a second.
    pub const SHORT: Self = Self(1 << 35);
    /// It was opened and used: its outcome is established, or reset.
    pub const USED: Self = Self(1 << 36);

    /// It speaks a protocol that tells in clear why it refuses or ends a connection.
    pub const DIALOGUE: Self = Self(1 << 37);
    /// It said why, or its last word could not be read.
    pub const SAID: Self = Self(1 << 38);

    /// Payload of the client was captured.
    pub const CLIENT_SPOKE: Self = Self(1 << 28);
    /// The client sent a FIN.
    pub const CLIENT_FIN: Self = Self(1 << 29);
    /// It lived long enough to have met a limit on its age.
    pub const OLD: Self = Self(1 << 30);
    /// The client sent its SYN more than once.
    pub const SYN_REPEATED: Self = Self(1 << 21);
    /// The server sent its SYN-ACK more than once.
    pub const SYN_ACK_REPEATED: Self = Self(1 << 22);
    /// A SYN was answered by an ACK for something else.
    pub const CHALLENGED: Self = Self(1 << 23);
    /// The client answered the SYN-ACK with a bare RST.
    pub const SYN_ACK_REFUSED: Self = Self(1 << 24);
    /// Bytes were acknowledged that no captured packet carries.
    pub const GAPS: Self = Self(1 << 25);
    /// A segment was captured that is larger than the receiver takes.
    pub const OVERSIZED: Self = Self(1 << 26);
    /// One connection in 64, by its client's port: an example for findings about many.
    pub const SAMPLE: Self = Self(1 << 27);

    /// What a finished connection has that had this outcome. `is_bare` says that it is SYN, SYN-ACK, FIN and RST alone, each once and where
    /// it is usual.
    #[inline]
    pub(crate) fn of(c: &Connection, outcome: Outcome, is_bare: bool) -> Self {
        let bare = Self::of_bare(c, outcome);
        if is_bare {
            debug_assert_eq!(Self::of_rest(c), Self::ANY, "{c:?}");
            return bare;
        }
        bare | Self::of_rest(c)
    }

    /// What SYN, SYN-ACK, FIN and RST alone can show.
    #[inline]
    fn of_bare(c: &Connection, outcome: Outcome) -> Self {
        only(c.opening.syn.is_some(), Self::SYN)
            | only(c.opening.syn_ack.is_some(), Self::SYN_ACK)
            | only(c.carried_payload(), Self::PAYLOAD)
            | match c.ending.kind {
                CloseKind::Fin => Self::ENDED | Self::ENDED_BY_FIN,
                CloseKind::Reset => Self::ENDED | Self::ENDED_BY_RESET,
                CloseKind::Timeout | CloseKind::Open => Self::ANY,
            }
            | only(c.ending.closed_by == Some(Side::Server), Self::CLOSED_BY_SERVER)
            | only(c.ending.fin.server.is_some(), Self::SERVER_FIN)
            | only(c.ending.fin.client.is_some(), Self::CLIENT_FIN)
            | only(
                c.opening.syn.zip(c.ending.first).is_some_and(|(syn, end)| end.at.since(syn.at) >= AGE_LEAST),
                Self::OLD,
            )
            | only(super::tcp::is_short(c), Self::SHORT)
            | only(matches!(outcome, Outcome::Established | Outcome::Reset), Self::USED)
            | only(matches!(outcome, Outcome::Refused | Outcome::ResetInHandshake), Self::RESET_AT_ONCE)
            | only(c.traffic.client.packets > 0 && c.traffic.server.packets > 0, Self::BOTH_SIDES)
            | only(c.ending.late_write.is_some() || c.refused_unseen(), Self::LATE_WRITE)
            | only(c.visibility.flags_only, Self::FLAGS_ONLY)
            | c.ending.reset.as_ref().map_or(Self::ANY, Self::of_reset)
            | only(super::tcp::is_busy(c), Self::BUSY)
            | only(super::tcp::refusal_of_syn_ack(c).is_some(), Self::SYN_ACK_REFUSED)
            | only(is_sample(c), Self::SAMPLE)
    }

    /// What takes payload, retries, another way of capture, or word from elsewhere.
    fn of_rest(c: &Connection) -> Self {
        only(c.tls.is_some(), Self::TLS)
            | c.dialogue.as_deref().map_or(Self::ANY, |dialogue| Self::of_dialogue(c, dialogue))
            | only(c.begun_in.is_some(), Self::DIALOGUE | Self::SAID)
            | if c.http.is_some() { Self::of_http(c) } else { Self::ANY }
            | if c.http2.is_some() { Self::of_http2(c) } else { Self::ANY }
            | only(c.visibility.one_way.is_some(), Self::ONE_WAY)
            | only(c.visibility.mid_stream, Self::MID_STREAM)
            | only(c.visibility.cut_by_snaplen > 0, Self::CUT)
            | only(c.visibility.twins > 0, Self::TWINS)
            | only(
                c.traffic.client.first_payload.is_some() && c.traffic.server.first_payload.is_some(),
                Self::BOTH_SPOKE,
            )
            | only(c.traffic.client.unanswered.is_some() || c.traffic.server.unanswered.is_some(), Self::UNANSWERED)
            | only(c.traffic.client.is_stuck() || c.traffic.server.is_stuck(), Self::STUCK)
            | only(c.traffic.client.first_payload.is_some(), Self::CLIENT_SPOKE)
            | only(c.traffic.client.zero_window.is_some() || c.traffic.server.zero_window.is_some(), Self::ZERO_WINDOW)
            | only(c.traffic.client.probes.is_some() || c.traffic.server.probes.is_some(), Self::PROBED)
            | only(c.icmp_error.is_some_and(|error| error.lost.is_some()), Self::REJECTED)
            | only(c.opening.syn_count > 1, Self::SYN_REPEATED)
            | only(c.opening.syn_ack_count > 1, Self::SYN_ACK_REPEATED)
            | only(c.opening.challenge_ack.is_some(), Self::CHALLENGED)
            | only(c.visibility.missing_bytes.client > 0 || c.visibility.missing_bytes.server > 0, Self::GAPS)
            | only(c.exceeds_mss(Side::Client) || c.exceeds_mss(Side::Server), Self::OVERSIZED)
    }

    fn of_reset(reset: &Reset) -> Self {
        let bare = if reset.kind == ResetKind::NoSuchConnection { Self::BARE_RESET } else { Self::ANY };
        let usual = if super::tcp::has_usual_ttl(reset) { Self::USUAL_TTL } else { Self::ANY };
        Self::RESET | bare | usual
    }

    fn of_dialogue(c: &Connection, dialogue: &Dialogue) -> Self {
        let said = dialogue.said.is_some()
            || dialogue.unread
            || c.visibility.missing_bytes.server > 0
            || super::http::client_was_silent(c, dialogue);
        Self::DIALOGUE | if said { Self::SAID } else { Self::ANY }
    }

    /// Proxies and gateways say why in HTTP.
    #[inline(never)]
    fn of_http(c: &Connection) -> Self {
        Self::DIALOGUE | if super::http::says_why(c) { Self::SAID } else { Self::ANY }
    }

    #[inline(never)]
    fn of_http2(c: &Connection) -> Self {
        Self::DIALOGUE | if super::http::http2_says_why(c) { Self::SAID } else { Self::ANY }
    }

    /// Both together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything that is needed is there.
    pub const fn has(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }

    /// Whether nothing of it is there.
    pub const fn lacks(self, unwanted: Self) -> bool {
        unwanted.0 & self.0 == 0
    }
}

/// A bit for what there is.
#[inline]
const fn only(has: bool, bit: Shape) -> Shape {
    if has { bit } else { Shape::ANY }
}

/// See [`Shape::SAMPLE`].
pub(super) const fn is_sample(c: &Connection) -> bool {
    c.client.port.trailing_zeros() >= 6
}

impl BitOr for Shape {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_needed_must_be_there() {
        let refused = Shape::SYN | Shape::ENDED | Shape::ENDED_BY_RESET | Shape::CLOSED_BY_SERVER;
        assert!(refused.has(Shape::ANY) && refused.has(Shape::SYN) && refused.has(Shape::SYN | Shape::ENDED));
        assert!(!refused.has(Shape::SYN | Shape::PAYLOAD) && !refused.has(Shape::TLS));
        assert!(refused.lacks(Shape::ANY) && refused.lacks(Shape::TLS) && !refused.lacks(Shape::TLS | Shape::SYN));
    }
}
