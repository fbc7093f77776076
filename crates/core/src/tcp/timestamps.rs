//! A host's TCP timestamp clock (RFC 7323), used to date a packet that was not captured.

use super::{IdleSource, IdleTime};
use crate::net::Options;
use crate::types::{Span, Timestamp};

/// The first and the last TSval of one side, and when they were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps {
    any: bool,
    first: u32,
    last: u32,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// Tick rates that hosts use; RFC 7323 section 5.4 allows 1 Hz to 1 kHz. Linux since 4.13, macOS and FreeBSD tick at 1 kHz.
const RATES: [f64; 4] = [1_000.0, 250.0, 100.0, 10.0];
/// A rate is measured over at least this long.
const MEASURED_OVER: Span = Span::from_millis(500);

impl Stamps {
    pub(super) fn note(&mut self, value: u32, at: Timestamp) {
        if !self.any {
            *self = Self { any: true, first: value, last: value, first_at: at, last_at: at };
            return;
        }
        // Retransmissions may carry an older value; the clock itself never goes back.
        if value.wrapping_sub(self.last) as i32 >= 0 {
            (self.last, self.last_at) = (value, at);
        }
    }

    /// When a segment with `value` was sent, with how far that can be off; `None` where it can not be told.
    fn date(&self, value: u32) -> Option<(Timestamp, Span)> {
        let &Self { any, first, last, first_at, last_at } = self;
        if !any {
            return None;
        }
        let ticks = value.wrapping_sub(first) as i32;
        if ticks < 0 {
            return None;
        }
        let apart = last_at.since(first_at);
        let measured = if apart >= MEASURED_OVER && last != first {
            let rate = f64::from(last.wrapping_sub(first)) / apart.as_secs_f64();
            Some(*RATES.iter().find(|known| (rate / **known - 1.0).abs() < 0.05)?)
        } else {
            None
        };
        let rate = measured.unwrap_or(1_000.0);
        let passed = Span::from_secs_f64(f64::from(ticks) / rate);
        // One tick at each end; a clock that was not measured may drift by a part in a thousand.
        let drift = if measured.is_some() { 0.0002 } else { 0.001 };
        let uncertainty = Span::from_secs_f64(2.0 / rate + passed.as_secs_f64() * drift);
        Some((first_at.plus(passed), uncertainty))
    }
}

/// How long before `closed` the peer had last sent something, by the TSval that the closing segment echoes.
///
/// The FIN's TSecr is the TSval of the last segment that its sender had received in order: usually the ACK of its last
/// payload, one round trip after it at most.
pub(super) fn idle(peer: &Stamps, closing: &Options, closed: Timestamp) -> Option<IdleTime> {
    let (_, echoed) = closing.timestamps.filter(|(_, echoed)| *echoed != 0)?;
    let (sent, uncertainty) = peer.date(echoed)?;
    let span = closed.since(sent);
    // A clock that is not what we took it for dates packets after the close, or before the connection.
    if span < Span::from_nanos(-uncertainty.as_nanos()) {
        return None;
    }
    Some(IdleTime { span: span.max(Span::ZERO), source: IdleSource::TcpTimestamps, uncertainty, last_by: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn echo(value: u32) -> Options {
        Options { timestamps: Some((0, value)), ..Options::default() }
    }

    #[test]
    fn a_millisecond_clock_dates_the_last_packet() {
        let mut peer = Stamps::default();
        peer.note(5_000, at(0));
        peer.note(13_000, at(8_000));
        let idle = idle(&peer, &echo(6_500), at(7_500)).expect("the clock was measured");
        assert_eq!(idle.span, Span::from_millis(6_000));
        assert!(idle.uncertainty <= Span::from_millis(4));
    }

    #[test]
    fn a_hundred_hertz_clock_is_recognised() {
        let mut peer = Stamps::default();
        peer.note(100, at(0));
        peer.note(1_100, at(10_000));
        let idle = idle(&peer, &echo(200), at(7_000)).expect("the clock was measured");
        assert_eq!(idle.span, Span::from_secs(6));
    }

    #[test]
    fn a_clock_of_no_known_rate_says_nothing() {
        let mut peer = Stamps::default();
        peer.note(0, at(0));
        peer.note(700_000, at(1_000));
        assert_eq!(idle(&peer, &echo(1_000), at(900)), None);
    }

    #[test]
    fn values_wrap() {
        let mut peer = Stamps::default();
        peer.note(u32::MAX - 500, at(0));
        peer.note(1_499, at(2_000));
        let idle = idle(&peer, &echo(499), at(3_000)).expect("the clock was measured");
        assert_eq!(idle.span, Span::from_millis(2_000));
    }
}
