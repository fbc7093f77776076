//! What the columns tell of TLS.

use crate::record::{Connection, Value};
use crate::tls::{Alert, Certificate, CertificateMessage, ClientHello, ServerHello, Sni};
use crate::types::Seen;

pub(super) fn hello(c: &Connection) -> Option<&ClientHello> {
    c.tls.as_ref()?.client_hello.as_deref()
}

pub(super) fn server_hello(c: &Connection) -> Option<&ServerHello> {
    c.tls.as_ref()?.server_hello.as_deref()
}

pub(super) fn from_hello<'a>(c: &'a Connection, f: impl FnOnce(&'a ClientHello) -> Value<'a>) -> Value<'a> {
    hello(c).map_or(Value::Null, f)
}

pub(super) fn from_server_hello<'a>(c: &'a Connection, f: impl FnOnce(&'a ServerHello) -> Value<'a>) -> Value<'a> {
    server_hello(c).map_or(Value::Null, f)
}

pub(super) fn sni_state(c: &Connection) -> Value<'_> {
    match (hello(c).map(|hello| &hello.sni), &c.tls) {
        (Some(Sni::Present(_)), _) => Value::text("present"),
        (Some(Sni::Absent | Sni::Empty), _) => Value::text("absent"),
        (Some(Sni::NotVisible(_)), _) => Value::text("not-visible"),
        (None, Some(_)) => Value::text("not-visible"),
        (None, None) => Value::Null,
    }
}

/// The server's Certificate message: of it and of its first certificate the columns tell.
pub(super) fn certificate_message(c: &Connection) -> Option<&CertificateMessage> {
    c.tls.as_ref()?.server_certificate.as_deref()
}

pub(super) fn from_certificate<'a>(c: &'a Connection, f: impl FnOnce(&'a Certificate) -> Value<'a>) -> Value<'a> {
    certificate_message(c).and_then(CertificateMessage::leaf).map_or(Value::Null, f)
}

pub(super) fn certificate_state(c: &Connection) -> Value<'_> {
    let Some(tls) = &c.tls else { return Value::Null };
    match (&tls.server_certificate, &tls.server_hello) {
        (Some(message), _) if message.leaf().is_some() => Value::text("present"),
        (Some(_), _) => Value::text("not-visible"),
        (None, Some(hello)) if hello.version > 0x0303 => Value::text("not-visible"),
        (None, Some(_)) if tls.resumed == Some(true) => Value::text("absent"),
        (None, _) => Value::Null,
    }
}

pub(super) fn client_certificate(c: &Connection) -> Value<'_> {
    let Some(tls) = &c.tls else { return Value::Null };
    match (&tls.client_certificate, &tls.certificate_request) {
        (Some(message), _) if message.is_empty() => Value::text("empty"),
        (Some(_), _) => Value::text("sent"),
        (None, Some(_)) => Value::text("requested"),
        (None, None) => Value::Null,
    }
}

pub(super) fn fatal_alert(c: &Connection) -> Option<&Alert> {
    c.tls.as_ref()?.fatal_alert()
}

pub(super) fn alpn(c: &Connection) -> Value<'_> {
    from_server_hello(c, |hello| match &hello.alpn {
        Seen::Yes(name) => Value::text(name.as_str()),
        Seen::No | Seen::NotVisible(_) => Value::Null,
    })
}
