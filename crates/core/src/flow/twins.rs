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
    slots: Box<[Slot; SLOTS]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    mark: u64,
    at: Timestamp,
    sight: u64,
}

const SLOTS: usize = 4_096;
/// Forwarding inside one host takes microseconds; a busy mirror port some hundred.
const TOGETHER: Span = Span::from_millis(2);
/// Without identification and at the same place, only a copy by a mirror port comes this soon.
const COPY: Span = Span::from_micros(50);

impl Twins {
    pub(crate) fn new() -> Self {
        // Nothing comes close to the beginning of time.
        Self { slots: Box::new([Slot { mark: 0, at: Timestamp::MIN, sight: 0 }; SLOTS]) }
    }

    /// Whether this packet is another sighting of one that was seen just before. `flow` is that of the segment.
    #[inline(always)]
    pub(crate) fn is_twin(
        &mut self,
        segment: &Segment<'_>,
        flow: &Flow,
        at: Timestamp,
        interface: InterfaceId,
    ) -> bool {
        let mark = mark(segment, flow);
        let sight = sight(segment, interface);
        let slot = &mut self.slots[(mark as usize >> 8) % SLOTS];
        let is_twin = slot.mark == mark && is_near(slot, at, sight, segment.ip_id);
        *slot = Slot { mark, at, sight };
        is_twin
    }
}

/// Whether two packets with one mark are close enough in time.
#[cold]
#[inline(never)]
fn is_near(old: &Slot, at: Timestamp, sight: u64, ip_id: u16) -> bool {
    let patience = if old.sight != sight || ip_id != 0 { TOGETHER } else { COPY };
    at.since(old.at).abs() <= patience
}

/// What two sightings of one packet have in common.
#[inline(always)]
fn mark(segment: &Segment<'_>, flow: &Flow) -> u64 {
    let numbers = u64::from(segment.seq.0) << 32 | u64::from(segment.ack.0);
    let shape = u64::from(segment.payload_len) << 32 | u64::from(segment.window) << 16 | u64::from(segment.ip_id);
    let rest = u64::from(segment.options.timestamps.map_or(0, |(value, _)| value)) << 32
        | u64::from(segment.flags.0) << 1
        | u64::from(flow.forward);
    fold(fold(flow.hash ^ numbers, shape ^ SEEDS[2]) ^ rest, SEEDS[3]) | 1
}

/// What tells one point of observation from another: interface, direction, and how far the packet had come.
///
/// The interface is that of [`Places`](super::Places): Linux interface indices are told apart by it already.
#[inline(always)]
fn sight(segment: &Segment<'_>, interface: InterfaceId) -> u64 {
    u64::from(interface.0) << 16 | u64::from(segment.place.cooked_type.unwrap_or(7)) << 8 | u64::from(segment.ttl)
}
