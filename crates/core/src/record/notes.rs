//! The packets of connections that have carried nothing yet, in one place and in few bytes each.

use super::Sighting;
use crate::capture::InterfaceId;
use crate::net::{Flags, Options, Place, Segment};
use crate::types::{Moment, PacketNo, Seq, Timestamp, Tuple};

/// Lists of notes: each belongs to one connection and is as long as that has packets.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    all: Vec<Note>,
    /// The first of those that are free.
    free: Link,
}

/// A segment without payload, with all that the analysis needs of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    at: Timestamp,
    packet: PacketNo,
    seq: Seq,
    ack: Seq,
    timestamps: (u32, u32),
    window: u16,
    mss: u16,
    interface: InterfaceId,
    flags: Flags,
    ttl: u8,
    window_scale: u8,
    marks: u8,
    next: Link,
}

/// A place in the list; none is `u32::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

/// The notes of one connection: never none.
#[derive(Debug)]
pub(super) struct List {
    first: Link,
    last: Link,
    len: u8,
}

const FORWARD: u8 = 1;
const TWIN: u8 = 1 << 1;
const HAS_MSS: u8 = 1 << 2;
const HAS_WINDOW_SCALE: u8 = 1 << 3;
const HAS_TIMESTAMPS: u8 = 1 << 4;
const SACK_PERMITTED: u8 = 1 << 5;
const HAS_OPTIONS: u8 = 1 << 6;

impl Notes {
    /// A list that begins with this segment. It must have no payload: that is not kept.
    pub(super) fn begin(&mut self, sighting: &Sighting<'_>) -> List {
        let first = self.place_of(Note::of(sighting));
        List { first, last: first, len: 1 }
    }

    /// Adds a segment without payload to a list.
    pub(super) fn add(&mut self, list: &mut List, sighting: &Sighting<'_>) {
        let place = self.place_of(Note::of(sighting));
        self.all[list.last.0 as usize].next = place;
        list.last = place;
        list.len += 1;
    }

    /// The first note of a list.
    pub(super) fn first(&self, list: &List) -> Note {
        self.all[list.first.0 as usize]
    }

    /// Takes a list's notes out, in order.
    pub(super) fn take(&mut self, list: &List, mut give: impl FnMut(&Note)) {
        let mut at = list.first;
        while let Some(note) = self.all.get_mut(at.0 as usize) {
            give(note);
            (at, note.next, self.free) = (note.next, self.free, at);
        }
    }

    fn place_of(&mut self, note: Note) -> Link {
        let free = self.free;
        match self.all.get_mut(free.0 as usize) {
            Some(place) => {
                self.free = place.next;
                *place = note;
                free
            }
            None => {
                self.all.push(note);
                Link((self.all.len() - 1) as u32)
            }
        }
    }
}

impl List {
    /// How many notes it has.
    pub(super) const fn len(&self) -> u8 {
        self.len
    }
}

impl Default for Link {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Note {
    fn of(sighting: &Sighting<'_>) -> Self {
        let &Segment { seq, ack, flags, window, ttl, ref options, .. } = sighting.segment;
        let only = |has: bool, mark: u8| if has { mark } else { 0 };
        Self {
            at: sighting.at.at,
            packet: sighting.at.packet,
            seq,
            ack,
            timestamps: options.timestamps.unwrap_or_default(),
            window,
            mss: options.mss.unwrap_or_default(),
            interface: sighting.interface,
            flags,
            ttl,
            window_scale: options.window_scale.unwrap_or_default(),
            marks: only(sighting.forward, FORWARD)
                | only(sighting.is_twin, TWIN)
                | only(options.mss.is_some(), HAS_MSS)
                | only(options.window_scale.is_some(), HAS_WINDOW_SCALE)
                | only(options.timestamps.is_some(), HAS_TIMESTAMPS)
                | only(options.sack_permitted, SACK_PERMITTED)
                | only(options.any, HAS_OPTIONS),
            next: Link::default(),
        }
    }

    /// The segment. `tuple` is that of a segment in the forward direction, `place` that of its connection.
    pub(super) fn segment(&self, tuple: Tuple, place: Place) -> Segment<'static> {
        let Tuple { source, destination } = tuple;
        Segment {
            tuple: if self.has(FORWARD) { tuple } else { Tuple { source: destination, destination: source } },
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            options: Options {
                mss: self.has(HAS_MSS).then_some(self.mss),
                window_scale: self.has(HAS_WINDOW_SCALE).then_some(self.window_scale),
                timestamps: self.has(HAS_TIMESTAMPS).then_some(self.timestamps),
                sack_permitted: self.has(SACK_PERMITTED),
                any: self.has(HAS_OPTIONS),
            },
            payload: &[],
            payload_len: 0,
            ttl: self.ttl,
            ip_id: 0,
            place,
        }
    }

    /// The sighting of this segment, which is its own.
    pub(super) const fn sighting<'a>(&self, segment: &'a Segment<'a>) -> Sighting<'a> {
        Sighting {
            segment,
            forward: self.has(FORWARD),
            at: Moment { packet: self.packet, at: self.at },
            interface: self.interface,
            is_twin: self.has(TWIN),
        }
    }

    const fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }
}
