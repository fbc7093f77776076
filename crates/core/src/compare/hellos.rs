//! What ClientHellos offered, so that those of two captures can be laid side by side.
//!
//! In: hellos. Out: their shapes, each once with a count and an example: most clients send one shape thousands of times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Example;
use crate::record::HelloRow;
use crate::tls::{HelloFormat, Sni, names};
use crate::types::escaped;

/// Shapes that are kept for each service; hellos of further ones are counted.
const MAX_SHAPES: usize = 32;

/// All that a client offers, without what differs from hello to hello: random, GREASE, order of extensions, key material.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    sni: String,
    versions: Vec<u16>,
    groups: Vec<u16>,
    signature_algorithms: Vec<u16>,
    alpn: Vec<String>,
    cipher_suites: Vec<u16>,
    /// Ascending: some clients shuffle them.
    extensions: Vec<u16>,
    sslv2: bool,
    /// Whether it was read to its end. What was not read is not absent.
    whole: bool,
    ja4: Option<String>,
    hellos: u64,
    example: Example,
}

/// The hellos to one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Hellos {
    shapes: Vec<Shape>,
    /// Hellos of shapes that are not kept.
    others: u64,
}

impl Hellos {
    /// Adds one hello. A shape that is known costs no allocation.
    pub(super) fn add(&mut self, row: &HelloRow<'_>, sorted: &mut Vec<u16>) {
        sorted.clear();
        sorted.extend(without_grease(&row.hello.extensions));
        sorted.sort_unstable();
        let has_room = self.shapes.len() < MAX_SHAPES;
        match self.shapes.iter_mut().find(|shape| shape.is_of(row, sorted)) {
            Some(shape) => shape.hellos += 1,
            None if has_room => self.shapes.push(Shape::of(row, sorted)),
            None => self.others += 1,
        }
    }

    /// Adds those to another service of the same capture.
    pub(super) fn merge(&mut self, other: &Self) {
        self.others += other.others;
        for shape in &other.shapes {
            let has_room = self.shapes.len() < MAX_SHAPES;
            match self.shapes.iter_mut().find(|known| known.is_like(shape)) {
                Some(known) => known.hellos += shape.hellos,
                None if has_room => self.shapes.push(shape.clone()),
                None => self.others += shape.hellos,
            }
        }
    }

    /// All hellos, and those of them that were read to their end.
    pub(super) fn counts(&self) -> (u64, u64) {
        let all = self.shapes.iter().map(|shape| shape.hellos).sum::<u64>() + self.others;
        (all, self.whole().map(|shape| shape.hellos).sum())
    }

    fn whole(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter().filter(|shape| shape.whole)
    }

    /// Parts b and c of JA4, where all hellos have the same: cipher suites, extensions other than name and ALPN, signature
    /// algorithms.
    fn software(&self) -> Option<&str> {
        let mut parts = self.shapes.iter().map(|shape| shape.ja4.as_deref()?.split_once('_').map(|(_, rest)| rest));
        let first = parts.next()??;
        (self.others == 0 && parts.all(|part| part == Some(first))).then_some(first)
    }

    /// Every value of every field, with the number of hellos that offer it and the first of them.
    fn offers(&self) -> BTreeMap<(Field, String), (u64, Example)> {
        let mut offers: BTreeMap<(Field, String), (u64, Example)> = BTreeMap::new();
        for shape in self.whole() {
            for offer in shape.offers() {
                let entry = offers.entry(offer).or_insert((0, shape.example));
                entry.0 += shape.hellos;
            }
        }
        offers
    }
}

impl Shape {
    fn of(row: &HelloRow<'_>, sorted: &[u16]) -> Self {
        let hello = row.hello;
        Self {
            sni: sni(&hello.sni).to_owned(),
            versions: hello.versions_offered().collect(),
            groups: without_grease(&hello.groups).collect(),
            signature_algorithms: without_grease(&hello.signature_algorithms).collect(),
            alpn: hello.alpn.clone(),
            cipher_suites: without_grease(&hello.cipher_suites).collect(),
            extensions: sorted.to_vec(),
            sslv2: hello.format == HelloFormat::Sslv2,
            whole: !hello.malformed,
            ja4: hello.ja4(),
            hellos: 1,
            example: Example::new(row.connection.number, hello.completed),
        }
    }

    fn is_of(&self, row: &HelloRow<'_>, sorted: &[u16]) -> bool {
        let hello = row.hello;
        self.sni == sni(&hello.sni)
            && self.extensions == sorted
            && self.whole != hello.malformed
            && self.sslv2 == (hello.format == HelloFormat::Sslv2)
            && self.alpn == hello.alpn
            && hello.versions_offered().eq(self.versions.iter().copied())
            && without_grease(&hello.cipher_suites).eq(self.cipher_suites.iter().copied())
            && without_grease(&hello.groups).eq(self.groups.iter().copied())
            && without_grease(&hello.signature_algorithms).eq(self.signature_algorithms.iter().copied())
    }

    fn is_like(&self, other: &Self) -> bool {
        *self == Self { hellos: self.hellos, example: self.example, ..other.clone() }
    }

    fn offers(&self) -> impl Iterator<Item = (Field, String)> {
        use Field::{Alpn, CipherSuite, Extension, Format, Group, ServerName, SignatureAlgorithm, Version};
        let numbers = |field, list: &[u16], name: fn(u16) -> std::borrow::Cow<'static, str>| {
            list.iter().map(|number| (field, name(*number).into_owned())).collect::<Vec<_>>()
        };
        let format = if self.sslv2 { "SSLv2" } else { "TLS" };
        let mut offers = vec![(ServerName, self.sni.clone()), (Format, format.to_owned())];
        offers.extend(numbers(Version, &self.versions, names::version));
        offers.extend(numbers(Group, &self.groups, names::group));
        offers.extend(numbers(SignatureAlgorithm, &self.signature_algorithms, names::signature_algorithm));
        offers.extend(self.alpn.iter().map(|protocol| (Alpn, escaped(protocol).into_owned())));
        offers.extend(numbers(CipherSuite, &self.cipher_suites, names::cipher_suite));
        offers.extend(numbers(Extension, &self.extensions, names::extension));
        // A hello that names one twice offers it once.
        offers.sort();
        offers.dedup();
        offers.into_iter()
    }
}

/// A field of a ClientHello, those first whose difference explains a failure most often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Whether a server name (SNI) is there: `present`, `absent`, `not-visible`. Which one is not compared.
    ServerName,
    /// TLS or the SSLv2-compatible format.
    Format,
    /// A version offered.
    Version,
    /// A supported group.
    Group,
    /// A signature algorithm.
    SignatureAlgorithm,
    /// An ALPN protocol.
    Alpn,
    /// A cipher suite.
    CipherSuite,
    /// An extension.
    Extension,
}

impl Field {
    /// Its name in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerName => "server name",
            Self::Format => "format",
            Self::Version => "version",
            Self::Group => "group",
            Self::SignatureAlgorithm => "signature algorithm",
            Self::Alpn => "ALPN",
            Self::CipherSuite => "cipher suite",
            Self::Extension => "extension",
        }
    }
}

/// Something that hellos of one side offer and those of the other never do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// The field.
    pub field: Field,
    /// The value, as the columns of the hellos table name it. Escaped.
    pub value: String,
    /// Whether it is the first capture that has it; else the second.
    pub in_a: bool,
    /// Hellos that offer it, of those that were read to their end.
    pub hellos: u64,
    /// The first of them.
    pub example: Example,
}

/// How the ClientHellos to one service differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HelloChange {
    /// Hellos in the first capture, and those of them that were read to their end: only these are compared.
    pub a: (u64, u64),
    /// The same of the second.
    pub b: (u64, u64),
    /// Whether cipher suites, extensions and signature algorithms of all hellos are the same (JA4 parts b and c): a sign
    /// of the same client software with the same settings.
    pub same_software: bool,
    /// What one side alone offers, ordered by how often such a difference explains a failure.
    pub only: Vec<Offer>,
}

/// Lays the hellos of two captures side by side; `None` where one of them has none that was read to its end.
pub(super) fn change(a: &Hellos, b: &Hellos) -> Option<HelloChange> {
    let (counts_a, counts_b) = (a.counts(), b.counts());
    if counts_a.1 == 0 || counts_b.1 == 0 {
        return None;
    }
    let (offers_a, offers_b) = (a.offers(), b.offers());
    let mut only = Vec::new();
    // Shapes that were not kept may offer what is missing: then nothing is said to be missing.
    for (in_a, here, there, all_kept) in
        [(true, &offers_a, &offers_b, b.others == 0), (false, &offers_b, &offers_a, a.others == 0)]
    {
        let missing = here.iter().filter(|(offer, _)| all_kept && !there.contains_key(offer));
        only.extend(missing.map(|((field, value), (hellos, example))| Offer {
            field: *field,
            value: value.clone(),
            in_a,
            hellos: *hellos,
            example: *example,
        }));
    }
    only.sort_by(|x, y| (x.field, x.in_a, &x.value).cmp(&(y.field, y.in_a, &y.value)));
    let same_software = a.software().is_some() && a.software() == b.software();
    Some(HelloChange { a: counts_a, b: counts_b, same_software, only })
}

const fn sni(sni: &Sni) -> &'static str {
    match sni {
        Sni::Present(_) => "present",
        Sni::Absent | Sni::Empty => "absent",
        Sni::NotVisible(_) => "not-visible",
    }
}

/// RFC 8701 section 2: 0x0a0a, 0x1a1a and so on to 0xfafa.
fn without_grease(numbers: &[u16]) -> impl Iterator<Item = u16> + '_ {
    numbers.iter().copied().filter(|number| number & 0x0f0f != 0x0a0a || number >> 8 != number & 0xff)
}
