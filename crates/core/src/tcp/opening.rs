//! How a connection opened.

use crate::types::{Moment, Span};

/// The opening handshake (RFC 9293 section 3.5).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// The first SYN without ACK.
    pub syn: Option<Moment>,
    /// SYNs without ACK as captured: retries, and other sightings of one packet (twins), included.
    pub syn_count: u32,
    /// How many of them are other sightings of one.
    pub syn_twins: u32,
    /// The retries of the SYN; at most 11.
    pub syn_retries: Vec<Moment>,
    /// Whether the SYN carried payload (TCP Fast Open, RFC 7413).
    pub syn_with_data: bool,
    /// The first SYN-ACK.
    pub syn_ack: Option<Moment>,
    /// SYN-ACKs, retries included, twins not.
    pub syn_ack_count: u32,
    /// The client's ACK of the SYN-ACK.
    pub ack: Option<Moment>,
    /// A segment of the server with ACK, without SYN, that acknowledges something else than our SYN and answers it
    /// (challenge ACK, RFC 5961 section 4): an older connection still holds the tuple there.
    pub challenge_ack: Option<Moment>,
    /// Client and server both sent SYNs without ACK (simultaneous open).
    pub simultaneous: bool,
}

impl Opening {
    /// SYNs without ACK that were sent, retries included.
    pub const fn syns_sent(&self) -> u32 {
        self.syn_count - self.syn_twins
    }

    /// Whether the handshake came as far as a SYN-ACK, and the client did not only reset it.
    pub const fn is_answered(&self) -> bool {
        self.syn_ack.is_some()
    }

    /// From the first SYN to the ACK of the SYN-ACK where it was seen, else to the SYN-ACK: what `connect()` took,
    /// retries included. Seen beside the server without the ACK this is near zero: see `Connection::rtt` in the record.
    pub fn connect(&self) -> Option<Span> {
        let syn = self.syn?;
        let end = self.ack.or(self.syn_ack)?;
        Some(end.at.since(syn.at))
    }
}
