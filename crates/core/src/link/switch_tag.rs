//! Ethernet between a host and its switch chip: a tag for the chip's port stands in the frame, or before it.

use super::ethernet;
use crate::net::{Header, Piece, Step, Walk};

const ADDRESSES: u8 = 12;
const TAG: u8 = 4;

/// Marvell's: where a VLAN tag would stand. It swallowed that one, if there was one, and keeps its identifier.
pub(super) fn read_dsa<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    note_vlan(piece.after(ADDRESSES.into())?, walk)?;
    ethernet::read_tagged(piece, ADDRESSES + TAG)
}

/// The same behind an EtherType of its own and two bytes of nothing.
pub(super) fn read_edsa<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    note_vlan(piece.after((ADDRESSES + 4).into())?, walk)?;
    ethernet::read_tagged(piece, ADDRESSES + 4 + TAG)
}

fn note_vlan(tag: Piece<'_>, walk: &mut Walk) -> Result<(), crate::net::Skip> {
    const TAGGED: u8 = 0x20;
    let (&[flags, _, high, low], _) = tag.split()?;
    let vlan = u16::from_be_bytes([high, low]) & 0x0fff;
    if flags & TAGGED != 0 && vlan != 0 {
        walk.place.vlan = Some(vlan);
    }
    Ok(())
}

/// Broadcom's, behind the addresses.
pub(super) fn read_broadcom<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    ethernet::read_tagged(piece, ADDRESSES + TAG)
}

/// Broadcom's, before the frame.
pub(super) fn read_broadcom_prepended<'a>(piece: Piece<'a>, _: &mut Walk) -> Step<'a> {
    Ok((Header::Ethernet, piece.after(TAG.into())?))
}
