//! The road that nearly every packet takes: a usual link header, one IP header, TCP.
//!
//! In: a frame. Out: its segment, or nothing where anything on the way is out of the ordinary: the decoder then begins
//! again, goes header by header, and finds the segment or the reason why there is none. The readers are the same on both
//! roads; here they are compiled into one piece, and nothing is written down between the headers.

use super::decoder::whole_frame;
use super::{ethernet, null, raw, sll, sll2};
use crate::capture::{Frame, LinkType};
use crate::net::{Header, Ip, Piece, Place, Segment, Step, Walk, ipv4, ipv6, tcp::WholeHeader};

/// A segment that is not in fragments, tunnelled or cut, with the IP header straight before it.
pub(crate) struct Plain<'a> {
    ip: Ip,
    place: Place,
    header: WholeHeader<'a>,
}

impl<'a> Plain<'a> {
    /// TCP in IPv4 without options, behind a link header that says nothing of the place. The narrowest road, and so the
    /// quickest.
    #[inline(always)]
    pub(crate) fn narrow(frame: &Frame<'a>) -> Option<Self> {
        let mut walk = Walk::new();
        let frame_bytes = whole_frame(frame);
        let packet = match frame.link {
            LinkType::ETHERNET => ip(ethernet::read(frame_bytes, &mut walk)),
            LinkType::NULL | LinkType::LOOP => ip(null::read(frame_bytes, &mut walk)),
            LinkType::RAW => ip(raw::read(frame_bytes, &mut walk)),
            _ => None,
        }?;
        // Version 4, and a header of five words.
        if packet.first()? != 0x45 {
            return None;
        }
        match ipv4::read(packet) {
            Ok((ip, Header::Tcp, segment)) => {
                Some(Self { ip, place: Place::default(), header: WholeHeader::read(segment)? })
            }
            _ => None,
        }
    }

    /// TCP in IPv4 or IPv6, behind any of the usual link headers.
    pub(super) fn wide(frame: &Frame<'a>) -> Option<Self> {
        let mut walk = Walk::new();
        let frame_bytes = whole_frame(frame);
        let packet = match frame.link {
            LinkType::ETHERNET => ip(ethernet::read(frame_bytes, &mut walk)),
            LinkType::LINUX_SLL => ip(sll::read(frame_bytes, &mut walk)),
            LinkType::LINUX_SLL2 => ip(sll2::read(frame_bytes, &mut walk)),
            LinkType::NULL | LinkType::LOOP => ip(null::read(frame_bytes, &mut walk)),
            LinkType::RAW => ip(raw::read(frame_bytes, &mut walk)),
            _ => None,
        }?;
        let read = if packet.first()? >> 4 == 6 { ipv6::read(packet) } else { ipv4::read(packet) };
        match read {
            Ok((ip, Header::Tcp, segment)) => Some(Self { ip, place: walk.place, header: WholeHeader::read(segment)? }),
            _ => None,
        }
    }

    /// The segment, written down once.
    #[inline(always)]
    pub(crate) fn segment(self) -> Segment<'a> {
        self.header.segment(&self.ip, &self.place)
    }
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
