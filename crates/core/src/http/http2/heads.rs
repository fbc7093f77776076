//! The heads of one side's messages: header blocks put together from their frames, and the few fields that are asked for.

use super::hpack::{Broken, Hpack};

/// Reads the heads of one side.
#[derive(Debug)]
pub(super) struct Heads {
    /// `None` where a block could not be read: no later one can be, either.
    hpack: Option<Hpack>,
    /// What came of a block whose end did not (RFC 9113 section 6.10).
    block: Vec<u8>,
}

/// What a head says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// `:path` of a request, the first 200 bytes; empty where it is `/`.
    pub(super) path: String,
    /// `:status` of an answer, where it is none of the seven that every answer can say in one byte (200 and 404 among them).
    pub(super) code: Option<u16>,
    /// `grpc-status` ("gRPC over HTTP2", Responses).
    pub(super) status: Option<u32>,
    /// `grpc-message`, the first 200 bytes.
    pub(super) message: String,
}

/// A frame larger than this, and a block, is not read: RFC 9113 section 4.2 has 16,384 until a peer allows more.
const MOST_OF_A_BLOCK: usize = 16_384;
pub(super) const KEPT_OF_TEXT: usize = 200;

const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;
const END_HEADERS: u8 = 4;

impl Heads {
    pub(super) fn new() -> Self {
        Self { hpack: Some(Hpack::new()), block: Vec::new() }
    }

    /// Whether a frame's payload of this length is read.
    pub(super) fn wants(&self, length: usize) -> bool {
        self.hpack.is_some() && self.block.len() + length <= MOST_OF_A_BLOCK
    }

    /// Bytes that it keeps.
    pub(super) fn kept(&self) -> usize {
        self.block.len() + self.hpack.as_ref().map_or(0, Hpack::kept)
    }

    /// A frame with a part of a block could not be read.
    pub(super) fn lose(&mut self) {
        self.hpack = None;
        self.block = Vec::new();
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.hpack.is_none()
    }

    /// HEADERS, or PUSH_PROMISE whose block begins behind `fixed` bytes: what it says, where its block is whole.
    pub(super) fn on_first(&mut self, flags: u8, payload: &[u8], fixed: usize) -> Option<Said> {
        let priority = if flags & PRIORITY != 0 && fixed == 0 { 5 } else { 0 };
        self.block.clear();
        let Some(part) = unpadded(flags, payload).and_then(|part| part.get(fixed + priority..)) else {
            self.lose();
            return None;
        };
        self.on_part(flags, part)
    }

    /// CONTINUATION.
    pub(super) fn on_part(&mut self, flags: u8, part: &[u8]) -> Option<Said> {
        if flags & END_HEADERS == 0 {
            self.block.extend_from_slice(part);
            return None;
        }
        let said = if self.block.is_empty() {
            read(self.hpack.as_mut()?, part)
        } else {
            self.block.extend_from_slice(part);
            read(self.hpack.as_mut()?, &std::mem::take(&mut self.block))
        };
        if said.is_err() {
            self.lose();
        }
        said.ok()
    }
}

fn read(hpack: &mut Hpack, block: &[u8]) -> Result<Said, Broken> {
    let mut said = Said::default();
    hpack.read(block, &mut |name, value| match name {
        b"grpc-status" => said.status = number(value),
        b"grpc-message" => said.message = text(value),
        b":status" => said.code = number(value),
        b":path" => said.path = text(value),
        _ => {}
    })?;
    Ok(said)
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.get(..KEPT_OF_TEXT).unwrap_or(value)).into_owned()
}

/// A payload without its padding (RFC 9113 section 6.2).
fn unpadded(flags: u8, payload: &[u8]) -> Option<&[u8]> {
    if flags & PADDED == 0 {
        return Some(payload);
    }
    let (&padding, rest) = payload.split_first()?;
    rest.get(..rest.len().checked_sub(usize::from(padding))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Vec<u8> {
        [&[0x88, 0x40, 11][..], b"grpc-status", &[2], b"14", &[0x40, 12], b"grpc-message", &[4], b"down"].concat()
    }

    #[test]
    fn a_block_may_come_in_parts_with_padding_and_priority() {
        let whole = Heads::new().on_first(END_HEADERS, &block(), 0).unwrap();
        assert_eq!((whole.status, whole.message.as_str()), (Some(14), "down"));
        let mut heads = Heads::new();
        let first = [&[3, 0, 0, 0, 0, 9][..], &block()[..7], &[0; 3]].concat();
        assert!(heads.on_first(PADDED | PRIORITY, &first, 0).is_none());
        assert!(heads.on_part(0, &block()[7..9]).is_none());
        assert_eq!(heads.on_part(END_HEADERS, &block()[9..]).unwrap().status, Some(14));
        let promised = [&[0, 0, 0, 2][..], &block()].concat();
        assert_eq!(Heads::new().on_first(END_HEADERS, &promised, 4).unwrap().status, Some(14));
    }

    #[test]
    fn what_can_not_be_read_ends_it() {
        let mut heads = Heads::new();
        assert!(heads.on_first(END_HEADERS, &[0xff], 0).is_none());
        assert!(heads.is_lost() && !heads.wants(1) && heads.on_first(END_HEADERS, &block(), 0).is_none());
        assert!(!Heads::new().wants(MOST_OF_A_BLOCK + 1));
        let mut heads = Heads::new();
        assert!(
            heads.on_first(PADDED | END_HEADERS, &[9, 0x88], 0).is_none() && heads.is_lost(),
            "more padding than there is"
        );
    }
}
