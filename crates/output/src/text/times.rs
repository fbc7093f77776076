//! Points in time for a person: UTC, to the second.

use handshark::types::Timestamp;

/// `10:34:01`.
pub(super) fn clock(time: Timestamp) -> String {
    let (_, _, _, hour, minute, second, _) = time.civil();
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// `2026-11-21`.
fn date(time: Timestamp) -> String {
    let (year, month, day, ..) = time.civil();
    format!("{year:04}-{month:02}-{day:02}")
}

/// `10:34:01 - 10:36:20 UTC`; one time where both are the same second, with dates where they differ.
pub(crate) fn range(first: Option<Timestamp>, last: Option<Timestamp>) -> String {
    match (first, last) {
        (Some(first), Some(last)) if date(first) != date(last) => {
            format!("{} {} - {} {} UTC", date(first), clock(first), date(last), clock(last))
        }
        (Some(first), Some(last)) if clock(first) != clock(last) => format!("{} - {} UTC", clock(first), clock(last)),
        (Some(one), _) | (None, Some(one)) => format!("{} UTC", clock(one)),
        (None, None) => String::new(),
    }
}

/// The same, with the date.
pub(super) fn dated_range(first: Option<Timestamp>, last: Option<Timestamp>) -> String {
    match (first, last) {
        (Some(first), Some(last)) if date(first) == date(last) => {
            format!("{} {}", date(first), range(Some(first), Some(last)))
        }
        (Some(one), None) | (None, Some(one)) => format!("{} {} UTC", date(one), clock(one)),
        both => range(both.0, both.1),
    }
}
