//! Every budget in one place.

use serde::Serialize;

use crate::types::Span;

/// What one analysis may hold. Reaching a limit never fails: it is counted, and shown where it weakens a verdict.
///
/// ```
/// let limits = handshark::Limits { max_connections: 100_000, ..Default::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Connections that are open at once. Above it the one that was quiet longest is written out, marked `evicted`.
    pub max_connections: usize,
    /// Ended connections whose late packets are still added to them. Above it the oldest is written out.
    pub max_closed: usize,
    /// How long an ended connection waits for late packets before it is written out.
    pub closed_linger: Span,
    /// How long an ended, written connection is remembered, so that a late packet opens no new one.
    pub tombstone_linger: Span,
    /// Remembered ended connections, in sets of eight (8 bytes each); 0 remembers none.
    pub max_tombstones: usize,
    /// A connection without any packet for this long is written out and forgotten. Here and wherever something waits to be
    /// forgotten, a pause of the whole capture counts for a minute at most.
    pub idle_timeout: Span,
    /// An attempt (SYN without answer) without any packet for this long is written out and forgotten.
    pub half_open_timeout: Span,
    /// Out-of-order payload bytes kept for one direction of one connection.
    pub max_reorder_bytes: usize,
    /// Payload bytes kept in all: out of order, of messages and heads that are not whole, and of hellos of connections that are
    /// open. Above it the connection that has kept some longest is written out, marked `evicted`.
    pub max_payload_total: usize,
    /// Separate received ranges remembered for one direction (holes in the sequence space).
    pub max_ranges: usize,
    /// Handshake bytes kept for one direction until a message is whole (RFC 8446 allows 2^24; rustls stops at 64 KiB).
    pub max_handshake_bytes: usize,
    /// Bytes of certificate chains kept in all, equal ones once. Above it a chain is not read, and its connection says so.
    pub max_certificate_bytes: usize,
    /// Bytes of one HTTP head.
    pub max_http_head_bytes: usize,
    /// Captured bytes of one packet, where the file's snap length allows no more; a record that claims more is damage.
    pub max_packet_bytes: usize,
    /// Bytes of one pcapng block.
    pub max_block_bytes: usize,
    /// Headers inside headers (tunnels, VLAN tags, extension headers) in one packet.
    pub max_nesting: usize,
    /// IP packets of which some fragments are still missing. Above it the oldest is given up.
    pub max_fragmented_packets: usize,
    /// Bytes kept of such packets, in all.
    pub max_fragment_bytes: usize,
    /// Services (server address and port) that are judged and have numbers of their own; connections to others are counted.
    pub max_services: usize,
    /// Findings of the report; the least harmful past it are left out and counted.
    pub max_findings: usize,
    /// Example connections in one finding.
    pub max_examples: usize,
    /// Packets of one connection's timeline or evidence.
    pub max_evidence_packets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1_000_000,
            max_closed: 1_024,
            closed_linger: Span::from_secs(120),
            tombstone_linger: Span::from_secs(600),
            max_tombstones: 16_384,
            idle_timeout: Span::from_secs(24 * 3_600),
            half_open_timeout: Span::from_secs(600),
            max_reorder_bytes: 256 * 1024,
            max_payload_total: 256 * 1024 * 1024,
            max_ranges: 64,
            max_handshake_bytes: 64 * 1024,
            max_certificate_bytes: 64 * 1024 * 1024,
            max_http_head_bytes: 32 * 1024,
            max_packet_bytes: 262_144,
            max_block_bytes: 16 * 1024 * 1024,
            max_nesting: 16,
            max_fragmented_packets: 256,
            max_fragment_bytes: 4 * 1024 * 1024,
            max_services: 10_000,
            max_findings: 1_000,
            max_examples: 3,
            max_evidence_packets: 12,
        }
    }
}
