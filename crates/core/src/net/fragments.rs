//! IP packets that arrive in fragments, put together in a bounded table (RFC 791 section 3.2, RFC 8200 section 4.5).
//!
//! In: fragments in any order. Out: the whole payload, with the fragment that completes it. Where fragments overlap
//! without being copies of each other, nobody can say what the receiver read: the packet is given up, as RFC 5722 asks.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::Piece;
use super::header::{Fragment, Ip};
use crate::Limits;
use crate::types::{Span, Timestamp};

/// How long the fragments of one packet may be apart. Linux waits 30 s, RFC 8200 says 60 s.
const PATIENCE: Span = Span::from_secs(30);

/// How long a packet that is complete, or given up, swallows further fragments: the copies that `-i any` captures.
const AFTERMATH: Span = Span::from_secs(1);

/// The length of an IPv4 packet is a 16-bit field; more than this no packet can carry.
const MAX_PAYLOAD: usize = 65_535;

/// Fragments of one packet. The largest packet over links of 1,280 bytes has 54.
const MAX_RANGES: usize = 128;

/// The packets of which some fragments are still missing, in order of their first fragment.
#[derive(Debug)]
pub(crate) struct Fragments {
    packets: VecDeque<Packet>,
    /// `held` is the sum of `bytes.len()` over `packets`.
    held: usize,
    max_packets: usize,
    max_bytes: usize,
    given_up: u64,
}

/// A payload put together.
#[derive(Debug)]
pub(crate) struct Whole {
    /// Its bytes, up to the first one that the snap length cut.
    pub(crate) bytes: Vec<u8>,
    /// Its length on the wire.
    pub(crate) wire_len: usize,
    /// What it carries.
    pub(crate) protocol: u8,
}

impl Fragments {
    /// An empty table.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            packets: VecDeque::new(),
            held: 0,
            max_packets: limits.max_fragmented_packets,
            max_bytes: limits.max_fragment_bytes,
            given_up: 0,
        }
    }

    /// Takes a fragment, and gives the payload that it completes; `None` while others are missing, or for ever.
    pub(crate) fn add(&mut self, fragment: Fragment, payload: Piece<'_>, ip: &Ip, now: Timestamp) -> Option<Whole> {
        let key = Key {
            id: fragment.id,
            source: ip.source,
            destination: ip.destination,
            protocol: if fragment.v6 { None } else { Some(fragment.protocol) },
        };
        self.forget_old(now);
        let Self { packets, held, max_packets, given_up, .. } = self;
        let packet = Self::packet_of(packets, held, *max_packets, given_up, key, now)?;
        let before = packet.bytes.len();
        let whole = packet.add(fragment, payload, now);
        self.held = self.held + packet.bytes.len() - before;
        while self.held > self.max_bytes && Self::give_up_oldest(&mut self.packets, &mut self.held, &mut self.given_up)
        {
        }
        whole
    }

    /// Packets that went before they were whole because there was no room.
    pub(crate) const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// The packet of the key; a new one in place of what is over, or of the oldest where there is no room.
    fn packet_of<'p>(
        packets: &'p mut VecDeque<Packet>,
        held: &mut usize,
        max_packets: usize,
        given_up: &mut u64,
        key: Key,
        now: Timestamp,
    ) -> Option<&'p mut Packet> {
        // From the back: the fragments of one packet come close together.
        if let Some(index) = packets.iter().rposition(|packet| packet.key == key) {
            let packet = packets.get_mut(index)?;
            if packet.is_over(now) {
                *held -= packet.bytes.len();
                *packet = Packet::new(key, now);
            }
            return Some(packet);
        }
        if packets.len() >= max_packets && !Self::give_up_oldest(packets, held, given_up) {
            *given_up += 1;
            return None;
        }
        packets.push_back(Packet::new(key, now));
        packets.back_mut()
    }

    fn forget_old(&mut self, now: Timestamp) {
        while self.packets.front().is_some_and(|packet| packet.is_over(now)) {
            Self::drop_oldest(&mut self.packets, &mut self.held);
        }
    }

    fn give_up_oldest(packets: &mut VecDeque<Packet>, held: &mut usize, given_up: &mut u64) -> bool {
        *given_up += u64::from(packets.front().is_some_and(|packet| !packet.closed));
        Self::drop_oldest(packets, held)
    }

    fn drop_oldest(packets: &mut VecDeque<Packet>, held: &mut usize) -> bool {
        let oldest = packets.pop_front();
        if let Some(packet) = &oldest {
            *held -= packet.bytes.len();
        }
        oldest.is_some()
    }
}

/// What makes fragments belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    id: u32,
    source: IpAddr,
    destination: IpAddr,
    /// RFC 791 counts the protocol in; RFC 8200 section 4.5 does not.
    protocol: Option<u8>,
}

/// One packet on its way to be whole.
#[derive(Debug)]
struct Packet {
    key: Key,
    /// Its first fragment; when closed, the time of that.
    since: Timestamp,
    /// Complete, or given up.
    closed: bool,
    /// Bytes so far; holes are filled with zeros. Empty when closed.
    bytes: Vec<u8>,
    /// What has come, in order of position, none overlapping another.
    ranges: Vec<Range>,
    /// The length of the whole payload, by the last fragment.
    whole_len: Option<usize>,
    /// What the payload is, by the first fragment.
    protocol: Option<u8>,
}

/// `start <= kept_end <= end`: the snap length may have cut the fragment.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: usize,
    kept_end: usize,
    end: usize,
}

impl Packet {
    fn new(key: Key, since: Timestamp) -> Self {
        Self { key, since, closed: false, bytes: Vec::new(), ranges: Vec::new(), whole_len: None, protocol: None }
    }

    fn add(&mut self, fragment: Fragment, payload: Piece<'_>, now: Timestamp) -> Option<Whole> {
        if self.closed {
            return None;
        }
        let start = usize::from(fragment.offset);
        let range = Range { start, kept_end: start + payload.kept().len(), end: start + payload.wire_len() };
        match self.place_of(range, fragment.more, payload.kept()) {
            Place::Free(index) => self.ranges.insert(index, range),
            Place::Copy => return None,
            Place::Impossible => {
                self.close(now);
                return None;
            }
        }
        if start == 0 {
            self.protocol = Some(fragment.protocol);
        }
        if !fragment.more {
            self.whole_len = Some(range.end);
        }
        if self.bytes.len() < range.kept_end {
            self.bytes.resize(range.kept_end, 0);
        }
        if let Some(room) = self.bytes.get_mut(range.start..range.kept_end) {
            room.copy_from_slice(payload.kept());
        }
        self.whole(now)
    }

    /// Where among the ranges a new one belongs.
    fn place_of(&self, range: Range, more: bool, bytes: &[u8]) -> Place {
        let empty_or_odd = range.end == range.start || (more && !range.end.is_multiple_of(8));
        if empty_or_odd || range.end > MAX_PAYLOAD || self.whole_len.is_some_and(|len| range.end > len) {
            return Place::Impossible;
        }
        let index = self.ranges.partition_point(|other| other.end <= range.start);
        match self.ranges.get(index) {
            Some(other) if other.start < range.end => {
                let copy = other.start == range.start
                    && other.end == range.end
                    && other.kept_end == range.kept_end
                    && self.bytes.get(range.start..range.kept_end) == Some(bytes);
                if copy { Place::Copy } else { Place::Impossible }
            }
            _ if self.ranges.len() >= MAX_RANGES => Place::Impossible,
            Some(_) if !more => Place::Impossible,
            _ => Place::Free(index),
        }
    }

    /// The payload, if nothing is missing. What the snap length cut counts as come.
    fn whole(&mut self, now: Timestamp) -> Option<Whole> {
        let wire_len = self.whole_len?;
        let protocol = self.protocol?;
        let mut end = 0;
        let mut kept_end = 0;
        for range in &self.ranges {
            if range.start != end {
                return None;
            }
            if kept_end == range.start {
                kept_end = range.kept_end;
            }
            end = range.end;
        }
        if end != wire_len {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.truncate(kept_end);
        self.close(now);
        Some(Whole { bytes, wire_len, protocol })
    }

    fn close(&mut self, now: Timestamp) {
        self.closed = true;
        self.since = now;
        self.bytes = Vec::new();
        self.ranges = Vec::new();
    }

    /// Whether it has waited too long. A clock that jumps back so far ends the waiting too.
    fn is_over(&self, now: Timestamp) -> bool {
        let limit = if self.closed { AFTERMATH } else { PATIENCE };
        let age = now.since(self.since).as_nanos();
        age.unsigned_abs() > limit.as_nanos().unsigned_abs()
    }
}

/// What becomes of a new range.
enum Place {
    /// It is new, and goes there.
    Free(usize),
    /// It is there already, byte for byte.
    Copy,
    /// It contradicts what is there.
    Impossible,
}
