//! What a file is, told by its first bytes and never by its name.

use std::borrow::Cow;

use crate::types::escaped;

/// A packing that is undone while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// LZ4 frame format.
    Lz4,
    /// A frame to be skipped, as zstd (RFC 8878 section 3.1.2) and lz4 share it.
    Skippable,
}

impl Packing {
    /// By the first four bytes.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Skippable),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Skippable => "zstd or lz4",
        }
    }
}

/// A capture format, by the first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    /// Any of the pcap magic numbers.
    Pcap,
    /// A pcapng section header block.
    Pcapng,
    /// A snoop file header (RFC 1761).
    Snoop,
}

/// First bytes of the formats that are read, and how many of the following bytes are looked at.
const MAGICS: [([u8; 4], Magic); 7] = [
    ([0xd4, 0xc3, 0xb2, 0xa1], Magic::Pcap),
    ([0xa1, 0xb2, 0xc3, 0xd4], Magic::Pcap),
    ([0x4d, 0x3c, 0xb2, 0xa1], Magic::Pcap),
    ([0xa1, 0xb2, 0x3c, 0x4d], Magic::Pcap),
    ([0x34, 0xcd, 0xb2, 0xa1], Magic::Pcap),
    ([0xa1, 0xb2, 0xcd, 0x34], Magic::Pcap),
    ([0x0a, 0x0d, 0x0d, 0x0a], Magic::Pcapng),
];

const SNOOP: [u8; 8] = *b"snoop\0\0\0";

impl Magic {
    /// Bytes that [`Self::plausible`] looks at.
    pub(super) const PLAUSIBLE_LEN: usize = 16;

    /// By the first four bytes; snoop's first four are letters, and it takes eight.
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&SNOOP) {
            return Some(Self::Snoop);
        }
        let first = bytes.first_chunk::<4>()?;
        MAGICS.iter().find(|(magic, _)| magic == first).map(|&(_, magic)| magic)
    }

    /// By the first four bytes and the version behind them, for places where a capture need not begin.
    pub(super) fn plausible(bytes: &[u8]) -> Option<Self> {
        let [_, _, _, _, v0, v1, v2, v3, o0, o1, o2, o3, s0, s1, s2, s3, ..] = *bytes else { return None };
        match Self::of(bytes)? {
            // Version 2.4 in either order.
            Self::Pcap => matches!([v0, v1, v2, v3], [2, 0, 4, 0] | [0, 2, 0, 4]).then_some(Self::Pcap),
            // Byte-order magic and version 1.0 or 1.2.
            Self::Pcapng => matches!(
                [o0, o1, o2, o3, s0, s1, s2, s3],
                [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0 | 2, 0] | [0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0 | 2]
            )
            .then_some(Self::Pcapng),
            // Version 2.
            Self::Snoop => ([o0, o1, o2, o3] == [0, 0, 0, 2]).then_some(Self::Snoop),
        }
    }

    /// Whether these bytes, fewer than four, are how one begins.
    pub(super) fn begins_with(bytes: &[u8]) -> bool {
        MAGICS.iter().any(|(magic, _)| magic.starts_with(bytes))
    }
}

/// A well-known format in which no capture hides, by its first bytes: what it is and what to do.
pub(super) fn known_stranger(bytes: &[u8]) -> Option<&'static str> {
    let tar = bytes.get(257..262) == Some(b"ustar");
    match bytes {
        [0x7f, b'E', b'L', b'F', ..] => Some("an ELF program"),
        [b'M', b'Z', ..] => Some("a Windows program"),
        [0x89, b'P', b'N', b'G', ..] => Some("a PNG image"),
        [0xff, 0xd8, 0xff, ..] => Some("a JPEG image"),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some("a ZIP archive; unpack it first"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Some("a 7z archive; unpack it first"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("xz-compressed; unpack it with xz -d first"),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Some("bzip2-compressed; unpack it with bunzip2 first"),
        [0x02, 0x21, 0x4c, 0x18, ..] => Some("in the old format of lz4; unpack it with lz4 -d first"),
        [b'G', b'M', b'B', b'U', ..] | [b'R', b'T', b'S', b'S', ..] => {
            Some("a capture of Microsoft Network Monitor; convert it with editcap -F pcap first")
        }
        [b'X', b'C', b'P', 0, ..] | [b'T', b'R', b'S', b'N', b'I', b'F', b'F', ..] => {
            Some("a capture of Sniffer; convert it with editcap -F pcap first")
        }
        [0x7f, b'v', b'e', b'r', ..] => Some("a capture of OmniPeek; convert it with editcap -F pcap first"),
        [b'i', b'p', b't', b'r', b'a', b'c', b'e', b' ', b'1' | b'2', ..] => {
            Some("a capture of AIX's iptrace; convert it with editcap -F pcap first")
        }
        [b'b', b't', b's', b'n', b'o', b'o', b'p', 0, ..] => Some("a capture of Bluetooth"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("a PDF document"),
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file"),
        [b'S', b'Q', b'L', b'i', b't', b'e', b' ', ..] => Some("an SQLite database"),
        _ if tar => Some("a tar archive; unpack it first"),
        _ => None,
    }
}

/// What bytes that are no capture look like, in a few words.
pub(super) fn describe(bytes: &[u8]) -> String {
    if let Some(known) = known_stranger(bytes) {
        return known.to_owned();
    }
    if !looks_like_text(bytes) {
        return match bytes {
            _ if bytes.iter().all(|&b| b == 0) => format!("{} zero bytes", bytes.len()),
            _ => format!("unknown bytes that begin with {}", hex(bytes.get(..8).unwrap_or(bytes))),
        };
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let line = shortened(text.lines().next().unwrap_or_default());
    let lower = line.to_ascii_lowercase();
    match text.as_bytes().first() {
        Some(b'{' | b'[') => "JSON".to_owned(),
        _ if lower.starts_with("<!doctype html") || lower.starts_with("<html") => {
            "an HTML page, perhaps an error page of a download".to_owned()
        }
        Some(b'<') => "XML".to_owned(),
        _ if is_tcpdump_text(text) => format!("the text output of tcpdump (\"{line}\"); capture with tcpdump -w FILE"),
        _ => format!("text (\"{line}\")"),
    }
}

/// `12:34:56.789012 IP ...`, perhaps after a date or after tcpdump's own first lines.
fn is_tcpdump_text(text: &str) -> bool {
    text.lines().take(5).any(|line| {
        let mut words = line.split(' ').skip_while(|word| word.len() == 10 && word.matches('-').count() == 2);
        let time = words.next().unwrap_or_default();
        let digits = |part: Option<&str>, len| {
            part.is_some_and(|p| p.len() >= len && p.starts_with(|c: char| c.is_ascii_digit()))
        };
        let mut parts = time.split(':');
        let is_time =
            digits(parts.next(), 2) && digits(parts.next(), 2) && digits(parts.next(), 9) && parts.next().is_none();
        is_time && words.any(|word| matches!(word, "IP" | "IP6" | "ARP," | "ethertype"))
    })
}

/// Whether the beginning is what a terminal would show.
fn looks_like_text(bytes: &[u8]) -> bool {
    let start = bytes.get(..512).unwrap_or(bytes);
    let odd = start.iter().filter(|b| matches!(b, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)).count();
    !start.is_empty() && odd == 0 && String::from_utf8_lossy(start).matches('\u{fffd}').count() <= start.len() / 8
}

/// At most 80 characters of text from a file, escaped.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    match text.char_indices().nth(80) {
        Some((end, _)) => Cow::Owned(format!("{}...", escaped(text.get(..end).unwrap_or_default()))),
        None => escaped(text),
    }
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_named() {
        assert_eq!(describe(b"\x7fELF\x02\x01"), "an ELF program");
        assert_eq!(describe(b"PK\x03\x04rest"), "a ZIP archive; unpack it first");
        assert_eq!(describe(b"btsnoop\0\0\0\0\x01"), "a capture of Bluetooth");
        for other in [&b"GMBU\0\x02\x01\0"[..], b"TRSNIFF data    \x1a", b"\x7fver\0", b"iptrace 2.0"] {
            assert!(describe(other).ends_with("convert it with editcap -F pcap first"), "{other:?}");
        }
        assert_eq!(describe(&[0x02, 0x21, 0x4c, 0x18, 0, 0]), "in the old format of lz4; unpack it with lz4 -d first");
        assert_eq!(describe(b"{\"layers\": 1}"), "JSON");
        assert_eq!(describe(b"\n<!DOCTYPE html><p>"), "an HTML page, perhaps an error page of a download");
        assert_eq!(describe(b"exec: \"tcpdump\": not found\n"), "text (\"exec: \"tcpdump\": not found\")");
        assert_eq!(describe(b"a\x1b[31mb"), "text (\"a\\x1b[31mb\")");
        assert_eq!(describe(&[0; 9]), "9 zero bytes");
        assert_eq!(describe(&[1, 2, 255]), "unknown bytes that begin with 01 02 ff");
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(describe(&tar), "a tar archive; unpack it first");
    }

    #[test]
    fn the_text_of_tcpdump_is_told_from_other_text() {
        let lines = [
            "12:34:56.789012 IP 10.0.0.1.443 > 10.0.0.2.5555: Flags [S], seq 1",
            "2026-11-21 12:34:56.789012 IP6 ::1.443 > ::1.5555: Flags [S], seq 1",
            "reading from file a.pcap, link-type EN10MB (Ethernet)\n12:34:56.789012 ARP, Request who-has 10.0.0.1",
            "12:34:56.789012 eth0  In  IP 10.0.0.1.443 > 10.0.0.2.5555: Flags [S]",
        ];
        for line in lines {
            assert!(describe(line.as_bytes()).starts_with("the text output of tcpdump"), "{line}");
        }
        assert!(describe(b"12:34:56 started IP allocator").starts_with("text"));
    }
}
