//! Clear HTTP/2 with prior knowledge (RFC 9113): frames are stepped over, PING and GOAWAY are read.

use super::probe::HTTP2_PREFACE;
use crate::types::{Moment, Side, Sided};

/// What was seen of HTTP/2 on one connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Http2 {
    /// Whether frames were read. Otherwise the connection is encrypted, and pings and GOAWAY are told from the sizes of records
    /// alone: a hint.
    pub in_clear: bool,
    /// PING frames of the client that are no answers.
    pub pings: u32,
    /// The first of them.
    pub first_ping: Option<Moment>,
    /// The last of them.
    pub last_ping: Option<Moment>,
    /// The first GOAWAY with an error (RFC 9113 section 6.8), else the first.
    pub goaway: Option<GoAway>,
    /// The packet with which the server answered in HTTP/1: it does not speak HTTP/2 to a client that does not ask first. Its first
    /// frame would have to be SETTINGS (RFC 9113 section 3.4).
    pub answered_in_http1: Option<Moment>,
}

/// One side said that it will close, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct GoAway {
    /// Its packet.
    pub at: Moment,
    /// Who sent it.
    pub by: Side,
    /// The error code (RFC 9113 section 7): 0 none, 11 `ENHANCE_YOUR_CALM`. `None` where it is encrypted.
    pub error: Option<u32>,
    /// The first 64 bytes of its debug data, as sent: escape before showing.
    pub debug: String,
}

impl Http2 {
    pub(crate) const fn note_ping(&mut self, at: Moment) {
        self.pings = self.pings.saturating_add(1);
        if self.first_ping.is_none() {
            self.first_ping = Some(at);
        }
        self.last_ping = Some(at);
    }
}

/// Reads the frame headers of both directions.
#[derive(Debug)]
pub(crate) struct Http2Observer {
    known: Http2,
    flows: Sided<Flow>,
}

#[derive(Debug)]
struct Flow {
    /// The part of a frame's header that is there, and of the payload of one that is read.
    kept: Vec<u8>,
    /// Bytes of the preface or of a frame's payload that are still to be stepped over.
    skip: u64,
    /// Nothing was read yet.
    first: bool,
    lost: bool,
}

/// RFC 9113 section 4.1.
const HEADER: usize = 9;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
/// Last stream and error code.
const GOAWAY_FIXED: usize = 8;
const DEBUG_KEPT: usize = 64;

impl Http2Observer {
    pub(crate) fn new() -> Self {
        let flow = |skip: usize| Flow { kept: Vec::new(), skip: skip as u64, first: true, lost: false };
        Self {
            known: Http2 { in_clear: true, ..Http2::default() },
            flows: Sided { client: flow(HTTP2_PREFACE.len()), server: flow(0) },
        }
    }

    pub(crate) fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment) {
        let flow = &mut self.flows[side];
        while !bytes.is_empty() && !flow.lost {
            let step = flow.skip.min(bytes.len() as u64);
            flow.skip -= step;
            bytes = bytes.get(step as usize..).unwrap_or_default();
            let Some(wanted) = flow.wanted() else {
                flow.lost = true;
                return;
            };
            let (taken, rest) = bytes.split_at(wanted.saturating_sub(flow.kept.len()).min(bytes.len()));
            flow.kept.extend_from_slice(taken);
            bytes = rest;
            if side == Side::Server && flow.first && flow.kept.starts_with(b"HTTP/1.") {
                self.known.answered_in_http1 = Some(at);
                flow.lost = true;
                return;
            }
            // With its header it may turn out that some of its payload is wanted too.
            if flow.skip > 0 || flow.wanted().is_none_or(|wanted| flow.kept.len() < wanted) {
                continue;
            }
            flow.first = false;
            on_frame(&mut self.known, side, &flow.kept, at);
            flow.skip = (HEADER as u64 + u64::from(length(&flow.kept))).saturating_sub(flow.kept.len() as u64);
            flow.kept.clear();
        }
    }

    /// `length` bytes are missing.
    pub(crate) fn on_gap(&mut self, side: Side, length: u32) {
        let flow = &mut self.flows[side];
        let within = flow.kept.is_empty() && u64::from(length) <= flow.skip;
        flow.first = false;
        if within {
            flow.skip -= u64::from(length);
        } else {
            flow.lost = true;
        }
    }

    /// Whether bytes of this side can still teach something.
    pub(crate) const fn wants(&self, side: Side) -> bool {
        match side {
            Side::Client => !self.flows.client.lost,
            Side::Server => !self.flows.server.lost,
        }
    }

    pub(crate) fn finish(self) -> Http2 {
        self.known
    }
}

impl Flow {
    /// How many bytes of the frame at hand are kept; `None` where it is none.
    fn wanted(&self) -> Option<usize> {
        let [_, _, _, kind, _, _, _, _, _] = self.kept.first_chunk::<HEADER>().copied().unwrap_or_default();
        if self.kept.len() < HEADER {
            return Some(HEADER);
        }
        let length = length(&self.kept) as usize;
        match kind {
            // RFC 9113 sections 6.7 and 6.8.
            PING if length != 8 => None,
            GOAWAY if length < GOAWAY_FIXED => None,
            GOAWAY => Some(HEADER + length.min(GOAWAY_FIXED + DEBUG_KEPT)),
            _ => Some(HEADER),
        }
    }
}

/// The payload's length.
fn length(frame: &[u8]) -> u32 {
    let [a, b, c] = frame.first_chunk().copied().unwrap_or_default();
    u32::from_be_bytes([0, a, b, c])
}

fn on_frame(known: &mut Http2, side: Side, frame: &[u8], at: Moment) {
    let [_, _, _, kind, flags, ..] = frame.first_chunk::<HEADER>().copied().unwrap_or_default();
    match kind {
        PING if flags & ACK == 0 && side == Side::Client => known.note_ping(at),
        GOAWAY => {
            let error = frame.get(HEADER + 4..HEADER + GOAWAY_FIXED).and_then(|bytes| bytes.first_chunk());
            let error = error.copied().map(u32::from_be_bytes);
            let debug = String::from_utf8_lossy(frame.get(HEADER + GOAWAY_FIXED..).unwrap_or_default()).into_owned();
            // A server that drains says so first without an error, and then again.
            let says_more = known.goaway.as_ref().is_none_or(|known| known.error == Some(0) && error != Some(0));
            if says_more {
                known.goaway = Some(GoAway { at, by: side, error, debug });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    const AT: Moment = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 0], payload].concat()
    }

    fn calm() -> Vec<u8> {
        [frame(6, 1, &[0; 8]), frame(0, 0, &[7; 300]), frame(7, 0, b"\0\0\0\x03\0\0\0\x0btoo_many_pings")].concat()
    }

    #[test]
    fn pings_and_goaway_are_read_however_they_are_cut() {
        let client = [HTTP2_PREFACE, &frame(4, 0, &[]), &frame(6, 0, &[1; 8]), &frame(6, 1, &[2; 8])].concat();
        for size in 1..40 {
            let mut observer = Http2Observer::new();
            client.chunks(size).for_each(|piece| observer.on_bytes(Side::Client, piece, AT));
            calm().chunks(size).for_each(|piece| observer.on_bytes(Side::Server, piece, AT));
            let known = observer.finish();
            assert_eq!(known.pings, 1, "in pieces of {size}");
            let goaway = known.goaway.unwrap();
            assert_eq!((goaway.error, goaway.debug.as_str()), (Some(11), "too_many_pings"));
        }
    }

    #[test]
    fn a_gap_within_a_body_does_no_harm_and_one_over_its_end_ends_it() {
        for (gap, read) in [(200, true), (300, true), (301, false)] {
            let mut observer = Http2Observer::new();
            let bytes = calm();
            observer.on_bytes(Side::Server, &bytes[..17 + 9], AT);
            observer.on_gap(Side::Server, gap);
            observer.on_bytes(Side::Server, &bytes[17 + 9 + gap as usize..], AT);
            assert_eq!(observer.finish().goaway.is_some(), read, "a gap of {gap}");
        }
    }

    #[test]
    fn an_answer_in_http1_is_no_frame() {
        for size in 1..20 {
            let mut observer = Http2Observer::new();
            b"HTTP/1.1 400 Bad Request\r\n\r\n"
                .chunks(size)
                .for_each(|piece| observer.on_bytes(Side::Server, piece, AT));
            assert!(!observer.wants(Side::Server));
            assert_eq!(observer.finish().answered_in_http1, Some(AT), "in pieces of {size}");
        }
        let mut observer = Http2Observer::new();
        observer.on_bytes(Side::Server, &frame(4, 0, &[]), AT);
        observer.on_bytes(Side::Server, b"HTTP/1.1 ", AT);
        assert_eq!(observer.finish().answered_in_http1, None, "not at the beginning");
    }

    #[test]
    fn what_is_no_frame_ends_it() {
        let mut observer = Http2Observer::new();
        observer.on_bytes(Side::Server, &frame(6, 0, &[0; 9]), AT);
        assert!(!observer.wants(Side::Server));
    }
}
