//! The packets of connections that have carried nothing yet, in one place and in few bytes each.

use prefetch_index::prefetch_index;

use super::Sighting;
use crate::capture::InterfaceId;
use crate::net::{Bare, Place, Segment};
use crate::types::{Moment, Tuple};

/// Lists of notes: each belongs to one connection and is as long as that has packets.
#[derive(Debug)]
pub(crate) struct Notes {
    all: Vec<Note>,
    /// The first of those that are free.
    free: Link,
}

/// A segment without payload, with all that the analysis needs of it. It is one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Note {
    pub(super) at: Moment,
    pub(super) bare: Bare,
    /// The next one that is free, where this one is.
    next: Link,
    pub(super) interface: InterfaceId,
    pub(super) forward: bool,
    pub(super) is_twin: bool,
}

/// A place in the list; none is `u32::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

/// Where the notes of one connection are: never none. All places stand here, not each in the note before it: what stands far
/// apart in memory can then be fetched at once.
#[derive(Debug)]
pub(super) struct List {
    places: [Link; MOST],
    len: u8,
}

/// Packets that are noted before a connection is followed. Handshake, teardown and a retry are within it, and a connection
/// stays within two lines of the cache.
pub(super) const MOST: usize = 6;

/// Notes for which room is set aside at the start: memory that nobody touches costs nothing, and to move what has grown
/// costs a lot.
const ROOM: usize = 32_768;

impl Default for Notes {
    fn default() -> Self {
        Self { all: Vec::with_capacity(ROOM), free: Link::default() }
    }
}

impl Notes {
    /// A list that begins with this segment. It must have no payload: that is not kept.
    pub(super) fn begin(&mut self, sighting: &Sighting<'_>) -> List {
        let mut places = [Link::default(); MOST];
        places[0] = self.note(sighting);
        List { places, len: 1 }
    }

    /// Adds a segment without payload to a list that has room.
    #[inline(always)]
    pub(super) fn add(&mut self, list: &mut List, sighting: &Sighting<'_>) {
        if let Some(place) = list.places.get_mut(usize::from(list.len)) {
            *place = self.note(sighting);
            list.len += 1;
        }
    }

    /// The first note of a list.
    #[inline]
    pub(super) fn first(&self, list: &List) -> &Note {
        &self.all[list.places[0].0 as usize]
    }

    /// A list's notes, in order.
    #[inline]
    pub(super) fn of<'a>(&'a self, list: &'a List) -> impl Iterator<Item = &'a Note> {
        list.places().iter().filter_map(|place| self.all.get(place.0 as usize))
    }

    /// Takes a list's notes out: their places are free.
    pub(super) fn free(&mut self, list: &List) {
        for place in list.places() {
            if let Some(note) = self.all.get_mut(place.0 as usize) {
                (note.next, self.free) = (self.free, *place);
            }
        }
    }

    /// Asks for a list's notes, so that they are near when they are read.
    #[inline]
    pub(super) fn ask_for(&self, list: &List) {
        for place in list.places() {
            prefetch_index(&self.all, place.0 as usize);
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
    /// Whether another note can be added.
    pub(super) const fn has_room(&self) -> bool {
        (self.len as usize) < MOST
    }

    fn places(&self) -> &[Link] {
        self.places.get(..usize::from(self.len)).unwrap_or_default()
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
        Self { at, bare: segment.bare(), next: Link(u32::MAX), interface, forward, is_twin }
    }

    /// The segment. `tuple` is that of a segment in the forward direction, `place` that of its connection.
    pub(super) const fn segment(&self, tuple: Tuple, place: Place) -> Segment<'static> {
        let &Bare { seq, ack, options, window, flags, ttl } = &self.bare;
        let Tuple { source, destination } = tuple;
        let tuple = if self.forward { tuple } else { Tuple { source: destination, destination: source } };
        Segment { tuple, seq, ack, flags, window, options, payload: &[], payload_len: 0, ttl, ip_id: 0, place }
    }

    /// Makes this segment of another one of its connection. The tuple stays: after the first segment `forward` says it all.
    #[inline]
    pub(super) const fn write_to(&self, segment: &mut Segment<'_>) {
        let &Bare { seq, ack, options, window, flags, ttl } = &self.bare;
        (segment.seq, segment.ack, segment.flags) = (seq, ack, flags);
        (segment.window, segment.options, segment.ttl) = (window, options, ttl);
    }

    /// The sighting of this segment, which is its own.
    #[inline]
    pub(super) const fn sighting<'a>(&self, segment: &'a Segment<'a>) -> Sighting<'a> {
        let &Self { forward, at, interface, is_twin, .. } = self;
        Sighting { segment, forward, at, interface, is_twin }
    }
}
