//! The TCP header (RFC 9293 section 3.1) and its options.

use etherparse::TcpHeaderSlice;

use super::header::Ip;
use super::{Decoded, Flags, Options, Piece, Place, Segment, Skip};
use crate::types::{Endpoint, Seq, Tuple};

/// A segment. The piece ends where the IP header says, so that padding is no payload.
pub(crate) fn read<'a>(piece: Piece<'a>, ip: &Ip, place: &Place) -> Decoded<'a> {
    match WholeHeader::read(piece) {
        Some(header) => Decoded::Tcp(header.segment(ip, place)),
        None => read_cut(piece, *ip, *place),
    }
}

/// A header that is all there, and what follows it.
pub(crate) struct WholeHeader<'a> {
    header: TcpHeaderSlice<'a>,
    /// The same bytes without the options.
    fixed: &'a [u8; 20],
    options: &'a [u8],
    payload: &'a [u8],
    /// Payload bytes on the wire.
    payload_len: usize,
}

impl<'a> WholeHeader<'a> {
    /// Nothing where the header makes no sense, or where some of it is missing.
    #[inline(always)]
    pub(crate) fn read(piece: Piece<'a>) -> Option<Self> {
        let header = TcpHeaderSlice::from_slice(piece.kept()).ok()?;
        let (fixed, options) = header.slice().split_first_chunk()?;
        let payload = piece.kept().get(header.slice().len()..)?;
        // What was kept is never more.
        let payload_len = piece.wire_len() - header.slice().len();
        Some(Self { header, fixed, options, payload, payload_len })
    }

    /// The segment, as it came in an IP packet that was seen at a place.
    #[inline(always)]
    pub(crate) fn segment(self, ip: &Ip, place: &Place) -> Segment<'a> {
        let Self { header, fixed, options, payload, payload_len } = self;
        // Before the rest is in hand: this is where the roads of the program part.
        let ack = Seq(header.acknowledgment_number());
        let options = Options::read(options, options.len(), ack);
        Segment {
            tuple: Tuple {
                source: Endpoint { address: ip.source, port: header.source_port() },
                destination: Endpoint { address: ip.destination, port: header.destination_port() },
            },
            seq: Seq(header.sequence_number()),
            ack,
            flags: Flags(fixed[13]),
            window: header.window_size(),
            options,
            payload,
            payload_len: wire_len(payload_len),
            ttl: ip.ttl,
            ip_id: ip.id,
            place: *place,
        }
    }
}

/// A header that the snap length cut behind the flags, or within its options. What identifies the segment is there; the
/// window may not be.
#[cold]
fn read_cut(piece: Piece<'_>, ip: Ip, place: Place) -> Decoded<'_> {
    if piece.wire_len() < 20 {
        return Decoded::Skipped(Skip::Malformed);
    }
    let (header, rest) = match piece.split::<14>() {
        Ok(parts) => parts,
        Err(skip) => return Decoded::Skipped(skip),
    };
    let header_len = usize::from(header[12] >> 4) * 4;
    let tuple = tuple([header[0], header[1], header[2], header[3]], &ip);
    let seq = Seq(u32::from_be_bytes([header[4], header[5], header[6], header[7]]));
    let ack = Seq(u32::from_be_bytes([header[8], header[9], header[10], header[11]]));
    let flags = Flags(header[13]);
    if header_len < 20 || header_len > piece.wire_len() {
        return Decoded::BadTcp { tuple, opens: flags.opens().then_some(seq) };
    }
    Decoded::Tcp(Segment {
        tuple,
        seq,
        ack,
        flags,
        window: rest.kept().first_chunk().map_or(0, |&bytes| u16::from_be_bytes(bytes)),
        options: Options::read(piece.kept().get(20..).unwrap_or_default(), header_len - 20, ack),
        payload: &[],
        payload_len: wire_len(piece.wire_len() - header_len),
        ttl: ip.ttl,
        ip_id: ip.id,
        place,
    })
}

#[inline(always)]
fn tuple(ports: [u8; 4], ip: &Ip) -> Tuple {
    let [a, b, c, d] = ports;
    Tuple {
        source: Endpoint::new(ip.source, u16::from_be_bytes([a, b])),
        destination: Endpoint::new(ip.destination, u16::from_be_bytes([c, d])),
    }
}

#[inline]
fn wire_len(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Options {
    /// Reads the options of a segment with this acknowledgment number; `wire_len` is their length by the header, of which the snap
    /// length may have cut some.
    #[inline(always)]
    fn read(bytes: &[u8], wire_len: usize, ack: Seq) -> Self {
        match bytes.len() {
            0 => Self { any: wire_len != 0, ..Self::default() },
            12 => Self::usual(bytes, ack),
            20 => Self::usual_syn(bytes, ack),
            _ => Self::walk(bytes, ack),
        }
    }

    /// RFC 7323 appendix A: how nearly every segment but the first carries its timestamps.
    #[inline(always)]
    fn usual(bytes: &[u8], ack: Seq) -> Self {
        match bytes.split_first_chunk::<4>() {
            Some((head, values)) if *head == [1, 1, 8, 10] => {
                Self { timestamps: timestamps(values), any: true, ..Self::default() }
            }
            _ => Self::walk(bytes, ack),
        }
    }

    /// The SYN of Linux: maximum segment size, SACK permitted, timestamps, window scale.
    #[inline(always)]
    fn usual_syn(bytes: &[u8], ack: Seq) -> Self {
        match *bytes {
            [2, 4, x, y, a, b, c, d, ref values @ .., n, kind, len, shift]
                if [a, b, c, d] == [4, 2, 8, 10] && [n, kind, len] == [1, 3, 3] =>
            {
                Self {
                    mss: Some(u16::from_be_bytes([x, y])),
                    window_scale: Some(shift),
                    timestamps: timestamps(values),
                    sack_permitted: true,
                    sacked: 0,
                    any: true,
                }
            }
            _ => Self::walk(bytes, ack),
        }
    }

    /// One option after the other. Unknown kinds are stepped over; the first length that makes no sense is the end.
    #[inline(never)]
    fn walk(mut rest: &[u8], ack: Seq) -> Self {
        let mut options = Self { any: true, ..Self::default() };
        loop {
            rest = match *rest {
                [1, ref next @ ..] => next,
                [] | [0, ..] | [_] => return options,
                [kind, len, ref next @ ..] => {
                    let value_len = usize::from(len).checked_sub(2);
                    let Some((value, next)) = value_len.and_then(|len| next.split_at_checked(len)) else {
                        return options;
                    };
                    options.note(kind, value, ack);
                    next
                }
            };
        }
    }

    fn note(&mut self, kind: u8, value: &[u8], ack: Seq) {
        match (kind, value) {
            (2, &[a, b]) => self.mss = Some(u16::from_be_bytes([a, b])),
            (3, &[shift]) => self.window_scale = Some(shift),
            (4, &[]) => self.sack_permitted = true,
            (5, blocks) => self.sacked = largest_block(blocks, ack),
            (8, value) if value.len() == 8 => self.timestamps = timestamps(value),
            _ => {}
        }
    }
}

/// The length of the largest block behind the ACK: each has a left and a right edge. One before it says that something came twice
/// (RFC 2883).
#[cold]
fn largest_block(blocks: &[u8], ack: Seq) -> u16 {
    let edges = |block: &[u8; 8]| {
        let [a, b, c, d, e, f, g, h] = *block;
        (Seq(u32::from_be_bytes([a, b, c, d])), Seq(u32::from_be_bytes([e, f, g, h])))
    };
    let behind = blocks.as_chunks().0.iter().map(edges).filter(|(_, right)| right.is_after(ack));
    let largest = behind.map(|(left, right)| right.distance_from(left)).max().unwrap_or(0);
    u16::try_from(largest.max(0)).unwrap_or(u16::MAX)
}

/// TSval and TSecr.
#[inline(always)]
fn timestamps(value: &[u8]) -> Option<(u32, u32)> {
    let (value, echo) = value.split_first_chunk()?;
    Some((u32::from_be_bytes(*value), u32::from_be_bytes(*echo.first_chunk()?)))
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::types::Seq;

    const ACK: Seq = Seq(1_000);

    #[test]
    fn the_usual_option_lists_are_read_as_any_other() {
        let segment = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
        let syn = [2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7];
        for list in [&segment[..], &syn[..]] {
            assert_eq!(Options::read(list, list.len(), ACK), Options::walk(list, ACK));
            for at in 0..list.len() {
                let mut other = list.to_vec();
                other[at] ^= 3;
                assert_eq!(Options::read(&other, other.len(), ACK), Options::walk(&other, ACK), "{other:?}");
                let cut = &list[..at];
                assert_eq!(Options::read(cut, list.len(), ACK), Options::walk(cut, ACK), "{cut:?}");
            }
        }
        let read = Options::read(&syn, syn.len(), ACK);
        assert_eq!((read.timestamps, read.window_scale), (Some((0x0102_0304, 0x0506_0708)), Some(7)));
    }

    #[test]
    fn a_block_before_the_ack_says_that_something_came_twice() {
        let sacked = |blocks: &[(u32, u32)]| {
            let mut list = vec![1, 1, 5, 2 + 8 * blocks.len() as u8];
            for (left, right) in blocks {
                list.extend(left.to_be_bytes().into_iter().chain(right.to_be_bytes()));
            }
            Options::read(&list, list.len(), ACK).sacked
        };
        assert_eq!(sacked(&[(1_500, 2_260)]), 760);
        assert_eq!(sacked(&[(240, 1_000)]), 0);
        assert_eq!(sacked(&[(0, 1_000), (1_500, 1_700), (1_900, 2_000)]), 200);
        assert_eq!(sacked(&[(2_260, 1_500)]), 0, "edges that make no sense");
    }
}
