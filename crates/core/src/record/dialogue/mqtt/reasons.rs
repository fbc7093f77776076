//! The reasons of MQTT, by their numbers, and what version 5 adds to them.

/// A return code of CONNACK (MQTT 3.1.1 section 3.2.2.3).
pub(super) const fn of_version_3(code: u8) -> &'static str {
    match code {
        1 => "unacceptable protocol version",
        2 => "identifier rejected",
        3 => "server unavailable",
        4 => "bad user name or password",
        5 => "not authorized",
        _ => "a reserved return code",
    }
}

/// A reason code of CONNACK or DISCONNECT (MQTT 5.0 section 2.4).
pub(super) const fn of_version_5(code: u8) -> &'static str {
    match code {
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        0x84 => "unsupported protocol version",
        0x85 => "client identifier not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8a => "banned",
        0x8b => "server shutting down",
        0x8c => "bad authentication method",
        0x8d => "keep alive timeout",
        0x8e => "session taken over",
        0x8f => "topic filter invalid",
        0x90 => "topic name invalid",
        0x93 => "receive maximum exceeded",
        0x94 => "topic alias invalid",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format invalid",
        0x9a => "retain not supported",
        0x9b => "QoS not supported",
        0x9c => "use another server",
        0x9d => "server moved",
        0x9e => "shared subscriptions not supported",
        0x9f => "connection rate exceeded",
        0xa0 => "maximum connect time",
        0xa1 => "subscription identifiers not supported",
        0xa2 => "wildcard subscriptions not supported",
        0x80 => "unspecified error",
        _ => "an unknown reason code",
    }
}

/// The keep-alive that the server wants instead of the client's, in seconds.
pub(super) fn server_keep_alive(properties: &[u8]) -> Option<u16> {
    match property(properties, 0x13)? {
        [high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

/// What the server adds in words.
pub(super) fn reason_string(properties: &[u8]) -> Option<String> {
    property(properties, 0x1f).map(|text| String::from_utf8_lossy(text).into_owned())
}

/// The value of a property (MQTT 5.0 section 2.2.2): a text without its length.
fn property(bytes: &[u8], wanted: u8) -> Option<&[u8]> {
    // Fewer than 128 bytes, or a length of two bytes.
    let mut rest = match bytes {
        [low, _, rest @ ..] if low & 0x80 != 0 => rest,
        [_, rest @ ..] => rest,
        [] => return None,
    };
    while let Some((kind, after)) = rest.split_first() {
        let (value, next) = match kind {
            0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2a => after.split_at_checked(1)?,
            0x13 | 0x21 | 0x22 => after.split_at_checked(2)?,
            0x02 | 0x11 | 0x18 | 0x27 => after.split_at_checked(4)?,
            // Two texts.
            0x26 => {
                let (_, after) = text(after)?;
                text(after)?
            }
            0x12 | 0x15 | 0x16 | 0x1a | 0x1c | 0x1f => text(after)?,
            _ => return None,
        };
        if *kind == wanted {
            return Some(value);
        }
        rest = next;
    }
    None
}

/// A length of two bytes, and as many.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
