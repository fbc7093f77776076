//! Numbers, times and addresses as text, appended to a buffer without an allocation.

use std::io::Write as _;
use std::net::IpAddr;

use handshark::types::Timestamp;

/// A whole number.
pub(crate) fn push_int(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A number with a fraction, the shortest text that reads back the same; `false` and nothing written where JSON has no
/// such number.
pub(crate) fn push_float(out: &mut Vec<u8>, number: f64) -> bool {
    if number.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    }
    number.is_finite()
}

/// RFC 3339 in UTC with nine digits, as [`Timestamp`]'s `Display`.
pub(crate) fn push_time(out: &mut Vec<u8>, time: Timestamp) {
    let (year, month, day, hour, minute, second, nano) = time.civil();
    push_digits(out, year.unsigned_abs(), 4); // years 1677 to 2262
    for (mark, part) in [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)] {
        out.push(mark);
        push_digits(out, u64::from(part), 2);
    }
    out.push(b'.');
    push_digits(out, u64::from(nano), 9);
    out.push(b'Z');
}

/// An address in its usual form (RFC 5952 for IPv6).
pub(crate) fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (i, octet) in address.octets().into_iter().enumerate() {
                if i > 0 {
                    out.push(b'.');
                }
                push_int(out, i64::from(octet));
            }
        }
        // Writing to a Vec can not fail.
        IpAddr::V6(address) => drop(write!(out, "{address}")),
    }
}

/// The last `width` decimal digits, with leading zeros.
fn push_digits(out: &mut Vec<u8>, number: u64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (number / 10_u64.pow(place) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).expect("only ASCII was pushed")
    }

    #[test]
    fn a_time_is_what_the_core_displays() {
        for nanos in [0, -1, 1, 1_767_225_600_002_500_000, i64::MAX, i64::MIN] {
            let time = Timestamp::from_nanos(nanos);
            assert_eq!(text(|out| push_time(out, time)), time.to_string());
        }
    }

    #[test]
    fn addresses_are_what_the_standard_library_displays() {
        for address in ["0.0.0.0", "255.10.1.0", "2001:db8::1", "::ffff:10.0.0.1", "::"] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(text(|out| push_address(out, address)), address.to_string());
        }
    }

    #[test]
    fn what_is_no_number_is_not_written() {
        assert_eq!(text(|out| assert!(!push_float(out, f64::NAN))), "");
        assert_eq!(text(|out| assert!(!push_float(out, f64::INFINITY))), "");
        assert_eq!(text(|out| assert!(push_float(out, 6.001))), "6.001");
        assert_eq!(text(|out| push_int(out, i64::MIN)), "-9223372036854775808");
    }
}
