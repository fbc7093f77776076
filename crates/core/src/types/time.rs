//! Capture time: nanoseconds, from the packets alone.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// A point in capture time: nanoseconds since the Unix epoch, UTC.
///
/// It comes from the capture's own record headers, never from a clock of ours; who reads a live stream may tell the time of day by one
/// ([`Inspector::now`](crate::Inspector::now)). The range is the years 1677 to 2262;
/// a file that claims more is held at the border, and the reader counts it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// The time of day, as programs have it that capture or read live; the nearest that can be held.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(nanos(after)),
            Err(before) => Self(-nanos(before.duration())),
        }
    }
}

impl Timestamp {
    /// The earliest time that can be held.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time that can be held.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this one; negative where the capture's clock went backwards.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This time, later by `span`.
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Year, month, day, hour, minute, second and nanosecond in UTC (proleptic Gregorian calendar).
    pub fn civil(self) -> (i64, u8, u8, u8, u8, u8, u32) {
        let days = self.0.div_euclid(86_400_000_000_000);
        let within = self.0.rem_euclid(86_400_000_000_000);
        let seconds = within / 1_000_000_000;
        // Days to civil date, after H. Hinnant: the year begins on 1 March, eras have 400 years.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (
            year,
            month as u8,
            day as u8,
            (seconds / 3_600) as u8,
            (seconds / 60 % 60) as u8,
            (seconds % 60) as u8,
            (within % 1_000_000_000) as u32,
        )
    }
}

/// RFC 3339 in UTC with nine digits: `2026-11-21T10:34:00.123456789Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second, nano) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nano:09}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A length of capture time in nanoseconds; negative when the capture's clock went backwards.
///
/// Serialised as seconds (a number), so the key that holds it ends in `_s`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// From seconds with a fraction; what does not fit is held at the border.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9) as i64)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Seconds with a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The same length without its sign.
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// So many times as long.
    pub const fn times(self, factor: i64) -> Self {
        Self::from_nanos(self.as_nanos().saturating_mul(factor))
    }

    /// This span and another, one after the other.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// For a reader's eyes, with three significant digits or so: `6.00 s`, `45.0 ms`, `3 min 20 s`, `12 us`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_secs_f64();
        match seconds.abs() {
            s if s >= 86_400.0 => write!(f, "{:.1} days", seconds / 86_400.0),
            s if s >= 7_200.0 => write!(f, "{:.1} h", seconds / 3_600.0),
            s if s >= 600.0 => write!(f, "{:.1} min", seconds / 60.0),
            s if s >= 99.95 => write!(f, "{seconds:.0} s"),
            s if s >= 9.995 => write!(f, "{seconds:.1} s"),
            s if s >= 0.9995 => write!(f, "{seconds:.2} s"),
            s if s >= 0.0995 => write!(f, "{:.0} ms", seconds * 1e3),
            s if s >= 0.0009995 => write!(f, "{:.1} ms", seconds * 1e3),
            0.0 => f.write_str("0 s"),
            _ => write!(f, "{:.0} us", seconds * 1e6),
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.as_secs_f64())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_counted_from_1970_both_ways() {
        let second = Duration::from_secs(1);
        assert_eq!(Timestamp::from(UNIX_EPOCH + second), Timestamp(1_000_000_000));
        assert_eq!(Timestamp::from(UNIX_EPOCH - second), Timestamp(-1_000_000_000));
    }

    #[test]
    fn a_time_is_written_as_rfc_3339() {
        assert_eq!(Timestamp::from_nanos(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(Timestamp::from_nanos(1_767_225_600_002_500_000).to_string(), "2026-01-01T00:00:00.002500000Z");
        assert_eq!(Timestamp::from_nanos(1_709_164_799_999_999_999).to_string(), "2024-02-28T23:59:59.999999999Z");
        assert_eq!(Timestamp::from_nanos(1_709_164_800_000_000_000).to_string(), "2024-02-29T00:00:00.000000000Z");
        assert_eq!(Timestamp::from_nanos(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Timestamp::MAX.to_string(), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn differences_saturate() {
        assert_eq!(Timestamp::MAX.since(Timestamp::MIN), Span::from_nanos(i64::MAX));
    }

    #[test]
    fn a_span_reads_well() {
        let text = |nanos| Span::from_nanos(nanos).to_string();
        assert_eq!(text(6_001_000_000), "6.00 s");
        assert_eq!(text(75_010_000_000), "75.0 s");
        assert_eq!(text(350_000_000_000), "350 s");
        assert_eq!(text(400_000), "400 us");
        assert_eq!(text(45_000_000), "45.0 ms");
        assert_eq!(text(0), "0 s");
    }
}
