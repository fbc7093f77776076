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

/// Times as text: RFC 3339 in UTC with nine digits, as [`Timestamp`]'s `Display`. Most times of a row lie in the same second,
/// so the text of the last one is kept, and often only its fraction is new.
#[derive(Debug)]
pub(crate) struct Times {
    /// Since 1970, of the text.
    second: i64,
    text: [u8; 30],
}

impl Times {
    pub(crate) const fn new() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00.000000000Z" }
    }

    /// Appends a time.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, time: Timestamp) {
        let second = time.as_nanos().div_euclid(1_000_000_000);
        if second != self.second {
            self.turn(second, time);
        }
        let nano = time.as_nanos().rem_euclid(1_000_000_000) as u32;
        self.set(20, nano / 10_000_000);
        self.set(22, nano / 100_000 % 100);
        self.set(24, nano / 1_000 % 100);
        self.set(26, nano / 10 % 100);
        self.text[28] = b'0' + (nano % 10) as u8;
        out.extend_from_slice(&self.text);
    }

    fn turn(&mut self, second: i64, time: Timestamp) {
        let (year, month, day, hour, minute, seconds, _) = time.civil();
        let year = year.unsigned_abs() as u32; // 1677 to 2262
        self.set(0, year / 100);
        self.set(2, year % 100);
        for (place, number) in [(5, month), (8, day), (11, hour), (14, minute), (17, seconds)] {
            self.set(place, number.into());
        }
        self.second = second;
    }

    fn set(&mut self, place: usize, number: u32) {
        let [tens, ones] = PAIRS[number as usize % PAIRS.len()];
        (self.text[place], self.text[place + 1]) = (tens, ones);
    }
}

/// The numbers below 100 in two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

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
        let mut times = Times::new();
        for nanos in [0, -1, 1, 1_767_225_600_002_500_000, 1_767_225_600_912_345_678, i64::MAX, i64::MIN] {
            let time = Timestamp::from_nanos(nanos);
            assert_eq!(text(|out| times.push(out, time)), time.to_string());
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
