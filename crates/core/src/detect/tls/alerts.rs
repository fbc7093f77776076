//! Alerts in words: what each says when this side sends it before the handshake is complete, and where to look.

use crate::tls::{Alert, Tls};
use crate::types::Side;

/// One alert as sent by one side.
#[derive(Debug, PartialEq)]
pub(super) struct Meaning {
    /// Kind of the symptom: who sent it and its name.
    pub(super) kind: &'static str,
    /// Who sent it.
    pub(super) by: Side,
    /// Its number.
    pub(super) code: u8,
    /// Its name.
    pub(super) name: &'static str,
    /// What it says, to follow "that is: ".
    pub(super) says: &'static str,
    /// Where to look.
    pub(super) remedy: &'static str,
}

/// The meaning of an alert in its handshake.
pub(super) fn meaning(alert: &Alert, tls: &Tls) -> &'static Meaning {
    if alert.by == Side::Server && alert.description == 40 && tls.server_hello.is_some() {
        // Version and suite were agreed on by then.
        let has_none = tls.certificate_request.is_some()
            && tls.client_certificate.as_ref().is_some_and(|message| message.is_empty());
        return if has_none { &WITHOUT_CERTIFICATE } else { &AFTER_HELLO };
    }
    ALERTS
        .iter()
        .find(|meaning| meaning.by == alert.by && meaning.code == alert.description)
        .unwrap_or(if alert.by == Side::Server { &OTHER_SERVER } else { &OTHER_CLIENT })
}

/// The meaning that belongs to a kind.
pub(super) fn of_kind(kind: &str) -> &'static Meaning {
    let special = [&WITHOUT_CERTIFICATE, &AFTER_HELLO, &OTHER_SERVER];
    let known = ALERTS.iter().chain(special);
    known.into_iter().find(|meaning| meaning.kind == kind).unwrap_or(&OTHER_CLIENT)
}

const fn server(kind: &'static str, code: u8, name: &'static str, says: &'static str, remedy: &'static str) -> Meaning {
    Meaning { kind, by: Side::Server, code, name, says, remedy }
}

const fn client(kind: &'static str, code: u8, name: &'static str, says: &'static str, remedy: &'static str) -> Meaning {
    Meaning { kind, by: Side::Client, code, name, says, remedy }
}

pub(super) static WITHOUT_CERTIFICATE: Meaning = server(
    "server-handshake_failure-without-certificate",
    40,
    "handshake_failure",
    "the server had asked for a client certificate, and the client answered that it has none (an empty list)",
    CLIENT_CERTIFICATE,
);
static AFTER_HELLO: Meaning = server(
    "server-handshake_failure-after-hello",
    40,
    "handshake_failure",
    "version and suite were agreed on by then, so it is not about these: the client's certificate, its signature or its key share",
    SERVER_LOG,
);
static OTHER_SERVER: Meaning =
    server("server-other", 255, "another alert", "the server refused the handshake", SERVER_LOG);
static OTHER_CLIENT: Meaning =
    client("client-other", 255, "another alert", "the client refused the handshake", CLIENT_LOG);

const SERVER_LOG: &str = "The log of the server (nginx `error_log ... info`, HAProxy `ssl_fc_err_str`, Envoy \
                          `%DOWNSTREAM_TRANSPORT_FAILURE_REASON%`) names the reason at this time.";
const CLIENT_LOG: &str = "The log of the client names the reason at this time (curl -v, Java -Djavax.net.debug=ssl:handshake, Go's \
                          error text, Envoy `%UPSTREAM_TRANSPORT_FAILURE_REASON%`).";
const TRUST: &str = "Give the client the issuing CA: system store (update-ca-certificates), SSL_CERT_FILE, Java truststore \
                     (-Djavax.net.ssl.trustStore), NODE_EXTRA_CA_CERTS, Envoy `trusted_ca`, Istio `caCertificates`; and let the \
                     server send its whole chain (fullchain.pem): `openssl s_client -connect ADDRESS:PORT -servername NAME \
                     -showcerts`. A proxy that opens TLS on the way presents its own CA.";
const LEAF: &str = "Look at the certificate that the server sends for this name: `openssl s_client -connect ADDRESS:PORT -servername \
                    NAME </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName`. Renew it, or correct the name \
                    that the client checks (Envoy `match_typed_subject_alt_names`, Istio `subjectAltNames`).";
pub(super) const CLIENT_CERTIFICATE: &str = "The server wants a certificate of the client (mTLS) that it accepts: nginx \
                                  `ssl_client_certificate`/`ssl_verify_client`, HAProxy `ca-file ... verify required`, Envoy \
                                  `require_client_certificate`, Istio PeerAuthentication STRICT; configure the client's certificate, \
                                  key and chain.";
const PARAMETERS: &str = "Compare what the hello offered (see the facts) with the server: nginx `ssl_ciphers`, `ssl_ecdh_curve`, \
                          `ssl_protocols`; HAProxy `ssl-default-bind-ciphers`/`-ciphersuites`; the policy of a cloud load balancer; an \
                          ECDSA certificate needs ECDSA suites. `openssl s_client -connect ADDRESS:PORT -cipher ... -groups ...` tries one.";
const NAME: &str = "Give the server a certificate and a virtual host for this name (nginx `server_name` and no \
                    `ssl_reject_handshake`, HAProxy `crt-list` without `strict-sni`, Envoy `filter_chain_match.server_names`, Istio \
                    Gateway `hosts`/`credentialName`), or send the name that it has.";
const ALPN: &str = "Let both sides share a protocol: nginx `http2 on`, HAProxy `alpn h2,http/1.1` on bind and server lines, Envoy \
                    `alpn_protocols`, AWS target group protocol version; gRPC offers h2 alone.";
const NOT_TLS: &str = "The peer's bytes did not make sense as TLS here: a plain service, STARTTLS, the PROXY protocol, or a device that \
                       rewrites the stream. Look at the first bytes that each side sent.";
const ECH: &str = "The client used Encrypted ClientHello with a key that this server does not have: correct or remove `ech=` in the \
                   HTTPS DNS record, or let the traffic reach the server that the record speaks of.";
const PSK: &str = "The client resumed a session that this server does not know: share session ticket keys among the servers behind one \
                   address, or let the client forget its sessions.";

/// All alerts that have something to say before the handshake is complete, by RFC 8446 section 6.2 and RFC 5246 section 7.2.2.
static ALERTS: &[Meaning] = &[
    server(
        "server-close_notify",
        0,
        "close_notify",
        "the server ends the connection without giving a reason",
        PARAMETERS,
    ),
    server("server-unexpected_message", 10, "unexpected_message", "the server did not expect this message", NOT_TLS),
    server("server-bad_record_mac", 20, "bad_record_mac", "a record did not decrypt at the server", NOT_TLS),
    server("server-record_overflow", 22, "record_overflow", "a record was too long for the server", NOT_TLS),
    server(
        "server-handshake_failure",
        40,
        "handshake_failure",
        "the server found nothing in the hello that it accepts (suites, groups, signature schemes or server name)",
        PARAMETERS,
    ),
    server(
        "server-bad_certificate",
        42,
        "bad_certificate",
        "the server rejected the client's certificate",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-unsupported_certificate",
        43,
        "unsupported_certificate",
        "the server rejected the type of the client's certificate",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-certificate_revoked",
        44,
        "certificate_revoked",
        "the server rejected the client's certificate as revoked",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-certificate_expired",
        45,
        "certificate_expired",
        "the server rejected the client's certificate as expired or not yet valid",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-certificate_unknown",
        46,
        "certificate_unknown",
        "the server rejected the client's certificate for a reason it does not name",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-illegal_parameter",
        47,
        "illegal_parameter",
        "a value of the client's hello is not allowed",
        PARAMETERS,
    ),
    server(
        "server-unknown_ca",
        48,
        "unknown_ca",
        "the server does not know the CA of the client's certificate",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-access_denied",
        49,
        "access_denied",
        "the client's certificate is valid and has no access",
        CLIENT_CERTIFICATE,
    ),
    server("server-decode_error", 50, "decode_error", "the server could not parse a message of the client", NOT_TLS),
    server(
        "server-decrypt_error",
        51,
        "decrypt_error",
        "a signature or Finished did not verify at the server",
        SERVER_LOG,
    ),
    server(
        "server-insufficient_security",
        71,
        "insufficient_security",
        "the server wants stronger parameters than the client offers",
        PARAMETERS,
    ),
    server(
        "server-internal_error",
        80,
        "internal_error",
        "the server failed for a reason of its own (Go servers send this when they have no certificate for the name)",
        SERVER_LOG,
    ),
    server(
        "server-inappropriate_fallback",
        86,
        "inappropriate_fallback",
        "the client retried with a lower version although the server supports a higher one (RFC 7507)",
        "Find out why the first attempt with the higher version failed: that is the fault, this is its echo. Devices that break TLS 1.3 \
         are the usual cause.",
    ),
    server(
        "server-missing_extension",
        109,
        "missing_extension",
        "the hello lacks an extension that the server needs",
        NAME,
    ),
    server(
        "server-unsupported_extension",
        110,
        "unsupported_extension",
        "the server does not accept an extension of the client",
        SERVER_LOG,
    ),
    server(
        "server-unrecognized_name",
        112,
        "unrecognized_name",
        "the server has nothing under the name that was asked for",
        NAME,
    ),
    server(
        "server-unknown_psk_identity",
        115,
        "unknown_psk_identity",
        "the server does not know the resumed session",
        PSK,
    ),
    server(
        "server-certificate_required",
        116,
        "certificate_required",
        "the server wants a certificate and the client sent none",
        CLIENT_CERTIFICATE,
    ),
    server(
        "server-no_application_protocol",
        120,
        "no_application_protocol",
        "the server speaks none of the ALPN protocols that the client offers",
        ALPN,
    ),
    server("server-ech_required", 121, "ech_required", "the server wants Encrypted ClientHello", ECH),
    client(
        "client-unexpected_message",
        10,
        "unexpected_message",
        "the client did not expect what the server sent",
        NOT_TLS,
    ),
    client("client-bad_record_mac", 20, "bad_record_mac", "a record did not decrypt at the client", NOT_TLS),
    client(
        "client-record_overflow",
        22,
        "record_overflow",
        "a record was too long for the client: often it is no TLS",
        NOT_TLS,
    ),
    client(
        "client-handshake_failure",
        40,
        "handshake_failure",
        "the client does not accept the parameters that the server chose",
        PARAMETERS,
    ),
    client(
        "client-bad_certificate",
        42,
        "bad_certificate",
        "the client rejected the server's certificate (OpenSSL sends this for a name that does not match, and for a certificate that is not valid yet, too)",
        LEAF,
    ),
    client(
        "client-unsupported_certificate",
        43,
        "unsupported_certificate",
        "the client rejected the type or the permitted use of the server's certificate",
        LEAF,
    ),
    client(
        "client-certificate_revoked",
        44,
        "certificate_revoked",
        "the client rejected the server's certificate as revoked",
        LEAF,
    ),
    client(
        "client-certificate_expired",
        45,
        "certificate_expired",
        "the client rejected the server's certificate as expired or not yet valid by the client's clock",
        LEAF,
    ),
    client(
        "client-certificate_unknown",
        46,
        "certificate_unknown",
        "the client rejected the server's certificate (Java and others send this for an unknown CA and for a name that does not match)",
        TRUST,
    ),
    client(
        "client-illegal_parameter",
        47,
        "illegal_parameter",
        "a value of the server's hello is not allowed",
        CLIENT_LOG,
    ),
    client(
        "client-unknown_ca",
        48,
        "unknown_ca",
        "the client rejected the server's certificate: it does not know the CA, or the chain is not complete",
        TRUST,
    ),
    client("client-access_denied", 49, "access_denied", "the client denies the server's certificate", LEAF),
    client("client-decode_error", 50, "decode_error", "the client could not parse a message of the server", NOT_TLS),
    client("client-decrypt_error", 51, "decrypt_error", "a signature of the server did not verify", LEAF),
    client(
        "client-protocol_version",
        70,
        "protocol_version",
        "the client could not read what came back as TLS of a version it knows",
        NOT_TLS,
    ),
    client(
        "client-insufficient_security",
        71,
        "insufficient_security",
        "the client wants stronger parameters than the server chose",
        PARAMETERS,
    ),
    client("client-internal_error", 80, "internal_error", "the client failed for a reason of its own", CLIENT_LOG),
    client("client-user_canceled", 90, "user_canceled", "the client broke the handshake off", CLIENT_LOG),
    client("client-missing_extension", 109, "missing_extension", "the server's hello lacks an extension", CLIENT_LOG),
    client(
        "client-unsupported_extension",
        110,
        "unsupported_extension",
        "the server answered with an extension that the client did not offer",
        CLIENT_LOG,
    ),
    client(
        "client-bad_certificate_status_response",
        113,
        "bad_certificate_status_response",
        "the client did not accept the stapled OCSP response",
        LEAF,
    ),
    client(
        "client-no_application_protocol",
        120,
        "no_application_protocol",
        "the client does not accept the ALPN protocol that the server chose",
        ALPN,
    ),
    client(
        "client-ech_required",
        121,
        "ech_required",
        "Encrypted ClientHello was not accepted: another server than the one meant answered",
        ECH,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::names;

    #[test]
    fn names_and_kinds_agree_with_the_registry_of_alerts() {
        for meaning in ALERTS {
            assert_eq!(names::alert(meaning.code), meaning.name);
            assert_eq!(meaning.kind, format!("{}-{}", meaning.by, meaning.name));
            assert_eq!(of_kind(meaning.kind), meaning);
        }
        let mut kinds: Vec<&str> = ALERTS.iter().map(|meaning| meaning.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), ALERTS.len());
    }
}
