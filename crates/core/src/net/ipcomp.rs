//! IPComp (RFC 3173) with DEFLATE (RFC 2394): a payload that was compressed by itself, packet for packet.

use flate2::{Decompress, FlushDecompress, Status};

use super::header::{Header, Step};
use super::{Piece, Skip};

/// The most that an IP packet can carry, compressed or not.
const MAX_PAYLOAD: usize = 65_535;

/// Unpacks payloads. What it needs for that is made for the first one.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    inflater: Option<Box<Decompress>>,
}

impl Unpacker {
    /// Next header, flags, compression parameter index; then the payload, which is unpacked into `buffer`.
    ///
    /// Of a packet that the snap length cut nothing is read: how long it was before can not be told.
    pub(crate) fn read<'a>(&mut self, piece: Piece<'_>, v6: bool, buffer: &'a mut Vec<u8>) -> Step<'a> {
        let (&[next_header, _, high, low], packed) = piece.split()?;
        let index = u16::from_be_bytes([high, low]);
        if packed.kept().len() < packed.wire_len() || !may_be_deflate(index) {
            return Err(Skip::Compressed);
        }
        let inflater = self.inflater.get_or_insert_with(|| Box::new(Decompress::new(false)));
        inflater.reset(false);
        buffer.clear();
        buffer.reserve_exact(MAX_PAYLOAD);
        match inflater.decompress_vec(packed.kept(), buffer, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) if buffer.len() <= MAX_PAYLOAD => {}
            _ => return Err(Skip::Compressed),
        }
        let next = if v6 { Header::of_next_header } else { Header::of_protocol };
        Ok((next(next_header)?, Piece::new(buffer, buffer.len())))
    }
}

/// RFC 3173 section 3.3: up to 63 an index names an algorithm (2 is DEFLATE), from 256 on the two ends have agreed on one.
fn may_be_deflate(index: u16) -> bool {
    matches!(index, 2 | 256..)
}
