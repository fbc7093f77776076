//! Small pieces of the sentences that findings are made of.

use crate::types::Span;

/// `1 connection`, `3 connections`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first few items, and how many are left: `a, b, c and 9 more`.
pub(super) fn listed(items: impl Iterator<Item = String>, at_most: usize) -> String {
    let mut items: Vec<String> = items.collect();
    let left = items.len().saturating_sub(at_most);
    items.truncate(at_most);
    let text = items.join(", ");
    if left > 0 { format!("{text} and {left} more") } else { text }
}

/// A share of a whole that is at least `least`; no share of nothing is.
pub(super) fn is_share(part: u64, whole: u64, least: f64) -> bool {
    whole > 0 && part as f64 >= whole as f64 * least
}

/// The text as the beginning of a sentence.
pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What to do where an idle timeout on the way can be the cause; `shortest` is the shortest silence that it hit.
pub(super) fn idle_on_the_way(shortest: Span) -> String {
    format!(
        "See whether it hits whoever is quiet for {shortest}: then it is an idle timeout on the way (a firewall's, \
         `nf_conntrack_tcp_timeout_established`, a load balancer's). Raise it, or send TCP keep-alive or pings well below it."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_says_what_it_left_out() {
        let list = |n: u32| listed((1..=n).map(|n| n.to_string()), 3);
        assert_eq!(list(3), "1, 2, 3");
        assert_eq!(list(5), "1, 2, 3 and 2 more");
        assert_eq!(list(0), "");
    }

    #[test]
    fn nothing_of_nothing_is_no_share() {
        assert!(!is_share(0, 0, 0.0));
        assert!(is_share(1, 2, 0.5));
    }
}
