//! ICMP errors and what they quote (RFC 792, RFC 4443).

use super::{IPV4, IPV6, SYN, bytes, decoder, frame, skipped};
use crate::net::{Decoded, IcmpError, Skip};

/// From 198.51.100.1 to 192.0.2.10; length 0 stands for the rest of the frame.
const FROM_ROUTER: &str = "45 00 00 00 00 01 00 00 3f 01 00 00 c6 33 64 01 c0 00 02 0a";
const FROM_ROUTER_6: &str = "60 00 00 00 00 00 3a 3f 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 fe \
                             20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01";

fn icmp_error(parts: &[&str]) -> IcmpError {
    let data = bytes(parts);
    match decoder().decode(&frame(101, &data)) {
        Decoded::IcmpError(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_quotes_eight_bytes_of_the_segment() {
    // Port unreachable; the quote ends behind the sequence number.
    let error = icmp_error(&[FROM_ROUTER, "03 03 00 00 00 00 00 00", IPV4, "ce 60 01 bb 00 00 03 e8"]);
    assert_eq!(error.from.to_string(), "198.51.100.1");
    assert_eq!((error.kind, error.code, error.v6), (3, 3, false));
    assert_eq!(error.quoted.source.to_string(), "192.0.2.10:52832");
    assert_eq!(error.quoted.destination.to_string(), "203.0.113.5:443");
}

#[test]
fn each_type_that_quotes() {
    for kind in ["03", "0b", "0c"] {
        icmp_error(&[FROM_ROUTER, kind, "00 00 00 00 00 00 00", IPV4, SYN]);
    }
    for kind in ["01", "02", "03", "04"] {
        let error = icmp_error(&[FROM_ROUTER_6, kind, "00 00 00 00 00 05 00", IPV6, SYN]);
        assert!(error.v6);
        assert_eq!(error.quoted.source.to_string(), "[2001:db8::1]:52832");
    }
}

#[test]
fn advice_is_no_error() {
    // Source quench and redirect.
    for kind in ["04", "05"] {
        assert_eq!(skipped(101, &[FROM_ROUTER, kind, "01 00 00 00 00 00 00", IPV4, SYN]), Skip::NotTcp);
    }
}

#[test]
fn an_error_may_quote_extension_headers() {
    let quoted = IPV6.replacen("00 18 06", "00 20 00", 1);
    icmp_error(&[FROM_ROUTER_6, "01 00 00 00 00 00 00 00", &quoted, "06 00 01 04 00 00 00 00", SYN]);
}

#[test]
fn other_messages_are_no_errors_about_tcp() {
    // An echo request, and an error about UDP, and a quote without ports.
    assert_eq!(skipped(101, &[FROM_ROUTER, "08 00 00 00 00 00 00 00", IPV4, SYN]), Skip::NotTcp);
    let udp = IPV4.replace("40 06", "40 11");
    assert_eq!(skipped(101, &[FROM_ROUTER, "03 03 00 00 00 00 00 00", &udp, SYN]), Skip::NotTcp);
    assert_eq!(skipped(101, &[FROM_ROUTER, "03 03 00 00 00 00 00 00", IPV4, "ce 60"]), Skip::NotTcp);
    assert_eq!(skipped(101, &[FROM_ROUTER, "03 03"]), Skip::NotTcp);
}
