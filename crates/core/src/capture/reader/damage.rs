//! Damage: where the way was lost, and what is said of it once it is found again.

use super::{Reader, State};
use crate::CaptureError;
use crate::capture::lost::{Format, Lost, Search};
use crate::capture::record::Look;

impl Reader {
    pub(super) fn lose_the_way(&mut self, why: String, perhaps_cut: bool) {
        let format = match std::mem::replace(&mut self.state, State::Finished) {
            State::Pcap(pcap) => Format::Pcap(pcap),
            State::Pcapng(section) => Format::Pcapng(section),
            State::Snoop(snoop) => Format::Snoop(snoop),
            State::Start(_) | State::Lost(_) | State::Finished => return,
        };
        let from = self.buffer.offset();
        self.state = State::Lost(Box::new(Lost { format, from, why, perhaps_cut }));
        // Where the damage begins, nothing can begin.
        self.buffer.consume(1);
    }

    /// Looks for the next place where records follow each other.
    pub(super) fn search(&mut self) -> Result<Look, CaptureError> {
        let State::Lost(lost) = &mut self.state else { return Ok(Look::End) };
        match lost.search(self.buffer.unread(), self.at_end, self.last) {
            Search::Found(at) => {
                self.buffer.consume(at);
                let State::Lost(lost) = std::mem::replace(&mut self.state, State::Finished) else {
                    return Ok(Look::End);
                };
                let Lost { format, from, why, perhaps_cut: _ } = *lost;
                let to = self.buffer.offset();
                self.log.damaged(to - from, || {
                    format!("bytes {from} to {to} are damaged ({why}) and were passed by; packets in them are missing")
                });
                self.state = match format {
                    Format::Pcap(pcap) => State::Pcap(pcap),
                    Format::Pcapng(section) => State::Pcapng(section),
                    Format::Snoop(snoop) => State::Snoop(snoop),
                };
                Ok(Look::Skip(0))
            }
            Search::Need(nothing_in, wanted) => {
                self.buffer.consume(nothing_in);
                Ok(Look::Need(wanted))
            }
            Search::Nothing if lost.perhaps_cut => Ok(Look::CutShort),
            Search::Nothing => {
                let (from, reason) = (lost.from, std::mem::take(&mut lost.why));
                if self.packets == 0 {
                    return Err(CaptureError::Damaged { path: None, offset: from, reason });
                }
                let left = self.buffer.offset() + self.buffer.unread().len() as u64 - from;
                self.log.damaged(left, || {
                    format!(
                        "from byte {from} to the end, {left} bytes are damaged ({reason}); everything before was read"
                    )
                });
                Ok(Look::End)
            }
        }
    }
}
