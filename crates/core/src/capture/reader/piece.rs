//! The same capture once more with all that is in it: packets with their records, and what stands between them.
//!
//! A way of its own beside [`Reader::next_frame`], so that reading for the analysis pays nothing for it. Both take one look
//! after the other by [`Reader::step`]: damage is passed by in the same places, and packets have the same numbers.

use super::find::Step;
use super::{Reader, State};
use crate::CaptureError;
use crate::capture::pieces::{Block, FileHeader, Piece};
use crate::capture::record::Record;
use crate::capture::{Frame, Order};

/// What is next; its bytes are at the front of the buffer until [`Reader::give_piece`] takes them.
#[derive(Clone, Copy, Debug)]
pub(in crate::capture) enum Found {
    /// A packet record.
    Record(Record),
    /// So many bytes that are no packet.
    Passed { count: usize, numbered: bool },
}

impl Reader {
    /// What is next; `None` when more bytes are needed, or none are left.
    pub(in crate::capture) fn find_piece(&mut self) -> Result<Option<Found>, CaptureError> {
        loop {
            if let Some(record) = self.next.take() {
                return Ok(Some(Found::Record(record)));
            }
            match self.step()? {
                Step::Frame | Step::Passed { count: 0, .. } => {}
                Step::Passed { count, numbered } => return Ok(Some(Found::Passed { count, numbered })),
                Step::Nothing => return Ok(None),
            }
        }
    }

    /// Takes what [`Self::find_piece`] found.
    pub(in crate::capture) fn give_piece(&mut self, found: Found) -> Piece<'_> {
        let order = match &self.state {
            State::Pcapng(section) => Some(section.order()),
            _ => None,
        };
        match found {
            Found::Record(record) => self.give_whole(record, order),
            Found::Passed { count, numbered } => {
                // Of the other formats, nothing but a file header is passed by whole.
                let header = self.file_header();
                let bytes = self.buffer.take(0, count, count);
                match (order, header) {
                    (Some(order), _) => Piece::Block { block: Block { bytes, order }, numbered },
                    (None, Some(header)) => Piece::Header(header),
                    (None, None) => Piece::Block { block: Block { bytes: &[], order: Order::Little }, numbered },
                }
            }
        }
    }

    /// As [`Self::give`], with the record around the packet.
    fn give_whole(&mut self, record: Record, order: Option<Order>) -> Piece<'_> {
        let number = self.number();
        self.packets = number.number();
        self.last = Some(record.time);
        let whole = self.buffer.take(0, record.total, record.total);
        let frame = Frame {
            number,
            time: record.time,
            link: record.link,
            interface: record.interface,
            data: whole.get(record.head..).and_then(|data| data.get(..record.len)).unwrap_or_default(),
            original_len: record.original_len,
            fcs_len: record.fcs_len,
        };
        Piece::Packet { frame, block: order.map(|order| Block { bytes: whole, order }) }
    }

    /// The header that was just read, in the formats that have one interface for the whole file.
    fn file_header(&self) -> Option<FileHeader> {
        match &self.state {
            State::Pcap(pcap) => Some(FileHeader {
                order: pcap.order,
                link: pcap.link,
                interface: pcap.interface,
                snaplen: pcap.snaplen,
                fcs_len: pcap.fcs_len,
                nanoseconds: pcap.has_nanoseconds(),
            }),
            State::Snoop(snoop) => Some(FileHeader {
                order: Order::Big,
                link: snoop.link,
                interface: snoop.interface,
                snaplen: 0,
                fcs_len: 0,
                nanoseconds: false,
            }),
            State::Pcapng(_) | State::Start(_) | State::Lost(_) | State::Finished => None,
        }
    }
}
