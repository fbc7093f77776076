//! A WebSocket in clear (RFC 6455): frames are stepped over by their lengths, PING, PONG and Close are read.
//!
//! A client hides what it says behind a mask, which stands before it (section 5.3).

use crate::types::{Moment, Side, Sided};

/// What was seen of a WebSocket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebSocket {
    /// Messages of each side, by their first frames. Exact unless `incomplete`.
    pub messages: Sided<u32>,
    /// The first Close frame of each side. Both are there where it was closed in order (RFC 6455 section 7.1.2).
    pub close: Sided<Option<CloseFrame>>,
    /// The first PING of each side to which no PONG came, or none before that side's own Close frame.
    pub unanswered_ping: Sided<Option<Moment>>,
    /// Frames of a side could not be read: bytes are missing, or are none of a WebSocket. Close frames may be among them.
    pub incomplete: Sided<bool>,
}

/// One side ends the WebSocket (RFC 6455 section 5.5.1).
#[derive(Clone, Debug, PartialEq)]
pub struct CloseFrame {
    /// The packet in which it begins.
    pub at: Moment,
    /// The status code (RFC 6455 section 7.4): 1000 is a normal closure. `None` where it has none (1005, to programs).
    pub code: Option<u16>,
    /// The reason in words, as sent: escape before showing. Often empty; at most 123 bytes.
    pub reason: String,
}

impl WebSocket {
    /// Whether either side said that it ends.
    pub const fn has_close(&self) -> bool {
        self.close.client.is_some() || self.close.server.is_some()
    }

    /// Whether all frames of both sides were read.
    pub const fn is_complete(&self) -> bool {
        !self.incomplete.client && !self.incomplete.server
    }
}

/// Reads the frames of both directions after the upgrade.
#[derive(Debug, Default)]
pub(super) struct WebSocketObserver {
    known: WebSocket,
    flows: Sided<Flow>,
}

/// One direction.
#[derive(Debug, Default)]
struct Flow {
    /// The header of the frame at hand, as far as it is there, and the payload of a Close.
    kept: Vec<u8>,
    /// The packet with its first byte.
    begun: Option<Moment>,
    /// Payload that is still to be stepped over.
    skip: u64,
}

/// What a frame's header says (RFC 6455 section 5.2).
#[derive(Clone, Copy, Debug)]
struct Header {
    opcode: u8,
    /// Of the header, the mask included.
    length: usize,
    mask: Option<[u8; 4]>,
    payload: u64,
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// RFC 6455 section 5.5.
const LONGEST_CONTROL: u64 = 125;

impl WebSocketObserver {
    pub(super) fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment) {
        let Self { known, flows } = self;
        let flow = &mut flows[side];
        while !bytes.is_empty() && !known.incomplete[side] && known.close[side].is_none() {
            let step = flow.skip.min(bytes.len() as u64);
            flow.skip -= step;
            bytes = bytes.get(step as usize..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            let begun = *flow.begun.get_or_insert(at);
            let Some(wanted) = wanted(side, &flow.kept) else {
                known.incomplete[side] = true;
                return;
            };
            let (taken, rest) = bytes.split_at(wanted.saturating_sub(flow.kept.len()).min(bytes.len()));
            flow.kept.extend_from_slice(taken);
            bytes = rest;
            // With what came it may turn out that more is wanted.
            match header(side, &flow.kept) {
                Read::Frame(header) if self::wanted(side, &flow.kept) == Some(flow.kept.len()) => {
                    on_frame(known, side, header, flow.kept.get(header.length..).unwrap_or_default(), begun);
                    flow.skip = (header.length as u64 + header.payload).saturating_sub(flow.kept.len() as u64);
                    flow.kept.clear();
                    flow.begun = None;
                }
                Read::Frame(_) | Read::Part(_) => {}
                Read::Wrong => known.incomplete[side] = true,
            }
        }
    }

    /// `length` bytes of this side are missing.
    pub(super) fn on_gap(&mut self, side: Side, length: u64) {
        let flow = &mut self.flows[side];
        if flow.kept.is_empty() && length <= flow.skip {
            flow.skip -= length;
        } else if self.known.close[side].is_none() {
            self.known.incomplete[side] = true;
        }
    }

    /// How many of a side's next bytes are stepped over.
    pub(super) fn left_of_frame(&self, side: Side) -> u64 {
        self.flows[side].skip
    }

    pub(super) fn finish(self) -> WebSocket {
        self.known
    }
}

/// A header, or as much as is there.
enum Read {
    Frame(Header),
    /// So many bytes are needed to say more.
    Part(usize),
    /// These are no frame of this side.
    Wrong,
}

/// How many bytes of the frame at hand are kept; `None` where it is none.
fn wanted(side: Side, kept: &[u8]) -> Option<usize> {
    match header(side, kept) {
        Read::Frame(Header { opcode: CLOSE, length, payload, .. }) => Some(length + payload as usize),
        Read::Frame(header) => Some(header.length),
        Read::Part(needed) => Some(needed),
        Read::Wrong => None,
    }
}

fn header(side: Side, kept: &[u8]) -> Read {
    let [first, second, rest @ ..] = kept else { return Read::Part(2) };
    let (opcode, is_final, is_masked, short) = (first & 0xf, first & 0x80 != 0, second & 0x80 != 0, second & 0x7f);
    // RSV1 is compression (RFC 7692 section 6); nobody uses the others. A client masks, a server does not.
    if first & 0x30 != 0 || !matches!(opcode, 0..=BINARY | CLOSE..=PONG) || is_masked != (side == Side::Client) {
        return Read::Wrong;
    }
    let (wide, length) = match short {
        126 => (2, rest.first_chunk().map(|bytes| u64::from(u16::from_be_bytes(*bytes)))),
        127 => (8, rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))),
        short => (0, Some(u64::from(short))),
    };
    let length_of_header = 2 + wide + if is_masked { 4 } else { 0 };
    let Some(payload) = length else { return Read::Part(length_of_header) };
    let mask = kept.get(2 + wide..).and_then(|rest| rest.first_chunk()).copied().filter(|_| is_masked);
    if is_masked && mask.is_none() {
        return Read::Part(length_of_header);
    }
    let is_control = opcode >= CLOSE;
    // The highest bit of a length is 0 (section 5.2).
    if payload >> 63 != 0 || is_control && (!is_final || payload > LONGEST_CONTROL) {
        return Read::Wrong;
    }
    Read::Frame(Header { opcode, length: length_of_header, mask, payload })
}

fn on_frame(known: &mut WebSocket, side: Side, header: Header, payload: &[u8], begun: Moment) {
    match header.opcode {
        TEXT | BINARY => known.messages[side] = known.messages[side].saturating_add(1),
        PING => _ = known.unanswered_ping[side].get_or_insert(begun),
        // Who has said that it ends waits for none any more.
        PONG if known.close[side.peer()].is_none() => known.unanswered_ping[side.peer()] = None,
        CLOSE => {
            let mask = header.mask.unwrap_or_default();
            let said: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            let (code, reason) = match said.split_first_chunk() {
                Some((code, reason)) => (Some(u16::from_be_bytes(*code)), reason),
                None => (None, &[][..]),
            };
            let reason = String::from_utf8_lossy(reason).into_owned();
            known.close[side] = Some(CloseFrame { at: begun, code, reason });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    const AT: Moment = Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(0) };
    const MASK: [u8; 4] = [0xa5, 0x5a, 0x3c, 0xc3];

    fn frame(side: Side, first: u8, payload: &[u8]) -> Vec<u8> {
        let masked = if side == Side::Client { 0x80 } else { 0 };
        let length = match payload.len() {
            short @ 0..126 => vec![masked | short as u8],
            long @ 126..65_536 => [&[masked | 126][..], &(long as u16).to_be_bytes()].concat(),
            longest => [&[masked | 127][..], &(longest as u64).to_be_bytes()].concat(),
        };
        if side == Side::Server {
            return [&[first][..], &length, payload].concat();
        }
        let hidden: Vec<u8> = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        [&[first][..], &length, &MASK, &hidden].concat()
    }

    fn read(side: Side, bytes: &[u8], size: usize) -> WebSocket {
        let mut observer = WebSocketObserver::default();
        bytes.chunks(size).for_each(|piece| observer.on_bytes(side, piece, AT));
        observer.finish()
    }

    #[test]
    fn frames_of_every_length_are_stepped_over_and_the_close_is_read() {
        for side in [Side::Client, Side::Server] {
            let bytes = [
                frame(side, 0x81, b"hello"),
                frame(side, 0xc2, &[7; 300]),
                frame(side, 0x01, &[8; 70_000]),
                frame(side, 0x80, &[]),
                frame(side, 0x89, b"ping"),
                frame(side, 0x88, b"\x03\xf3no more"),
            ]
            .concat();
            for size in [1, 2, 3, 7, 100, 1_460, 100_000] {
                let known = read(side, &bytes, size);
                let close = known.close[side].clone().unwrap();
                assert_eq!((close.code, close.reason.as_str()), (Some(1011), "no more"), "{side:?} by {size}");
                assert_eq!((known.messages[side], known.unanswered_ping[side]), (3, Some(AT)));
                assert!(known.is_complete());
            }
        }
    }

    #[test]
    fn a_close_may_say_nothing_and_a_pong_answers_all_pings() {
        let mut observer = WebSocketObserver::default();
        observer.on_bytes(
            Side::Client,
            &[frame(Side::Client, 0x89, b"1"), frame(Side::Client, 0x89, b"2")].concat(),
            AT,
        );
        observer.on_bytes(
            Side::Server,
            &[frame(Side::Server, 0x8a, b"2"), frame(Side::Server, 0x88, b"")].concat(),
            AT,
        );
        let known = observer.finish();
        assert_eq!(known.unanswered_ping.client, None);
        assert_eq!(known.close.server.map(|close| (close.code, close.reason)), Some((None, String::new())));
    }

    #[test]
    fn a_pong_that_comes_after_the_close_is_too_late() {
        let mut observer = WebSocketObserver::default();
        let close = frame(Side::Client, 0x88, b"\x03\xf3keepalive ping timeout");
        observer.on_bytes(Side::Client, &[frame(Side::Client, 0x89, b"1"), close].concat(), AT);
        observer.on_bytes(Side::Server, &frame(Side::Server, 0x8a, b"1"), AT);
        assert_eq!(observer.finish().unanswered_ping.client, Some(AT));
    }

    #[test]
    fn what_is_no_frame_of_its_side_ends_it() {
        for bytes in [&[0x81, 0x85][..], &[0xb1, 5], &[0x83, 5], &[0x08, 0], &[0x88, 126, 0, 126], &[0x82, 127, 0xff]] {
            let tail = [0; 20];
            let known = read(Side::Server, &[bytes, &tail].concat(), 100);
            assert!(known.incomplete.server && !known.has_close(), "{bytes:x?}");
        }
    }

    #[test]
    fn a_gap_within_a_frame_does_no_harm_and_one_over_its_end_ends_it() {
        let bytes = [frame(Side::Server, 0x82, &[7; 500]), frame(Side::Server, 0x88, b"\x03\xe8")].concat();
        for (gap, complete) in [(400, true), (490, true), (491, false)] {
            let mut observer = WebSocketObserver::default();
            observer.on_bytes(Side::Server, &bytes[..14], AT);
            assert_eq!(observer.left_of_frame(Side::Server), 490);
            observer.on_gap(Side::Server, gap);
            observer.on_bytes(Side::Server, &bytes[14 + gap as usize..], AT);
            let known = observer.finish();
            assert_eq!((known.has_close(), known.is_complete()), (complete, complete), "a gap of {gap}");
        }
    }
}
