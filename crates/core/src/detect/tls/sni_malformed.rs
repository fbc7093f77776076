//! A server name that is no host name.

use super::odd_name;
use super::sni_ip_literal::is_address;
use crate::detect::{Case, Detector, Exam, Shape, Told};
use crate::record::Connection;
use crate::tls::Sni;

/// Detector of `sni-malformed`.
#[derive(Debug)]
pub(in crate::detect) struct SniMalformed;

const CODE: &str = "sni-malformed";

impl Detector for SniMalformed {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("sni_malformed.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else { return };
        if let Sni::Present(name) = &hello.sni
            && let Some(why) = fault(name)
        {
            odd_name::examine(CODE, c, tls, name, why, exam);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        odd_name::tell(case, "is no host name", &REMEDY)
    }
}

const REMEDY: [&str; 2] = [
    "Correct the host where the client takes it from: no trailing dot (Kubernetes names with `.` at the end, `ndots`), no port, no scheme, \
     no path, no white space or line end from a file or variable.",
    "By hand: `openssl s_client -connect ADDRESS:PORT -servername RIGHT-NAME`, with the corrected name.",
];

/// What is wrong with it (RFC 6066 section 3, RFC 1123 section 2.1); the first thing.
fn fault(name: &str) -> Option<&'static str> {
    // Nearly all are: this is asked of every hello.
    if is_host_name(name) {
        return None;
    }
    if name.is_empty() || is_address(name) {
        return None;
    }
    let has = |unwanted: fn(char) -> bool| name.contains(unwanted);
    if has(|c| c.is_control() || c.is_whitespace()) {
        Some("it holds white space or a control character")
    } else if name.contains("://") || name.contains('/') {
        Some("it is a URL or a path")
    } else if name.contains(':') {
        Some("it ends in a port")
    } else if !name.is_ascii() {
        Some("it is not ASCII: names in other scripts are sent as xn--...")
    } else if name.ends_with('.') {
        Some("it ends in a dot")
    } else if name.split('.').any(str::is_empty) {
        Some("it has an empty label")
    } else if name.contains('_') {
        Some("it has an underscore")
    } else if has(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))) {
        Some("it has a character that no host name has")
    } else if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
        Some("it is longer than a host name can be")
    } else {
        None
    }
}

fn is_host_name(name: &str) -> bool {
    let is_label = |label: &[u8]| {
        (1..=63).contains(&label.len()) && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    name.len() <= 253 && name.as_bytes().split(|byte| *byte == b'.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn host_names_are_fine() {
        for name in
            ["example.org", "a", "WWW.Example.org", "xn--bcher-kva.example", "1password.com", "10.0.0.1", "a-b.c"]
        {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        let long = format!("{}.org", "a".repeat(64));
        let wrong = [
            ("example.org.", "dot"),
            ("example.org:443", "port"),
            ("https://example.org", "URL"),
            ("example.org\n", "white space"),
            ("a..b", "empty label"),
            ("my_service", "underscore"),
            ("b\u{fc}cher.example", "ASCII"),
            ("*.example.org", "character"),
            (&long, "longer"),
        ];
        for (name, words) in wrong {
            assert!(fault(name).is_some_and(|fault| fault.contains(words)), "{name}");
        }
    }
}
