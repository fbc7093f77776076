//! Do the first bytes of a side look like TLS? No port number has a say in this.

use super::record::{RecordHeader, Sslv2Header};

/// What the first bytes of a side look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A TLS record or an SSLv2 ClientHello.
    Yes,
    /// Neither.
    No,
    /// So far it could be; more bytes will tell.
    NeedMore,
}

/// Looks at the first bytes that one side sent, or that were captured of it: a TLS record of any content type (a
/// capture may begin in the middle of a connection), or an SSLv2 ClientHello.
///
/// ```
/// use handshark::tls::{Probe, probe};
/// assert_eq!(probe(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), Probe::Yes);
/// assert_eq!(probe(b"GET / HTTP/1.1\r\n"), Probe::No);
/// assert_eq!(probe(&[0x16, 0x03]), Probe::NeedMore);
/// ```
pub fn probe(first: &[u8]) -> Probe {
    if let Some(&header) = first.first_chunk() {
        return match (RecordHeader::parse(header), Sslv2Header::parse(header).filter(|sslv2| !sslv2.answers)) {
            (Some(record), _) => probe_record(record, first.get(RecordHeader::SIZE..).unwrap_or_default()),
            (None, Some(sslv2)) => probe_sslv2(sslv2, first.get(RecordHeader::SIZE..).unwrap_or_default()),
            (None, None) => Probe::No,
        };
    }
    match first {
        [] => Probe::NeedMore,
        // The high bit begins an SSLv2 header: its message type comes third.
        [byte, rest @ ..] if byte & 0x80 != 0 && rest.get(1).is_none_or(|&message_type| message_type == 1) => {
            Probe::NeedMore
        }
        [20..=24] | [20..=24, 3] | [20..=24, 3, 0..=4, ..] => Probe::NeedMore,
        _ => Probe::No,
    }
}

/// A record that begins a stream carries something, and an alert in clear has its two bytes.
fn probe_record(record: RecordHeader, body: &[u8]) -> Probe {
    let plausible = match (record.content_type, body) {
        _ if record.length == 0 => false,
        // RFC 8446 section 6: levels are warning(1) and fatal(2). A longer alert is an encrypted one.
        (super::record::ALERT, [level, ..]) if record.length == 2 => matches!(level, 1 | 2),
        _ => true,
    };
    if plausible { Probe::Yes } else { Probe::No }
}

/// RFC 5246 appendix E.2: three lengths that add up to that of the message, cipher specs of three bytes each.
fn probe_sslv2(header: Sslv2Header, body: &[u8]) -> Probe {
    let Some(&[specs_high, specs_low, id_high, id_low, challenge_high, challenge_low]) = body.first_chunk() else {
        return Probe::NeedMore;
    };
    let specs = u32::from(u16::from_be_bytes([specs_high, specs_low]));
    let id = u32::from(u16::from_be_bytes([id_high, id_low]));
    let challenge = u32::from(u16::from_be_bytes([challenge_high, challenge_low]));
    let adds_up = specs + id + challenge + 9 == u32::from(header.length);
    if adds_up && specs > 0 && specs.is_multiple_of(3) { Probe::Yes } else { Probe::No }
}
