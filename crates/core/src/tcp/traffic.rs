//! What one side of a connection sent.

use crate::types::{Moment, Seq, Span};

/// Options of a segment take so many bytes of the MSS at the most, which has no room set aside for them (RFC 9293 sections 3.1 and 3.7.1).
pub(crate) const MOST_OPTION_BYTES: u32 = 40;

/// What one side sent, as far as the capture shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Captured packets, every sighting of a packet counted.
    pub packets: u64,
    /// Captured packets with payload.
    pub payload_packets: u64,
    /// Length of the union of the sequence ranges of captured payload, by the lengths in the IP headers: what was
    /// delivered, without retransmissions and without what the capture missed.
    pub payload_bytes: u64,
    /// Stream bytes by arithmetic from the first and last sequence numbers (SYN to FIN or RST): holds also for payload that
    /// was not captured. Modulo 2^32; `None` unless both ends of the stream were seen.
    pub stream_bytes: Option<u64>,
    /// Segments whose bytes were sent before (Wireshark's retransmission, fast and spurious retransmission).
    pub retransmitted: u32,
    /// Segments that arrived after a later one of their side (Wireshark's out-of-order).
    pub out_of_order: u32,
    /// Segments without SYN, FIN and RST that announce a window of 0.
    pub zero_windows: u32,
    /// Keep-alive probes (Wireshark's `keep_alive`; RFC 9293 section 3.8.4).
    pub keep_alives: u32,
    /// The largest payload of one captured segment, in bytes, by the length in its IP header. On the sending or receiving host
    /// it can be several segments of the wire that its network card splits or joins.
    pub largest_payload: u32,
    /// The MSS that this side announced.
    pub mss: Option<u16>,
    /// Window scale shift that this side announced.
    pub window_scale: Option<u8>,
    /// Initial sequence number.
    pub isn: Option<Seq>,
    /// Time to live, or hop limit, of its first packet that is not a RST.
    pub ttl: Option<u8>,
    /// Its first packet with payload.
    pub first_payload: Option<Moment>,
    /// Its last packet with new payload.
    pub last_payload: Option<Moment>,
    /// Its last packet.
    pub last_packet: Option<Moment>,
    /// Its oldest segment that was sent again and again without an answer when the connection was last seen.
    pub unanswered: Option<Box<Unanswered>>,
    /// What it sent and the peer was still missing when the connection was last seen.
    pub hole: Option<Box<Hole>>,
    /// What it had sent by its own sequence numbers, and was neither captured nor acknowledged when the connection was last seen. `None`
    /// where only SYN, FIN and RST of a side were captured.
    pub unseen: Option<Box<Hole>>,
    /// Times in which it took no more payload; `None` where it always did.
    pub zero_window: Option<Box<ZeroWindow>>,
    /// Its last row of keep-alive probes with nothing from the peer between them.
    pub probes: Option<Box<Probes>>,
}

/// How long a side announced a window of 0: its receive buffer was full (RFC 9293 section 3.8.6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZeroWindow {
    /// Since when, where it had not opened again when the connection was last seen.
    pub since: Option<Moment>,
    /// The longest such time that ended: from the first announcement to the packet that opened the window.
    pub longest: Option<(Moment, Moment)>,
    /// How often it began.
    pub times: u32,
}

/// Keep-alive probes in a row (RFC 9293 section 3.8.4). They were answered if the peer sent anything after the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probes {
    /// The first of the row.
    pub first: Moment,
    /// The last.
    pub last: Moment,
    /// How many.
    pub count: u32,
}

impl Traffic {
    /// Whether something of it did not get through: it was sent again without an answer, or the peer says that it misses it.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.unanswered.is_some() || self.hole.is_some()
    }
}

impl ZeroWindow {
    /// A window of 0 was announced.
    #[cold]
    pub(super) fn shut(known: &mut Option<Box<Self>>, at: Moment) {
        let stall = known.get_or_insert_with(|| Box::new(Self { since: None, longest: None, times: 0 }));
        if stall.since.is_none() {
            stall.since = Some(at);
            stall.times += 1;
        }
    }

    /// A window was announced.
    #[cold]
    pub(super) fn opened(&mut self, at: Moment) {
        let Some(since) = self.since.take() else { return };
        let longer = self.longest.is_none_or(|(from, to)| to.at.since(from.at) < at.at.since(since.at));
        if longer {
            self.longest = Some((since, at));
        }
    }
}

/// A host probes what was quiet for a second at the least: that is the unit of its settings.
const PROBED_AFTER: Span = Span::from_millis(500);

impl Probes {
    /// What looks like a probe was sent; `before` is the last packet of the same side. The peer's last packet tells whether it answered the
    /// probe before.
    #[cold]
    pub(super) fn sent(known: &mut Option<Box<Self>>, at: Moment, before: Option<Moment>, heard: Option<Moment>) {
        // An ACK that a FIN overtook looks the same.
        if before.is_some_and(|before| at.at.since(before.at) < PROBED_AFTER) {
            return;
        }
        match known {
            Some(row) if heard.is_none_or(|heard| heard.packet < row.last.packet) => {
                row.last = at;
                row.count += 1;
            }
            _ => *known = Some(Box::new(Self { first: at, last: at, count: 1 })),
        }
    }
}

/// A segment that was retransmitted without being acknowledged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unanswered {
    /// Its first transmission.
    pub first: Moment,
    /// Its first retransmission.
    pub second: Moment,
    /// Its last retransmission.
    pub last: Moment,
    /// How often it was sent again.
    pub retransmissions: u32,
    /// Its payload length; 0 for a FIN alone.
    pub length: u32,
    /// The largest segment of its side that can have been acknowledged before: no more than the ACK that advanced most, and no more than
    /// the largest by then.
    pub taken: u32,
    /// The largest block behind it of which the other side said that it arrived (SACK), and the first packet that said so.
    pub arrived: Option<(Moment, u32)>,
}

/// Bytes of a side that no captured packet carries, and that its peer did not acknowledge either: they were lost before the place of
/// the capture, or were on their way when it ended. In a [`Traffic::hole`] the peer says by SACK (RFC 2018) that it misses them, in
/// [`Traffic::unseen`] it is the sender whose numbers go on behind them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hole {
    /// The first packet that says so.
    pub told: Moment,
    /// From the last byte that was acknowledged to the next that was captured, or to the end of what was sent.
    pub bytes: u32,
}
