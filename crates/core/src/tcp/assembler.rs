//! Payload in order, copied only where it must wait for a hole before it.

use crate::types::{Moment, Seq};

/// One half-stream's payload in order.
///
/// Policy for overlaps: the bytes that were captured first stand. Invariant: `pending` is ordered, its pieces do not
/// overlap, and all lie after `next`.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    next: Option<Seq>,
    pending: Vec<Pending>,
    held: usize,
}

#[derive(Debug)]
struct Pending {
    from: Seq,
    bytes: Vec<u8>,
    /// Bytes after these that the snap length cut.
    cut: u32,
    at: Moment,
}

/// What comes out, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// The next bytes exist but were cut by the snap length.
    Cut(u32),
    /// The next bytes were never captured.
    Missing(u32),
}

impl Assembler {
    /// Says where the stream begins; the first payload does it otherwise.
    pub(crate) fn begin(&mut self, at: Seq) {
        self.next.get_or_insert(at);
    }

    /// Bytes that wait.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    /// Whether anything waits behind a hole.
    pub(crate) const fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// How far a segment that has to wait reaches behind what is in order; `None` for one that need not.
    pub(crate) fn reach(&self, from: Seq, length: u32) -> Option<u64> {
        let ahead = from.distance_from(self.next?);
        (ahead > 0).then(|| u64::from(ahead.unsigned_abs()) + u64::from(length))
    }

    /// Bytes that it takes to keep those that wait.
    pub(crate) const fn kept(&self) -> usize {
        self.held + self.pending.len() * size_of::<Pending>()
    }

    /// A segment's payload: `bytes` were captured of `length`. What is in order now goes to `give`. Returns whether the
    /// segment had to be given up for `room`.
    pub(crate) fn add(
        &mut self,
        from: Seq,
        bytes: &[u8],
        length: u32,
        at: Moment,
        room: usize,
        give: &mut dyn FnMut(Piece<'_>, Moment),
    ) -> bool {
        let next = *self.next.get_or_insert(from);
        let ahead = from.distance_from(next);
        if ahead > 0 {
            return self.keep(from, bytes, length, at, room);
        }
        let old = ahead.unsigned_abs();
        if old >= length {
            return false;
        }
        let end = from.plus(length);
        if self.pending.first().is_some_and(|waiting| waiting.from.is_before(end)) {
            // Something of this was captured before: that stands, and the rest is fitted around it.
            let rest = bytes.get(old as usize..).unwrap_or_default();
            let given_up = self.keep(next, rest, length - old, at, usize::MAX);
            self.drain(give);
            return given_up;
        }
        self.deliver(bytes.get(old as usize..).unwrap_or_default(), length - old.max(bytes.len() as u32), at, give);
        self.drain(give);
        false
    }

    /// The hole before the waiting bytes will not be filled: it was acknowledged without having been captured, or the
    /// connection is over. Says how many bytes are missing, then goes on with what waits.
    pub(crate) fn skip_hole(&mut self, at: Moment, give: &mut dyn FnMut(Piece<'_>, Moment)) {
        let (Some(next), Some(first)) = (self.next, self.pending.first()) else { return };
        let missing = first.from.distance_from(next);
        if missing > 0 {
            self.next = Some(first.from);
            give(Piece::Missing(missing.unsigned_abs()), at);
        }
        self.drain(give);
    }

    /// Where the waiting bytes begin.
    pub(crate) fn waiting_from(&self) -> Option<Seq> {
        self.pending.first().map(|pending| pending.from)
    }

    /// When the waiting bytes arrived.
    pub(crate) fn waiting_since(&self) -> Option<Moment> {
        self.pending.first().map(|pending| pending.at)
    }

    fn deliver(&mut self, bytes: &[u8], cut: u32, at: Moment, give: &mut dyn FnMut(Piece<'_>, Moment)) {
        if !bytes.is_empty() {
            give(Piece::Bytes(bytes), at);
        }
        if cut > 0 {
            give(Piece::Cut(cut), at);
        }
        self.next = self.next.map(|next| next.plus(bytes.len() as u32 + cut));
    }

    fn drain(&mut self, give: &mut dyn FnMut(Piece<'_>, Moment)) {
        while let (Some(next), Some(first)) = (self.next, self.pending.first()) {
            let ahead = first.from.distance_from(next);
            if ahead > 0 {
                return;
            }
            let pending = self.pending.remove(0);
            self.held -= pending.bytes.len();
            let old = ahead.unsigned_abs();
            let whole = pending.bytes.len() as u32 + pending.cut;
            if old < whole {
                let bytes = pending.bytes.get(old as usize..).unwrap_or_default();
                self.deliver(bytes, whole - old - bytes.len() as u32, pending.at, give);
            }
        }
    }

    /// Keeps the parts that are not yet held.
    fn keep(&mut self, from: Seq, bytes: &[u8], length: u32, at: Moment, room: usize) -> bool {
        let mut start = 0_u32;
        let mut place = 0;
        let mut given_up = false;
        while start < length {
            let here = from.plus(start);
            // The first waiting piece that ends after `here`.
            while self.pending.get(place).is_some_and(|p| !p.end().is_after(here)) {
                place += 1;
            }
            let until = match self.pending.get(place) {
                Some(p) if !p.from.is_after(here) => {
                    start += p.end().distance_from(here).unsigned_abs();
                    place += 1;
                    continue;
                }
                Some(p) => start + (p.from.distance_from(here).unsigned_abs()).min(length - start),
                None => length,
            };
            let part =
                bytes.get((start as usize).min(bytes.len())..(until as usize).min(bytes.len())).unwrap_or_default();
            let cut = until - start - part.len() as u32;
            let before = place.checked_sub(1).and_then(|before| self.pending.get_mut(before));
            if let Some(before) = before.filter(|before| part.is_empty() && before.end() == here) {
                before.cut += cut;
            } else if self.held + part.len() > room || self.pending.len() >= 1_024 {
                given_up = true;
            } else {
                self.held += part.len();
                self.pending.insert(place, Pending { from: here, bytes: part.to_vec(), cut, at });
                place += 1;
            }
            start = until;
        }
        given_up
    }
}

impl Pending {
    fn end(&self) -> Seq {
        self.from.plus(self.bytes.len() as u32 + self.cut)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{PacketNo, Timestamp};

    fn moment(n: u64) -> Moment {
        Moment { packet: PacketNo::new(n + 1).expect("not zero"), at: Timestamp::from_nanos(n as i64) }
    }

    proptest! {
        /// Segments in any order, overlapping, repeated, against a plain array in which the first byte written stands.
        #[test]
        fn the_stream_equals_a_byte_array(
            base in any::<u32>(),
            segments in prop::collection::vec((0_usize..120, 1_usize..40), 1..60),
        ) {
            let mut model: Vec<Option<u8>> = vec![None; 160];
            let mut delivered = 0;
            let mut out = Vec::new();
            let mut assembler = Assembler::default();
            assembler.begin(Seq(base));
            for (n, (offset, length)) in segments.iter().enumerate() {
                // Each segment carries bytes of its own, so that a wrong winner shows.
                let bytes: Vec<u8> = (0..*length).map(|i| (n * 31 + i) as u8).collect();
                for (i, byte) in bytes.iter().enumerate() {
                    if offset + i >= delivered {
                        model[offset + i].get_or_insert(*byte);
                    }
                }
                let seq = Seq(base.wrapping_add(*offset as u32));
                let lost = assembler.add(seq, &bytes, *length as u32, moment(n as u64), 1 << 16, &mut |piece, _| {
                    if let Piece::Bytes(bytes) = piece { out.extend_from_slice(bytes); }
                });
                prop_assert!(!lost);
                delivered = out.len();
                let expected: Vec<u8> = model.iter().map_while(|byte| *byte).collect();
                prop_assert_eq!(&out, &expected);
            }
        }
    }

    proptest! {
        /// Whether bytes are kept or their length alone, as much comes out at each step.
        #[test]
        fn a_length_stands_for_its_bytes(
            segments in prop::collection::vec((0_u32..120, 1_u32..40, any::<bool>()), 1..60),
        ) {
            let (mut kept, mut counted) = (Assembler::default(), Assembler::default());
            let mut out = [0_u32; 2];
            kept.begin(Seq(7));
            counted.begin(Seq(7));
            let length_of = |piece: &Piece<'_>| match piece {
                Piece::Bytes(bytes) => bytes.len() as u32,
                Piece::Cut(length) | Piece::Missing(length) => *length,
            };
            for (n, &(offset, length, is_counted)) in segments.iter().enumerate() {
                let (from, bytes, at) = (Seq(7).plus(offset), vec![0; length as usize], moment(n as u64));
                kept.add(from, &bytes, length, at, 1 << 16, &mut |piece, _| out[0] += length_of(&piece));
                let part = if is_counted { &[][..] } else { &bytes };
                counted.add(from, part, length, at, 1 << 16, &mut |piece, _| out[1] += length_of(&piece));
                prop_assert_eq!(out[0], out[1]);
                prop_assert_eq!(kept.waits(), counted.waits());
            }
        }
    }

    #[test]
    fn a_hole_is_skipped_once_it_will_not_be_filled() {
        let mut assembler = Assembler::default();
        let mut said = Vec::new();
        assembler.begin(Seq(10));
        let mut note = |piece: Piece<'_>, _| said.push(format!("{piece:?}"));
        assembler.add(Seq(14), b"later", 5, moment(1), 100, &mut note);
        assembler.skip_hole(moment(2), &mut note);
        assert_eq!(said, ["Missing(4)", "Bytes([108, 97, 116, 101, 114])"]);
        assert_eq!(assembler.next, Some(Seq(19)));
    }

    #[test]
    fn what_the_snap_length_cut_is_told_apart_from_what_is_missing() {
        let mut assembler = Assembler::default();
        let mut said = Vec::new();
        assembler.begin(Seq(0));
        assembler.add(Seq(0), b"ab", 10, moment(1), 100, &mut |piece, _| said.push(format!("{piece:?}")));
        assert_eq!(said, ["Bytes([97, 98])", "Cut(8)"]);
        assert_eq!(assembler.next, Some(Seq(10)));
    }

    #[test]
    fn what_is_not_kept_waits_as_one_piece() {
        let mut assembler = Assembler::default();
        let mut said = Vec::new();
        assembler.begin(Seq(0));
        for n in 1..2_000 {
            assert!(!assembler.add(Seq(10 * n), &[], 10, moment(1), 100, &mut |_, _| ()), "segment {n}");
        }
        assert_eq!((assembler.held(), assembler.pending.len(), assembler.reach(Seq(20_000), 10)), (0, 1, Some(20_010)));
        assembler.add(Seq(0), b"0123456789", 10, moment(2), 100, &mut |piece, _| said.push(format!("{piece:?}")));
        assert_eq!(said, ["Bytes([48, 49, 50, 51, 52, 53, 54, 55, 56, 57])", "Cut(19990)"]);
    }

    #[test]
    fn what_does_not_fit_is_given_up_and_said() {
        let mut assembler = Assembler::default();
        assembler.begin(Seq(0));
        assert!(assembler.add(Seq(5), &[0; 50], 50, moment(1), 40, &mut |_, _| ()));
        assert_eq!(assembler.held(), 0);
    }
}
