//! The registry of columns of the `certificates` table: one row for each certificate in clear, of servers and of clients.
//!
//! TLS 1.3 encrypts certificates, the compressed ones of RFC 8879 too: its connections have no rows here, and `not-visible` in
//! the column `certificate_state` of the connections.
//!
//! To add a column: one row here. Where a column says the same as one of [`COLUMNS`](super::COLUMNS), it has its name.

use std::borrow::Cow;

use super::{ColumnType, Connection, Value};
use crate::tls::{Certificate, CertificateMessage, Sni, Validity, names};
use crate::types::{Side, Timestamp};

/// One certificate of one chain, and the connection it was sent on.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRow<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The message that holds it.
    pub message: &'a CertificateMessage,
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Its place in the chain: 0 is the sender's own.
    pub position: usize,
    /// Which end of the TLS session sent it.
    pub by: Side,
}

impl<'a> CertificateRow<'a> {
    /// The certificates of one connection: the server's chain, then the client's.
    pub fn all(connection: &'a Connection) -> impl Iterator<Item = Self> {
        let tls = connection.tls.as_deref();
        let server = tls.and_then(|tls| tls.server_certificate.as_deref()).map(|message| (Side::Server, message));
        let client = tls.and_then(|tls| tls.client_certificate.as_deref()).map(|message| (Side::Client, message));
        server.into_iter().chain(client).flat_map(move |(by, message)| {
            let each = message.certificates().iter().enumerate();
            each.map(move |(position, certificate)| Self { connection, message, certificate, position, by })
        })
    }
}

/// One column of the certificates table.
#[derive(Clone, Copy, Debug)]
pub struct CertificateColumn {
    /// Its name in every format.
    pub name: &'static str,
    /// The type of its values. Every column may be null.
    pub kind: ColumnType,
    /// What it means, in one sentence, with its unit.
    pub about: &'static str,
    /// Its value in one row.
    pub value: for<'a> fn(&CertificateRow<'a>) -> Value<'a>,
}

const fn column(
    name: &'static str,
    kind: ColumnType,
    about: &'static str,
    value: for<'a> fn(&CertificateRow<'a>) -> Value<'a>,
) -> CertificateColumn {
    CertificateColumn { name, kind, about, value }
}

use ColumnType::{Bool, Int, Text, Texts, Time};

/// All columns, in order.
pub const CERTIFICATE_COLUMNS: &[CertificateColumn] = &[
    column("connection", Int, "Number of the connection: Wireshark's tcp.stream", |row| {
        Value::count(row.connection.number)
    }),
    column("sent_by", Text, "Which end of the TLS session sent it: server, client", |row| Value::text(row.by.name())),
    column("position", Int, "Place in the chain, from 0: the sender's own certificate", |row| {
        Value::count(row.position)
    }),
    column("packet", Int, "Number of the packet that completes the message", |row| {
        Value::packet(Some(row.message.completed))
    }),
    column("at", Time, "Time of that packet", |row| Value::at(Some(row.message.completed))),
    column("client_address", Text, "IP address of the client", |row| Value::Address(row.connection.client.address)),
    column("client_port", Int, "TCP port of the client", |row| Value::count(row.connection.client.port)),
    column("server_address", Text, "IP address of the server", |row| Value::Address(row.connection.server.address)),
    column("server_port", Int, "TCP port of the server", |row| Value::count(row.connection.server.port)),
    column("server_name", Text, "The server name that the client asked for (SNI), as sent", |row| {
        server_name(row).map_or(Value::Null, Value::text)
    }),
    column("covers_server_name", Bool, "Whether a server's own certificate names that host or address", |row| {
        match server_name(row) {
            Some(name) if row.by == Side::Server && row.position == 0 && !row.certificate.malformed => {
                Value::Bool(row.certificate.names_host(name))
            }
            _ => Value::Null,
        }
    }),
    column("subject", Text, "Subject, attributes in the order of the certificate", |row| {
        read(row, |certificate| Value::text(certificate.subject.as_str()))
    }),
    column("issuer", Text, "Issuer, attributes in the order of the certificate", |row| {
        read(row, |certificate| Value::text(certificate.issuer.as_str()))
    }),
    column("dns_names", Texts, "Host names of the subject alternative names; null without any", |row| {
        texts(row.certificate.dns_names.iter().map(|name| Cow::Borrowed(name.as_str())))
    }),
    column("addresses", Texts, "IP addresses of the subject alternative names; null without any", |row| {
        texts(row.certificate.addresses.iter().map(|address| Cow::Owned(address.to_string())))
    }),
    column("uris", Texts, "URIs of the subject alternative names (SPIFFE); null without any", |row| {
        texts(row.certificate.uris.iter().map(|uri| Cow::Borrowed(uri.as_str())))
    }),
    column("not_before", Time, "Valid from", |row| time(row.certificate.not_before)),
    column("not_after", Time, "Valid to; null also where it has no end", |row| time(row.certificate.not_after)),
    column("validity", Text, "At the time of its packet: valid, not-yet, expired", |row| {
        read(row, |certificate| {
            Value::text(match certificate.validity_at(row.message.completed.at) {
                Validity::Valid => "valid",
                Validity::NotYet => "not-yet",
                Validity::Expired => "expired",
            })
        })
    }),
    column("serial", Text, "Serial number, hexadecimal", |row| {
        read(row, |certificate| Value::text(certificate.serial.as_str()))
    }),
    column("key", Text, "Kind of the public key: RSA, EC, Ed25519, or an object identifier", |row| {
        read(row, |certificate| Value::text(certificate.key.as_ref()))
    }),
    column("key_bits", Int, "Size of the public key in bits", |row| {
        row.certificate.key_bits.map_or(Value::Null, Value::count)
    }),
    column("signature", Text, "Algorithm of the issuer's signature, or an object identifier", |row| {
        read(row, |certificate| Value::text(certificate.signature.as_ref()))
    }),
    column("is_ca", Bool, "Whether basic constraints make it an authority's", |row| {
        read(row, |certificate| Value::Bool(certificate.is_ca))
    }),
    column("self_issued", Bool, "Whether subject and issuer are the same name, as when it is self-signed", |row| {
        read(row, |certificate| Value::Bool(certificate.self_issued))
    }),
    column("sha256", Text, "SHA-256 fingerprint, hexadecimal", |row| Value::text(row.certificate.fingerprint())),
    column("bytes", Int, "Length", |row| Value::count(row.certificate.length)),
    column("malformed", Bool, "Whether it could not be read", |row| Value::Bool(row.certificate.malformed)),
    column("tls_version", Text, "The version that the server chose", |row| {
        let hello = row.connection.tls.as_ref().and_then(|tls| tls.server_hello.as_ref());
        hello.map_or(Value::Null, |hello| Value::text(names::version(hello.version)))
    }),
    column("outcome", Text, "What became of the connection", |row| Value::text(row.connection.outcome().name())),
    column("alert", Text, "The connection's first fatal alert in clear, IANA name", |row| {
        alert(row).map_or(Value::Null, |alert| Value::text(names::alert(alert.description)))
    }),
    column("alert_by", Text, "Who sent that alert: client, server", |row| {
        alert(row).map_or(Value::Null, |alert| Value::text(alert.by.name()))
    }),
];

fn server_name<'a>(row: &CertificateRow<'a>) -> Option<&'a str> {
    match &row.connection.tls.as_ref()?.client_hello.as_ref()?.sni {
        Sni::Present(name) => Some(name),
        Sni::Empty | Sni::Absent | Sni::NotVisible(_) => None,
    }
}

fn alert<'a>(row: &CertificateRow<'a>) -> Option<&'a crate::tls::Alert> {
    row.connection.tls.as_ref()?.fatal_alert()
}

/// A value of a certificate that could be read.
fn read<'a>(row: &CertificateRow<'a>, value: impl FnOnce(&'a Certificate) -> Value<'a>) -> Value<'a> {
    if row.certificate.malformed { Value::Null } else { value(row.certificate) }
}

fn texts<'a>(texts: impl Iterator<Item = Cow<'a, str>>) -> Value<'a> {
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() { Value::Null } else { Value::Texts(texts) }
}

fn time<'a>(time: Option<Timestamp>) -> Value<'a> {
    time.map_or(Value::Null, Value::Time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = CERTIFICATE_COLUMNS.iter().map(|column| column.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CERTIFICATE_COLUMNS.len());
    }
}
