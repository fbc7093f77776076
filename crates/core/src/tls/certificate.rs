//! What an X.509 certificate says of itself (RFC 5280): names, times, key. Nothing is verified: signatures, revocation and
//! trust are not a passive observer's business.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AttributeTypeAndValue, SubjectPublicKeyInfo, X509Name};

use crate::types::Timestamp;

/// One certificate of a chain. All text is as sent, lossily decoded: escape before showing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of its bytes: what browsers and `openssl x509 -fingerprint -sha256` show.
    pub sha256: [u8; 32],
    /// Its length in bytes.
    pub length: u32,
    /// Whether the bytes could not be read as X.509; all fields below are then empty.
    pub malformed: bool,
    /// Subject, in the order of the certificate: `C=US, O=Example, CN=example.org`. May be empty: names are in the SANs.
    pub subject: String,
    /// Issuer, written like the subject.
    pub issuer: String,
    /// The subject's last common name. Not what clients compare with the name they asked for, where there are SANs.
    pub common_name: Option<String>,
    /// Host names of the subject alternative name extension, wildcards as they stand (RFC 5280 section 4.2.1.6).
    pub dns_names: Vec<String>,
    /// IP addresses of that extension.
    pub addresses: Vec<IpAddr>,
    /// URIs of that extension, as `spiffe://cluster.local/ns/default/sa/web` in meshes.
    pub uris: Vec<String>,
    /// Valid from; `None` where it could not be read.
    pub not_before: Option<Timestamp>,
    /// Valid to, inclusive; `None` also for the year 9999, which means no end (RFC 5280 section 4.1.2.5), and for others
    /// beyond 2262.
    pub not_after: Option<Timestamp>,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// Kind of the public key: `RSA`, `EC`, `Ed25519`, or the number of another algorithm.
    pub key: Cow<'static, str>,
    /// Size of the public key in bits, where it is known for its kind.
    pub key_bits: Option<u32>,
    /// Algorithm of the issuer's signature, as `sha256WithRSAEncryption`, or its number.
    pub signature: Cow<'static, str>,
    /// Whether basic constraints say that it is one of an authority.
    pub is_ca: bool,
    /// Whether subject and issuer are the same name, which is how a self-signed certificate looks. The signature is not
    /// verified.
    pub self_issued: bool,
}

/// How the time of use relates to a certificate's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Within it, or it could not be read.
    Valid,
    /// Before it began.
    NotYet,
    /// After its end.
    Expired,
}

impl Certificate {
    /// Reads one; bytes that are no certificate give a malformed one.
    pub(super) fn read(der: &[u8]) -> Self {
        let sha256 = Sha256::digest(der).into();
        let bare = Self { sha256, length: der.len() as u32, malformed: true, ..Self::default() };
        let Ok((_, x509)) = X509Certificate::from_der(der) else { return bare };
        let (key, key_bits) = public_key(x509.public_key());
        let validity = x509.validity();
        let mut certificate = Self {
            malformed: false,
            subject: name(x509.subject()),
            issuer: name(x509.issuer()),
            common_name: x509.subject().iter_common_name().last().map(text),
            not_before: time(validity.not_before.timestamp()),
            not_after: time(validity.not_after.timestamp()),
            serial: hexadecimal(x509.raw_serial()),
            key,
            key_bits,
            signature: signature_algorithm(&x509.signature_algorithm.algorithm.to_id_string()),
            is_ca: false,
            self_issued: x509.subject().as_raw() == x509.issuer().as_raw(),
            ..bare
        };
        for extension in x509.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => certificate.add_names(&names.general_names),
                ParsedExtension::BasicConstraints(constraints) => certificate.is_ca = constraints.ca,
                _ => {}
            }
        }
        certificate
    }

    fn add_names(&mut self, names: &[GeneralName<'_>]) {
        for name in names {
            match name {
                GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
                GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
                GeneralName::IPAddress(bytes) => self.addresses.extend(address(bytes)),
                _ => {}
            }
        }
    }

    /// Whether it names this host or address (RFC 9525 section 6.3): without regard to case, and with a wildcard for the whole
    /// leftmost label alone. Common names do not count.
    pub fn names_host(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        match host.parse::<IpAddr>() {
            Ok(address) => self.addresses.contains(&address),
            Err(_) => self.dns_names.iter().any(|pattern| covers(pattern, host)),
        }
    }

    /// Whether its common name is this host, by the same rules: what clients went by before subject alternative names.
    pub fn common_name_is(&self, host: &str) -> bool {
        self.common_name.as_deref().is_some_and(|name| covers(name, host.strip_suffix('.').unwrap_or(host)))
    }

    /// Whether it holds at this time of the capture.
    pub fn validity_at(&self, time: Timestamp) -> Validity {
        // Both ends are part of the validity (RFC 5280 section 4.1.2.5); they have whole seconds.
        let second = Timestamp::from_nanos(time.as_nanos().div_euclid(SECOND).saturating_mul(SECOND));
        if self.not_after.is_some_and(|end| second > end) {
            Validity::Expired
        } else if self.not_before.is_some_and(|begin| time < begin) {
            Validity::NotYet
        } else {
            Validity::Valid
        }
    }

    /// The fingerprint in hexadecimal.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&self.sha256)
    }
}

const SECOND: i64 = 1_000_000_000;

fn covers(pattern: &str, host: &str) -> bool {
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(parent), Some((label, rest))) = (pattern.strip_prefix("*."), host.split_once('.')) else { return false };
    !label.is_empty() && parent.eq_ignore_ascii_case(rest)
}

/// Attributes in wire order, `CN=..., O=...`.
fn name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for attribute in name.iter_attributes() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        let oid = attribute.attr_type().to_id_string();
        text.push_str(attribute_name(&oid));
        text.push('=');
        text.push_str(&self::text(attribute));
    }
    text
}

/// The text of an attribute, whatever its string type.
fn text(attribute: &AttributeTypeAndValue<'_>) -> String {
    if let Ok(text) = attribute.as_str() {
        return text.to_owned();
    }
    const BMP_STRING: u32 = 30;
    let bytes = attribute.as_slice();
    if attribute.attr_value().header.tag().0 == BMP_STRING {
        let (pairs, _) = bytes.as_chunks::<2>();
        return String::from_utf16_lossy(&pairs.iter().copied().map(u16::from_be_bytes).collect::<Vec<u16>>());
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// RFC 4514 section 3, and the address of old certificates.
fn attribute_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        "1.2.840.113549.1.9.1" => "emailAddress",
        other => other,
    }
}

/// Kind and size of a key.
fn public_key(info: &SubjectPublicKeyInfo<'_>) -> (Cow<'static, str>, Option<u32>) {
    let oid = info.algorithm.algorithm.to_id_string();
    let kind = match oid.as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.10045.2.1" => "EC",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.112" => return (Cow::Borrowed("Ed25519"), Some(256)),
        "1.3.101.113" => return (Cow::Borrowed("Ed448"), Some(456)),
        _ => return (Cow::Owned(oid), None),
    };
    let bits = match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => u32::try_from(rsa.key_size()).ok(),
        Ok(PublicKey::EC(_)) => info.algorithm.parameters.as_ref().and_then(|curve| {
            let curve = curve.as_oid().ok()?.to_id_string();
            curve_bits(&curve)
        }),
        _ => None,
    };
    (Cow::Borrowed(kind), bits.filter(|bits| *bits > 0))
}

/// RFC 5480 section 2.1.1.1, RFC 5639.
fn curve_bits(oid: &str) -> Option<u32> {
    Some(match oid {
        "1.2.840.10045.3.1.1" => 192,
        "1.3.132.0.33" => 224,
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" | "1.3.36.3.3.2.8.1.1.7" => 256,
        "1.3.132.0.34" | "1.3.36.3.3.2.8.1.1.11" => 384,
        "1.3.36.3.3.2.8.1.1.13" => 512,
        "1.3.132.0.35" => 521,
        _ => return None,
    })
}

/// RFC 3279, RFC 4055, RFC 5758, RFC 8410.
fn signature_algorithm(oid: &str) -> Cow<'static, str> {
    Cow::Borrowed(match oid {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.2.840.10040.4.3" => "dsa-with-sha1",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        other => return Cow::Owned(other.to_owned()),
    })
}

/// Seconds since 1970 as capture time; `None` beyond what that can hold.
fn time(seconds: i64) -> Option<Timestamp> {
    seconds.checked_mul(SECOND).map(Timestamp::from_nanos)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String never fails.
        _ = write!(text, "{byte:02x}");
        text
    })
}
