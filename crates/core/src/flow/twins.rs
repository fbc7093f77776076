//! One packet seen twice: on several interfaces, or twice on one by a mirror port.

use super::key::{Flow, SEEDS, fold};
use crate::capture::InterfaceId;
use crate::net::Segment;
use crate::types::{Span, Timestamp};

/// Remembers the last few thousand packets by what a second sighting has in common with the first.
///
/// Two captured packets are twins when addresses, ports, sequence and acknowledgment numbers, flags, window, length and
/// TCP timestamps are the same and they lie close together; and when the IPv4 identification is the same too, or they
/// were seen at different places. A retransmission by a host carries another identification.
#[derive(Debug)]
pub(crate) struct Twins {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    mark: u64,
    at: Timestamp,
    place: u32,
    ttl: u8,
}

const SLOTS: usize = 4_096;
/// Forwarding inside one host takes microseconds; a busy mirror port some hundred.
const TOGETHER: Span = Span::from_millis(2);
/// Without identification and at the same place, only a copy by a mirror port comes this soon.
const COPY: Span = Span::from_micros(50);

impl Twins {
    pub(crate) fn new() -> Self {
        Self { slots: vec![Slot::default(); SLOTS] }
    }

    /// Whether this packet is another sighting of one that was seen just before. `flow` is that of the segment.
    #[inline]
    pub(crate) fn is_twin(
        &mut self,
        segment: &Segment<'_>,
        flow: &Flow,
        at: Timestamp,
        interface: InterfaceId,
    ) -> bool {
        let numbers = u64::from(segment.seq.0) << 32 | u64::from(segment.ack.0);
        let shape = u64::from(segment.payload_len) << 32 | u64::from(segment.window) << 16 | u64::from(segment.ip_id);
        let rest = u64::from(segment.options.timestamps.map_or(0, |(val, _)| val)) << 32
            | u64::from(segment.flags.0) << 1
            | u64::from(flow.forward);
        let mark = fold(fold(flow.hash ^ numbers, shape ^ SEEDS[2]) ^ rest, SEEDS[3]) | 1;
        // What tells one point of observation from another: interface, Linux interface index, direction.
        let place = u32::from(interface.0) << 16
            ^ segment.place.ifindex.unwrap_or(0) << 4
            ^ u32::from(segment.place.cooked_type.unwrap_or(7));
        let new = Slot { mark, at, place, ttl: segment.ttl };
        let Some(slot) = self.slots.get_mut(mark as usize >> 8 & (SLOTS - 1)) else { return false };
        if slot.mark != mark {
            *slot = new;
            return false;
        }
        let old = std::mem::replace(slot, new);
        let apart = at.since(old.at).abs();
        let elsewhere = old.place != place || old.ttl != new.ttl;
        if elsewhere || segment.ip_id != 0 { apart <= TOGETHER } else { apart <= COPY }
    }
}
