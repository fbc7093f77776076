//! What findings about certificates quote of one, and the sentences that they make of it.

use crate::detect::thresholds::RSA_BITS_LEAST;
use crate::detect::words::{capitalised, listed};
use crate::detect::{Exam, Group, Told};
use crate::tls::{Certificate, CertificateMessage, Validity};
use crate::types::{Span, Timestamp};

const SUBJECT: &str = "certificate_subject";
const ISSUER: &str = "certificate_issuer";
const NAMES: &str = "certificate_names";
const VALIDITY: &str = "certificate_validity";
const CHAIN: &str = "certificate_chain";
const MALFORMED: &str = "certificate_malformed";
const WEAKNESS: &str = "certificate_weakness";

/// Quotes the sender's own certificate and what is sent with it.
pub(super) fn quote(message: &CertificateMessage, exam: &mut Exam<'_>) {
    let Some(leaf) = message.leaf() else {
        if message.certificates().first().is_some_and(|certificate| certificate.malformed) {
            exam.quote(MALFORMED, "yes");
        }
        return;
    };
    exam.quote(SUBJECT, &leaf.subject).quote(ISSUER, &leaf.issuer);
    exam.quote(NAMES, &names(leaf)).quote(VALIDITY, &validity(leaf, message.completed.at));
    exam.quote(CHAIN, &chain(message.certificates()));
}

/// Quotes what of the sender's own certificate is too weak for clients and servers of today.
pub(super) fn quote_weakness(message: &CertificateMessage, exam: &mut Exam<'_>) {
    let Some(leaf) = message.leaf() else { return };
    let mut weak = Vec::new();
    if has_short_key(leaf) {
        weak.push(format!("its key is {}", key(leaf)));
    }
    if has_old_signature(leaf) {
        weak.push(format!("its signature is {}", leaf.signature));
    }
    if !weak.is_empty() {
        exam.quote(WEAKNESS, &weak.join(" and "));
    }
}

/// The sentence that says so; empty where nothing was quoted.
pub(super) fn tell_weakness(group: &Group, kind: &str, told: &mut Told) -> String {
    let Some((weakness, _)) = group.quotes(kind, WEAKNESS).first().copied() else { return String::new() };
    told.facts.add(WEAKNESS, weakness.to_owned());
    told.remedy.push(
        "Have the certificate issued again: RSA with 2048 bits or more, or P-256, signed with SHA-256.".to_owned(),
    );
    format!(
        " {weakness}: many refuse that as too weak, whatever its dates and names are.",
        weakness = capitalised(weakness)
    )
}

pub(super) fn has_short_key(leaf: &Certificate) -> bool {
    leaf.key == "RSA" && leaf.key_bits.is_some_and(|bits| bits < RSA_BITS_LEAST)
}

pub(super) fn has_old_signature(leaf: &Certificate) -> bool {
    let old = leaf.signature.starts_with("md") || leaf.signature.to_ascii_lowercase().contains("sha1");
    old && !leaf.self_issued
}

/// `RSA with 2048 bits`.
pub(super) fn key(leaf: &Certificate) -> String {
    leaf.key_bits.map_or_else(|| leaf.key.to_string(), |bits| format!("{} with {bits} bits", leaf.key))
}

/// Adds the facts that were quoted, and gives the sentence that they make; empty where nothing was quoted.
pub(super) fn tell(group: &Group, kind: &str, told: &mut Told) -> String {
    let first = |name: &'static str| group.quotes(kind, name).first().map(|(text, _)| (*text).to_owned());
    let Some(subject) = first(SUBJECT) else {
        let malformed = first(MALFORMED).is_some();
        return if malformed {
            " The certificate can not be read: its bytes are no X.509.".to_owned()
        } else {
            String::new()
        };
    };
    let different = group.quotes(kind, SUBJECT).len().max(group.quotes(kind, VALIDITY).len());
    let (issuer, names, validity) =
        (first(ISSUER).unwrap_or_default(), first(NAMES).unwrap_or_default(), first(VALIDITY).unwrap_or_default());
    let by = if subject == issuer { "signed by itself".to_owned() } else { format!("issuer {}", bare(&issuer)) };
    let others = if different > 1 { " (the most frequent of several)" } else { "" };
    let sentence = format!(" The certificate{others}: subject {}, {by}, {validity}, names {names}.", bare(&subject));
    for (name, text) in [
        (SUBJECT, Some(subject)),
        (ISSUER, Some(issuer)),
        (NAMES, Some(names)),
        (VALIDITY, Some(validity)),
        (CHAIN, first(CHAIN)),
    ] {
        if let Some(text) = text {
            told.facts.add(name, text);
        }
    }
    sentence
}

/// A subject without any attribute says so.
fn bare(name: &str) -> &str {
    if name.is_empty() { "(empty)" } else { name }
}

fn names(leaf: &Certificate) -> String {
    let addresses = leaf.addresses.iter().map(ToString::to_string);
    let all: Vec<String> = leaf.dns_names.iter().cloned().chain(addresses).chain(leaf.uris.iter().cloned()).collect();
    if all.is_empty() { "none (no subject alternative name)".to_owned() } else { listed(all.into_iter(), 5) }
}

/// `valid 2019-01-01 to 2020-01-01, expired 300 days before`.
pub(super) fn validity(certificate: &Certificate, at: Timestamp) -> String {
    let begin = certificate.not_before.map_or_else(|| "an unknown day".to_owned(), day);
    let end = certificate.not_after.map_or_else(|| "no end".to_owned(), day);
    let now = match (certificate.validity_at(at), certificate.not_after, certificate.not_before) {
        (Validity::Expired, Some(end), _) => format!(", expired {} before this packet", length(at.since(end))),
        (Validity::NotYet, _, Some(begin)) => {
            format!(", which begins {} after this packet", length(begin.since(at)))
        }
        _ => String::new(),
    };
    format!("valid {begin} to {end}{now}")
}

fn day(time: Timestamp) -> String {
    let (year, month, day, ..) = time.civil();
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days, or hours below two of them.
fn length(span: Span) -> String {
    const HOUR: i64 = 3_600_000_000_000;
    let hours = span.as_nanos() / HOUR;
    match hours {
        0 => "less than an hour".to_owned(),
        1 => "1 hour".to_owned(),
        2..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

/// `2 certificates, the last one issued by CN=Root`.
fn chain(certificates: &[Certificate]) -> String {
    let count = crate::detect::words::counted(certificates.len() as u64, "certificate");
    match certificates.last() {
        Some(last) if last.self_issued => format!("{count}, up to the self-signed {}", bare(&last.subject)),
        Some(last) => format!("{count}, the last one issued by {}", bare(&last.issuer)),
        None => count,
    }
}
