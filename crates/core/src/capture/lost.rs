//! The way back after damage: the next place where records follow each other.

use super::magic::Magic;
use super::pcap::Pcap;
use super::pcapng::Section;
use super::record::Chain;
use super::snoop::Snoop;
use crate::types::Timestamp;

/// A format whose next record is not where it should be.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) format: Format,
    /// Where the damage begins in the stream.
    pub(super) from: u64,
    pub(super) why: String,
    /// A cut would look the same, should nothing readable follow.
    pub(super) perhaps_cut: bool,
}

/// What was read before the damage.
#[derive(Debug)]
pub(super) enum Format {
    Pcap(Pcap),
    Pcapng(Section),
    Snoop(Snoop),
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Records begin after so many bytes.
    Found(usize),
    /// So many bytes hold nothing; behind them so many must be unread to tell.
    Need(usize, usize),
    /// The input ends first.
    Nothing,
}

impl Lost {
    /// Looks through the unread bytes; `last` is the time of the last packet before the damage.
    pub(super) fn search(&self, bytes: &[u8], at_end: bool, last: Option<Timestamp>) -> Search {
        for at in 0..bytes.len() {
            let rest = &bytes[at..];
            // Else what is here would depend on how the bytes arrive.
            if rest.len() < Magic::PLAUSIBLE_LEN && !at_end {
                return Search::Need(at, Magic::PLAUSIBLE_LEN);
            }
            if Magic::plausible(rest).is_some() {
                return Search::Found(at);
            }
            let chain = match &self.format {
                Format::Pcap(pcap) => pcap.chain(rest, at_end, last),
                Format::Pcapng(section) => section.chain(rest, at_end),
                Format::Snoop(snoop) => snoop.chain(rest, at_end, last),
            };
            match chain {
                Chain::Yes => return Search::Found(at),
                Chain::No => {}
                Chain::Need(wanted) => return Search::Need(at, wanted),
            }
        }
        if at_end { Search::Nothing } else { Search::Need(0, Magic::PLAUSIBLE_LEN) }
    }
}
