//! What is said of recordings of real programs.

use super::{assert_same_facts, feed, observe, observe_in_pieces, packet, recording};
use crate::limits::Limits;
use crate::tls::{Alert, AlertLevel, Sni, Stage, TlsObserver, names};
use crate::types::{NotVisible, Seen, Side};

fn present(name: &str) -> Sni {
    Sni::Present(name.to_owned())
}

#[test]
fn a_tls_1_3_connection() {
    let tls = observe(&recording!("tls13"));
    let hello = tls.client_hello.as_deref().unwrap();
    assert_eq!(hello.sni, present("shop.example.test"));
    assert_eq!(hello.alpn, ["h2", "http/1.1"]);
    assert_eq!((hello.begun, hello.completed, hello.segments, hello.length), (packet(1), packet(1), 1, 336));
    assert_eq!(hello.versions_offered().collect::<Vec<_>>(), [0x0304, 0x0303, 0x0302, 0x0301]);
    assert_eq!(hello.key_shares.iter().map(|share| (share.group, share.length)).collect::<Vec<_>>(), [(0x1d, 32)]);
    assert!(!hello.malformed && !hello.pre_shared_key && !hello.early_data && !hello.ech);
    let answer = tls.server_hello.as_deref().unwrap();
    assert_eq!(names::version(answer.version), "TLS 1.3");
    assert_eq!(names::cipher_suite(answer.cipher_suite), "TLS_AES_256_GCM_SHA384");
    assert_eq!(answer.group.map(names::group).as_deref(), Some("x25519"));
    assert_eq!(answer.alpn, Seen::NotVisible(NotVisible::Encrypted));
    assert_eq!((tls.server_finished, tls.client_finished), (Some(packet(2)), Some(packet(3))));
    assert_eq!((tls.stage, tls.resumed), (Stage::Established, Some(false)));
    assert!(tls.client_data_records > 0 && tls.server_data_records > 0);
    assert_eq!((tls.malformed, tls.alerts.len()), (None, 0));
}

#[test]
fn a_tls_1_2_connection() {
    let tls = observe(&recording!("tls12"));
    let answer = tls.server_hello.as_deref().unwrap();
    assert_eq!(names::version(answer.version), "TLS 1.2");
    assert_eq!(names::cipher_suite(answer.cipher_suite), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    assert_eq!(answer.alpn, Seen::Yes("http/1.1".to_owned()));
    // A server that knows TLS 1.2 alone has nothing to mark.
    assert!(!answer.downgrade_mark);
    assert_eq!((tls.client_finished, tls.server_finished), (Some(packet(3)), Some(packet(4))));
    assert_eq!((tls.stage, tls.resumed), (Stage::Established, Some(false)));
    assert_eq!((tls.client_data_records, tls.server_data_records), (1, 1));
    assert!(tls.certificate_request.is_none());
}

#[test]
fn a_resumed_tls_1_2_session() {
    let tls = observe(&recording!("tls12-resumed"));
    assert_eq!((tls.stage, tls.resumed), (Stage::Established, Some(true)));
    assert_eq!((tls.server_finished, tls.client_finished), (Some(packet(2)), Some(packet(3))));
    assert!(tls.client_hello.unwrap().session_ticket_len.unwrap() > 0);
}

#[test]
fn a_resumed_tls_1_3_session() {
    let tls = observe(&recording!("tls13-resumed"));
    assert_eq!((tls.stage, tls.resumed), (Stage::Established, Some(true)));
    assert!(tls.client_hello.unwrap().pre_shared_key && tls.server_hello.unwrap().pre_shared_key);
}

#[test]
fn a_server_that_asks_for_another_group() {
    let tls = observe(&recording!("hello-retry"));
    assert_eq!(tls.hello_retry.as_deref().unwrap().group.map(names::group).as_deref(), Some("secp256r1"));
    let second = tls.second_client_hello.as_deref().unwrap();
    // The client's ChangeCipherSpec stands before its second hello.
    assert_eq!((second.completed, second.key_shares[0].group), (packet(3), 0x17));
    assert_eq!(tls.client_hello.as_deref().unwrap().key_shares[0].group, 0x1d);
    assert_eq!((tls.server_hello.unwrap().completed, tls.stage), (packet(4), Stage::Established));
    assert_eq!(tls.client_finished, Some(packet(5)));
}

#[test]
fn a_client_that_refuses_the_certificate_in_clear() {
    let tls = observe(&recording!("unknown-ca"));
    assert_eq!(tls.alerts, [Alert { by: Side::Client, at: packet(3), level: AlertLevel::FATAL, description: 48 }]);
    assert_eq!((tls.stage, tls.client_finished), (Stage::ServerFlight, None));
}

#[test]
fn a_server_that_refuses_the_version() {
    let tls = observe(&recording!("protocol-version"));
    let alert = tls.fatal_alert().unwrap();
    assert_eq!((alert.by, names::alert(alert.description).as_ref()), (Side::Server, "protocol_version"));
    assert_eq!((tls.stage, tls.server_hello), (Stage::ClientHello, None));
}

#[test]
fn a_hello_without_a_name() {
    let tls = observe(&recording!("no-server-name"));
    assert_eq!(tls.client_hello.unwrap().sni, Sni::Absent);
    assert_eq!(tls.stage, Stage::Established);
}

#[test]
fn a_client_certificate_in_records_of_its_own_is_not_the_finished() {
    let tls = observe(&recording!("client-certificate"));
    // Certificate, CertificateVerify and Finished are three records in packet 3; the request is packet 4.
    assert_eq!((tls.stage, tls.client_finished), (Stage::Established, Some(packet(3))));
    assert_eq!(tls.client_data_records, 1);
    assert_eq!(tls.encrypted_alerts[Side::Server], None);
}

#[test]
fn a_server_that_misses_the_client_certificate_says_so_encrypted() {
    let tls = observe(&recording!("no-client-certificate"));
    assert_eq!(tls.encrypted_alerts[Side::Server], Some(packet(4)));
    assert_eq!((tls.client_data_records, tls.server_data_records), (0, 0));
    assert_eq!(tls.alerts, []);
}

#[test]
fn a_server_that_misses_the_client_certificate_says_so_in_clear_in_tls_1_2() {
    let tls = observe(&recording!("no-client-certificate-tls12"));
    assert!(tls.certificate_request.is_some());
    assert!(tls.client_certificate.as_ref().is_some_and(|message| message.is_empty()));
    assert_eq!(names::alert(tls.fatal_alert().unwrap().description), "handshake_failure");
    assert_eq!(tls.stage, Stage::ClientFinished);
}

#[test]
fn early_data_is_not_the_finished() {
    let tls = observe(&recording!("early-data"));
    let hello = tls.client_hello.as_deref().unwrap();
    assert!(hello.early_data && hello.pre_shared_key);
    // Packet 1 holds the early data, packet 3 EndOfEarlyData and Finished.
    assert_eq!((tls.client_finished, tls.resumed), (Some(packet(3)), Some(true)));
    assert_eq!((tls.client_data_records, tls.stage), (0, Stage::Established));
}

#[test]
fn fingerprints_are_those_of_wireshark() {
    let hellos = [
        ("5a1edc7f170af1014fc65c994878e63c", recording!("tls13")),
        ("5a1edc7f170af1014fc65c994878e63c", recording!("tls12")),
        ("a766c0cb08b7143fcaf7ee210298ded8", recording!("hello-retry")),
        ("1a28e69016765d92e3b381168d68922c", recording!("node")),
        ("0149f47eabf9a20d0893e2a44e5a6323", recording!("curl")),
        ("c216e752cae6f8755fd27f561d031636", recording!("no-server-name")),
    ];
    for (ja3, segments) in hellos {
        assert_eq!(observe(&segments).client_hello.unwrap().ja3().as_deref(), Some(ja3));
    }
    assert_eq!(observe(&recording!("tls13")).server_hello.unwrap().ja3s(), "15af977ce25de452b96affa2addb1036");
    assert_eq!(observe(&recording!("tls12")).server_hello.unwrap().ja3s(), "e195432758194ce2d482396b82e0d48e");
}

#[test]
fn without_its_name_a_hello_keeps_the_last_two_thirds_of_its_ja4() {
    let with = observe(&recording!("unknown-ca")).client_hello.unwrap().ja4().unwrap();
    let without = observe(&recording!("no-server-name")).client_hello.unwrap().ja4().unwrap();
    assert_eq!(with, "t13d311000_e8f1e7e78f70_1f22a2ca17c4");
    assert_eq!(without, "t13i310900_e8f1e7e78f70_1f22a2ca17c4");
}

#[test]
fn pieces_do_not_matter() {
    let recordings = [
        recording!("tls13"),
        recording!("tls12"),
        recording!("tls12-resumed"),
        recording!("tls13-resumed"),
        recording!("hello-retry"),
        recording!("unknown-ca"),
        recording!("client-certificate"),
        recording!("no-client-certificate-tls12"),
        recording!("early-data"),
        recording!("node"),
    ];
    for segments in recordings {
        for size in [1, 2, 3, 5, 7, 64] {
            assert_same_facts(observe_in_pieces(&segments, size), observe(&segments));
        }
    }
}

#[test]
fn payload_is_left_alone_once_data_flowed_both_ways() {
    for segments in [recording!("tls13"), recording!("tls12"), recording!("tls12-resumed"), recording!("curl")] {
        let mut observer = TlsObserver::new(&Limits::default());
        feed(&mut observer, &segments[..2], usize::MAX);
        assert!(observer.wants(Side::Client) && observer.wants(Side::Server));
        feed(&mut observer, &segments[2..], usize::MAX);
        assert!(!observer.wants(Side::Client) && !observer.wants(Side::Server));
    }
}

#[test]
fn one_direction_alone() {
    let side = |side| recording!("tls13").into_iter().filter(move |segment| segment.0 == side).collect::<Vec<_>>();
    let client = observe(&side(Side::Client));
    assert_eq!((client.stage, client.server_hello.is_some()), (Stage::Established, false));
    let server = observe(&side(Side::Server));
    // Tickets and data look like the server's flight: nothing is claimed.
    assert_eq!((server.stage, server.client_hello.is_some()), (Stage::ServerFlight, false));
    assert!(!server.reversed && !client.reversed);
}
