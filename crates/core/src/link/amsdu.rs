//! A-MSDU (IEEE 802.11-2020 section 9.3.2.2): several packets in one frame, each behind two addresses and its length.

use crate::net::{Piece, Skip};

/// Two addresses and a length.
const HEADER_LEN: usize = 14;

/// The packet of the first subframe, from its LLC header on, and the subframes behind it. All but the last are padded to a
/// multiple of 4 bytes, their header included.
pub(super) fn subframe(piece: Piece<'_>) -> Result<(Piece<'_>, Piece<'_>), Skip> {
    let (header, rest) = piece.split::<HEADER_LEN>()?;
    let len = usize::from(u16::from_be_bytes([header[12], header[13]]));
    let next = piece.after((HEADER_LEN + len).next_multiple_of(4)).unwrap_or_else(|_| Piece::new(&[], 0));
    Ok((rest.with_wire_len(len), next))
}

/// Whether no subframe with a packet follows.
pub(super) fn is_end(next: Piece<'_>) -> bool {
    next.kept().len() <= HEADER_LEN
}
