//! Clear HTTP/2 with prior knowledge (RFC 9113): frames are stepped over, PING, RST_STREAM and GOAWAY are read, and what became of each
//! request is followed.

mod heads;
mod hpack;
mod streams;

pub use streams::{Cancelled, GatewayStatus, GrpcStatus, Http2Streams, OpenStreams, Refused, Request};

use self::heads::{Heads, Said};
use self::streams::Streams;
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
    /// What became of the requests; nothing where they are encrypted.
    pub streams: Http2Streams,
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
    streams: Streams,
    heads: Sided<Heads>,
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
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const RST_STREAM_LENGTH: usize = 4;
/// The number of the promised stream (RFC 9113 section 6.6).
const PROMISED: usize = 4;
/// Room that a flow keeps for what comes next.
const USUAL_FRAME: usize = 512;
/// Last stream and error code.
const GOAWAY_FIXED: usize = 8;
const DEBUG_KEPT: usize = 64;

impl Http2Observer {
    pub(crate) fn new() -> Self {
        let flow = |skip: usize| Flow { kept: Vec::new(), skip: skip as u64, first: true, lost: false };
        Self {
            known: Http2 { in_clear: true, ..Http2::default() },
            streams: Streams::default(),
            heads: Sided { client: Heads::new(), server: Heads::new() },
            flows: Sided { client: flow(HTTP2_PREFACE.len()), server: flow(0) },
        }
    }

    pub(crate) fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment) {
        let Self { known, streams, heads, flows } = self;
        let flow = &mut flows[side];
        while !bytes.is_empty() && !flow.lost {
            let step = flow.skip.min(bytes.len() as u64);
            flow.skip -= step;
            bytes = bytes.get(step as usize..).unwrap_or_default();
            let Some(wanted) = flow.wanted(&heads[side]) else {
                flow.lost = true;
                streams.lose();
                return;
            };
            let (taken, rest) = bytes.split_at(wanted.saturating_sub(flow.kept.len()).min(bytes.len()));
            flow.kept.extend_from_slice(taken);
            bytes = rest;
            if side == Side::Server && flow.first && flow.kept.starts_with(b"HTTP/1.") {
                known.answered_in_http1 = Some(at);
                flow.lost = true;
                return;
            }
            // With its header it may turn out that some of its payload is wanted too.
            if flow.skip > 0 || flow.wanted(&heads[side]).is_none_or(|wanted| flow.kept.len() < wanted) {
                continue;
            }
            flow.first = false;
            on_frame(known, side, &flow.kept, at);
            let said = on_head(&mut heads[side], &flow.kept);
            on_stream(streams, side, &flow.kept, said.unwrap_or_default(), at);
            flow.skip = (HEADER as u64 + u64::from(length(&flow.kept))).saturating_sub(flow.kept.len() as u64);
            flow.kept.clear();
            // A large head is no reason to keep its room.
            flow.kept.shrink_to(USUAL_FRAME);
        }
    }

    /// A side has sent its FIN.
    pub(crate) const fn on_fin(&mut self, side: Side) {
        if matches!(side, Side::Server) {
            self.streams.on_close();
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
            self.streams.lose();
        }
    }

    /// Bytes that it keeps.
    pub(crate) fn kept(&self) -> usize {
        let Self { heads, flows, streams, .. } = self;
        flows.client.kept.len() + flows.server.kept.len() + heads.client.kept() + heads.server.kept() + streams.kept()
    }

    /// Whether bytes of this side can still teach something.
    pub(crate) const fn wants(&self, side: Side) -> bool {
        match side {
            Side::Client => !self.flows.client.lost,
            Side::Server => !self.flows.server.lost,
        }
    }

    pub(crate) fn finish(self) -> Http2 {
        let mut streams = self.streams.finish();
        streams.heads_unread = self.heads.server.is_lost();
        Http2 { streams, ..self.known }
    }
}

impl Flow {
    /// How many bytes of the frame at hand are kept; `None` where it is none.
    fn wanted(&self, heads: &Heads) -> Option<usize> {
        let [_, _, _, kind, _, _, _, _, _] = self.kept.first_chunk::<HEADER>().copied().unwrap_or_default();
        if self.kept.len() < HEADER {
            return Some(HEADER);
        }
        let length = length(&self.kept) as usize;
        match kind {
            // RFC 9113 sections 6.4, 6.7 and 6.8.
            RST_STREAM if length != RST_STREAM_LENGTH => None,
            RST_STREAM => Some(HEADER + RST_STREAM_LENGTH),
            PING if length != 8 => None,
            GOAWAY if length < GOAWAY_FIXED => None,
            GOAWAY => Some(HEADER + length.min(GOAWAY_FIXED + DEBUG_KEPT)),
            HEADERS | PUSH_PROMISE | CONTINUATION if heads.wants(length) => Some(HEADER + length),
            _ => Some(HEADER),
        }
    }
}

/// The payload's length.
fn length(frame: &[u8]) -> u32 {
    let [a, b, c] = frame.first_chunk().copied().unwrap_or_default();
    u32::from_be_bytes([0, a, b, c])
}

/// What a frame says as a head, or as the last part of one.
fn on_head(heads: &mut Heads, frame: &[u8]) -> Option<Said> {
    let [_, _, _, kind, flags, ..] = frame.first_chunk::<HEADER>().copied().unwrap_or_default();
    if !matches!(kind, HEADERS | PUSH_PROMISE | CONTINUATION) {
        return None;
    }
    let payload = frame.get(HEADER..).unwrap_or_default();
    if payload.len() < length(frame) as usize {
        heads.lose();
        return None;
    }
    match kind {
        HEADERS => heads.on_first(flags, payload, 0),
        PUSH_PROMISE => heads.on_first(flags, payload, PROMISED),
        _ => heads.on_part(flags, payload),
    }
}

/// What a frame says of a request.
fn on_stream(streams: &mut Streams, side: Side, frame: &[u8], said: Said, at: Moment) {
    let [_, _, _, kind, flags, number @ ..] = frame.first_chunk::<HEADER>().copied().unwrap_or_default();
    let (number, ends) = (u32::from_be_bytes(number) & 0x7fff_ffff, flags & END_STREAM != 0);
    let word = frame.get(HEADER..).and_then(|payload| payload.first_chunk()).copied().map(u32::from_be_bytes);
    if let Some(status) = said.status.filter(|status| side == Side::Server && *status != 0) {
        streams.on_grpc_status(number, status, said.message, at);
    }
    if let Some(status) = said.code.filter(|status| side == Side::Server && matches!(status, 502 | 504)) {
        streams.on_gateway_status(number, status, at);
    }
    match kind {
        HEADERS if side == Side::Client => streams.on_request(number, said.path, ends, at),
        HEADERS => streams.on_answer(number, ends),
        DATA if side == Side::Server && ends => streams.on_answer(number, ends),
        DATA if ends => streams.on_request_end(number),
        RST_STREAM => streams.on_reset(side, number, word.unwrap_or_default(), at),
        GOAWAY if side == Side::Server => streams.on_goaway(word.unwrap_or_default() & 0x7fff_ffff),
        _ => {}
    }
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
mod tests;
