//! Who spoke when: the client's bursts of payload, and the server's answers to them.

use super::ping_sized::PingSized;
use crate::types::{Moment, Side, Span};

/// Turns of the payload's direction: client, then server.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Bursts of the client that were answered.
    pub(super) answered: u32,
    /// Bursts of the client that count.
    asked: u32,
    /// Bytes of the client's burst.
    burst: u32,
    /// Those of its shortest that was answered.
    pub(super) shortest: Option<u32>,
    /// Who sent payload last.
    turn: Option<Side>,
    /// The first packet of the client's last burst, and of the answer to it.
    begun: Option<Moment>,
    answered_at: Option<Moment>,
    /// The first packet of the last answer, whatever the client said since.
    last_answer: Option<Moment>,
    /// TLS has begun.
    encrypted: bool,
    /// Whether the client's burst counts: a TLS handshake message is no request.
    counts: bool,
    last_payload: Option<Moment>,
    /// The payload before `begun`.
    pub(super) before: Option<Moment>,
    /// The longest silence after which both spoke again.
    pub(super) longest_survived: Option<Span>,
    pub(super) pings: PingSized,
}

/// The client's last words, where they ask for nothing: a TLS alert, or as short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goodbye {
    /// Their first packet.
    pub at: Moment,
    /// Payload bytes.
    pub bytes: u32,
    /// The first packet of the last answer before it.
    pub answer_before: Option<Moment>,
}

impl Exchanges {
    /// New payload of a side; `counts` says whether it can be part of a request.
    pub(super) fn on_payload(&mut self, side: Side, length: u32, at: Moment, counts: bool) {
        if side == Side::Client {
            if self.turn != Some(Side::Client) {
                self.begun = Some(at);
                self.answered_at = None;
                self.counts = false;
                self.burst = 0;
                self.before = self.last_payload;
            }
            self.asked += u32::from(counts && !self.counts);
            self.counts |= counts;
            self.burst = self.burst.saturating_add(length);
        } else if self.turn == Some(Side::Client) && self.counts {
            self.answered += 1;
            (self.answered_at, self.last_answer) = (Some(at), Some(at));
            self.shortest = Some(self.shortest.map_or(self.burst, |shortest| shortest.min(self.burst)));
            let silence = self.before.zip(self.begun).map_or(Span::ZERO, |(before, begun)| begun.at.since(before.at));
            let survived = self.longest_survived.unwrap_or_default().max(silence);
            self.longest_survived = (survived > Span::ZERO).then_some(survived);
        }
        self.turn = Some(side);
        self.last_payload = Some(at);
    }

    /// Whether session tickets may come: who was asked a second time answers, however alike.
    pub(super) const fn may_bring_tickets(&self) -> bool {
        self.asked <= 1
    }

    /// Records of the server that are no answer: session tickets, of which the first may have been taken for one, and alerts.
    pub(super) fn on_no_answer(&mut self, at: Moment, one_was_taken_for_data: bool) {
        if one_was_taken_for_data && self.turn == Some(Side::Server) && self.counts && self.answered_at.is_some() {
            self.answered -= 1;
            self.answered_at = None;
            self.turn = Some(Side::Client);
            if self.answered == 0 {
                self.shortest = None;
            }
        }
        self.last_payload = Some(at);
    }

    /// What comes is TLS: what was in clear before it (STARTTLS) does not tell how short a request is.
    pub(super) const fn on_tls(&mut self) {
        if !self.encrypted {
            (self.encrypted, self.shortest) = (true, None);
        }
    }

    /// The client's last words, where they ask for nothing.
    pub(super) fn goodbye(&self) -> Option<Goodbye> {
        let said = self.turn == Some(Side::Client) && !self.counts;
        let at = self.begun.filter(|_| said)?;
        Some(Goodbye { at, bytes: self.burst, answer_before: self.last_answer })
    }

    /// The last burst that counts, and the answer to it.
    pub(super) fn last(&self) -> Option<(Moment, Option<Moment>)> {
        self.counts.then_some((self.begun?, self.answered_at))
    }
}
