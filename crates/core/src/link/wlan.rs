//! IEEE 802.11 data frames in the clear.

use crate::net::{Header, Piece, Skip, Step, Walk};

const DATA: u8 = 2;
const NO_DATA: u8 = 0x4;
const QOS: u8 = 0x8;

const FROM_DISTRIBUTION: u8 = 0x02;
const TO_AND_FROM_DISTRIBUTION: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// In the quality-of-service field.
const AGGREGATE: u8 = 0x80;
const MESH_CONTROL: u8 = 0x01;

/// Frame control, duration, three addresses and sequence control; then what the frame control says.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    read_padded(piece, false)
}

/// As [`read`]; some drivers pad the header to a multiple of 4 bytes, and radiotap says so.
pub(super) fn read_padded(piece: Piece<'_>, padded: bool) -> Step<'_> {
    let (&control, _) = piece.split()?;
    read_frame(piece, control, padded)
}

/// As [`read`]; the two bytes of the frame control may be exchanged, which shows where the first can not begin a data frame.
pub(super) fn read_exchanged(piece: Piece<'_>) -> Step<'_> {
    let (&[first, second], _) = piece.split()?;
    let begins_data = |control: u8| control & 0x0f == DATA << 2;
    let exchanged = !begins_data(first) && begins_data(second);
    read_frame(piece, if exchanged { [second, first] } else { [first, second] }, false)
}

fn read_frame(piece: Piece<'_>, [control, flags]: [u8; 2], padded: bool) -> Step<'_> {
    let (kind, subtype) = (control >> 2 & 0x03, control >> 4);
    if kind != DATA || subtype & NO_DATA != 0 {
        return Err(Skip::NotIp);
    }
    if flags & PROTECTED != 0 {
        return Err(Skip::Encrypted);
    }
    let mut header_len = 24;
    if flags & TO_AND_FROM_DISTRIBUTION == TO_AND_FROM_DISTRIBUTION {
        header_len += 6;
    }
    let (mut aggregated, mut mesh) = (false, false);
    if subtype & QOS != 0 {
        let (&[low, high], _) = piece.after(header_len)?.split()?;
        aggregated = low & AGGREGATE != 0;
        mesh = high & MESH_CONTROL != 0 && flags & FROM_DISTRIBUTION != 0;
        header_len += if flags & ORDER != 0 { 6 } else { 2 };
    }
    if padded {
        header_len = header_len.next_multiple_of(4);
    }
    let mut body = piece.after(header_len)?;
    // Outside of mesh networks the bit belongs to another field. No LLC header begins with what mesh flags can be.
    if mesh && !aggregated && matches!(body.first(), Some(0..=2)) {
        // Mesh flags, time to live, sequence number, and up to two more addresses.
        let (&[mesh_flags, _, _, _, _, _], rest) = body.split()?;
        body = rest.after(usize::from(mesh_flags & 0x03) * 6)?;
    }
    Ok((if aggregated { Header::Amsdu } else { Header::Llc }, body))
}
