//! Whether two shares differ by more than chance: Fisher's exact test, one-sided.

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Share {
    /// Those that had it.
    pub count: u64,
    /// Those that could have had it.
    pub of: u64,
}

impl Share {
    /// Between 0 and 1; `None` of nothing.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }
}

/// The probability that chance alone deals the cases as unevenly as this, or more so, in the same direction, when both sides
/// had the same share. `None` where a side has nothing to compare, or neither has a case.
///
/// It takes the cases for independent. Connections that fail together for one reason are not: a small number speaks
/// against chance, not for one particular cause.
pub(super) fn of(a: Share, b: Share) -> Option<f64> {
    let (ratio_a, ratio_b) = (a.ratio()?, b.ratio()?);
    let cases = a.count.checked_add(b.count).filter(|cases| *cases > 0)?;
    // From here on `high` is the side with the larger share.
    let (high, low) = if ratio_a > ratio_b { (a, b) } else { (b, a) };
    let most = cases.min(high.of);
    // Beyond what was seen the terms only fall: those that no longer count are left out.
    let first = term(high.count, cases, high.of, low.of);
    let mut sum = 0.0;
    for count in high.count..=most {
        let term = term(count, cases, high.of, low.of);
        sum += term;
        if term < first * 1e-9 {
            break;
        }
    }
    Some(sum.min(1.0))
}

/// The hypergeometric probability of `count` cases among `high`, the rest of `cases` among `low`.
fn term(count: u64, cases: u64, high: u64, low: u64) -> f64 {
    let Some(rest) = cases.checked_sub(count).filter(|rest| *rest <= low) else { return 0.0 };
    (ln_choose(high, count) + ln_choose(low, rest) - ln_choose(high + low, cases)).exp()
}

fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k.min(n))
}

/// Exact for small numbers, Stirling's series for others (its error is below 1e-9 from 20 on).
fn ln_factorial(n: u64) -> f64 {
    if n < 20 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let n = n as f64;
    n * n.ln() - n + 0.5 * (2.0 * std::f64::consts::PI * n).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * n * n * n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(a: (u64, u64), b: (u64, u64)) -> Option<f64> {
        of(Share { count: a.0, of: a.1 }, Share { count: b.0, of: b.1 })
    }

    #[test]
    fn it_is_fishers_test() {
        // By hand: 6! 10! / 16! times what is left to choose.
        let near = |is: Option<f64>, should: f64| assert!((is.expect("comparable") - should).abs() < 1e-6, "{is:?}");
        near(chance((3, 6), (0, 10)), 20.0 / 560.0);
        near(chance((0, 10), (3, 6)), 20.0 / 560.0);
        near(chance((5, 5), (0, 5)), 1.0 / 252.0);
        near(chance((1, 1), (0, 1)), 0.5);
    }

    #[test]
    fn what_can_not_be_compared_has_no_chance() {
        assert_eq!(chance((0, 0), (3, 6)), None);
        assert_eq!(chance((0, 5), (0, 6)), None);
    }

    #[test]
    fn large_numbers_end_and_stay_probabilities() {
        let sure = chance((120_000, 1_000_000), (0, 400_000)).expect("comparable");
        assert!((0.0..1e-12).contains(&sure), "{sure}");
        let alike = chance((50_000, 100_000), (50_010, 100_000)).expect("comparable");
        assert!((0.3..0.7).contains(&alike), "{alike}");
    }
}
