//! Community ID version 1: a hash of the tuple that other tools print too.

use std::net::IpAddr;

use sha1::{Digest, Sha1};

use crate::types::Endpoint;

/// Community ID of a TCP connection with seed 0, as Zeek, Suricata and Wireshark print it.
pub(super) fn of(a: Endpoint, b: Endpoint) -> String {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut hash = Sha1::new();
    hash.update([0, 0]); // the seed
    for end in [low, high] {
        match end.address {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
    }
    hash.update([6, 0]); // TCP, and padding
    hash.update(low.port.to_be_bytes());
    hash.update(high.port.to_be_bytes());
    let mut id = String::with_capacity(2 + 28);
    id.push_str("1:");
    push_base64(&mut id, &hash.finalize());
    id
}

/// Base64 of RFC 4648 section 4.
fn push_base64(out: &mut String, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |word: u32, shift: u32| char::from(ALPHABET[(word >> shift & 63) as usize]);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        let digits = [18, 12, 6, 0].map(|shift| digit(word, shift));
        out.extend(digits.iter().enumerate().map(|(i, digit)| if i <= chunk.len() { *digit } else { '=' }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_published_baseline_agree() {
        let end = |text: &str, port| Endpoint::new(text.parse().expect("an address"), port);
        let id = of(end("128.232.110.120", 34855), end("66.35.250.204", 80));
        assert_eq!(id, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        let back = of(end("66.35.250.204", 80), end("128.232.110.120", 34855));
        assert_eq!(back, id);
    }
}
