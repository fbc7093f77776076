//! sFlow version 5 (sflow_version_5.txt): the fronts of packets that a switch picked by chance, several in one datagram.
//!
//! Only raw packet headers are read: the other records tell addresses and counters, no segment.

use super::{Piece, Skip};

/// What a sampled packet begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampled {
    Ethernet,
    Ip,
}

const VERSION: u32 = 5;
/// Samples of enterprise 0.
const FLOW: u32 = 1;
const EXPANDED_FLOW: u32 = 3;
/// Bytes of a sample before its records.
const FLOW_LEN: usize = 32;
const EXPANDED_FLOW_LEN: usize = 44;
/// A record of enterprise 0.
const RAW_HEADER: u32 = 1;

/// Gives each sampled packet of a datagram to `found`, in order. What is cut or makes no sense ends it.
pub(crate) fn read<'a>(datagram: Piece<'a>, found: &mut impl FnMut(Sampled, Piece<'a>)) -> Result<(), Skip> {
    let (version, rest) = word(datagram)?;
    let (address_type, rest) = word(rest)?;
    let address_len = match (version, address_type) {
        (VERSION, 1) => 4,
        (VERSION, 2) => 16,
        _ => return Err(Skip::NotTcp),
    };
    // The agent's address, sub-agent, number and uptime; then how many samples there are.
    let (_samples, mut samples) = word(rest.after(address_len + 12)?)?;
    while let Ok((format, sample, next)) = typed(samples) {
        let before_records = match format {
            FLOW => FLOW_LEN,
            EXPANDED_FLOW => EXPANDED_FLOW_LEN,
            _ => sample.wire_len(),
        };
        let mut records = sample.after(before_records);
        while let Ok((format, record, rest)) = records.and_then(typed) {
            if format == RAW_HEADER {
                _ = raw_header(record, found);
            }
            records = Ok(rest);
        }
        samples = next;
    }
    Ok(())
}

/// Protocol, length of the packet, how much was taken from its end, length of what was kept, and that.
fn raw_header<'a>(record: Piece<'a>, found: &mut impl FnMut(Sampled, Piece<'a>)) -> Result<(), Skip> {
    let (protocol, rest) = word(record)?;
    let (packet_len, rest) = word(rest)?;
    let (stripped, rest) = word(rest)?;
    let (kept_len, header) = word(rest)?;
    let sampled = match protocol {
        1 => Sampled::Ethernet,
        11 | 12 => Sampled::Ip,
        _ => return Err(Skip::NotTcp),
    };
    let kept = header.kept().get(..kept_len as usize).unwrap_or_else(|| header.kept());
    found(sampled, Piece::new(kept, packet_len.saturating_sub(stripped) as usize));
    Ok(())
}

/// Format, length, so many bytes, and what follows.
fn typed(piece: Piece<'_>) -> Result<(u32, Piece<'_>, Piece<'_>), Skip> {
    let (format, rest) = word(piece)?;
    let (len, body) = word(rest)?;
    let len = len as usize;
    // The last one may be cut.
    let next = body.after(len).unwrap_or_else(|_| Piece::new(&[], 0));
    Ok((format, if len <= body.wire_len() { body.with_wire_len(len) } else { body }, next))
}

fn word(piece: Piece<'_>) -> Result<(u32, Piece<'_>), Skip> {
    let (&word, rest) = piece.split()?;
    Ok((u32::from_be_bytes(word), rest))
}
