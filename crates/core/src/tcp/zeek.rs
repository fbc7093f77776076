//! Zeek's view: `conn_state` and `history`.

use super::{ConnState, History};
use crate::net::Segment;
use crate::types::{Side, Sided};

/// State of one side, as Zeek's TCP analyser keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    Partial,
    Established,
    Closed,
    Reset,
}

/// Both sides' states and the letters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Zeek {
    state: Sided<State>,
    pub(super) history: History,
    /// Letters that come once, by side.
    once: Sided<u8>,
    /// Sequence numbers of the last S, H, F and R, by side: a repeat with the same number adds no letter.
    numbers: Sided<[Option<u32>; 4]>,
}

const PURE_ACK: u8 = 1;
const DATA: u8 = 2;
const FIN_WITH_RST: u8 = 4;
const SYN_WITH_FIN_OR_RST: u8 = 8;

impl Zeek {
    pub(super) fn on_segment(&mut self, side: Side, s: &Segment<'_>) {
        self.letters(side, s);
        self.states(side, s);
    }

    /// A letter of an event that is counted in powers of ten: gaps, retransmissions, zero windows.
    pub(super) fn counted(&mut self, side: Side, letter: u8, count: u32) {
        if matches!(count, 1 | 10 | 100 | 1_000 | 10_000) {
            self.push(side, letter);
        }
    }

    /// Exchanges the sides after a guess of the roles turned out wrong.
    pub(super) fn swap(&mut self) {
        self.state = self.state.swapped();
        self.history = self.history.swapped();
        self.once = self.once.swapped();
        self.numbers = self.numbers.swapped();
    }

    fn letters(&mut self, side: Side, s: &Segment<'_>) {
        let flags = s.flags;
        if flags.syn() && (flags.fin() || flags.rst()) {
            self.once(side, SYN_WITH_FIN_OR_RST, b'Q');
        }
        if flags.fin() && flags.rst() {
            self.once(side, FIN_WITH_RST, b'I');
        }
        if flags.syn() {
            let (place, letter) = if flags.ack() { (1, b'H') } else { (0, b'S') };
            self.numbered(side, place, s.seq.0, letter);
        }
        if flags.fin() {
            self.numbered(side, 2, s.seq.0.wrapping_add(s.payload_len), b'F');
        }
        if flags.rst() {
            self.numbered(side, 3, s.seq.0, b'R');
        }
        if !flags.syn() && !flags.fin() && !flags.rst() {
            if s.payload_len > 0 {
                self.once(side, DATA, b'D');
            } else if flags.ack() {
                self.once(side, PURE_ACK, b'A');
            }
        }
    }

    fn states(&mut self, side: Side, s: &Segment<'_>) {
        use State::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
        let peer = side.peer();
        let flags = s.flags;
        if flags.rst() {
            let both_closed = self.state[side] == Closed && self.state[peer] == Closed;
            if !both_closed {
                self.state[side] = Reset;
            }
            return;
        }
        if flags.syn() {
            match (flags.ack(), self.state[side], self.state[peer]) {
                (false, Inactive | Partial, _) => self.state[side] = SynSent,
                (true, Inactive | SynSent, SynSent) => {
                    self.state[side] = Established;
                    self.state[peer] = Established;
                }
                (true, Inactive, _) => self.state[side] = SynAckSent,
                _ => {}
            }
        } else {
            match (self.state[side], self.state[peer]) {
                (Inactive, SynAckSent) if flags.ack() => {
                    self.state[side] = Established;
                    self.state[peer] = Established;
                }
                (Inactive, _) => self.state[side] = Partial,
                _ => {}
            }
        }
        if flags.fin() && self.state[side] != Reset {
            self.state[side] = Closed;
        }
    }

    fn push(&mut self, side: Side, letter: u8) {
        self.history.push(if side == Side::Client { letter } else { letter.to_ascii_lowercase() });
    }

    fn once(&mut self, side: Side, bit: u8, letter: u8) {
        if self.once[side] & bit == 0 {
            self.once[side] |= bit;
            self.push(side, letter);
        }
    }

    fn numbered(&mut self, side: Side, place: usize, number: u32, letter: u8) {
        if let Some(last) = self.numbers[side].get_mut(place)
            && *last != Some(number)
        {
            *last = Some(number);
            self.push(side, letter);
        }
    }

    /// The decision order of Zeek's `conn_state()`.
    pub(super) fn conn_state(&self, no_payload: bool) -> ConnState {
        use State::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
        let (client, server) = (self.state.client, self.state.server);
        let inactive = |state| matches!(state, Inactive | Partial);
        match (client, server) {
            (SynSent | SynAckSent, Reset) => ConnState::Rej,
            (Reset, Reset) if no_payload => ConnState::Rej,
            (client, Reset) if inactive(client) => ConnState::Rstrh,
            (_, Reset) => ConnState::Rstr,
            (Reset, server) if inactive(server) => self.reset_without_answer(),
            (Reset, _) => ConnState::Rsto,
            (Closed, Closed) => ConnState::Sf,
            (Closed, server) if inactive(server) => ConnState::Sh,
            (Closed, _) => ConnState::S2,
            (client, Closed) if inactive(client) => ConnState::Shr,
            (_, Closed) => ConnState::S3,
            (SynSent, Inactive) => ConnState::S0,
            (Established, Established) => ConnState::S1,
            _ => ConnState::Oth,
        }
    }

    /// Zeek's `/\^?S[^HAFGIQ]*R.*/`.
    fn reset_without_answer(&self) -> ConnState {
        let history = self.history.as_str().trim_start_matches('^');
        let matches = history
            .strip_prefix('S')
            .is_some_and(|rest| rest.find('R').is_some_and(|at| !rest[..at].contains(['H', 'A', 'F', 'G', 'I', 'Q'])));
        if matches { ConnState::Rstos0 } else { ConnState::Oth }
    }
}
