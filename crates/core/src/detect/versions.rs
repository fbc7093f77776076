//! Versions as they stand in `Server:` headers and in the table of timeouts.

use std::cmp::Ordering;

/// The version in a header such as `nginx/1.22.1 (Ubuntu)`; `None` where it has none.
pub(super) fn of_header(header: &str) -> Option<&str> {
    let (_, after) = header.split_once('/')?;
    let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
    let version = after.get(..end)?.trim_end_matches('.');
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

/// Whether a version lies in a range of the table: `< 1.19.10`, `<= 6.x`, `18+ (0 before)`. `None` where the table's words
/// set no bound that is understood.
pub(super) fn holds(range: &str, version: &str) -> Option<bool> {
    let first = |text: &'static str| range.strip_prefix(text).and_then(|rest| rest.split_whitespace().next());
    if let Some(bound) = first("<=") {
        return Some(compare(version, bound) != Ordering::Greater);
    }
    if let Some(bound) = first("<") {
        return Some(compare(version, bound) == Ordering::Less);
    }
    let bound = range.split_whitespace().next()?.strip_suffix('+')?;
    bound.starts_with(|c: char| c.is_ascii_digit()).then(|| compare(version, bound) != Ordering::Less)
}

/// Number by number, as far as the bound says: in `6.x` the rest does not count.
fn compare(version: &str, bound: &str) -> Ordering {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0_u64));
    for part in bound.split('.') {
        let Ok(part) = part.parse::<u64>() else { return Ordering::Equal };
        match numbers.next().unwrap_or(0).cmp(&part) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_its_version() {
        assert_eq!(of_header("nginx/1.22.1 (Ubuntu)"), Some("1.22.1"));
        assert_eq!(of_header("Apache/2.4.57"), Some("2.4.57"));
        assert_eq!((of_header("nginx"), of_header("gunicorn/"), of_header("x/y")), (None, None, None));
    }

    #[test]
    fn bounds_of_the_table_hold_or_do_not() {
        assert_eq!(holds("< 1.19.10", "1.22.1"), Some(false));
        assert_eq!(holds("< 1.19.10", "1.18.0"), Some(true));
        assert_eq!(holds("1.19.10+", "1.22.1"), Some(true));
        assert_eq!(holds("1.19.10+", "1.19.9"), Some(false));
        assert_eq!(holds("<= 6.x", "6.3"), Some(true));
        assert_eq!(holds("<= 6.x", "7.0"), Some(false));
        assert_eq!(holds("18+ (0 before)", "20.1.0"), Some(true));
        assert_eq!((holds("all", "1"), holds("2.x-3.x", "4.0"), holds("observed", "1")), (None, None, None));
    }
}
