//! The packets of one frame that holds several: an A-MSDU, or a datagram of samples.

use super::amsdu;
use crate::capture::{Frame, LinkType};
use crate::net::{Header, Piece, Place, Skip, Tunnel, TunnelKind, sflow};

/// The packets of one frame that holds several, kept apart from it: each is then decoded as a frame of the same number and
/// time.
#[derive(Debug, Default)]
pub struct Parts {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Where the frame was seen, as far as its headers have told.
    pub(super) place: Place,
}

/// One packet: its bytes up to `kept_end`, from where the part before it ends.
#[derive(Clone, Copy, Debug)]
struct Part {
    begins: LinkType,
    kept_end: usize,
    wire_len: u32,
}

/// The link types of packets that came with others in one frame, by the header that they begin with. As that of a frame in a
/// file each is one that is not read.
const BEGIN: [(LinkType, Header); 3] = [(LLC, Header::Llc), (ETHERNET, Header::Ethernet), (IP, Header::Ip)];
const LLC: LinkType = LinkType(u16::MAX);
const ETHERNET: LinkType = LinkType(u16::MAX - 1);
const IP: LinkType = LinkType(u16::MAX - 2);

/// What a part begins with.
pub(super) fn header_of(link: LinkType) -> Option<Header> {
    BEGIN.into_iter().find(|(of, _)| *of == link).map(|(_, header)| header)
}

impl Parts {
    /// Takes over the subframes of an aggregate; of one alone there is nothing to keep, and it is given back.
    ///
    /// The snap length may cut the last; what it cut off whole is not there.
    pub(super) fn fill<'a>(&mut self, aggregate: Piece<'a>, place: &Place) -> Result<Option<Piece<'a>>, Skip> {
        let (first, mut next) = amsdu::subframe(aggregate)?;
        if amsdu::is_end(next) {
            return Ok(Some(first));
        }
        self.begin(*place);
        self.keep(LLC, first);
        while let Ok((packet, rest)) = amsdu::subframe(next) {
            self.keep(LLC, packet);
            next = rest;
        }
        Ok(None)
    }

    /// Takes over the packets of an sFlow datagram. Where they were captured is not where the datagram was.
    pub(super) fn fill_with_samples(&mut self, datagram: Piece<'_>) -> Result<(), Skip> {
        self.begin(Place { tunnel: Some(Tunnel { kind: TunnelKind::Sflow, id: None }), ..Place::default() });
        sflow::read(datagram, &mut |sampled, packet| {
            let begins = match sampled {
                sflow::Sampled::Ethernet => ETHERNET,
                sflow::Sampled::Ip => IP,
            };
            self.keep(begins, packet);
        })?;
        if self.parts.is_empty() { Err(Skip::NotTcp) } else { Ok(()) }
    }

    fn begin(&mut self, place: Place) {
        self.bytes.clear();
        self.parts.clear();
        self.place = place;
    }

    fn keep(&mut self, begins: LinkType, packet: Piece<'_>) {
        self.bytes.extend_from_slice(packet.kept());
        self.parts.push(Part { begins, kept_end: self.bytes.len(), wire_len: packet.wire_len() as u32 });
    }

    /// Whether they are samples.
    pub(crate) fn are_samples(&self) -> bool {
        self.place.is_sample()
    }

    /// Each packet as a frame, in their order; `frame` is the one that held them.
    pub fn frames<'a>(&'a self, frame: &Frame<'a>) -> impl Iterator<Item = Frame<'a>> {
        let mut start = 0;
        self.parts.iter().map(move |part| {
            let data = self.bytes.get(start..part.kept_end).unwrap_or_default();
            start = part.kept_end;
            Frame { link: part.begins, data, original_len: part.wire_len, fcs_len: 0, ..*frame }
        })
    }
}
