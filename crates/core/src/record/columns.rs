//! The one registry of columns: CSV, JSON lines, Arrow and Python all follow it.
//!
//! To add a column: a field on [`Connection`] and one row here.

mod of_tls;

use std::borrow::Cow;

use self::of_tls::{
    alpn, certificate_message, certificate_state, client_certificate, fatal_alert, from_certificate, from_hello,
    from_server_hello, hello, server_hello, sni_state,
};
use super::column::{Column, ColumnType, Value};
use super::{Connection, RolesFrom};
use crate::capture::Interfaces;
use crate::tls::{Sni, names};
use crate::types::Side;

fn seen_at<'a>(c: &'a Connection, interfaces: &'a Interfaces) -> Value<'a> {
    let name = |id| match interfaces.by_id(id).and_then(|interface| interface.name.as_deref()) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(interfaces.label(id)),
    };
    Value::Texts(c.seen_at.ids().iter().copied().map(name).collect())
}

/// A row of the registry.
const fn column(
    name: &'static str,
    kind: ColumnType,
    about: &'static str,
    value: for<'a> fn(&'a Connection, &'a Interfaces) -> Value<'a>,
) -> Column {
    Column { name, kind, about, value }
}

use ColumnType::{Bool, Float, Int, Text, Texts, Time};

/// All columns, in order.
pub const COLUMNS: &[Column] = &[
    // Identity
    column(
        "connection",
        Int,
        "Number of the connection, from 0 in order of first packet: Wireshark's tcp.stream",
        |c, _| Value::count(c.number),
    ),
    column("client_address", Text, "IP address of the client", |c, _| Value::Address(c.client.address)),
    column("client_port", Int, "TCP port of the client", |c, _| Value::count(c.client.port)),
    column("server_address", Text, "IP address of the server", |c, _| Value::Address(c.server.address)),
    column("server_port", Int, "TCP port of the server", |c, _| Value::count(c.server.port)),
    column(
        "roles_from",
        Text,
        "What tells client from server: syn, syn-ack, client-hello, http-request, server-hello, http-response, guess",
        |c, _| Value::text(RolesFrom::name(c.roles_from)),
    ),
    column("seen_at", Texts, "Interfaces where packets of it were captured, the first four", seen_at),
    column("vlan", Int, "Outermost VLAN identifier of the first packet", |c, _| {
        c.vlan.map_or(Value::Null, Value::count)
    }),
    column("tunnel", Text, "Innermost tunnel around the first packet, with its number: vxlan:42", |c, _| {
        c.tunnel.map_or(Value::Null, |tunnel| match tunnel.id {
            Some(id) => Value::text(format!("{}:{id}", tunnel.kind.name())),
            None => Value::text(tunnel.kind.name()),
        })
    }),
    column("community_id", Text, "Community ID version 1 with seed 0, as in Zeek and Suricata", |c, _| {
        Value::text(super::community_id::of(c.client, c.server))
    }),
    // Life
    column("first_packet", Int, "Number of the first packet", |c, _| Value::packet(Some(c.first))),
    column("last_packet", Int, "Number of the last packet", |c, _| Value::packet(Some(c.last))),
    column("start", Time, "Time of the first packet", |c, _| Value::at(Some(c.first))),
    column("end", Time, "Time of the last packet", |c, _| Value::at(Some(c.last))),
    column("duration_s", Float, "Seconds from the first to the last packet", |c, _| Value::seconds(Some(c.duration()))),
    column("syn_count", Int, "SYNs without ACK as captured: retries and other sightings included", |c, _| {
        Value::count(c.opening.syn_count)
    }),
    column("syn_retries", Int, "SYNs that were sent again; another sighting of one does not count", |c, _| {
        Value::count(c.opening.syns_sent().saturating_sub(1))
    }),
    column(
        "connect_s",
        Float,
        "Seconds from the first SYN to the ACK of the SYN-ACK, else to the SYN-ACK: what connect() took",
        |c, _| Value::seconds(c.opening.connect()),
    ),
    column(
        "outcome",
        Text,
        "What became of it: established, refused, unanswered, prohibited, reset-in-handshake, tls-failed, reset, timed-out, open, mid-stream, health-check",
        |c, _| Value::text(c.outcome().name()),
    ),
    column("conn_state", Text, "Zeek's conn_state", |c, _| Value::text(c.conn_state.name())),
    column("history", Text, "Zeek's history", |c, _| Value::text(c.history.as_str())),
    column(
        "events",
        Text,
        "Zeek's letters with repeats and times: D*12@1.02-5.3 are 12 packets with payload, from 1.02 s to 5.3 s after the first packet",
        |c, _| Value::text(super::events::of(c)),
    ),
    column("completeness", Int, "Wireshark's tcp.completeness, final value", |c, _| Value::count(c.completeness)),
    // Packets that prove it
    column("syn_packet", Int, "Number of the first SYN without ACK", |c, _| Value::packet(c.opening.syn)),
    column("syn_at", Time, "Time of the first SYN without ACK", |c, _| Value::at(c.opening.syn)),
    column("syn_ack_packet", Int, "Number of the first SYN-ACK", |c, _| Value::packet(c.opening.syn_ack)),
    column("syn_ack_at", Time, "Time of the first SYN-ACK", |c, _| Value::at(c.opening.syn_ack)),
    column("client_fin_packet", Int, "Number of the client's first FIN", |c, _| {
        Value::packet(c.ending.fin.client.map(|fin| fin.at))
    }),
    column("client_fin_at", Time, "Time of the client's first FIN", |c, _| {
        Value::at(c.ending.fin.client.map(|fin| fin.at))
    }),
    column("server_fin_packet", Int, "Number of the server's first FIN", |c, _| {
        Value::packet(c.ending.fin.server.map(|fin| fin.at))
    }),
    column("server_fin_at", Time, "Time of the server's first FIN", |c, _| {
        Value::at(c.ending.fin.server.map(|fin| fin.at))
    }),
    column("reset_packet", Int, "Number of the first RST", |c, _| {
        Value::packet(c.ending.first_reset().map(|(at, ..)| at))
    }),
    column("reset_at", Time, "Time of the first RST", |c, _| Value::at(c.ending.first_reset().map(|(at, ..)| at))),
    column("client_hello_packet", Int, "Number of the packet that completes the first ClientHello", |c, _| {
        Value::packet(hello(c).map(|hello| hello.completed))
    }),
    column("client_hello_at", Time, "Time of the packet that completes the first ClientHello", |c, _| {
        Value::at(hello(c).map(|hello| hello.completed))
    }),
    column("server_hello_packet", Int, "Number of the packet that completes the ServerHello", |c, _| {
        Value::packet(server_hello(c).map(|hello| hello.completed))
    }),
    column("server_hello_at", Time, "Time of the packet that completes the ServerHello", |c, _| {
        Value::at(server_hello(c).map(|hello| hello.completed))
    }),
    // Traffic
    column("client_packets", Int, "Captured packets of the client, every sighting counted", |c, _| {
        Value::count(c.traffic.client.packets)
    }),
    column("server_packets", Int, "Captured packets of the server, every sighting counted", |c, _| {
        Value::count(c.traffic.server.packets)
    }),
    column("client_payload_bytes", Int, "Union of the captured sequence ranges of the client, in bytes", |c, _| {
        Value::count(c.traffic.client.payload_bytes)
    }),
    column("server_payload_bytes", Int, "Union of the captured sequence ranges of the server, in bytes", |c, _| {
        Value::count(c.traffic.server.payload_bytes)
    }),
    column(
        "client_stream_bytes",
        Int,
        "Bytes of the client's stream by its first and last sequence numbers, captured or not",
        |c, _| c.traffic.client.stream_bytes.map_or(Value::Null, Value::count),
    ),
    column(
        "server_stream_bytes",
        Int,
        "Bytes of the server's stream by its first and last sequence numbers, captured or not",
        |c, _| c.traffic.server.stream_bytes.map_or(Value::Null, Value::count),
    ),
    column("client_retransmitted", Int, "Segments of the client that were sent again", |c, _| {
        Value::count(c.traffic.client.retransmitted)
    }),
    column("server_retransmitted", Int, "Segments of the server that were sent again", |c, _| {
        Value::count(c.traffic.server.retransmitted)
    }),
    column("client_out_of_order", Int, "Segments of the client out of order", |c, _| {
        Value::count(c.traffic.client.out_of_order)
    }),
    column("server_out_of_order", Int, "Segments of the server out of order", |c, _| {
        Value::count(c.traffic.server.out_of_order)
    }),
    column("client_zero_windows", Int, "Segments of the client with window 0", |c, _| {
        Value::count(c.traffic.client.zero_windows)
    }),
    column("server_zero_windows", Int, "Segments of the server with window 0", |c, _| {
        Value::count(c.traffic.server.zero_windows)
    }),
    column("client_keep_alives", Int, "TCP keep-alive probes of the client", |c, _| {
        Value::count(c.traffic.client.keep_alives)
    }),
    column("server_keep_alives", Int, "TCP keep-alive probes of the server", |c, _| {
        Value::count(c.traffic.server.keep_alives)
    }),
    column("rtt_s", Float, "Round-trip time of the opening handshake in seconds", |c, _| Value::seconds(c.rtt())),
    column("mss", Int, "The smaller announced maximum segment size in bytes", |c, _| {
        match (c.traffic.client.mss, c.traffic.server.mss) {
            (Some(a), Some(b)) => Value::count(a.min(b)),
            (Some(one), None) | (None, Some(one)) => Value::count(one),
            (None, None) => Value::Null,
        }
    }),
    column("twins", Int, "Packets that are another sighting of one already counted", |c, _| {
        Value::count(c.visibility.twins)
    }),
    // End
    column("closed_by", Text, "Who sent the first FIN or RST: client, server", |c, _| {
        c.ending.closed_by.map_or(Value::Null, |side| Value::text(side.name()))
    }),
    column("close_kind", Text, "fin, reset, timeout, open", |c, _| Value::text(c.ending.kind.name())),
    column("reset_by", Text, "Who sent the first RST: client, server", |c, _| {
        c.ending.first_reset().map_or(Value::Null, |(_, by, _)| Value::text(by.name()))
    }),
    column(
        "reset_kind",
        Text,
        "What its header says of its author: closed-port, no-such-connection, abort, from-the-path, unclear",
        |c, _| c.ending.first_reset().map_or(Value::Null, |(.., kind)| Value::text(kind.name())),
    ),
    column("idle_before_close_s", Float, "Seconds from the last payload to the first FIN or RST", |c, _| {
        Value::seconds(c.ending.idle.map(|idle| idle.span))
    }),
    column(
        "idle_source",
        Text,
        "Where idle_before_close_s comes from: payload, tcp-timestamps, not-visible",
        |c, _| match (c.ending.idle, c.ending.first) {
            (Some(idle), _) => Value::text(idle.source.name()),
            (None, Some(_)) => Value::text("not-visible"),
            (None, None) => Value::Null,
        },
    ),
    column("written_after_close", Text, "Who sent payload after the other side's FIN: client, server", |c, _| {
        c.ending.late_write.map_or(Value::Null, |write| Value::text(Side::name(write.by)))
    }),
    column("exchanges", Int, "Bursts of the client that the server answered", |c, _| Value::count(c.exchanges)),
    column("requests", Int, "HTTP/1 requests in clear", |c, _| c.requests().map_or(Value::Null, Value::count)),
    // TLS
    column("protocol", Text, "How the payload begins: none, tls, http1, http2, openvpn, other", |c, _| {
        Value::text(c.protocol.name())
    }),
    column("tls_stage", Text, "How far the TLS handshake came", |c, _| {
        c.tls.as_ref().map_or(Value::Null, |tls| Value::text(tls.stage.name()))
    }),
    column("sni_state", Text, "present, absent, not-visible", |c, _| sni_state(c)),
    column("server_name", Text, "The server name that the client asked for (SNI), as sent", |c, _| {
        from_hello(c, |hello| match &hello.sni {
            Sni::Present(name) => Value::text(name.as_str()),
            Sni::Empty | Sni::Absent | Sni::NotVisible(_) => Value::Null,
        })
    }),
    column("alpn_offered", Texts, "ALPN protocols that the client offered", |c, _| {
        from_hello(c, |hello| {
            if hello.alpn.is_empty() {
                Value::Null
            } else {
                Value::Texts(hello.alpn.iter().map(|name| Cow::Borrowed(name.as_str())).collect())
            }
        })
    }),
    column("alpn", Text, "The chosen ALPN protocol; encrypted in TLS 1.3", |c, _| alpn(c)),
    column("tls_versions_offered", Texts, "Versions that the client offered, in wire order without GREASE", |c, _| {
        from_hello(c, |hello| Value::Texts(hello.versions_offered().map(names::version).collect()))
    }),
    column("tls_version", Text, "The version that the server chose", |c, _| {
        from_server_hello(c, |hello| Value::text(names::version(hello.version)))
    }),
    column("cipher", Text, "The cipher suite that the server chose, IANA name", |c, _| {
        from_server_hello(c, |hello| hello.suite().map_or(Value::Null, |suite| Value::text(names::cipher_suite(suite))))
    }),
    column("group", Text, "The named group of the server's key share, IANA name", |c, _| {
        from_server_hello(c, |hello| hello.group.map_or(Value::Null, |group| Value::text(names::group(group))))
    }),
    column("ja3", Text, "JA3 of the first ClientHello", |c, _| {
        from_hello(c, |hello| hello.ja3().map_or(Value::Null, Value::text))
    }),
    column("ja3s", Text, "JA3S of the ServerHello", |c, _| {
        from_server_hello(c, |hello| hello.suite().map_or(Value::Null, |_| Value::text(hello.ja3s())))
    }),
    column("ja4", Text, "JA4 of the first ClientHello", |c, _| {
        from_hello(c, |hello| hello.ja4().map_or(Value::Null, Value::text))
    }),
    column("client_hello_bytes", Int, "Length of the first ClientHello with its 4-byte header", |c, _| {
        from_hello(c, |hello| Value::count(hello.length))
    }),
    column("client_hello_segments", Int, "Segments that carry bytes of the first ClientHello", |c, _| {
        from_hello(c, |hello| Value::count(hello.segments))
    }),
    column("hello_retry", Bool, "Whether the server asked for another ClientHello", |c, _| {
        c.tls
            .as_ref()
            .filter(|tls| tls.server_hello.is_some() || tls.hello_retry.is_some())
            .map_or(Value::Null, |tls| Value::Bool(tls.hello_retry.is_some()))
    }),
    column("resumed", Bool, "Whether a TLS session was resumed, where it can be told", |c, _| {
        c.tls.as_ref().and_then(|tls| tls.resumed).map_or(Value::Null, Value::Bool)
    }),
    column("ech", Bool, "Whether the ClientHello has encrypted_client_hello, real or GREASE", |c, _| {
        from_hello(c, |hello| Value::Bool(hello.ech))
    }),
    column(
        "certificate_state",
        Text,
        "Whether the server's certificate can be read: present, absent (resumed), not-visible (TLS 1.3 encrypts it, or it was not captured whole)",
        |c, _| certificate_state(c),
    ),
    column(
        "certificate_packet",
        Int,
        "Number of the packet that completes the server's Certificate message",
        |c, _| Value::packet(certificate_message(c).map(|message| message.completed)),
    ),
    column("certificate_subject", Text, "Subject of the server's certificate", |c, _| {
        from_certificate(c, |certificate| Value::text(certificate.subject.as_str()))
    }),
    column("certificate_issuer", Text, "Issuer of the server's certificate", |c, _| {
        from_certificate(c, |certificate| Value::text(certificate.issuer.as_str()))
    }),
    column("certificate_names", Texts, "Host names and addresses of the server's certificate (SANs)", |c, _| {
        from_certificate(c, |certificate| {
            let names = certificate.dns_names.iter().map(|name| Cow::Borrowed(name.as_str()));
            Value::Texts(names.chain(certificate.addresses.iter().map(|at| Cow::Owned(at.to_string()))).collect())
        })
    }),
    column("certificate_not_before", Time, "The server's certificate is valid from", |c, _| {
        from_certificate(c, |certificate| certificate.not_before.map_or(Value::Null, Value::Time))
    }),
    column("certificate_not_after", Time, "The server's certificate is valid to; null also without end", |c, _| {
        from_certificate(c, |certificate| certificate.not_after.map_or(Value::Null, Value::Time))
    }),
    column(
        "client_certificate",
        Text,
        "Up to TLS 1.2: requested (and none was seen), empty (asked for and there was none), sent",
        |c, _| client_certificate(c),
    ),
    column("alert_level", Text, "Level of the first fatal alert in clear", |c, _| {
        fatal_alert(c).map_or(Value::Null, |alert| Value::text(alert.level.name()))
    }),
    column("alert", Text, "The first fatal alert in clear, IANA name", |c, _| {
        fatal_alert(c).map_or(Value::Null, |alert| Value::text(names::alert(alert.description)))
    }),
    column("alert_code", Int, "The first fatal alert in clear, its number", |c, _| {
        fatal_alert(c).map_or(Value::Null, |alert| Value::count(alert.description))
    }),
    column("alert_by", Text, "Who sent the first fatal alert in clear: client, server", |c, _| {
        fatal_alert(c).map_or(Value::Null, |alert| Value::text(alert.by.name()))
    }),
    column("alert_packet", Int, "Number of the packet that completes the first fatal alert in clear", |c, _| {
        Value::packet(fatal_alert(c).map(|alert| alert.at))
    }),
    column("handshake_s", Float, "Seconds from the ClientHello's first byte until both sides had finished", |c, _| {
        Value::seconds(c.handshake())
    }),
    // Judgement
    column("symptoms", Texts, "Codes that detectors attached, see `handshark explain`", |c, _| {
        Value::Texts(c.symptoms.iter().map(|symptom| Cow::Borrowed(symptom.code)).collect())
    }),
];
