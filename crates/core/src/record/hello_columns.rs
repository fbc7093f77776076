//! The registry of columns of the `hellos` table: one row for each ClientHello, the one after a HelloRetryRequest too.
//!
//! To add a column: one row here. Where a column says the same as one of [`COLUMNS`](super::COLUMNS), it has its name.

use std::borrow::Cow;

use super::{ColumnType, Connection, Value};
use crate::tls::{ClientHello, HelloFormat, Sni, names};

/// One ClientHello and the connection it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct HelloRow<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The hello.
    pub hello: &'a ClientHello,
    /// 1, or 2 for the hello that answers a HelloRetryRequest.
    pub attempt: u8,
}

impl<'a> HelloRow<'a> {
    /// The hellos of one connection in order: none, one or two.
    pub fn all(connection: &'a Connection) -> impl Iterator<Item = Self> {
        let tls = connection.tls.as_deref();
        let first = tls.and_then(|tls| tls.client_hello.as_deref()).map(|hello| (hello, 1));
        let second = tls.and_then(|tls| tls.second_client_hello.as_deref()).map(|hello| (hello, 2));
        first.into_iter().chain(second).map(move |(hello, attempt)| Self { connection, hello, attempt })
    }
}

/// One column of the hellos table.
#[derive(Clone, Copy, Debug)]
pub struct HelloColumn {
    /// Its name in every format.
    pub name: &'static str,
    /// The type of its values. Every column may be null.
    pub kind: ColumnType,
    /// What it means, in one sentence, with its unit.
    pub about: &'static str,
    /// Its value in one row.
    pub value: for<'a> fn(&HelloRow<'a>) -> Value<'a>,
}

const fn column(
    name: &'static str,
    kind: ColumnType,
    about: &'static str,
    value: for<'a> fn(&HelloRow<'a>) -> Value<'a>,
) -> HelloColumn {
    HelloColumn { name, kind, about, value }
}

use ColumnType::{Bool, Int, Text, Texts, Time};

/// All columns, in order.
pub const HELLO_COLUMNS: &[HelloColumn] = &[
    column("connection", Int, "Number of the connection: Wireshark's tcp.stream", |row| {
        Value::count(row.connection.number)
    }),
    column("attempt", Int, "1, or 2 for the hello that answers a HelloRetryRequest", |row| Value::count(row.attempt)),
    column("packet", Int, "Number of the packet that completes it", |row| Value::packet(Some(row.hello.completed))),
    column("at", Time, "Time of the packet that completes it", |row| Value::at(Some(row.hello.completed))),
    column("client_address", Text, "IP address of the client", |row| Value::Address(row.connection.client.address)),
    column("client_port", Int, "TCP port of the client", |row| Value::count(row.connection.client.port)),
    column("server_address", Text, "IP address of the server", |row| Value::Address(row.connection.server.address)),
    column("server_port", Int, "TCP port of the server", |row| Value::count(row.connection.server.port)),
    column("sni_state", Text, "present, absent, not-visible", |row| match row.hello.sni {
        Sni::Present(_) => Value::text("present"),
        Sni::Absent | Sni::Empty => Value::text("absent"),
        Sni::NotVisible(_) => Value::text("not-visible"),
    }),
    column("server_name", Text, "The server name that the client asked for (SNI), as sent", |row| {
        match &row.hello.sni {
            Sni::Present(name) => Value::text(name.as_str()),
            Sni::Empty | Sni::Absent | Sni::NotVisible(_) => Value::Null,
        }
    }),
    column("alpn_offered", Texts, "ALPN protocols in wire order; null without the extension", |row| {
        if row.hello.alpn.is_empty() {
            return Value::Null;
        }
        Value::Texts(row.hello.alpn.iter().map(|name| Cow::Borrowed(name.as_str())).collect())
    }),
    column("record_version", Text, "Version in the first record header", |row| {
        Value::text(names::version(row.hello.record_version))
    }),
    column("legacy_version", Text, "The field legacy_version", |row| {
        Value::text(names::version(row.hello.legacy_version))
    }),
    column("tls_versions_offered", Texts, "Versions in wire order without GREASE", |row| {
        Value::Texts(row.hello.versions_offered().map(names::version).collect())
    }),
    column("cipher_suites", Texts, "Cipher suites in wire order without GREASE, IANA names", |row| {
        named(&row.hello.cipher_suites, names::cipher_suite)
    }),
    column("groups", Texts, "Supported groups in wire order without GREASE, IANA names", |row| {
        named(&row.hello.groups, names::group)
    }),
    column("signature_algorithms", Texts, "Signature algorithms in wire order without GREASE, hexadecimal", |row| {
        named(&row.hello.signature_algorithms, hexadecimal)
    }),
    column("key_shares", Texts, "Groups of the key shares in wire order without GREASE, IANA names", |row| {
        let shares = row.hello.key_shares.iter().map(|share| share.group);
        Value::Texts(shares.filter(|group| !is_grease(*group)).map(names::group).collect())
    }),
    column("extensions", Texts, "Extension numbers in wire order without GREASE, decimal", |row| {
        named(&row.hello.extensions, |number| Cow::Owned(number.to_string()))
    }),
    column("ja3", Text, "JA3", |row| row.hello.ja3().map_or(Value::Null, Value::text)),
    column("ja4", Text, "JA4", |row| row.hello.ja4().map_or(Value::Null, Value::text)),
    column("client_hello_bytes", Int, "Length with the 4-byte header, without record headers", |row| {
        Value::count(row.hello.length)
    }),
    column("client_hello_segments", Int, "Segments that carry bytes of it", |row| Value::count(row.hello.segments)),
    column("ech", Bool, "Whether it has encrypted_client_hello, real or GREASE", |row| Value::Bool(row.hello.ech)),
    column("pre_shared_key", Bool, "Whether it has pre_shared_key", |row| Value::Bool(row.hello.pre_shared_key)),
    column("early_data", Bool, "Whether it has early_data", |row| Value::Bool(row.hello.early_data)),
    column("session_ticket_bytes", Int, "Length of the session ticket; null without the extension", |row| {
        row.hello.session_ticket_len.map_or(Value::Null, Value::count)
    }),
    column("sslv2", Bool, "Whether it is in the SSLv2-compatible format, which has no extensions", |row| {
        Value::Bool(row.hello.format == HelloFormat::Sslv2)
    }),
    column("malformed", Bool, "Whether the extensions were cut or malformed: nothing is then absent", |row| {
        Value::Bool(row.hello.malformed)
    }),
    column("outcome", Text, "What became of the connection", |row| Value::text(row.connection.outcome().name())),
    column("tls_stage", Text, "How far the connection's TLS handshake came", |row| {
        row.connection.tls.as_ref().map_or(Value::Null, |tls| Value::text(tls.stage.name()))
    }),
    column("alert", Text, "The connection's first fatal alert in clear, IANA name", |row| {
        alert(row).map_or(Value::Null, |alert| Value::text(names::alert(alert.description)))
    }),
    column("alert_by", Text, "Who sent that alert: client, server", |row| {
        alert(row).map_or(Value::Null, |alert| Value::text(alert.by.name()))
    }),
];

fn alert<'a>(row: &HelloRow<'a>) -> Option<&'a crate::tls::Alert> {
    row.connection.tls.as_ref()?.fatal_alert()
}

/// A list without GREASE; null where the list is not there at all.
fn named<'a>(numbers: &'a [u16], name: impl Fn(u16) -> Cow<'static, str>) -> Value<'a> {
    if numbers.is_empty() {
        return Value::Null;
    }
    Value::Texts(numbers.iter().copied().filter(|number| !is_grease(*number)).map(name).collect())
}

fn hexadecimal(number: u16) -> Cow<'static, str> {
    Cow::Owned(format!("0x{number:04x}"))
}

/// RFC 8701 section 2: 0x0a0a, 0x1a1a and so on to 0xfafa.
const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = HELLO_COLUMNS.iter().map(|column| column.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), HELLO_COLUMNS.len());
    }

    #[test]
    fn grease_is_told_from_real_numbers() {
        assert!([0x0a0a, 0x4a4a, 0xfafa].into_iter().all(is_grease));
        assert!(![0x1301, 0x0a1a, 0x1a0a, 0xc02b].into_iter().any(is_grease));
    }
}
