//! Where the records of one direction lie in its stream, by their headers alone: whether the stream ends inside one.
//!
//! What is in a record does not matter here, so this goes on where [`TlsObserver`](crate::tls::TlsObserver) has seen enough, and nothing is
//! touched but five bytes of each record. Segments may come in any order: only the one that holds the next header counts.

use crate::tls::{APPLICATION_DATA, RecordHeader, may_be_alert};
use crate::types::{Moment, Seq};

/// The headers of one direction.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// Where the next header begins, as long as that is known.
    next: Option<Seq>,
    /// What came of that header.
    header: [u8; RecordHeader::SIZE],
    have: u8,
    /// The record before it: the packet of its header, its length, and whether it can be an alert.
    last: Option<(Moment, u16, bool)>,
}

/// Where the stream of a side ended among its TLS records, as far as the sequence number of its FIN tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// After an alert, or (TLS 1.3, where it is encrypted) after what is as long as one: the side said goodbye by close_notify, and so nothing is
    /// missing (RFC 8446 section 6.1).
    CloseNotify,
    /// Between two records, without a goodbye: nothing shows that anything is missing, which does not say that all was sent.
    BetweenRecords,
    /// In the middle of one.
    InRecord(CutRecord),
}

/// The record of TLS in which a stream ended: its rest did not come, so neither did what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutRecord {
    /// The packet with the record's header, or with what came of that.
    pub header: Moment,
    /// Bytes of the record's body, by its header; `None` where the header itself was cut.
    pub length: Option<u16>,
    /// Bytes that did not come, of the body, or of a header that was cut.
    pub missing: u16,
}

impl Framing {
    /// Whether a segment has nothing of interest: it lies inside a record, or came before.
    #[inline]
    pub(super) fn passes_over(&self, from: Seq, length: u32) -> bool {
        self.wanted().is_some_and(|wanted| !wanted.is_before(from.plus(length)))
    }

    /// The first byte that is to be read next.
    #[inline]
    fn wanted(&self) -> Option<Seq> {
        self.next.map(|next| next.plus(u32::from(self.have)))
    }

    /// The payload of a segment, as much as was captured. `start` is where the stream began, if that is known.
    #[inline(never)]
    pub(super) fn read(&mut self, start: Option<Seq>, from: Seq, bytes: &[u8], at: Moment) {
        let is_reached = self.wanted().is_some_and(|wanted| !wanted.is_before(from));
        if !is_reached && start != Some(from) && !self.resumes(bytes) {
            return;
        }
        if !is_reached {
            *self = Self { next: Some(from), ..Self::default() };
        }
        while let Some(wanted) = self.wanted() {
            let offset = wanted.distance_from(from).unsigned_abs() as usize;
            let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) else {
                // The snap length may have cut the header off.
                return;
            };
            self.take(rest, at);
        }
    }

    /// Whether a segment behind a hole begins with a record: by chance as good as never.
    fn resumes(&self, bytes: &[u8]) -> bool {
        let header = bytes.first_chunk().and_then(|&header| RecordHeader::parse(header));
        header.is_some_and(|header| header.content_type == APPLICATION_DATA && header.version == 0x0303)
    }

    /// The next bytes of a header.
    fn take(&mut self, rest: &[u8], at: Moment) {
        let header = match rest.first_chunk() {
            Some(header) if self.have == 0 => *header,
            _ => match self.join(rest) {
                Some(header) => header,
                None => return self.last = Some((at, 0, false)),
            },
        };
        let record = RecordHeader::parse(header);
        self.next =
            self.next.zip(record).map(|(next, record)| next.plus(RecordHeader::SIZE as u32 + u32::from(record.length)));
        self.last = record.map(|record| (at, record.length, may_be_alert(record)));
    }

    /// A header that lies across segments, once it is whole.
    #[cold]
    fn join(&mut self, rest: &[u8]) -> Option<[u8; RecordHeader::SIZE]> {
        for (place, byte) in self.header.iter_mut().skip(usize::from(self.have)).zip(rest) {
            *place = *byte;
            self.have += 1;
        }
        let is_whole = usize::from(self.have) == RecordHeader::SIZE;
        is_whole.then(|| {
            self.have = 0;
            self.header
        })
    }

    /// Where a stream ended whose FIN has this sequence number; `None` where that is not known.
    pub(super) fn end(&self, fin: Seq) -> Option<StreamEnd> {
        let ((header, length, is_alert), next) = (self.last?, self.next?);
        if next.plus(u32::from(self.have)) == fin {
            let missing = RecordHeader::SIZE as u16 - u16::from(self.have);
            return Some(match self.have {
                0 if is_alert => StreamEnd::CloseNotify,
                0 => StreamEnd::BetweenRecords,
                _ => StreamEnd::InRecord(CutRecord { header, length: None, missing }),
            });
        }
        let missing = u16::try_from(next.distance_from(fin)).ok().filter(|missing| (1..=length).contains(missing))?;
        Some(StreamEnd::InRecord(CutRecord { header, length: Some(length), missing }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    const START: Seq = Seq(u32::MAX - 20);

    fn at(packet: u64) -> Moment {
        Moment { packet: PacketNo::new(packet).expect("not 0"), at: Timestamp::from_nanos(0) }
    }

    fn give(framing: &mut Framing, offset: u32, bytes: &[u8], packet: u64) {
        let from = START.plus(offset);
        if !framing.passes_over(from, bytes.len() as u32) {
            framing.read(Some(START), from, bytes, at(packet));
        }
    }

    /// Three records of 10, 0 and 30 bytes.
    fn stream() -> Vec<u8> {
        let record = |length: u8| [&[23, 3, 3, 0, length][..], &vec![0x17; usize::from(length)]].concat();
        [record(10), record(0), record(30)].concat()
    }

    /// Reads pieces of the stream, given as ranges, and closes it after so many bytes.
    fn read(pieces: &[(usize, usize)], end: u32) -> Option<StreamEnd> {
        let (mut framing, stream) = (Framing::default(), stream());
        for (packet, &(from, to)) in (1..).zip(pieces) {
            let piece = stream.get(from..to).expect("inside");
            give(&mut framing, from as u32, piece, packet);
        }
        framing.end(START.plus(end))
    }

    fn cut(packet: u64, length: u16, missing: u16) -> Option<StreamEnd> {
        Some(StreamEnd::InRecord(CutRecord { header: at(packet), length: Some(length), missing }))
    }

    #[test]
    fn every_end_is_told_however_the_stream_was_cut_into_segments() {
        let whole = stream().len();
        for end in 1..=whole {
            let expected = match end as u16 {
                15 | 20 | 55 => None,
                end @ (0..5 | 16..20 | 21..25) => Some((None, 5 - end % 5)),
                end @ 5..15 => Some((Some(10), 15 - end)),
                end => Some((Some(30), 55 - end)),
            };
            for size in 1..=end {
                let pieces: Vec<_> = (0..end).step_by(size).map(|from| (from, end.min(from + size))).collect();
                let cut = match read(&pieces, end as u32).expect("known") {
                    StreamEnd::CloseNotify | StreamEnd::BetweenRecords => None,
                    StreamEnd::InRecord(cut) => Some((cut.length, cut.missing)),
                };
                assert_eq!(cut, expected, "{end} bytes by {size}");
            }
        }
    }

    #[test]
    fn the_order_of_segments_does_not_matter_where_headers_are_not_overtaken() {
        assert_eq!(read(&[(0, 8), (12, 14), (8, 12), (14, 30)], 30), cut(4, 30, 25));
        // Sent again, in other pieces.
        assert_eq!(read(&[(0, 30), (0, 12), (6, 30), (30, 40)], 40), cut(1, 30, 15));
    }

    #[test]
    fn a_header_that_was_missed_is_not_made_up() {
        assert_eq!(read(&[(0, 8), (25, 40)], 40), None);
        // A segment that begins with one leads on.
        assert_eq!(read(&[(20, 40)], 40), cut(1, 30, 15));
        // More came than was captured.
        assert_eq!(read(&[(0, 40)], 60), None);
    }

    #[test]
    fn a_goodbye_is_known_by_its_type_or_its_length() {
        let end_after = |record: &[u8]| {
            let mut framing = Framing::default();
            give(&mut framing, 0, record, 1);
            framing.end(START.plus(record.len() as u32))
        };
        assert_eq!(end_after(&[&[21, 3, 3, 0, 26][..], &[7; 26]].concat()), Some(StreamEnd::CloseNotify));
        assert_eq!(end_after(&[&[23, 3, 3, 0, 19][..], &[7; 19]].concat()), Some(StreamEnd::CloseNotify));
        assert_eq!(end_after(&[&[23, 3, 3, 0, 26][..], &[7; 26]].concat()), Some(StreamEnd::BetweenRecords));
    }

    #[test]
    fn what_is_no_record_is_left_alone() {
        let mut framing = Framing::default();
        give(&mut framing, 0, b"220 ready\r\n", 1);
        give(&mut framing, 11, b"250 more\r\n", 2);
        assert_eq!(framing.end(START.plus(21)), None);
    }
}
