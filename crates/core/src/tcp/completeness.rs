//! Wireshark's `tcp.completeness`: which parts of a conversation were captured.

use crate::net::{Flags, Segment};

/// The SYN that opened the conversation.
pub(crate) const SYN: u8 = 1;
const SYN_ACK: u8 = 2;
const ACK: u8 = 4;
const DATA: u8 = 8;
const FIN: u8 = 16;
const RST: u8 = 32;

/// What a segment adds. `begins` says whether it is the first of its conversation.
#[inline]
pub(super) fn of(s: &Segment<'_>, begins: impl FnOnce() -> bool) -> u8 {
    let adds = of_flags(s.flags);
    match adds {
        // Only the packet that creates the conversation counts; with payload it is TCP Fast Open.
        SYN if !begins() => 0,
        SYN if s.payload_len > 0 => SYN | DATA,
        _ if s.payload_len > 0 && adds & ACK != 0 => adds & !ACK | DATA,
        _ => adds,
    }
}

/// What a segment without payload adds, if it is the first of its conversation or no SYN.
#[inline]
pub(super) const fn of_flags(flags: Flags) -> u8 {
    BY_FLAGS[flags.0 as usize % BY_FLAGS.len()]
}

/// What a segment without payload adds, by its flags from FIN to ACK.
const BY_FLAGS: [u8; 32] = {
    let mut table = [0; 32];
    let mut at = 0;
    while at < table.len() {
        let flags = Flags(at as u8);
        table[at] = if flags.opens() {
            SYN
        } else {
            let answer = if flags.accepts() { SYN_ACK } else { 0 };
            let ack = if flags.ack() && !flags.syn() { ACK } else { 0 };
            let fin = if flags.fin() && flags.ack() { FIN } else { 0 };
            let rst = if flags.rst() { RST } else { 0 };
            answer | ack | fin | rst
        };
        at += 1;
    }
    table
};
