//! Frames that follow each other with nothing odd: nearly all of a capture, at the least cost for each.

use super::{Reader, State};
use crate::capture::record::Record;
use crate::capture::{Frame, InterfaceId, LinkType};
use crate::types::{PacketNo, Timestamp};

/// Where a run of frames has come to.
struct Run<'a> {
    rest: &'a [u8],
    packets: u64,
    last: Option<Timestamp>,
    link: LinkType,
}

impl Reader {
    /// Gives the frames at the front of the buffer that lie there whole and are of the same link type as the one before, as
    /// long as `give` wants more. The caller's number of a frame is `ahead` of the reader's own, modulo 2^64, and `places`
    /// are the caller's numbers of the interfaces. [`Reader::next_frame`] goes on from there.
    #[inline(always)]
    pub(in crate::capture) fn run(
        &mut self,
        ahead: u64,
        places: &[InterfaceId],
        give: &mut impl FnMut(&Frame<'_>) -> bool,
    ) {
        let (None, Some(&link)) = (self.next, self.links.last()) else { return };
        let unread = self.buffer.unread();
        let mut run = Run { rest: unread, packets: self.packets, last: self.last, link };
        match &self.state {
            State::Pcap(pcap) => run.walk(|bytes| pcap.record(bytes), ahead, places, give),
            State::Pcapng(section) => run.walk(|bytes| section.record(bytes), ahead, places, give),
            // Snoop is rare enough for the longer way.
            State::Snoop(_) | State::Start(_) | State::Lost(_) | State::Finished => return,
        }
        let Run { rest, packets, last, .. } = run;
        let done = unread.len() - rest.len();
        (self.packets, self.last) = (packets, last);
        self.buffer.consume(done);
    }
}

impl Run<'_> {
    #[inline(always)]
    fn walk(
        &mut self,
        front: impl Fn(&[u8]) -> Option<Record>,
        ahead: u64,
        places: &[InterfaceId],
        give: &mut impl FnMut(&Frame<'_>) -> bool,
    ) {
        while let Some(record) = front(self.rest).filter(|record| record.link == self.link) {
            let Some(&interface) = places.get(usize::from(record.interface.0)) else { return };
            let Some((whole, rest)) = self.rest.split_at_checked(record.total) else { return };
            let Some(data) = whole.get(record.head..).and_then(|data| data.get(..record.len)) else { return };
            self.packets = self.packets.wrapping_add(1);
            (self.rest, self.last) = (rest, Some(record.time));
            let frame = Frame {
                number: PacketNo::new(self.packets.wrapping_add(ahead)).unwrap_or(PacketNo::FIRST),
                time: record.time,
                link: record.link,
                interface,
                data,
                original_len: record.original_len,
                fcs_len: record.fcs_len,
            };
            if !give(&frame) {
                return;
            }
        }
    }
}
