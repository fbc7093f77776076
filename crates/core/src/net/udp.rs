//! UDP (RFC 768), for the tunnels in it.
//!
//! A port opens the door and the shape must fit; where the port is unknown, the shape must be certain. Other UDP is no
//! concern of ours.

use super::header::{Header, Step, Walk};
use super::{Piece, Skip, ayiya, capwap, geneve, gtp, l2tp, lisp, teredo, tzsp, vxlan};

pub(crate) fn read<'a>(piece: Piece<'a>, walk: &mut Walk) -> Step<'a> {
    let Ok((&[a, b, c, d, len_high, len_low, _, _], rest)) = piece.split() else { return Err(Skip::NotTcp) };
    // A length of 0 is that of a jumbogram (RFC 2675) or of a datagram still to be cut up; one beyond the packet is wrong.
    let payload = match usize::from(u16::from_be_bytes([len_high, len_low])).checked_sub(8) {
        Some(len) if len <= rest.wire_len() => rest.with_wire_len(len),
        _ => rest,
    };
    // The port that names a tunnel is the destination's; the source port of an answer names it too.
    for port in [u16::from_be_bytes([c, d]), u16::from_be_bytes([a, b])] {
        match port {
            // IANA's, the one Linux had before (Cilium, flannel), and the generic protocol extension.
            4789 | 8472 | 4790 => return vxlan::read(payload, walk),
            // One frame with several packets: the decoder opens it.
            6343 => return Ok((Header::Sflow, payload)),
            6081 => return geneve::read(payload, walk),
            2152 => return gtp::read(payload, walk),
            3544 => return teredo::read(payload, walk),
            5072 => return ayiya::read(payload, walk),
            1701 => return l2tp::read(payload, walk),
            4341 => return lisp::read(payload, walk),
            5247 => return capwap::read(payload, walk),
            37008 => return tzsp::read(payload, walk),
            4500 => return Err(esp_in_udp(payload)),
            6635 => return Ok((Header::Mpls, payload)),
            _ => {}
        }
    }
    if vxlan::is_certain(payload) { vxlan::read(payload, walk) } else { Err(Skip::NotTcp) }
}

/// RFC 3948: an IKE message begins with four zero bytes where ESP has its index; a keep-alive is one byte.
fn esp_in_udp(payload: Piece<'_>) -> Skip {
    match payload.kept() {
        [0, 0, 0, 0, ..] => Skip::NotTcp,
        [_, _, _, _, _, ..] => Skip::Encrypted,
        _ => Skip::NotTcp,
    }
}
