//! The numbers of connections, as Wireshark numbers `tcp.stream`.

use std::collections::BTreeMap;

use super::key::Flow;
use crate::net::Segment;
use crate::types::Seq;

/// Gives numbers, in the order in which connections begin.
///
/// A header that makes no sense opens no connection here, but Wireshark gives it a stream. It takes a number, so that later
/// connections have Wireshark's; a connection of its tuple that begins later has that number.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    next: u64,
    /// Of the numbers given, those that no connection has.
    without: u64,
    /// Such numbers that a connection may still get, by the hash of the tuple that took them.
    taken: BTreeMap<u64, Taken>,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    /// The sequence number of its SYN.
    opens: Option<Seq>,
}

/// More tuples whose first packet makes no sense are no traffic that somebody would number.
const MAX_TAKEN: usize = 4_096;

impl Numbers {
    /// The number of a connection that begins with this segment.
    #[inline]
    pub(crate) fn next(&mut self, segment: &Segment<'_>, flow: &Flow) -> u64 {
        if !self.taken.is_empty()
            && let Some(number) = self.taken_by(segment, flow)
        {
            return number;
        }
        self.next += 1;
        self.next - 1
    }

    #[cold]
    fn taken_by(&mut self, segment: &Segment<'_>, flow: &Flow) -> Option<u64> {
        let taken = self.taken.remove(&flow.hash)?;
        let left = taken.is_left_by(segment.flags.opens().then_some(segment.seq));
        self.without -= u64::from(!left);
        (!left).then_some(taken.number)
    }

    /// A header that makes no sense takes a number for its tuple, of which no connection lives. `opens` is the sequence
    /// number of its SYN.
    pub(crate) fn take(&mut self, flow: &Flow, opens: Option<Seq>) {
        let known = self.taken.get(&flow.hash).is_some_and(|taken| !taken.is_left_by(opens));
        if !known && self.taken.len() < MAX_TAKEN {
            self.taken.insert(flow.hash, Taken { number: self.next, opens });
            self.next += 1;
            self.without += 1;
        }
    }

    /// How many connections have one.
    pub(crate) const fn connections(&self) -> u64 {
        self.next - self.without
    }
}

impl Taken {
    /// Whether what comes belongs to a later connection: a SYN with another sequence number opens the next.
    fn is_left_by(&self, opens: Option<Seq>) -> bool {
        opens.is_some() && opens != self.opens
    }
}
