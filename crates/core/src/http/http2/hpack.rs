//! Header blocks of one direction (RFC 7541).
//!
//! In: whole blocks in their order. Out: their fields. What is wrong once stays so: each block changes what the next ones mean.

use std::collections::VecDeque;

/// Reads the blocks of one direction.
#[derive(Debug)]
pub(super) struct Hpack {
    /// The dynamic table, the newest first (section 2.3.2).
    table: VecDeque<Field>,
    /// Of the table, as section 4.1 counts it.
    size: usize,
    limit: usize,
    /// A field that is at hand: kept, so that its memory is.
    name: Vec<u8>,
    value: Vec<u8>,
}

#[derive(Debug)]
struct Field {
    name: Box<[u8]>,
    value: Box<[u8]>,
}

/// A block that can not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// RFC 9113 section 6.5.2: until the encoder says otherwise.
const USUAL_LIMIT: usize = 4_096;
/// Larger tables are not followed. Programs use up to 64 KiB.
const LARGEST_LIMIT: usize = 64 * 1_024;
/// What an entry counts besides its bytes (section 4.1).
const ENTRY: usize = 32;
/// The names of the static table (appendix A), from 1 on. Nobody asks for its values, and none of them comes into the dynamic table.
const STATIC: [&str; 61] = [
    ":authority",
    ":method",
    ":method",
    ":path",
    ":path",
    ":scheme",
    ":scheme",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

impl Hpack {
    pub(super) fn new() -> Self {
        Self { table: VecDeque::new(), size: 0, limit: USUAL_LIMIT, name: Vec::new(), value: Vec::new() }
    }

    /// Bytes that it keeps.
    pub(super) const fn kept(&self) -> usize {
        self.size
    }

    /// Reads a block, and gives each field by name and value. What stands whole in the static table comes without its value.
    pub(super) fn read(&mut self, mut block: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Broken> {
        while let Some(&first) = block.first() {
            match first {
                // Section 6.1.
                0x80.. => {
                    let index = integer(&mut block, 7)?;
                    self.take(index)?;
                }
                // Section 6.3.
                0x20..=0x3f => {
                    self.limit = integer(&mut block, 5)?;
                    if self.limit > LARGEST_LIMIT {
                        return Err(Broken);
                    }
                    self.make_room(0);
                    continue;
                }
                // Section 6.2: with indexing, without, and never.
                _ => {
                    let is_kept = first & 0x40 != 0;
                    match integer(&mut block, if is_kept { 6 } else { 4 })? {
                        0 => string(&mut block, &mut self.name)?,
                        index => self.take(index)?,
                    }
                    string(&mut block, &mut self.value)?;
                    if is_kept {
                        self.keep();
                    }
                }
            }
            each(&self.name, &self.value);
        }
        Ok(())
    }

    /// The entry of this number (section 2.3.3).
    fn take(&mut self, index: usize) -> Result<(), Broken> {
        self.name.clear();
        self.value.clear();
        let index = index.checked_sub(1).ok_or(Broken)?;
        if let Some(name) = STATIC.get(index) {
            self.name.extend_from_slice(name.as_bytes());
        } else {
            let field = self.table.get(index - STATIC.len()).ok_or(Broken)?;
            self.name.extend_from_slice(&field.name);
            self.value.extend_from_slice(&field.value);
        }
        Ok(())
    }

    /// Adds the field at hand to the table (section 4.4).
    fn keep(&mut self) {
        let size = self.name.len() + self.value.len() + ENTRY;
        self.make_room(size);
        if size <= self.limit {
            self.size += size;
            self.table.push_front(Field { name: self.name.as_slice().into(), value: self.value.as_slice().into() });
        }
    }

    /// Takes the oldest away until `needed` more fits, or nothing is left.
    fn make_room(&mut self, needed: usize) {
        while self.size + needed > self.limit
            && let Some(field) = self.table.pop_back()
        {
            self.size -= field.name.len() + field.value.len() + ENTRY;
        }
    }
}

/// An integer (section 5.1), at the beginning of `bytes`.
fn integer(bytes: &mut &[u8], prefix: u32) -> Result<usize, Broken> {
    let (&first, mut rest) = bytes.split_first().ok_or(Broken)?;
    let mask = (1_usize << prefix) - 1;
    let mut value = usize::from(first) & mask;
    if value == mask {
        for shift in [0, 7, 14, 21] {
            let (&byte, after) = rest.split_first().ok_or(Broken)?;
            rest = after;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                *bytes = rest;
                return Ok(value);
            }
        }
        return Err(Broken);
    }
    *bytes = rest;
    Ok(value)
}

/// A string (section 5.2), written over what is in `text`.
fn string(bytes: &mut &[u8], text: &mut Vec<u8>) -> Result<(), Broken> {
    let is_huffman = bytes.first().ok_or(Broken)? & 0x80 != 0;
    let length = integer(bytes, 7)?;
    let (string, rest) = bytes.split_at_checked(length).ok_or(Broken)?;
    *bytes = rest;
    text.clear();
    if is_huffman {
        httlib_huffman::decode(string, text, httlib_huffman::DecoderSpeed::FourBits).map_err(|_| Broken)
    } else {
        text.extend_from_slice(string);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as RFC 7541 prints them.
    fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
    }

    fn read(hpack: &mut Hpack, block: &[u8]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        hpack.read(block, &mut |name, value| fields.push((text(name), text(value)))).unwrap();
        fields
    }

    fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn the_responses_of_appendix_c6_with_huffman_and_evictions() {
        let mut hpack = Hpack::new();
        let blocks = [
            "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae \
             82ae 43d3",
            "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 \
             7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ];
        // The first says that the table has 256 bytes, as the appendix does in words.
        let (date, place) = ("Mon, 21 Oct 2013 20:13:21 GMT", "https://www.example.com");
        let first = read(&mut hpack, &bytes(blocks[0]));
        assert_eq!(first[0], (":status".to_owned(), "302".to_owned()));
        assert_eq!(first[2].1, date);
        assert_eq!(first[3].1, place);
        let second = read(&mut hpack, &bytes(blocks[1]));
        assert_eq!(
            second,
            pairs(&[(":status", "307"), ("cache-control", "private"), ("date", date), ("location", place)])
        );
        let third = read(&mut hpack, &bytes(blocks[2]));
        assert_eq!(third.last().unwrap().1, "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
        assert_eq!((hpack.table.len(), hpack.size), (3, 215));
    }

    #[test]
    fn a_name_of_ones_own_is_known_again() {
        let mut hpack = Hpack::new();
        let block = [&[0x40, 11][..], b"grpc-status", &[2], b"14"].concat();
        let status = pairs(&[("grpc-status", "14")]);
        assert_eq!(read(&mut hpack, &block), status);
        assert_eq!(read(&mut hpack, &[0xbe]), status);
        assert_eq!(read(&mut hpack, &[0x20, 0x3f, 0xe1, 0x1f]), []);
        assert_eq!(hpack.read(&[0xbe], &mut |_, _| {}), Err(Broken), "the table was emptied");
    }

    #[test]
    fn any_bytes_are_borne() {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let (mut read, mut broken) = (0, 0);
        for length in 0..40_000 {
            let block: Vec<u8> = (0..length % 60).map(|_| next()).collect();
            let mut hpack = Hpack::new();
            match hpack.read(&block, &mut |_, _| {}) {
                Ok(()) => read += 1,
                Err(Broken) => broken += 1,
            }
            assert!(hpack.size <= LARGEST_LIMIT);
        }
        assert!(read > 1_000 && broken > 1_000, "{read} {broken}");
    }
}
