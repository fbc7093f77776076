//! Which packets a few connections are made of, so that a small capture can show them.
//!
//! In: the examples of a report, then the packets of its capture once more. Out: packet numbers. The analysis keeps no list of
//! packets by connection; here they are found by their addresses and ports, between the first and the last step of the
//! example.

use std::collections::{BTreeMap, VecDeque};

use crate::Limits;
use crate::capture::Frame;
use crate::link::Decoder;
use crate::net::{Decoded, Skip};
use crate::report::Evidence;
use crate::types::{Endpoint, PacketNo, Tuple};

/// Packets of one connection that are kept at its beginning, and as many at its end.
const KEPT_AT_EACH_END: usize = 500;

/// IP fragments that are kept: whose they are is known only when the last of a packet came.
const MOST_FRAGMENTS: usize = 1_000;

/// Finds the packets of examples.
#[derive(Debug)]
pub struct Excerpt {
    decoder: Decoder,
    wanted: Vec<Wanted>,
    /// Indices into `wanted` by the two ends, the lower first.
    by_ends: BTreeMap<(Endpoint, Endpoint), Vec<usize>>,
    /// Packets that are kept whatever they hold.
    named: Vec<PacketNo>,
    fragments: Vec<PacketNo>,
    /// From the first to the last packet of all examples.
    range: Option<(PacketNo, PacketNo)>,
}

/// One example.
#[derive(Debug)]
struct Wanted {
    connection: u64,
    first: PacketNo,
    last: PacketNo,
    head: Vec<PacketNo>,
    tail: VecDeque<PacketNo>,
}

/// The packets of an excerpt.
#[derive(Clone, Debug, Default)]
pub struct Kept(Vec<PacketNo>);

impl Excerpt {
    /// Without an example yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(limits),
            wanted: Vec::new(),
            by_ends: BTreeMap::new(),
            named: Vec::new(),
            fragments: Vec::new(),
            range: None,
        }
    }

    /// Takes an example in: its packets are wanted, and first of all those that prove something or are a step of it.
    pub fn want(&mut self, example: &Evidence) {
        let steps = example.ladder.iter().map(|step| step.packet);
        self.named.extend(example.packets.iter().copied().chain(steps.clone()));
        let (Some(first), Some(last)) = (steps.clone().min(), steps.max()) else { return };
        let (from, to) = self.range.unwrap_or((first, last));
        self.range = Some((from.min(first), to.max(last)));
        let places = self.by_ends.entry(ends(example.client, example.server)).or_default();
        // One connection can be the example of several findings.
        if !places.iter().any(|&place| self.wanted.get(place).is_some_and(|w| w.connection == example.connection)) {
            places.push(self.wanted.len());
            let (head, tail) = (Vec::new(), VecDeque::new());
            self.wanted.push(Wanted { connection: example.connection, first, last, head, tail });
        }
    }

    /// The next packet of the capture.
    pub fn on_frame(&mut self, frame: &Frame<'_>) {
        // Fragments and the rest of a packet before the first example are of no use here.
        if self.range.is_none_or(|(first, last)| frame.number < first || frame.number > last) {
            return;
        }
        let tuple = match self.decoder.decode(frame) {
            Decoded::Tcp(segment) => segment.tuple,
            Decoded::IcmpError(error) => error.quoted,
            Decoded::BadTcp { tuple, .. } => tuple,
            Decoded::Several => return self.on_parts(frame),
            Decoded::Skipped(Skip::Fragment) if self.fragments.len() < MOST_FRAGMENTS => {
                self.fragments.push(frame.number);
                return;
            }
            Decoded::Skipped(_) => return,
        };
        self.keep(&tuple, frame.number);
    }

    /// The packets to keep.
    pub fn finish(self) -> Kept {
        let mut kept = self.named;
        kept.extend(self.fragments);
        kept.extend(self.wanted.into_iter().flat_map(|wanted| wanted.head.into_iter().chain(wanted.tail)));
        kept.sort_unstable();
        kept.dedup();
        Kept(kept)
    }

    #[cold]
    fn on_parts(&mut self, frame: &Frame<'_>) {
        let parts = self.decoder.open();
        for part in parts.frames(frame) {
            let tuple = match self.decoder.decode(&part) {
                Decoded::Tcp(segment) => Some(segment.tuple),
                _ => None,
            };
            if let Some(tuple) = tuple {
                self.keep(&tuple, frame.number);
            }
        }
        self.decoder.close(parts);
    }

    fn keep(&mut self, tuple: &Tuple, packet: PacketNo) {
        let Some(places) = self.by_ends.get(&ends(tuple.source, tuple.destination)) else { return };
        for &place in places {
            if let Some(wanted) = self.wanted.get_mut(place)
                && (wanted.first..=wanted.last).contains(&packet)
            {
                wanted.keep(packet);
            }
        }
    }
}

impl Wanted {
    fn keep(&mut self, packet: PacketNo) {
        if self.head.len() < KEPT_AT_EACH_END {
            self.head.push(packet);
            return;
        }
        if self.tail.len() == KEPT_AT_EACH_END {
            self.tail.pop_front();
        }
        self.tail.push_back(packet);
    }
}

impl Kept {
    /// Whether the excerpt has this packet.
    pub fn has(&self, packet: PacketNo) -> bool {
        self.0.binary_search(&packet).is_ok()
    }
}

/// Both directions have one key.
fn ends(a: Endpoint, b: Endpoint) -> (Endpoint, Endpoint) {
    (a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_connection_both_ends_are_kept() {
        let number = |n| PacketNo::new(n).expect("not 0");
        let (first, last) = (number(1), number(5_000));
        let mut wanted = Wanted { connection: 0, first, last, head: Vec::new(), tail: VecDeque::new() };
        (1..=5_000).for_each(|n| wanted.keep(number(n)));
        assert_eq!((wanted.head.first(), wanted.head.last()), (Some(&number(1)), Some(&number(500))));
        assert_eq!((wanted.tail.front(), wanted.tail.back()), (Some(&number(4_501)), Some(&number(5_000))));
    }
}
