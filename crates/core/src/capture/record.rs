//! What a format finds at the front of the unread bytes.

use std::borrow::Cow;

use super::bytes::Order;
use crate::capture::{InterfaceId, LinkType};
use crate::types::{Span, Timestamp};

/// A packet record that lies whole in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// Bytes before the packet's data.
    pub(super) head: usize,
    /// Bytes of the packet.
    pub(super) len: usize,
    /// Bytes of the record, with padding and options.
    pub(super) total: usize,
    pub(super) original_len: u32,
    pub(super) time: Timestamp,
    pub(super) link: LinkType,
    pub(super) interface: InterfaceId,
    pub(super) fcs_len: u8,
}

/// What begins at the front of the unread bytes.
#[derive(Debug)]
pub(super) enum Look {
    /// A packet.
    Record(Record),
    /// A packet whose time is not to be relied on: the code of the warning, and a sentence that says why.
    OddTime(Record, &'static str, String),
    /// It can not be told before so many bytes are unread. Never said at the end of the input.
    Need(usize),
    /// So many bytes without a packet.
    Skip(usize),
    /// So many bytes without a packet, to which Wireshark gives a number as if it were one.
    Numbered(usize),
    /// A block of so many bytes with names of addresses.
    Names(Order, usize),
    /// A framed block of so many bytes whose contents make no sense, and why.
    Malformed(usize, Cow<'static, str>),
    /// Another capture, or another section of this one.
    Capture,
    /// The input ends in the middle of this.
    CutShort,
    /// Nothing that could be a record, and why.
    Damaged(Cow<'static, str>),
    /// The input ends in the middle of this, or its length is damaged.
    CutOrDamaged(Cow<'static, str>),
    /// The input ends here, as it should.
    End,
}

/// Whether records begin at some place after damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    Yes,
    No,
    /// It can not be told before so many bytes are unread.
    Need(usize),
}

/// Records this close in time may belong to one capture; used after damage alone.
pub(super) const NEAR: Span = Span::from_secs(7 * 86_400);

/// Whether two times can be neighbours in one capture. An unknown time is near to all.
pub(super) fn near(a: Option<Timestamp>, b: Timestamp) -> bool {
    a.is_none_or(|a| a.since(b).abs() <= NEAR)
}
