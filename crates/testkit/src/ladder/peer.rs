//! One side of a connection: what it has sent, what has reached it, its clock and its habits.

use std::net::SocketAddr;

use crate::Noise;
use crate::packets::{Flags, TcpPacket};

/// A host's end of one connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) ttl_hops: u8,
    pub(super) mss: u16,
    pub(super) timestamps: bool,
    pub(super) scaling: bool,
    pub(super) ticks_per_second: u32,
    clock_offset: u32,
    ip_id: u16,
    noise: Noise,
    pub(super) isn: u32,
    /// The next sequence number that it will send.
    pub(super) next_seq: u32,
    /// The next sequence number that it expects: all before has arrived.
    expected: u32,
    /// Ranges that have arrived beyond `expected`, as start and end.
    early: Vec<(u32, u32)>,
    /// The timestamp that it will echo (TS.Recent of RFC 7323 section 4.3).
    echo: u32,
    last_ack_sent: u32,
    pub(super) fin_received: bool,
    /// What it knew before each line of the other side.
    known: Vec<Known>,
    /// Its segments that took sequence numbers.
    pub(super) sent: Vec<Sent>,
    /// Its last packet, which a RST of the other side answers.
    pub(super) last_packet: Option<TcpPacket>,
    /// The largest segment that the other side takes.
    pub(super) segment_limit: u16,
}

/// What a side has received, as its packets tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) ack: u32,
    pub(super) echo: u32,
}

/// A segment as it may be sent again.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) seq: u32,
    pub(super) flags: Flags,
    pub(super) payload: Vec<u8>,
}

impl Peer {
    pub(super) fn new(address: SocketAddr, ttl_hops: u8, seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let (clock_offset, ip_id) = (noise.next_u64() as u32, noise.next_u64() as u16 | 1);
        Self {
            address,
            ttl_hops,
            mss: 1_460,
            timestamps: true,
            scaling: true,
            ticks_per_second: 1_000,
            clock_offset,
            ip_id,
            noise,
            isn: 0,
            next_seq: 0,
            expected: 0,
            early: Vec::new(),
            echo: 0,
            last_ack_sent: 0,
            fin_received: false,
            known: Vec::new(),
            sent: Vec::new(),
            last_packet: None,
            segment_limit: 1_460,
        }
    }

    /// Chooses an initial sequence number and forgets what was sent before.
    pub(super) fn begin(&mut self) {
        self.isn = self.noise.next_u64() as u32;
        self.next_seq = self.isn.wrapping_add(1);
        self.sent.clear();
        self.last_packet = None;
    }

    /// Expects the other side's stream from its beginning; `clock` is the other side's clock now.
    pub(super) fn listen(&mut self, peer_isn: u32, clock: u32) {
        self.expected = peer_isn.wrapping_add(1);
        self.last_ack_sent = self.expected;
        self.echo = clock;
        self.early.clear();
        self.known.clear();
        self.fin_received = false;
    }

    /// Its timestamp clock at this time.
    pub(super) fn clock(&self, at_ns: i64) -> u32 {
        let ticks = i128::from(at_ns) * i128::from(self.ticks_per_second) / 1_000_000_000;
        self.clock_offset.wrapping_add(ticks as u32)
    }

    pub(super) const fn next_ip_id(&mut self) -> u16 {
        self.ip_id = self.ip_id.wrapping_add(1);
        self.ip_id
    }

    /// What it had received before the other side's last `crossed` lines; `None` if there were fewer.
    pub(super) fn known(&self, crossed: usize) -> Option<Known> {
        match crossed {
            0 => Some(Known { ack: self.expected, echo: self.echo }),
            _ => self.known.len().checked_sub(crossed).and_then(|index| self.known.get(index)).copied(),
        }
    }

    /// The other side begins a line.
    pub(super) fn remember(&mut self) {
        self.known.push(Known { ack: self.expected, echo: self.echo });
    }

    /// It has sent this packet.
    pub(super) fn has_sent(&mut self, packet: &TcpPacket) {
        if packet.flags.has(Flags::ACK) {
            self.last_ack_sent = packet.ack;
        }
        self.last_packet = Some(packet.clone());
    }

    /// A packet of the other side has arrived.
    pub(super) fn receive(&mut self, packet: &TcpPacket) {
        if let Some((value, _)) = packet.options.timestamps {
            // RFC 7323 section 4.3 (2): newer, and beginning at or before what was last acknowledged.
            let newer = value.wrapping_sub(self.echo) < 1 << 31;
            let at_or_before = self.last_ack_sent.wrapping_sub(packet.seq) < 1 << 31;
            if packet.flags.has(Flags::SYN) || newer && at_or_before {
                self.echo = value;
            }
        }
        if packet.flags.has(Flags::SYN) || packet.flags.has(Flags::RST) {
            return;
        }
        self.fin_received |= packet.flags.has(Flags::FIN);
        let end = packet.seq.wrapping_add(packet.sequence_length());
        if end != packet.seq {
            self.early.push((packet.seq, end));
        }
        // Each round takes at least one range away or ends.
        while let Some(index) = self.early.iter().position(|(start, _)| self.covers(*start)) {
            let (_, end) = self.early.swap_remove(index);
            if end.wrapping_sub(self.expected) < 1 << 31 {
                self.expected = end;
            }
        }
    }

    fn covers(&self, start: u32) -> bool {
        self.expected.wrapping_sub(start) < 1 << 31
    }
}
