//! A-MSDU (IEEE 802.11-2020 section 9.3.2.2): several packets in one frame, each behind two addresses and its length.

use super::decoder::PART;
use crate::capture::Frame;
use crate::net::{Piece, Place, Skip};

/// Two addresses and a length.
const HEADER_LEN: usize = 14;

/// The packets of one frame that holds several, kept apart from it: each is then decoded as a frame of the same number and
/// time.
#[derive(Debug, Default)]
pub struct Parts {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Where the frame was seen, as far as its headers have told.
    pub(super) place: Place,
}

/// One packet: its bytes up to `kept_end`, from where the part before it ends.
#[derive(Clone, Copy, Debug)]
struct Part {
    kept_end: usize,
    wire_len: u32,
}

impl Parts {
    /// Takes over the subframes of an aggregate; of one alone there is nothing to keep, and it is given back.
    ///
    /// The snap length may cut the last; what it cut off whole is not there.
    pub(super) fn fill<'a>(&mut self, aggregate: Piece<'a>, place: &Place) -> Result<Option<Piece<'a>>, Skip> {
        let (first, mut next) = subframe(aggregate)?;
        if next.kept().len() <= HEADER_LEN {
            return Ok(Some(first));
        }
        self.bytes.clear();
        self.parts.clear();
        self.place = *place;
        self.keep(first);
        while let Ok((packet, rest)) = subframe(next) {
            self.keep(packet);
            next = rest;
        }
        Ok(None)
    }

    fn keep(&mut self, packet: Piece<'_>) {
        self.bytes.extend_from_slice(packet.kept());
        self.parts.push(Part { kept_end: self.bytes.len(), wire_len: packet.wire_len() as u32 });
    }

    /// Each packet as a frame, in their order; `frame` is the one that held them.
    pub(crate) fn frames<'a>(&'a self, frame: &Frame<'a>) -> impl Iterator<Item = Frame<'a>> {
        let mut start = 0;
        self.parts.iter().map(move |part| {
            let data = self.bytes.get(start..part.kept_end).unwrap_or_default();
            start = part.kept_end;
            Frame { link: PART, data, original_len: part.wire_len, fcs_len: 0, ..*frame }
        })
    }
}

/// The packet of the first subframe, from its LLC header on, and the subframes behind it. All but the last are padded to a
/// multiple of 4 bytes, their header included.
pub(super) fn subframe(piece: Piece<'_>) -> Result<(Piece<'_>, Piece<'_>), Skip> {
    let (header, rest) = piece.split::<HEADER_LEN>()?;
    let len = usize::from(u16::from_be_bytes([header[12], header[13]]));
    let next = piece.after((HEADER_LEN + len).next_multiple_of(4)).unwrap_or_else(|_| Piece::new(&[], 0));
    Ok((rest.with_wire_len(len), next))
}
