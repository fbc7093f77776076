//! Which finding tells how a handshake failed: one fault is told once, by the finding that says most of it.

use super::hello_summary::{deciding_alert, version_fault};
use crate::record::Connection;
use crate::tls::{Sni, Tls};
use crate::types::Side;

/// The code of the finding that tells the alert by which this handshake ended, or what came instead of TLS. `None` where there
/// was neither.
pub(super) fn told_by(c: &Connection, tls: &Tls) -> Option<&'static str> {
    if version_fault(c, tls).is_some() {
        return Some("tls-version-mismatch");
    }
    if answers_other_protocol(tls) {
        return Some("tls-to-plaintext");
    }
    let alert = deciding_alert(c, tls)?;
    let greeted = tls.server_hello.is_some();
    // Where packets of the server are missing it may have greeted.
    let ungreeted = !greeted && !c.misses(Side::Server);
    let retried = tls.hello_retry.is_some() && !greeted;
    Some(match (alert.by, alert.description) {
        (Side::Server, _) if c.proxy_header.is_some() && !greeted && !retried => "proxy-protocol-mismatch",
        (Side::Server, 112) if asks_for(tls).is_some() => "sni-mismatch",
        (Side::Client, 42 | 46) if shows_another_name(tls) => "sni-mismatch",
        (Side::Client, 42..=46 | 48) if greeted => "certificate-rejected",
        (Side::Client, 121) => "encrypted-client-hello",
        (_, 120) => "alpn-mismatch",
        (Side::Server, 42..=46 | 48 | 49 | 116) if greeted => "client-certificate-fault",
        (Side::Server, 40) if greeted && has_no_certificate(tls) => "client-certificate-fault",
        (_, 40 | 47 | 71) if retried => "tls-parameter-mismatch",
        // Without a server name the name is as likely the reason.
        (Side::Server, 40 | 71) if ungreeted && asks_for(tls).is_some() => "tls-parameter-mismatch",
        _ => "tls-alert",
    })
}

/// The server name that the client asked for, where it is the real one.
pub(super) fn asks_for(tls: &Tls) -> Option<&str> {
    let hello = tls.client_hello.as_ref().filter(|hello| !hello.ech)?;
    match &hello.sni {
        Sni::Present(name) => Some(name),
        Sni::Empty | Sni::Absent | Sni::NotVisible(_) => None,
    }
}

/// Whether the server's certificate can be read and does not name what was asked for. One without any subject alternative
/// name is another fault, where its common name fits.
pub(super) fn shows_another_name(tls: &Tls) -> bool {
    let leaf = tls.server_certificate.as_ref().and_then(|message| message.leaf());
    let (Some(leaf), Some(name)) = (leaf, asks_for(tls)) else { return false };
    let old_fashioned = leaf.dns_names.is_empty() && leaf.addresses.is_empty() && leaf.common_name_is(name);
    !leaf.names_host(name) && !old_fashioned
}

/// Whether the client was asked for a certificate and answered that it has none; visible up to TLS 1.2.
pub(super) fn has_no_certificate(tls: &Tls) -> bool {
    tls.certificate_request.is_some() && tls.client_certificate.as_ref().is_some_and(|message| message.is_empty())
}

/// Whether the server answered the ClientHello with bytes that are no TLS: the client's alert is then only the echo.
fn answers_other_protocol(tls: &Tls) -> bool {
    tls.server_hello.is_none() && tls.hello_retry.is_none() && matches!(tls.malformed, Some((Side::Server, _)))
}
