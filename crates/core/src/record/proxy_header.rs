//! The PROXY protocol: a header in which a load balancer tells the server whose connection it carries, before anything else.
//!
//! After HAProxy's "The PROXY protocol, versions 1 and 2" (2020), sections 2.1 and 2.2.

use crate::types::Moment;

/// A PROXY protocol header at the beginning of what the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// The packet that holds it.
    pub at: Moment,
    /// Version 1 (text) or 2 (binary).
    pub version: u8,
    /// Its length in bytes.
    pub length: u16,
}

const V1_START: &[u8] = b"PROXY ";
/// Section 2.1: 107 characters with the line end.
const V1_LONGEST: usize = 107;
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_FIXED: usize = 16;

/// The header at the front of a client's first bytes, where it is whole.
pub(super) fn probe(first: &[u8], at: Moment) -> Option<ProxyHeader> {
    if first.starts_with(V1_START) {
        let line = first.get(..V1_LONGEST.min(first.len()))?;
        let end = memchr::memmem::find(line, b"\r\n")?;
        let family = line.get(V1_START.len()..end)?;
        let known = [&b"TCP4 "[..], b"TCP6 ", b"UNKNOWN"].iter().any(|name| family.starts_with(name));
        return known.then_some(ProxyHeader { at, version: 1, length: end as u16 + 2 });
    }
    let rest = first.strip_prefix(V2_SIGNATURE)?;
    // Version 2 in the high half of the byte; LOCAL or PROXY in the low one.
    let [0x20 | 0x21, _family, high, low, ..] = *rest else { return None };
    let length = V2_FIXED + usize::from(u16::from_be_bytes([high, low]));
    let length = u16::try_from(length).ok().filter(|length| usize::from(*length) <= first.len())?;
    Some(ProxyHeader { at, version: 2, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    fn length(first: &[u8]) -> Option<(u8, u16)> {
        let at = Moment { packet: PacketNo::FIRST, at: Timestamp::default() };
        probe(first, at).map(|header| (header.version, header.length))
    }

    #[test]
    fn both_versions_are_known() {
        assert_eq!(length(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\x16\x03"), Some((1, 36)));
        assert_eq!(length(b"PROXY UNKNOWN\r\n"), Some((1, 15)));
        let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c123456789012GET";
        assert_eq!(length(v2), Some((2, 28)));
    }

    #[test]
    fn what_is_not_whole_or_not_one_is_none() {
        for other in
            [&b"PROXY TCP4 192.0.2.1"[..], b"PROXY home\r\n", b"GET / HTTP/1.1\r\n", b"\r\n\r\n\0\r\nQUIT\n", b""]
        {
            assert_eq!(length(other), None);
        }
        assert_eq!(length(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"), None);
        assert_eq!(length(b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"), None);
    }
}
