//! The packets of connections that have carried nothing yet, in one place and in few bytes each.

use super::Sighting;
use crate::capture::InterfaceId;
use crate::net::{Flags, Options, Place, Segment};
use crate::types::{Moment, Seq, Tuple};

/// Lists of notes: each belongs to one connection and is as long as that has packets.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    all: Vec<Note>,
    /// The first of those that are free.
    free: Link,
}

/// A segment without payload, with all that the analysis needs of it. It is one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Note {
    at: Moment,
    seq: Seq,
    ack: Seq,
    options: Options,
    next: Link,
    window: u16,
    interface: InterfaceId,
    flags: Flags,
    ttl: u8,
    forward: bool,
    is_twin: bool,
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

impl Notes {
    /// A list that begins with this segment. It must have no payload: that is not kept.
    pub(super) fn begin(&mut self, sighting: &Sighting<'_>) -> List {
        let first = self.note(sighting);
        List { first, last: first, len: 1 }
    }

    /// Adds a segment without payload to a list.
    pub(super) fn add(&mut self, list: &mut List, sighting: &Sighting<'_>) {
        let place = self.note(sighting);
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

    #[inline]
    fn note(&mut self, sighting: &Sighting<'_>) -> Link {
        let free = self.free;
        // Written where it stays: its fields would not fit into the processor's registers.
        match self.all.get_mut(free.0 as usize) {
            Some(note) => {
                self.free = note.next;
                *note = Note::of(sighting);
                free
            }
            None => self.note_at_end(sighting),
        }
    }

    #[cold]
    fn note_at_end(&mut self, sighting: &Sighting<'_>) -> Link {
        self.all.push(Note::of(sighting));
        Link((self.all.len() - 1) as u32)
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
    #[inline]
    const fn of(sighting: &Sighting<'_>) -> Self {
        let &Sighting { segment, forward, at, interface, is_twin } = sighting;
        let &Segment { seq, ack, flags, window, ttl, options, .. } = segment;
        Self { at, seq, ack, options, next: Link(u32::MAX), window, interface, flags, ttl, forward, is_twin }
    }

    /// The segment. `tuple` is that of a segment in the forward direction, `place` that of its connection.
    pub(super) const fn segment(&self, tuple: Tuple, place: Place) -> Segment<'static> {
        let &Self { seq, ack, options, window, flags, ttl, .. } = self;
        let Tuple { source, destination } = tuple;
        let tuple = if self.forward { tuple } else { Tuple { source: destination, destination: source } };
        Segment { tuple, seq, ack, flags, window, options, payload: &[], payload_len: 0, ttl, ip_id: 0, place }
    }

    /// Makes this segment of another one of its connection. The tuple stays: after the first segment `forward` says it all.
    #[inline]
    pub(super) const fn write_to(&self, segment: &mut Segment<'_>) {
        segment.seq = self.seq;
        segment.ack = self.ack;
        segment.flags = self.flags;
        segment.window = self.window;
        segment.options = self.options;
        segment.ttl = self.ttl;
    }

    /// The sighting of this segment, which is its own.
    #[inline]
    pub(super) const fn sighting<'a>(&self, segment: &'a Segment<'a>) -> Sighting<'a> {
        let &Self { forward, at, interface, is_twin, .. } = self;
        Sighting { segment, forward, at, interface, is_twin }
    }
}
