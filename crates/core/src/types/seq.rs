//! TCP sequence numbers.

use std::fmt;

/// A TCP sequence number: 32 bits that wrap (RFC 9293 section 3.4).
///
/// There is no `<`: order between wrapping numbers holds only within half the circle, so comparisons are named.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u32);

impl Seq {
    /// The number `bytes` further on.
    #[must_use]
    pub const fn plus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// The number `bytes` further back.
    #[must_use]
    pub const fn minus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_sub(bytes))
    }

    /// How far this number lies after `other`, from -2^31 to 2^31 - 1.
    pub const fn distance_from(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }

    /// Whether this number lies after `other`, within half the circle.
    pub const fn is_after(self, other: Self) -> bool {
        self.distance_from(other) > 0
    }

    /// Whether this number lies before `other`, within half the circle.
    pub const fn is_before(self, other: Self) -> bool {
        self.distance_from(other) < 0
    }

    /// The later of two numbers.
    #[must_use]
    pub const fn later(self, other: Self) -> Self {
        if self.is_before(other) { other } else { self }
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seq {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    #[test]
    fn order_holds_across_the_wrap() {
        let before = Seq(u32::MAX - 1);
        let after = before.plus(5);
        assert_eq!(after, Seq(3));
        assert!(after.is_after(before) && before.is_before(after));
        assert_eq!(after.distance_from(before), 5);
        assert_eq!(before.later(after), after);
    }
}
