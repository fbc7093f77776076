//! What limits did to connections, and which were seen by samples alone.

use crate::anomaly::Quality;

/// How many connections there were of each.
#[derive(Debug, Default)]
pub(super) struct Limited {
    /// Written out before their end.
    pub(super) evicted: u64,
    /// Of them, those that kept too much.
    pub(super) evicted_for_payload: u64,
    /// Of which something was not read.
    pub(super) over_limit: u64,
    /// Seen by samples alone.
    pub(super) sampled: u64,
}

impl Limited {
    /// The same in words, for what there was.
    pub(super) fn notes(&self) -> Vec<Quality> {
        let &Self { evicted, evicted_for_payload, over_limit, sampled } = self;
        let open = evicted.saturating_sub(evicted_for_payload);
        let notes = [
            (
                "evicted",
                open,
                format!(
                    "{open} connections were written out before their end because max_connections was reached: how they \
                     ended is not known"
                ),
            ),
            (
                "evicted-payload",
                evicted_for_payload,
                format!(
                    "{evicted_for_payload} connections were written out before their end because max_payload_total was \
                     reached: what came after is not part of their record"
                ),
            ),
            (
                "over-limit",
                over_limit,
                format!(
                    "of {over_limit} connections something was not read because max_reorder_bytes, max_ranges, \
                     max_handshake_bytes, max_certificate_bytes or max_http_head_bytes was reached: checks that need it were \
                     not made"
                ),
            ),
            (
                "sampled",
                sampled,
                format!(
                    "{sampled} connections were seen by samples alone (sFlow), one packet in many: they have a row, and no check \
                     is made of them"
                ),
            ),
        ];
        let reached = notes.into_iter().filter(|(_, count, _)| *count > 0);
        reached.map(|(code, count, note)| Quality { code, count, note }).collect()
    }
}
