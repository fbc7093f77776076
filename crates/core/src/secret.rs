//! Numbers that nobody knows who wrote the capture.
//!
//! Who knows how a table is searched can write tuples that all stand in one place of it, and each search then passes all of
//! them. So what is looked up by hash, and can be chosen from outside in numbers, is hashed with a secret. Nothing that comes
//! out depends on it: order is that of the packets, and what is forgotten, and when, is decided by fixed hashes.

use std::hash::BuildHasher;

/// 64 random bits, others each time.
#[expect(clippy::disallowed_types, reason = "the one source of random numbers, for what no output depends on")]
pub(crate) fn secret() -> u64 {
    std::collections::hash_map::RandomState::new().hash_one(())
}
