//! The floor: what reading, decoding and a flow table cost when nothing else is done, written by hand for usual packets alone.
//!
//! `cargo build --release --example floor`, then `benches/ratio.py --floor target/release/examples/floor FILE...` shows how far
//! the command is from it. It reads little-endian pcap of loopback, Ethernet and cooked v2 captures, trusts every length, and finds out
//! nothing but how many connections there were: the least that any program has to do that follows connections.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program of its own: it reads a file and prints"
)]

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// The magic of a pcap file with microseconds, and with nanoseconds.
const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
const BLOCK: usize = 256 * 1024;
/// Ended connections that stay.
const LINGER: usize = 1_024;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// Two ends, the lower one first: IPv4 addresses as IPv6 has them.
type Key = (u128, u128, u32);

/// What is known of a connection.
#[derive(Default)]
struct Flow {
    packets: u64,
    bytes: u64,
    last: u64,
    /// The sequence number of its SYN.
    isn: u32,
    /// FIN of the lower end, FIN of the higher, RST.
    ended: u8,
}

#[derive(Default)]
struct Flows {
    known: HashMap<Key, Flow, FixedState>,
    /// Those that ended, in order: the last few stay, so that a last ACK opens no connection.
    ended: VecDeque<Key>,
    connections: u64,
    packets: u64,
    bytes: u64,
}

fn main() -> std::io::Result<()> {
    let path = std::env::args_os().nth(1).ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut file = File::open(path)?;
    let mut flows = Flows::default();
    let mut buffer = vec![0; 2 * BLOCK];
    let mut kept = file.read(&mut buffer[..24])?;
    if ![MICROS, NANOS].contains(&word(&buffer, 0)) {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let link = word(&buffer, 20);
    kept -= kept.min(24);
    loop {
        let count = file.read(&mut buffer[kept..kept + BLOCK])?;
        if count == 0 {
            break;
        }
        let (end, mut at) = (kept + count, 0);
        while at + 16 <= end {
            let length = word(&buffer, at + 8) as usize;
            let Some(packet) = buffer.get(at + 16..at + 16 + length).filter(|_| at + 16 + length <= end) else { break };
            let time = u64::from(word(&buffer, at)) * 1_000_000 + u64::from(word(&buffer, at + 4));
            flows.on_packet(link, packet, time);
            at += 16 + length;
        }
        buffer.copy_within(at..end, 0);
        kept = end - at;
    }
    println!("{} packets, {} connections, {} bytes", flows.packets, flows.connections, flows.bytes);
    Ok(())
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl Flows {
    fn on_packet(&mut self, link: u32, packet: &[u8], time: u64) {
        self.packets += 1;
        let header = match link {
            0 => 4,
            1 => 14,
            276 => 20,
            _ => return,
        };
        let Some(ip) = packet.get(header..) else { return };
        let (source, destination, segment) = match ip {
            [0x45, _, _, _, _, _, _, _, _, 6, _, _, a, b, c, d, e, f, g, h, rest @ ..] => {
                let end = |bytes: [u8; 4]| u128::from(u32::from_be_bytes(bytes));
                (end([*a, *b, *c, *d]), end([*e, *f, *g, *h]), rest)
            }
            [first, _, _, _, _, _, 6, _, rest @ ..] if first >> 4 == 6 => {
                let Some((ends, rest)) = rest.split_first_chunk::<32>() else { return };
                let (source, destination) = ends.split_at(16);
                let end = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
                (end(source), end(destination), rest)
            }
            _ => return,
        };
        if let [a, b, c, d, e, f, g, h, _, _, _, _, offset, flags, ..] = segment {
            let (from, to) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
            let payload = segment.len().saturating_sub(usize::from(offset >> 4) * 4) as u64;
            let is_low = (source, from) <= (destination, to);
            let (low, high) = if is_low { (source, destination) } else { (destination, source) };
            let ports = if is_low { (from, to) } else { (to, from) };
            let key = (low, high, u32::from(ports.0) << 16 | u32::from(ports.1));
            self.on_segment(key, is_low, *flags, u32::from_be_bytes([*e, *f, *g, *h]), payload, time);
        }
    }

    fn on_segment(&mut self, key: Key, is_low: bool, flags: u8, seq: u32, payload: u64, time: u64) {
        self.bytes += payload;
        let opens = flags & (SYN | ACK) == SYN;
        let connections = &mut self.connections;
        let flow = self.known.entry(key).or_insert_with(|| {
            *connections += 1;
            Flow { isn: seq, ..Flow::default() }
        });
        if opens && flow.ended != 0 && flow.isn != seq {
            *connections += 1;
            *flow = Flow { isn: seq, ..Flow::default() };
        }
        flow.packets += 1;
        flow.bytes += payload;
        flow.last = time;
        let was_over = flow.is_over();
        if flags & RST != 0 {
            flow.ended |= 4;
        } else if flags & FIN != 0 {
            flow.ended |= if is_low { 1 } else { 2 };
        }
        if flow.is_over() && !was_over {
            self.ended.push_back(key);
            self.forget();
        }
    }

    fn forget(&mut self) {
        if self.ended.len() > LINGER
            && let Some(oldest) = self.ended.pop_front()
            && self.known.get(&oldest).is_some_and(Flow::is_over)
        {
            self.known.remove(&oldest);
        }
    }
}

impl Flow {
    const fn is_over(&self) -> bool {
        self.ended & 4 != 0 || self.ended == 3
    }
}
