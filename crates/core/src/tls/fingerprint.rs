//! JA3, JA3S and JA4: one short text for the manner in which a TLS stack greets.
//!
//! Computed when asked for. JA4 is the one for TLS clients (BSD-3-Clause); its relatives under other licences are not
//! here and not to be added.

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::version::is_grease;
use super::{ClientHello, HelloFormat, ServerHello, Sni, extension};

impl ClientHello {
    /// JA3: MD5 of version, suites, extensions, groups and point formats in wire order, without GREASE.
    ///
    /// `None` where the hello was cut or malformed, and for the SSLv2 format. Browsers that shuffle their extensions have
    /// another one for each connection.
    pub fn ja3(&self) -> Option<String> {
        self.ja3_text().map(|text| hex(&Md5::digest(text)))
    }

    /// What [`ja3`](Self::ja3) is the MD5 of.
    pub fn ja3_text(&self) -> Option<String> {
        if !self.has_fingerprint() {
            return None;
        }
        let mut text = String::with_capacity(256);
        // JA3 takes the version field, also of a TLS 1.3 hello.
        decimal(&mut text, [self.legacy_version]);
        for list in [&self.cipher_suites, &self.extensions, &self.groups] {
            text.push(',');
            decimal(&mut text, without_grease(list));
        }
        text.push(',');
        decimal(&mut text, self.point_formats.iter().map(|&format| format.into()));
        Some(text)
    }

    /// JA4 of a TLS client over TCP, as `t13d1516h2_8daaf6152771_e5627efa2ab1`; `None` where [`ja3`](Self::ja3) is.
    pub fn ja4(&self) -> Option<String> {
        let (suites, extensions) = self.ja4_lists()?;
        let mut text = String::with_capacity(36);
        self.ja4_a(&mut text);
        for list in [suites, extensions] {
            text.push('_');
            match list.is_empty() {
                true => text.push_str("000000000000"),
                false => text.push_str(hex(&Sha256::digest(list)).get(..12)?),
            }
        }
        Some(text)
    }

    /// JA4 with its lists in the place of their hashes (JA4_r).
    pub fn ja4_text(&self) -> Option<String> {
        let (suites, extensions) = self.ja4_lists()?;
        let mut text = String::with_capacity(256);
        self.ja4_a(&mut text);
        let _ = write!(text, "_{suites}_{extensions}");
        Some(text)
    }

    /// The versions that the client offers, without GREASE, in wire order; `legacy_version` without the extension.
    pub fn versions_offered(&self) -> impl Iterator<Item = u16> + '_ {
        let legacy = (!self.extensions.contains(&extension::SUPPORTED_VERSIONS)).then_some(self.legacy_version);
        without_grease(&self.supported_versions).chain(legacy)
    }

    fn has_fingerprint(&self) -> bool {
        !self.malformed && self.format == HelloFormat::Tls
    }

    /// Protocol, version, whether a name is asked for, counts, first protocol name.
    fn ja4_a(&self, text: &mut String) {
        let version = match self.versions_offered().max() {
            Some(0x0304) => "13",
            Some(0x0303) => "12",
            Some(0x0302) => "11",
            Some(0x0301) => "10",
            Some(0x0300) => "s3",
            Some(0x0002) => "s2",
            _ => "00",
        };
        let name = if self.extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
        let suites = without_grease(&self.cipher_suites).count().min(99);
        let extensions = without_grease(&self.extensions).count().min(99);
        let [first, last] = ja4_alpn(&self.alpn_first_raw);
        let _ = write!(text, "t{version}{name}{suites:02}{extensions:02}{first}{last}");
    }

    /// The sorted suites; the sorted extensions with the signature algorithms in wire order.
    fn ja4_lists(&self) -> Option<(String, String)> {
        if !self.has_fingerprint() {
            return None;
        }
        let mut suites: Vec<u16> = without_grease(&self.cipher_suites).collect();
        suites.sort_unstable();
        let mut extensions: Vec<u16> = without_grease(&self.extensions)
            .filter(|&number| number != extension::SERVER_NAME && number != extension::ALPN)
            .collect();
        extensions.sort_unstable();
        let mut extensions = hexadecimal(extensions);
        let algorithms = hexadecimal(without_grease(&self.signature_algorithms));
        if !algorithms.is_empty() {
            extensions.push('_');
            extensions.push_str(&algorithms);
        }
        Some((hexadecimal(suites), extensions))
    }
}

impl ServerHello {
    /// JA3S: MD5 of version, suite and extensions in wire order.
    pub fn ja3s(&self) -> String {
        let mut text = String::with_capacity(48);
        decimal(&mut text, [self.legacy_version]);
        text.push(',');
        decimal(&mut text, [self.cipher_suite]);
        text.push(',');
        decimal(&mut text, self.extensions.iter().copied());
        hex(&Md5::digest(text))
    }
}

impl Sni {
    /// The name, where one was seen.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Present(name) => Some(name),
            Self::Empty | Self::Absent | Self::NotVisible(_) => None,
        }
    }
}

const HEX_DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

const fn hex_digit(value: u16) -> char {
    HEX_DIGITS[(value & 0x0f) as usize]
}

/// First and last character of the first protocol name; of its hexadecimal form where one of the two is not an ASCII
/// letter or digit.
const fn ja4_alpn(name: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        [first as char, last as char]
    } else {
        [hex_digit((first >> 4) as u16), hex_digit(last as u16)]
    }
}

fn without_grease(values: &[u16]) -> impl Iterator<Item = u16> + '_ {
    values.iter().copied().filter(|&value| !is_grease(value))
}

// The lists below have up to a hundred numbers, for every hello: `write!` takes ten times as long for them.

/// `4865-4866-4867`
fn decimal(text: &mut String, values: impl IntoIterator<Item = u16>) {
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            text.push('-');
        }
        let mut power = [10_000, 1_000, 100, 10].into_iter().find(|&power| value >= power).unwrap_or(1);
        while power > 0 {
            text.push(hex_digit(value / power % 10));
            power /= 10;
        }
    }
}

/// `1301,1302,1303`
fn hexadecimal(values: impl IntoIterator<Item = u16>) -> String {
    let mut text = String::with_capacity(160);
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        for shift in [12, 8, 4, 0] {
            text.push(hex_digit(value >> shift));
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        text.push(hex_digit((byte >> 4).into()));
        text.push(hex_digit(byte.into()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Moment, PacketNo, Timestamp};

    fn hello(legacy_version: u16, cipher_suites: &[u16], extensions: &[u16]) -> ClientHello {
        let packet = Moment { packet: PacketNo::FIRST, at: Timestamp::default() };
        ClientHello {
            completed: packet,
            begun: packet,
            segments: 1,
            length: 0,
            format: HelloFormat::Tls,
            record_version: 0x0301,
            legacy_version,
            session_id: Vec::new(),
            cipher_suites: cipher_suites.to_vec(),
            compression: vec![0],
            extensions: extensions.to_vec(),
            sni: Sni::Absent,
            alpn: Vec::new(),
            alpn_first_raw: Vec::new(),
            supported_versions: Vec::new(),
            groups: Vec::new(),
            point_formats: Vec::new(),
            signature_algorithms: Vec::new(),
            key_shares: Vec::new(),
            ech: false,
            pre_shared_key: false,
            early_data: false,
            session_ticket_len: None,
            malformed: false,
        }
    }

    /// The two examples of the description of JA3.
    #[test]
    fn ja3_as_described() {
        let suites = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
        let first =
            ClientHello { groups: vec![23, 24, 25], point_formats: vec![0], ..hello(769, &suites, &[0, 10, 11]) };
        assert_eq!(
            first.ja3_text().as_deref(),
            Some("769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0")
        );
        assert_eq!(first.ja3().as_deref(), Some("ada70206e40642a3e4461f35503241d5"));
        let second = hello(769, &[4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], &[]);
        assert_eq!(second.ja3_text().as_deref(), Some("769,4-5-10-9-100-98-3-6-19-18-99,,,"));
        assert_eq!(second.ja3().as_deref(), Some("de350869b8c85de67a350c8d186f11e6"));
    }

    /// The example of the description of JA4, with GREASE in every list.
    #[test]
    fn ja4_as_described() {
        let suites = [
            0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
            0x009d, 0x002f, 0x0035,
        ];
        let extensions = [
            0xfafa, 0x0000, 0x0033, 0x000d, 0x0023, 0x000b, 0xff01, 0x000a, 0x001b, 0x4469, 0x0012, 0x002d, 0x0010,
            0x0005, 0x002b, 0x0017, 0x1a1a, 0x0015,
        ];
        let hello = ClientHello {
            alpn_first_raw: b"h2".to_vec(),
            supported_versions: vec![0x0a0a, 0x0304, 0x0303],
            signature_algorithms: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            ..hello(0x0303, &suites, &extensions)
        };
        assert_eq!(hello.ja4().as_deref(), Some("t13d1516h2_8daaf6152771_e5627efa2ab1"));
        assert_eq!(
            hello.ja4_text().as_deref(),
            Some(
                "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_\
                 0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_\
                 0403,0804,0401,0503,0805,0501,0806,0601"
            )
        );
    }

    #[test]
    fn ja4_of_a_hello_without_anything() {
        assert!(hello(0x0301, &[], &[]).ja4().is_some_and(|ja4| ja4 == "t10i000000_000000000000_000000000000"));
    }

    #[test]
    fn ja4_shows_strange_protocol_names_in_hexadecimal() {
        assert_eq!(ja4_alpn(b"http/1.1"), ['h', '1']);
        assert_eq!(ja4_alpn(b"h"), ['h', 'h']);
        assert_eq!(ja4_alpn(b"\xab\xcd"), ['a', 'd']);
        assert_eq!(ja4_alpn(b"0\xab"), ['3', 'b']);
        assert_eq!(ja4_alpn(b""), ['0', '0']);
    }
}
