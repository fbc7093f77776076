//! Ticks of a capture's clock to nanoseconds.
//!
//! In: the ticks of a record, and the resolution and offset that its interface declares. Out: a [`Timestamp`]. Microseconds
//! and nanoseconds take one multiplication; every other resolution goes through 128 bits and loses nothing above 1 ns.

use crate::types::Timestamp;

/// `if_tsresol` where the file has none: microseconds.
pub(super) const MICROSECONDS: u8 = 6;

/// The clock of one interface (pcapng `if_tsresol` and `if_tsoffset`, draft-ietf-opsawg-pcapng section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    resolution: u8,
    offset_s: i64,
    /// For `ticks < limit`, the time is `ticks * factor + offset_ns`, and nothing of it overflows.
    limit: u64,
    factor: u64,
    offset_ns: i64,
}

impl Clock {
    /// From the two options as the file has them.
    pub(super) fn new(resolution: u8, offset_s: i64) -> Self {
        let exact = Self { resolution, offset_s, limit: 0, factor: 0, offset_ns: 0 };
        let (0..=9, Some(offset_ns)) = (resolution, offset_s.checked_mul(1_000_000_000)) else {
            return exact;
        };
        let factor = 10_u64.pow(9 - u32::from(resolution));
        let limit = i64::MAX.abs_diff(offset_ns.max(0)) / factor;
        Self { limit, factor, offset_ns, ..exact }
    }

    /// The time of `ticks`; `Err` holds the border that is nearest to a time out of range.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Result<Timestamp, Timestamp> {
        if ticks < self.limit {
            return Ok(Timestamp::from_nanos((ticks * self.factor) as i64 + self.offset_ns));
        }
        self.exact_time(ticks)
    }

    #[cold]
    fn exact_time(&self, ticks: u64) -> Result<Timestamp, Timestamp> {
        let ticks = i128::from(ticks);
        let power = u32::from(self.resolution & 0x7f);
        let nanos = match (self.resolution & 0x80 != 0, power) {
            // 2^-power seconds: 64 bits of ticks and 30 bits of 10^9 fit.
            (true, _) => (ticks * 1_000_000_000) >> power,
            (false, 0..=9) => ticks * 10_i128.pow(9 - power),
            // More than 20 digits below the nanosecond leave nothing of 64 bits.
            (false, _) => ticks / 10_i128.pow((power - 9).min(21)),
        };
        let nanos = nanos + i128::from(self.offset_s) * 1_000_000_000;
        match i64::try_from(nanos) {
            Ok(nanos) => Ok(Timestamp::from_nanos(nanos)),
            Err(_) if nanos < 0 => Err(Timestamp::MIN),
            Err(_) => Err(Timestamp::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds as a fraction of two integers, then floored: another way to the same number.
    fn model(resolution: u8, offset_s: i64, ticks: u64) -> Option<i64> {
        let power = u32::from(resolution & 0x7f);
        let ticks_per_second = match resolution & 0x80 {
            0 => 10_u128.checked_pow(power),
            _ => 1_u128.checked_shl(power),
        };
        let nanos = match ticks_per_second {
            None => 0,
            Some(per_second) => {
                let ticks = u128::from(ticks);
                let whole = ticks / per_second * 1_000_000_000;
                // The remainder times 10^9 may not fit: then a tick is below 10^-28 s, and a remainder below 1 ns.
                let rest = (ticks % per_second).checked_mul(1_000_000_000).map_or(0, |scaled| scaled / per_second);
                whole + rest
            }
        };
        i64::try_from(nanos as i128 + i128::from(offset_s) * 1_000_000_000).ok()
    }

    #[test]
    fn every_resolution_agrees_with_exact_arithmetic() {
        let ticks =
            [0, 1, 7, 999_999, 1_000_000, 1_767_225_600_002_500, 1_767_225_600_002_500_123, 1 << 40, 1 << 63, u64::MAX];
        let offsets = [0, 5, -5, 3_600, i64::from(u32::MAX), -9_000_000_000, 9_223_372_036, i64::MAX, i64::MIN];
        for resolution in 0..=u8::MAX {
            for offset_s in offsets {
                let clock = Clock::new(resolution, offset_s);
                for ticks in ticks {
                    let expected = model(resolution, offset_s, ticks).map(Timestamp::from_nanos);
                    assert_eq!(clock.time(ticks).ok(), expected, "{resolution:#x} {offset_s} {ticks}");
                }
            }
        }
    }

    #[test]
    fn a_time_out_of_range_is_held_at_the_nearer_border() {
        assert_eq!(Clock::new(0, 0).time(u64::MAX), Err(Timestamp::MAX));
        assert_eq!(Clock::new(6, i64::MIN).time(0), Err(Timestamp::MIN));
    }
}
