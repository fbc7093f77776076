//! A history with times and repeats: what Zeek's leaves out.
//!
//! The letters are Zeek's, upper case from the client, in packet order; `*` is how often, `@` when, in seconds from the first
//! packet. Repeats whose times are not kept stand at the end.

use super::Connection;
use crate::types::{Moment, Side};

/// One kind of event of one side: from when to when, and how often.
struct Event {
    letter: char,
    from: Moment,
    to: Moment,
    count: u64,
}

/// The events of a connection, as `S@0 S@1.003 h@1.01 A@1.011 D*12@1.02-5.3 d*40@1.05-5.29 f@6.05 D@6.55 r@6.551 T*2`.
///
/// `S` is a SYN, `H` a SYN-ACK, `A` the ACK that ends the handshake, `D` payload from its first packet to its last and once
/// more after the other side's FIN, `T` a segment sent again that nobody acknowledged, `F` the first FIN, `R` RSTs from the
/// first on. At the end `T`, `O`, `K` and `W` count retransmissions, segments out of order, keep-alive probes and zero
/// windows.
pub(super) fn of(c: &Connection) -> String {
    let mut events = Vec::new();
    let mut add = |letter: char, side: Side, span: Option<(Moment, Moment)>, count: u64| {
        if let Some((from, to)) = span {
            events.push(Event { letter: of_side(letter, side), from, to, count });
        }
    };
    let at = |moment: Option<Moment>| moment.map(|at| (at, at));
    add('S', Side::Client, at(c.opening.syn), 1);
    for (nth, retry) in c.opening.syn_retries.iter().enumerate() {
        // Of more retries than are kept the last that is kept has the count.
        let kept = c.opening.syn_retries.len();
        let more = if nth + 1 == kept { u64::from(c.opening.syns_sent()).saturating_sub(kept as u64 + 1) } else { 0 };
        add('S', Side::Client, at(Some(*retry)), 1 + more);
    }
    add('H', Side::Server, at(c.opening.syn_ack), c.opening.syn_ack_count.into());
    add('A', Side::Client, at(c.opening.ack), 1);
    for (side, traffic) in c.traffic.each() {
        if let Some(first) = traffic.first_payload {
            add('D', side, Some((first, traffic.last_payload.unwrap_or(first))), traffic.payload_packets);
        }
        if let Some(unanswered) = &traffic.unanswered {
            add('T', side, Some((unanswered.second, unanswered.last)), unanswered.retransmissions.into());
        }
        add('F', side, at(c.ending.fin[side].map(|fin| fin.at)), 1);
    }
    if let Some(write) = &c.ending.late_write {
        add('D', write.by, at(write.at), write.count.into());
    }
    if let Some((first, by, _)) = c.ending.first_reset() {
        add('R', by, at(Some(first)), c.ending.reset_count[by].into());
    }
    events.sort_by_key(|event| event.from.packet);
    let mut line = String::with_capacity(64);
    for event in &events {
        event.write(&mut line, c.first);
    }
    for (side, traffic) in c.traffic.each() {
        let handshake = match side {
            Side::Client => c.opening.syns_sent(),
            Side::Server => c.opening.syn_ack_count,
        };
        let unanswered = traffic.unanswered.as_ref().map_or(0, |unanswered| unanswered.retransmissions);
        let told = handshake.saturating_sub(1) + unanswered;
        let counts = [
            ('T', traffic.retransmitted.saturating_sub(told)),
            ('O', traffic.out_of_order),
            ('K', traffic.keep_alives),
            ('W', traffic.zero_windows),
        ];
        for (letter, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            line.push_str(gap(&line));
            line.push(of_side(letter, side));
            line.push('*');
            push_whole(&mut line, count.into());
        }
    }
    line
}

impl Event {
    fn write(&self, line: &mut String, first: Moment) {
        let since = |moment: Moment| moment.at.since(first.at).as_nanos();
        line.push_str(gap(line));
        line.push(self.letter);
        if self.count > 1 {
            line.push('*');
            push_whole(line, self.count);
        }
        line.push('@');
        push_seconds(line, since(self.from));
        if self.to.at != self.from.at {
            line.push('-');
            push_seconds(line, since(self.to));
        }
    }
}

fn of_side(letter: char, side: Side) -> char {
    if side == Side::Client { letter } else { letter.to_ascii_lowercase() }
}

fn gap(line: &str) -> &'static str {
    if line.is_empty() { "" } else { " " }
}

/// Seconds to the nearest microsecond, without zeros at the end.
fn push_seconds(line: &mut String, nanos: i64) {
    let micros = nanos.unsigned_abs().saturating_add(500) / 1_000;
    if nanos < 0 && micros > 0 {
        line.push('-');
    }
    push_whole(line, micros / 1_000_000);
    let mut rest = micros % 1_000_000;
    if rest > 0 {
        line.push('.');
    }
    let mut unit = 100_000;
    while rest > 0 {
        line.push(char::from(b'0' + (rest / unit) as u8));
        (rest, unit) = (rest % unit, unit / 10);
    }
}

/// A whole number; there are several in every row, and nearly all have one digit.
fn push_whole(line: &mut String, number: u64) {
    if number >= 10 {
        push_whole(line, number / 10);
    }
    line.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::push_seconds;

    #[test]
    fn seconds_are_short() {
        let told = [0, 1_000_000_000, 1_003_000_000, 999, 499, -499, 600_000_000_000, -20_000_000, i64::MIN];
        let told = told.map(|nanos| {
            let mut line = String::new();
            push_seconds(&mut line, nanos);
            line
        });
        assert_eq!(told, ["0", "1", "1.003", "0.000001", "0", "0", "600", "-0.02", "-9223372036.854776"]);
    }
}
