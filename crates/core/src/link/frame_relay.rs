//! Frame relay (Q.922 addresses), with the encapsulations of RFC 2427 and of Cisco.

use super::llc;
use crate::net::{Header, Piece, Skip, Step, Walk};

/// An address of two to four bytes: the lowest bit is set in its last.
pub(super) fn read<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    let (&address, _) = piece.split::<2>()?;
    let address_len = match address {
        [a, b] if a & 1 == 0 && b & 1 == 1 => 2,
        [a, _] if a & 1 == 0 => {
            let (&[_, _, c, d], _) = piece.split()?;
            match (c & 1, d & 1) {
                (1, _) => 3,
                (0, 1) => 4,
                _ => return Err(Skip::Malformed),
            }
        }
        _ => return Err(Skip::Malformed),
    };
    let rest = piece.after(address_len)?;
    match rest.kept() {
        // Unnumbered information, with a byte of padding where the sender likes even addresses.
        [0x03, 0x00, ..] => llc::read_nlpid(rest.after(2)?),
        [0x03, ..] => llc::read_nlpid(rest.after(1)?),
        // Cisco's own: an EtherType.
        &[a, b, ..] => Ok((Header::of_ether_type(u16::from_be_bytes([a, b]))?, rest.after(2)?)),
        _ => Err(rest.too_short(2)),
    }
}

/// A byte for the direction before it.
pub(super) fn read_with_direction<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    read(piece.after(1)?, walk)
}
