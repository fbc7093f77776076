//! What is not the common case: more bytes are needed, a block is no packet, or something is odd.

use super::{Reader, State};
use crate::CaptureError;
use crate::capture::record::{Look, Record};
use crate::capture::unpack::{Ending, Unpacked};

/// What one look at the front came to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A frame, which is the next.
    Frame,
    /// So many bytes at the front are no packet, and still unread. With a number where Wireshark gives them one.
    Passed { count: usize, numbered: bool },
    /// The caller must bring more bytes, or none are left.
    Nothing,
}

impl Reader {
    /// The next frame when [`Reader::front`] does not see it; `None` when more bytes are needed or none are left.
    #[cold]
    #[inline(never)]
    pub(super) fn find_record(&mut self) -> Result<Option<Record>, CaptureError> {
        if self.next.is_none() {
            self.find()?;
        }
        Ok(self.next.take())
    }

    /// Finds the next frame; `false` as [`Self::find_record`].
    fn find(&mut self) -> Result<bool, CaptureError> {
        loop {
            match self.step()? {
                Step::Frame => return Ok(true),
                Step::Passed { count, .. } => self.buffer.consume(count),
                Step::Nothing => return Ok(false),
            }
        }
    }

    /// One look at the front of the unread bytes. Bytes that are passed by for damage are consumed here; those that are whole and
    /// no packet are left to the caller, who may want to see them.
    pub(super) fn step(&mut self) -> Result<Step, CaptureError> {
        let look = match self.look() {
            Ok(look) => look,
            Err(error) => {
                self.state = State::Finished;
                return Err(error);
            }
        };
        let (number, offset) = (self.number(), self.buffer.offset());
        match look {
            Look::Record(record) => {
                self.next = Some(record);
                return Ok(Step::Frame);
            }
            Look::OddTime(record, code, how) => {
                self.next = Some(record);
                self.log.add(code, || format!("packet {number} at byte {offset}: {how}"));
                return Ok(Step::Frame);
            }
            Look::Need(wanted) => {
                if !self.refill(wanted) {
                    return Ok(Step::Nothing);
                }
            }
            Look::Skip(count) => return Ok(Step::Passed { count, numbered: false }),
            Look::Names(order, count) => {
                self.names.note(order, self.buffer.unread().get(..count).unwrap_or_default());
                return Ok(Step::Passed { count, numbered: false });
            }
            Look::Numbered(count) => {
                self.packets = number.number();
                return Ok(Step::Passed { count, numbered: true });
            }
            Look::Malformed(count, why) => {
                self.buffer.consume(count);
                self.log.damaged(count as u64, || format!("a block at byte {offset} was passed by: {why}"));
            }
            Look::Capture => self.lose_the_way("a file header inside a file header".to_owned(), false),
            Look::Damaged(why) => self.lose_the_way(why.into_owned(), false),
            Look::CutOrDamaged(why) => self.lose_the_way(why.into_owned(), true),
            Look::CutShort => {
                self.log_cut();
                self.state = State::Finished;
            }
            Look::End => {
                self.state = State::Finished;
                return Ok(Step::Nothing);
            }
        }
        Ok(Step::Passed { count: 0, numbered: false })
    }

    fn look(&mut self) -> Result<Look, CaptureError> {
        let (bytes, at_end) = (self.buffer.unread(), self.at_end);
        let look = match &mut self.state {
            State::Pcap(pcap) => pcap.look(bytes, at_end, self.last),
            State::Pcapng(section) => section.look(bytes, at_end, self.last, &mut self.interfaces),
            State::Snoop(snoop) => snoop.look(bytes, at_end, &mut self.interfaces),
            State::Start(_) => self.start()?,
            State::Lost(_) => self.search()?,
            State::Finished => Look::End,
        };
        Ok(if matches!(look, Look::Capture) { self.open_another() } else { look })
    }

    /// Gets more bytes from the unpacker; `false` when the caller must bring them.
    fn refill(&mut self, wanted: usize) -> bool {
        let Some(unpacker) = &mut self.unpacker else {
            self.wanted = wanted;
            return false;
        };
        match unpacker.unpack(self.buffer.room(wanted)) {
            Unpacked::Bytes(count) => {
                self.buffer.filled(count);
                return true;
            }
            Unpacked::Need(wanted) => {
                self.wanted = wanted;
                return false;
            }
            Unpacked::End(ending) => self.log_ending(&ending),
        }
        self.at_end = true;
        true
    }

    fn log_cut(&mut self) {
        let (number, end) = (self.number(), self.buffer.offset() + self.buffer.unread().len() as u64);
        // A cut in the compressed stream was said already, and is the same cut.
        if self.unpacker.is_some() && (self.log.has("cut-short") || self.log.has("damaged")) {
            return;
        }
        self.log.add("cut-short", || {
            format!(
                "the capture ends at byte {end} in the middle of packet {number}; everything before it was read. \
                 The capturing program was stopped hard, or it is still writing"
            )
        });
    }

    fn log_ending(&mut self, ending: &Ending) {
        let Some(unpacker) = &self.unpacker else { return };
        let (name, offset, number) = (unpacker.packing.name(), unpacker.offset(), self.number());
        match ending {
            Ending::Whole => {}
            Ending::Cut => self.log.add("cut-short", || {
                format!("the {name} stream ends too early, near packet {number}; everything before it was read")
            }),
            Ending::Corrupt(why) => self.log.damaged(0, || {
                format!("the {name} stream is corrupt near its byte {offset} ({why}); everything before it was read")
            }),
            Ending::Trailed => self.log.add("garbage-after", || {
                format!("bytes after the end of the {name} stream, from its byte {offset}, were not read")
            }),
        }
    }
}
