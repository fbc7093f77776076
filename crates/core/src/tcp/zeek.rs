//! Zeek's view: `conn_state` and `history`.

use super::{ConnState, History};
use crate::net::{Flags, Segment};
use crate::types::{Seq, Side};

/// State of one side, as Zeek's TCP analyser keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    Partial,
    Established,
    Closed,
    Reset,
}

/// One side: its state, and which of its letters there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Speaker {
    state: State,
    /// Whether it had sent its FIN before it was reset.
    was_closed: bool,
    /// Letters that it has, one bit each.
    has: u8,
    /// Sequence numbers of its last S, H, F and R: a repeat with the same number adds no letter.
    numbers: [u32; 4],
    /// The end of what it sent.
    end: Seq,
    /// Segments whose payload brought nothing beyond that end: what Zeek calls retransmissions. Those that fill a hole and
    /// keep-alives with a byte are among them; SYNs and FINs without payload are not.
    behind: u32,
}

/// The letters of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Zeek {
    pub(super) history: History,
}

// The bits of `Speaker::has`; the first four belong to its numbers.
const SYN: usize = 0;
const SYN_ACK: usize = 1;
const FIN: usize = 2;
const RST: usize = 3;
const PURE_ACK: u8 = 1 << 4;
const DATA: u8 = 1 << 5;
const FIN_WITH_RST: u8 = 1 << 6;
const SYN_WITH_FIN_OR_RST: u8 = 1 << 7;

impl Speaker {
    /// Whether a plain segment with or without payload brings no new letter.
    #[inline]
    pub(super) const fn had_letter_of(&self, payload_len: u32) -> bool {
        self.has & if payload_len > 0 { DATA } else { PURE_ACK } != 0
    }

    pub(super) fn ends_at(&self, next: Seq) -> bool {
        self.end == next
    }

    /// It sent more.
    #[inline]
    pub(super) const fn end_at(&mut self, end: Seq) {
        self.end = end;
    }
}

impl Zeek {
    /// The letters of a segment, and the states that it leads to.
    pub(super) fn on_segment(&mut self, side: Side, me: &mut Speaker, peer: &mut Speaker, s: &Segment<'_>) {
        self.letters(side, me, s);
        self.sent(side, me, s);
        states(me, peer, s.flags);
    }

    /// Moves the end of what a side sent, or counts a segment behind it.
    fn sent(&mut self, side: Side, me: &mut Speaker, s: &Segment<'_>) {
        let flags = u32::from(s.flags.syn()) + u32::from(s.flags.fin());
        let end = s.seq.plus(s.payload_len.wrapping_add(flags));
        if me.state == State::Inactive || end.is_after(me.end) {
            me.end = end;
        } else if s.payload_len > 0 {
            me.behind += 1;
            self.counted(side, b'T', me.behind);
        }
    }

    /// A letter of an event that is counted in powers of ten: gaps, retransmissions, zero windows.
    pub(super) fn counted(&mut self, side: Side, letter: u8, count: u32) {
        if matches!(count, 1 | 10 | 100 | 1_000 | 10_000) {
            self.push(side, letter);
        }
    }

    /// Exchanges the sides after a guess of the roles turned out wrong.
    pub(super) fn swap(&mut self) {
        self.history = self.history.swapped();
    }

    fn letters(&mut self, side: Side, me: &mut Speaker, s: &Segment<'_>) {
        let flags = s.flags;
        if !flags.any_of_three() {
            if s.payload_len > 0 {
                self.once(side, me, DATA, b'D');
            } else if flags.ack() {
                self.once(side, me, PURE_ACK, b'A');
            }
            return;
        }
        if (flags.0 & (Flags::SYN | Flags::FIN | Flags::RST)).count_ones() > 1 {
            self.odd_letters(side, me, flags);
        }
        if flags.syn() {
            let (place, letter) = if flags.ack() { (SYN_ACK, b'H') } else { (SYN, b'S') };
            self.numbered(side, me, place, s.seq.0, letter);
        }
        if flags.fin() {
            self.numbered(side, me, FIN, s.seq.0.wrapping_add(s.payload_len), b'F');
        }
        if flags.rst() {
            self.numbered(side, me, RST, s.seq.0, b'R');
        }
    }

    /// Letters of flags that do not go together.
    #[cold]
    fn odd_letters(&mut self, side: Side, me: &mut Speaker, flags: Flags) {
        if flags.syn() && (flags.fin() || flags.rst()) {
            self.once(side, me, SYN_WITH_FIN_OR_RST, b'Q');
        }
        if flags.fin() && flags.rst() {
            self.once(side, me, FIN_WITH_RST, b'I');
        }
    }

    /// `^` at the beginning says that the first packet came from the server. Zeek writes it where it guessed so by the
    /// port; here the guess is that of the roles.
    fn push(&mut self, side: Side, letter: u8) {
        if side == Side::Server && self.history.is_empty() {
            self.history.push(b'^');
        }
        self.history.push(if side == Side::Client { letter } else { letter.to_ascii_lowercase() });
    }

    fn once(&mut self, side: Side, me: &mut Speaker, bit: u8, letter: u8) {
        if me.has & bit == 0 {
            me.has |= bit;
            self.push(side, letter);
        }
    }

    fn numbered(&mut self, side: Side, me: &mut Speaker, place: usize, number: u32, letter: u8) {
        let bit = 1 << place;
        if me.has & bit == 0 || me.numbers[place] != number {
            me.has |= bit;
            me.numbers[place] = number;
            self.push(side, letter);
        }
    }

    pub(super) fn conn_state(&self, client: &Speaker, server: &Speaker, no_payload: bool) -> ConnState {
        conn_state(client.state, server.state, no_payload, &self.history)
    }
}

/// The decision order of Zeek's `conn_state()`.
pub(super) fn conn_state(client: State, server: State, no_payload: bool, history: &History) -> ConnState {
    use State::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
    let inactive = |state| matches!(state, Inactive | Partial);
    match (client, server) {
        (SynSent | SynAckSent, Reset) => ConnState::Rej,
        (Reset, Reset) if no_payload => ConnState::Rej,
        (client, Reset) if inactive(client) => ConnState::Rstrh,
        (_, Reset) => ConnState::Rstr,
        (Reset, server) if inactive(server) => reset_without_answer(history),
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
fn reset_without_answer(history: &History) -> ConnState {
    let history = history.as_str().trim_start_matches('^');
    let matches = history
        .strip_prefix('S')
        .is_some_and(|rest| rest.find('R').is_some_and(|at| !rest[..at].contains(['H', 'A', 'F', 'G', 'I', 'Q'])));
    if matches { ConnState::Rstos0 } else { ConnState::Oth }
}

fn states(me: &mut Speaker, peer: &mut Speaker, flags: Flags) {
    use State::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
    if flags.rst() {
        let both_closed = me.state == Closed && peer.state == Closed;
        if !both_closed {
            me.was_closed = me.state == Closed;
            me.state = Reset;
        }
        return;
    }
    if flags.syn() {
        match (flags.ack(), me.state, peer.state) {
            (false, Inactive | Partial, _) => me.state = SynSent,
            (true, Inactive | SynSent, SynSent) => {
                me.state = Established;
                peer.state = Established;
            }
            (true, Inactive, _) => me.state = SynAckSent,
            _ => {}
        }
    } else if me.state == Inactive {
        if peer.state == SynAckSent && flags.ack() {
            me.state = Established;
            peer.state = Established;
        } else {
            me.state = Partial;
        }
    }
    if flags.fin() && me.state != Reset {
        me.state = Closed;
        // A side that was through and reset the rest all the same: Zeek takes it for a normal end.
        if peer.state == Reset && peer.was_closed {
            peer.state = Closed;
        }
    }
}
