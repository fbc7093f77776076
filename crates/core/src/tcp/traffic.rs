//! What one side of a connection sent.

use crate::types::{Moment, Seq};

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
}
