//! Certificates in clear: of a recording, damaged, cut, and against names and times.

use std::sync::Arc;

use super::{Segment, observe, observe_in_pieces, packet, recording};
use crate::limits::Limits;
use crate::tls::{Certificate, CertificateMessage, Chains, TlsObserver, Validity};
use crate::types::{NotVisible, Side, Timestamp};

const HOUR: i64 = 3_600_000_000_000;

fn server_certificate(segments: &[Segment]) -> CertificateMessage {
    *observe(segments).server_certificate.expect("the recording has one")
}

#[test]
fn a_recorded_certificate() {
    let message = server_certificate(&recording!("tls12"));
    assert_eq!((message.begun, message.completed), (packet(2), packet(2)));
    let leaf = message.leaf().expect("it can be read");
    assert_eq!(message.certificates().len(), 1);
    assert_eq!((leaf.subject.as_str(), leaf.issuer.as_str()), ("CN=shop.example.test", "CN=shop.example.test"));
    assert_eq!(leaf.dns_names, ["shop.example.test"]);
    assert_eq!((leaf.key.as_ref(), leaf.key_bits, leaf.signature.as_ref()), ("EC", Some(256), "ecdsa-with-SHA256"));
    assert!(leaf.self_issued && leaf.names_host("shop.example.test") && !leaf.names_host("www.shop.example.test"));
}

#[test]
fn pieces_make_no_difference_but_to_the_packets() {
    let segments = recording!("tls12");
    let whole = server_certificate(&segments);
    for size in [1, 7, 100, 500] {
        let tls = observe_in_pieces(&segments, size);
        assert_eq!(tls.server_certificate.as_deref(), Some(&whole));
    }
}

#[test]
fn equal_chains_are_kept_once() {
    let chains = Chains::new(&Limits::default());
    let chain = || {
        let mut observer = TlsObserver::sharing(&Limits::default(), &chains);
        super::feed(&mut observer, &recording!("tls12"), usize::MAX);
        observer.finish().server_certificate.expect("the recording has one").chain.expect("it is whole")
    };
    let (one, other) = (chain(), chain());
    assert!(Arc::ptr_eq(&one, &other));
}

#[test]
fn tls_1_3_shows_none() {
    assert_eq!(observe(&recording!("tls13")).server_certificate, None);
}

#[test]
fn a_hole_in_the_certificate_hides_it_and_nothing_else() {
    let segments = recording!("tls12");
    let flight = &segments[1].1;
    let place = flight.windows(6).position(|at| at.starts_with(&[22, 3, 3]) && at[5] == 11).expect("a certificate");
    let mut observer = TlsObserver::new(&Limits::default());
    observer.on_bytes(Side::Client, &segments[0].1, packet(1));
    observer.on_bytes(Side::Server, &flight[..place + 50], packet(2));
    observer.on_gap(Side::Server, 10, NotVisible::NotCaptured, packet(3));
    observer.on_bytes(Side::Server, &flight[place + 60..], packet(4));
    let tls = observer.finish();
    let message = tls.server_certificate.as_deref().expect("it was begun");
    assert_eq!((&message.chain, message.leaf()), (&Err(NotVisible::NotCaptured), None));
    assert!(message.length.is_some_and(|length| length > 100) && !message.is_empty());
    assert_eq!((tls.stage, tls.resumed), (crate::tls::Stage::ServerFlight, Some(false)));
}

#[test]
fn a_certificate_above_the_limit_is_not_kept() {
    let mut observer = TlsObserver::new(&Limits { max_handshake_bytes: 300, ..Limits::default() });
    let segments = recording!("tls12");
    // In pieces: what lies whole in a segment is read where it lies.
    super::feed(&mut observer, &segments, 100);
    let tls = observer.finish();
    assert_eq!(tls.server_certificate.expect("it was begun").chain, Err(NotVisible::OverLimit));
    assert_eq!(tls.stage, crate::tls::Stage::Established);
}

#[test]
fn any_byte_may_be_wrong() {
    let message = server_certificate(&recording!("tls12"));
    let Ok(chain) = message.chain else { panic!("it is whole") };
    let good = chain.bytes().to_vec();
    let chains = Chains::new(&Limits::default());
    for place in 0..good.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[place] ^= flip;
            for certificate in chains.keep(&bytes).expect("there is room").certificates() {
                _ = (certificate.names_host("a.example"), certificate.validity_at(Timestamp::MAX));
            }
        }
        assert!(
            chains
                .keep(&good[..place])
                .expect("there is room")
                .certificates()
                .iter()
                .all(|certificate| certificate.malformed)
        );
    }
}

#[test]
fn wildcards_stand_for_one_label() {
    let names = ["example.org", "*.example.org", "*.b.*.org", "f*.example.net", "*", "*.com."];
    let certificate = Certificate { dns_names: names.map(str::to_owned).to_vec(), ..Certificate::default() };
    for name in ["example.org", "EXAMPLE.org", "example.org.", "a.example.org", "A.Example.Org", "x.com"] {
        assert!(certificate.names_host(name), "{name}");
    }
    for name in ["a.b.example.org", ".example.org", "a.b.c.org", "foo.example.net", "localhost", "192.0.2.1", ""] {
        assert!(!certificate.names_host(name), "{name}");
    }
    let by_address = Certificate { addresses: vec!["192.0.2.1".parse().unwrap()], ..Certificate::default() };
    assert!(by_address.names_host("192.0.2.1") && !by_address.names_host("192.0.2.2"));
}

#[test]
fn both_ends_of_a_validity_are_within() {
    let at = |hours: i64| Timestamp::from_nanos(hours * HOUR);
    let certificate = Certificate { not_before: Some(at(10)), not_after: Some(at(20)), ..Certificate::default() };
    let last = Timestamp::from_nanos(20 * HOUR + 999_999_999);
    assert_eq!([at(10), at(20), last].map(|time| certificate.validity_at(time)), [Validity::Valid; 3]);
    assert_eq!(certificate.validity_at(at(9)), Validity::NotYet);
    assert_eq!(certificate.validity_at(at(21)), Validity::Expired);
    assert_eq!(Certificate::default().validity_at(Timestamp::MAX), Validity::Valid);
}

#[test]
fn equal_chains_are_kept_once_and_no_more_than_there_is_room_for() {
    let chains = Chains::new(&Limits { max_certificate_bytes: 100, ..Limits::default() });
    let one = chains.keep(&[1; 60]).expect("there is room");
    let same = chains.keep(&[1; 60]).expect("it is there already");
    assert!(Arc::ptr_eq(&one, &same));
    assert_eq!(chains.keep(&[2; 60]), Err(NotVisible::OverLimit));
    drop((one, same));
    assert!(chains.keep(&[2; 60]).is_ok(), "what nobody holds takes no room");
    // Another analysis has a room of its own.
    let other = Chains::new(&Limits::default());
    assert!(other.keep(&[2; 60]).is_ok());
}
