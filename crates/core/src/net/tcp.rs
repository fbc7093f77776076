//! The TCP header (RFC 9293 section 3.1) and its options.

use super::header::Walk;
use super::{Flags, Options, Piece, Segment, Skip};
use crate::types::{Endpoint, Seq, Tuple};

/// A segment. The piece ends where the IP header says, so that padding is no payload.
#[inline]
pub(crate) fn read<'a>(piece: Piece<'a>, walk: &Walk) -> Result<Segment<'a>, Skip> {
    let Ok((header, rest)) = piece.split::<20>() else { return read_cut(piece, walk) };
    let header_len = usize::from(header[12] >> 4) * 4;
    let Some(options_len) = header_len.checked_sub(20) else { return Err(Skip::Malformed) };
    if options_len > rest.wire_len() {
        return Err(Skip::Malformed);
    }
    let (options, payload) = rest.kept().split_at_checked(options_len).unwrap_or((rest.kept(), &[]));
    Ok(Segment {
        tuple: tuple([header[0], header[1], header[2], header[3]], walk),
        seq: Seq(u32::from_be_bytes([header[4], header[5], header[6], header[7]])),
        ack: Seq(u32::from_be_bytes([header[8], header[9], header[10], header[11]])),
        flags: Flags(header[13]),
        window: u16::from_be_bytes([header[14], header[15]]),
        options: Options::read(options, options_len),
        payload,
        payload_len: wire_len(rest.wire_len() - options_len),
        ttl: walk.ttl,
        ip_id: walk.ip_id,
        place: walk.place,
    })
}

/// A header that the snap length cut behind the flags. What identifies the segment is there; the window may not be.
#[cold]
fn read_cut<'a>(piece: Piece<'a>, walk: &Walk) -> Result<Segment<'a>, Skip> {
    if piece.wire_len() < 20 {
        return Err(Skip::Malformed);
    }
    let (header, rest) = piece.split::<14>()?;
    let header_len = usize::from(header[12] >> 4) * 4;
    if header_len < 20 || header_len > piece.wire_len() {
        return Err(Skip::Malformed);
    }
    Ok(Segment {
        tuple: tuple([header[0], header[1], header[2], header[3]], walk),
        seq: Seq(u32::from_be_bytes([header[4], header[5], header[6], header[7]])),
        ack: Seq(u32::from_be_bytes([header[8], header[9], header[10], header[11]])),
        flags: Flags(header[13]),
        window: rest.kept().first_chunk().map_or(0, |&bytes| u16::from_be_bytes(bytes)),
        options: Options { any: header_len > 20, ..Options::default() },
        payload: &[],
        payload_len: wire_len(piece.wire_len() - header_len),
        ttl: walk.ttl,
        ip_id: walk.ip_id,
        place: walk.place,
    })
}

fn tuple(ports: [u8; 4], walk: &Walk) -> Tuple {
    let [a, b, c, d] = ports;
    Tuple {
        source: Endpoint::new(walk.source, u16::from_be_bytes([a, b])),
        destination: Endpoint::new(walk.destination, u16::from_be_bytes([c, d])),
    }
}

fn wire_len(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Options {
    /// Reads options; `wire_len` is their length by the header, of which the snap length may have cut some.
    ///
    /// Unknown kinds are stepped over, and reading ends at the first length that makes no sense.
    #[inline]
    fn read(bytes: &[u8], wire_len: usize) -> Self {
        let mut options = Self { any: wire_len != 0, ..Self::default() };
        match bytes {
            [] => {}
            // RFC 7323 appendix A: how nearly every segment but the first carries its timestamps.
            &[1, 1, 8, 10, a, b, c, d, e, f, g, h] => {
                options.timestamps = Some((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])));
            }
            _ => options.walk(bytes),
        }
        options
    }

    fn walk(&mut self, mut rest: &[u8]) {
        loop {
            rest = match *rest {
                [] | [0, ..] => return,
                [1, ref next @ ..] => next,
                [kind, len, ref next @ ..] => {
                    let Some((value, next)) = usize::from(len).checked_sub(2).and_then(|n| next.split_at_checked(n))
                    else {
                        return;
                    };
                    self.note(kind, value);
                    next
                }
                [_] => return,
            };
        }
    }

    fn note(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (2, &[a, b]) => self.mss = Some(u16::from_be_bytes([a, b])),
            (3, &[shift]) => self.window_scale = Some(shift),
            (4, &[]) => self.sack_permitted = true,
            (8, &[a, b, c, d, e, f, g, h]) => {
                self.timestamps = Some((u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])));
            }
            _ => {}
        }
    }
}
