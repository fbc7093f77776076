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
    sets: Box<[Set; SETS]>,
}

/// The last packets whose marks fall into one set, the newest first: with one alone, a few packets in between would lose
/// one twin in a thousand, and each makes a connection that there never was.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Set([Slot; 2]);

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    mark: u64,
    at: Tick,
    sight: u32,
}

/// Capture time in steps of 1,024 ns, of which the upper bits are not kept: apart by an hour or more reads as anything.
#[derive(Clone, Copy, Debug, Default)]
struct Tick(u32);

/// With two packets in each, the last 1,024 packets at best: what passes in 2 ms at half a million packets a second.
const SETS: usize = 512;
/// Forwarding inside one host takes microseconds; a busy mirror port some hundred.
const TOGETHER: Span = Span::from_millis(2);
/// Without identification and at the same place, only a copy by a mirror port comes this soon.
const COPY: Span = Span::from_micros(50);

impl Twins {
    pub(crate) fn new() -> Self {
        Self { sets: Box::new([Set::default(); SETS]) }
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
        let new = Slot { mark, at: Tick::of(at), sight: sight(segment, interface) };
        let Set([newest, before]) = &mut self.sets[(mark as usize >> 8) % SETS];
        let known = if newest.mark == mark {
            newest
        } else if before.mark == mark {
            before
        } else {
            *before = std::mem::replace(newest, new);
            return false;
        };
        std::mem::replace(known, new).is_near(&new, segment.ip_id)
    }
}

impl Slot {
    /// Whether two packets with one mark are close enough in time.
    #[cold]
    #[inline(never)]
    fn is_near(&self, new: &Self, ip_id: u16) -> bool {
        let patience = if self.sight != new.sight || ip_id != 0 { TOGETHER } else { COPY };
        let apart = (new.at.0.wrapping_sub(self.at.0) as i32).unsigned_abs();
        i64::from(apart) << 10 <= patience.as_nanos()
    }
}

impl Tick {
    const fn of(at: Timestamp) -> Self {
        Self((at.as_nanos() >> 10) as u32)
    }
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
fn sight(segment: &Segment<'_>, interface: InterfaceId) -> u32 {
    let cooked_type = segment.place.cooked_type.unwrap_or(7);
    u32::from(interface.0) << 16 | u32::from(cooked_type) << 8 | u32::from(segment.ttl)
}
