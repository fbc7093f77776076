//! What became of a connection, in one word.

use super::{CloseKind, Connection};
use crate::tls::{Stage, Tls};
use crate::types::{Side, Span};

/// What became of a connection, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Opened; where TLS was tried it was completed; ended by FIN, or by the client's own RST when all that it had asked was
    /// answered. A RST that only refuses bytes for which nobody waits any more changes nothing.
    Established,
    /// The SYN was answered by a RST.
    Refused,
    /// The SYN was not answered although the capture went on for 3 s after it.
    Unanswered,
    /// The SYN was answered by an ICMP error.
    Prohibited,
    /// A RST ended it between SYN-ACK and the first payload or within the TLS handshake.
    ResetInHandshake,
    /// The TLS handshake failed: an alert, or a close before it was complete.
    TlsFailed,
    /// Established, then ended by a RST, or closed by the server with a FIN and a RST for what the client wrote after it.
    Reset,
    /// Established, then segments went unanswered until the capture's end, or until the other side gave up without having got them.
    TimedOut,
    /// Still open when the capture ended, or begun right before.
    Open,
    /// Its beginning was not captured, or it was seen by samples alone; see the other fields for its end.
    MidStream,
    /// Opened and closed at once without any payload.
    HealthCheck,
}

impl Outcome {
    /// All, in the order of the report.
    pub const ALL: [Self; 11] = [
        Self::Established,
        Self::Refused,
        Self::Unanswered,
        Self::Prohibited,
        Self::ResetInHandshake,
        Self::TlsFailed,
        Self::Reset,
        Self::TimedOut,
        Self::Open,
        Self::MidStream,
        Self::HealthCheck,
    ];

    /// As in the `outcome` column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::Prohibited => "prohibited",
            Self::ResetInHandshake => "reset-in-handshake",
            Self::TlsFailed => "tls-failed",
            Self::Reset => "reset",
            Self::TimedOut => "timed-out",
            Self::Open => "open",
            Self::MidStream => "mid-stream",
            Self::HealthCheck => "health-check",
        }
    }

    /// Whether the connection did not do what it was opened for.
    pub const fn is_failure(self) -> bool {
        use Outcome::{Prohibited, Refused, Reset, ResetInHandshake, TimedOut, TlsFailed, Unanswered};
        matches!(self, Refused | Unanswered | Prohibited | ResetInHandshake | TlsFailed | Reset | TimedOut)
    }
}

/// An unanswered packet counts as such when the capture went on at least this long after it: a SYN is repeated after 1 s,
/// and an answer near the end of a file may only have been missed.
pub(crate) const ANSWER_WAIT: Span = Span::from_secs(3);

/// The first line that holds.
pub(super) fn of(c: &Connection) -> Outcome {
    // Who closes has got an answer, be it that nobody captured it.
    let closes =
        c.ending.fin.client.is_some() || c.ending.reset.is_some_and(|reset| reset.by == Side::Client && reset.ack);
    let answered = closes && c.visibility.one_way == Some(Side::Client) || c.ending.fin.server.is_some();
    let opened = c.opening.syn_ack.is_some() || c.opening.ack.is_some() || answered;
    let carried = c.carried_payload();
    if c.visibility.mid_stream || c.is_sampled() {
        return Outcome::MidStream;
    }
    if !opened && !carried {
        return match (&c.ending.reset, &c.icmp_error) {
            (Some(reset), _) if reset.by == Side::Server => Outcome::Refused,
            (_, Some(_)) => Outcome::Prohibited,
            (None, None) if is_still_waiting(c) => Outcome::Open,
            _ => Outcome::Unanswered,
        };
    }
    // Servers of TLS answer the end of a check by TCP with an alert.
    let said_nothing = c.client_said_nothing();
    let seen = c.visibility.gaps.client == 0 && c.visibility.one_way.is_none();
    if said_nothing && seen && c.tls.is_some() && c.ending.closed_by == Some(Side::Client) && was_dropped_at_once(c) {
        return Outcome::HealthCheck;
    }
    if let Some(tls) = &c.tls
        && is_unfinished(c, tls)
    {
        let ended = c.ending.kind != CloseKind::Open;
        if tls.fatal_alert().is_some() && !said_nothing {
            return Outcome::TlsFailed;
        }
        // How far the handshake came is not known where packets are missing.
        if ended && !c.misses_payload() && c.visibility.cut_by_snaplen == 0 {
            return if c.ending.kind == CloseKind::Reset { Outcome::ResetInHandshake } else { Outcome::TlsFailed };
        }
    }
    if let Some(tls) = &c.tls
        && tls.fatal_alert().is_some()
        && tls.client_data_records == 0
        && !said_nothing
    {
        return Outcome::TlsFailed;
    }
    match c.ending.kind {
        CloseKind::Reset if !carried && !was_accepted(c) => Outcome::ResetInHandshake,
        CloseKind::Fin | CloseKind::Reset if !carried && was_dropped_at_once(c) => Outcome::HealthCheck,
        CloseKind::Reset if c.left_by_reset() => Outcome::Established,
        CloseKind::Reset => Outcome::Reset,
        CloseKind::Fin if c.lost_a_write() => Outcome::Reset,
        CloseKind::Fin if c.unheard().is_some() => Outcome::TimedOut,
        CloseKind::Fin => Outcome::Established,
        CloseKind::Timeout => Outcome::TimedOut,
        CloseKind::Open => Outcome::Open,
    }
}

/// Whether the TLS handshake was not completed, as far as can be seen.
fn is_unfinished(c: &Connection, tls: &Tls) -> bool {
    match tls.stage {
        Stage::Established | Stage::MidStream => false,
        Stage::ClientFinished => tls.waits_for_server() && c.visibility.is_whole_of(Side::Server),
        _ => true,
    }
}

/// Whether the capture ended too soon after the SYN to say that no answer came.
fn is_still_waiting(c: &Connection) -> bool {
    let asked = c.opening.syn.unwrap_or(c.first);
    c.last.at.since(asked.at).plus(c.visibility.capture_went_on) < ANSWER_WAIT
}

/// Whether the client accepted the SYN-ACK: by an ACK, or by an abort that carries one (HAProxy's health checks).
fn was_accepted(c: &Connection) -> bool {
    c.opening.ack.is_some() || c.ending.reset.is_some_and(|reset| reset.by == Side::Client && reset.ack)
}

/// Whether the client itself ended it within a second. A server that closes an unused connection is no health check.
fn was_dropped_at_once(c: &Connection) -> bool {
    let life = c.ending.first.map(|end| end.at.since(c.first.at));
    !c.visibility.flags_only
        && c.ending.closed_by == Some(Side::Client)
        && life.is_some_and(|life| life < Span::from_secs(1))
}
