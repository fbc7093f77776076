//! The road that nearly every packet takes: a usual link header, one IP header, TCP.
//!
//! In: a frame. Out: its segment, or nothing where anything on the way is out of the ordinary: the decoder then begins
//! again, goes header by header, and finds the segment or the reason why there is none. The readers are the same on both
//! roads; here they are compiled into one piece, and nothing is written down between the headers.

use super::decoder::whole_frame;
use super::{ethernet, null, raw, sll, sll2};
use crate::capture::{Frame, LinkType};
use crate::net::{Decoded, Header, Ip, Piece, Place, Step, Walk, ipv4, ipv6, tcp::WholeHeader};

/// What stands between the link header and the payload of a segment that is not in fragments, tunnelled or cut.
pub(super) struct Plain<'a> {
    ip: Ip,
    header: WholeHeader<'a>,
}

/// The IP packet behind a usual link header, and what that header says of the place.
#[inline(always)]
pub(super) fn packet<'a>(frame: &Frame<'a>) -> Option<(Piece<'a>, Place)> {
    let mut walk = Walk::new();
    let frame_bytes = whole_frame(frame);
    let packet = match frame.link {
        LinkType::ETHERNET => ip(ethernet::read(frame_bytes, &mut walk)),
        LinkType::LINUX_SLL => ip(sll::read(frame_bytes, &mut walk)),
        LinkType::LINUX_SLL2 => ip(sll2::read(frame_bytes, &mut walk)),
        LinkType::NULL | LinkType::LOOP => ip(null::read(frame_bytes, &mut walk)),
        LinkType::RAW => ip(raw::read(frame_bytes, &mut walk)),
        _ => None,
    };
    Some((packet?, walk.place))
}

/// Whether a link header is one of those that stand outside the count of headers.
pub(super) fn is_usual(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::ETHERNET
            | LinkType::LINUX_SLL
            | LinkType::LINUX_SLL2
            | LinkType::NULL
            | LinkType::LOOP
            | LinkType::RAW
    )
}

/// The IP packet, where that is what follows.
#[inline(always)]
fn ip(step: Step<'_>) -> Option<Piece<'_>> {
    match step {
        Ok((Header::Ip, packet)) => Some(packet),
        _ => None,
    }
}

impl<'a> Plain<'a> {
    /// TCP straight behind IPv4.
    #[inline(always)]
    pub(super) fn v4(packet: Piece<'a>) -> Option<Self> {
        match ipv4::read(packet) {
            Ok((ip, Header::Tcp, segment)) => Some(Self { ip, header: WholeHeader::read(segment)? }),
            _ => None,
        }
    }

    /// TCP straight behind IPv6.
    #[inline(always)]
    pub(super) fn v6(packet: Piece<'a>) -> Option<Self> {
        match ipv6::read(packet) {
            Ok((ip, Header::Tcp, segment)) => Some(Self { ip, header: WholeHeader::read(segment)? }),
            _ => None,
        }
    }

    /// The segment, written down once.
    #[inline(always)]
    pub(super) fn decoded(self, place: Place) -> Decoded<'a> {
        Decoded::Tcp(self.header.segment(&self.ip, &place))
    }
}
