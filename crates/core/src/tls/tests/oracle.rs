//! The same hellos through tls-parser, which is another's reading of the same RFCs.

use tls_parser::{
    TlsExtension, TlsExtensionType, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extensions,
    parse_tls_plaintext,
};

use super::{observe, recording};
use crate::tls::Sni;
use crate::types::Side;

#[test]
fn a_second_reader_finds_the_same_in_every_whole_hello() {
    let recordings = [
        recording!("tls13"),
        recording!("tls12-resumed"),
        recording!("tls13-resumed"),
        recording!("protocol-version"),
        recording!("no-server-name"),
        recording!("early-data"),
        recording!("node"),
        recording!("curl"),
    ];
    for segments in recordings {
        let hello = observe(&segments).client_hello.unwrap();
        let (_, record) = parse_tls_plaintext(&segments[0].1).unwrap();
        let [TlsMessage::Handshake(TlsMessageHandshake::ClientHello(theirs))] = &record.msg[..] else {
            panic!("not one hello")
        };
        assert_eq!(hello.legacy_version, theirs.version.0);
        assert_eq!(hello.session_id, theirs.session_id.unwrap_or_default());
        assert_eq!(hello.cipher_suites, theirs.ciphers.iter().map(|suite| suite.0).collect::<Vec<_>>());
        assert_eq!(hello.compression, theirs.comp.iter().map(|method| method.0).collect::<Vec<_>>());
        let (_, extensions) = parse_tls_client_hello_extensions(theirs.ext.unwrap_or_default()).unwrap();
        let numbers = extensions.iter().map(|extension| TlsExtensionType::from(extension).0).collect::<Vec<_>>();
        // tls-parser gives back 21 for encrypt_then_mac (22).
        let numbers_of_ours = hello.extensions.iter().map(|&number| if number == 22 { 21 } else { number });
        assert_eq!(
            numbers_of_ours.collect::<Vec<_>>(),
            numbers.iter().map(|&n| if n == 22 { 21 } else { n }).collect::<Vec<_>>()
        );
        for extension in &extensions {
            match extension {
                TlsExtension::SNI(names) => {
                    let name = String::from_utf8(names[0].1.to_vec()).unwrap();
                    assert_eq!(hello.sni, Sni::Present(name));
                }
                TlsExtension::ALPN(names) => {
                    assert_eq!(hello.alpn, names.iter().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>());
                }
                TlsExtension::SupportedVersions(versions) => {
                    assert_eq!(hello.supported_versions, versions.iter().map(|version| version.0).collect::<Vec<_>>());
                }
                TlsExtension::EllipticCurves(groups) => {
                    assert_eq!(hello.groups, groups.iter().map(|group| group.0).collect::<Vec<_>>());
                }
                TlsExtension::SignatureAlgorithms(algorithms) => assert_eq!(&hello.signature_algorithms, algorithms),
                TlsExtension::EcPointFormats(formats) => assert_eq!(&hello.point_formats, formats),
                TlsExtension::PreSharedKey(_) => assert!(hello.pre_shared_key),
                TlsExtension::EarlyData(_) => assert!(hello.early_data),
                _ => {}
            }
        }
    }
}

#[test]
fn a_second_reader_finds_the_same_in_server_hellos() {
    for segments in [recording!("tls13"), recording!("tls12"), recording!("tls12-resumed"), recording!("tls13-resumed")]
    {
        let answer = observe(&segments).server_hello.unwrap();
        let (_, bytes) = segments.iter().find(|(side, _)| *side == Side::Server).unwrap();
        let (_, record) = parse_tls_plaintext(bytes).unwrap();
        let TlsMessage::Handshake(TlsMessageHandshake::ServerHello(theirs)) = &record.msg[0] else {
            panic!("no server hello")
        };
        assert_eq!(answer.legacy_version, theirs.version.0);
        assert_eq!(answer.cipher_suite, theirs.cipher.0);
        assert_eq!(answer.session_id, theirs.session_id.unwrap_or_default());
    }
}
