//! The hello that the testkit writes has the structure of one that OpenSSL wrote.

use handshark_testkit::Noise;
use handshark_testkit::tls::{ClientHello, Group, Session, Version};

const OPENSSL: &[u8] = include_bytes!("openssl-client-hello.bin");

/// Reads from the front; every length must be there.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self, width: usize) -> usize {
        self.take(width).iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    fn vector(&mut self, width: usize) -> Self {
        let length = self.number(width);
        Self(self.take(length))
    }
}

/// What a hello consists of, without what is random or a matter of taste.
#[derive(Debug, PartialEq)]
struct Shape {
    record: (usize, usize),
    legacy_version: usize,
    session_id: usize,
    compression: Vec<u8>,
    /// Kind and body of the extensions whose content is given.
    extensions: Vec<(usize, Vec<u8>)>,
    key_shares: Vec<(usize, usize)>,
}

fn shape(bytes: &[u8]) -> Shape {
    let mut record = Cursor(bytes);
    let head = (record.number(1), record.number(2));
    let mut message = record.vector(2);
    assert!(record.0.is_empty(), "one record");
    assert_eq!(message.number(1), 1);
    let mut hello = message.vector(3);
    assert!(message.0.is_empty(), "one message");
    let legacy_version = hello.number(2);
    hello.take(32);
    let session_id = hello.vector(1).0.len();
    assert!(hello.vector(2).0.len().is_multiple_of(2));
    let compression = hello.vector(1).0.to_vec();
    let mut list = hello.vector(2);
    assert!(hello.0.is_empty(), "extensions are last");
    let (mut extensions, mut key_shares) = (Vec::new(), Vec::new());
    while !list.0.is_empty() {
        let kind = list.number(2);
        let mut body = list.vector(2);
        match kind {
            0 | 16 | 23 | 35 | 43 | 45 => extensions.push((kind, body.0.to_vec())),
            51 => {
                let mut shares = body.vector(2);
                while !shares.0.is_empty() {
                    key_shares.push((shares.number(2), shares.vector(2).0.len()));
                }
            }
            _ => {}
        }
    }
    extensions.sort();
    Shape { record: head, legacy_version, session_id, compression, extensions, key_shares }
}

#[test]
fn our_hello_has_the_structure_of_openssls() {
    let hello = ClientHello {
        server_name: Some("example.org".to_owned()),
        alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
        versions: vec![Version::TLS1_3, Version::TLS1_2, Version::TLS1_1, Version::TLS1_0],
        groups: vec![Group::X25519],
        ..ClientHello::default()
    };
    let ours = Session::new(Noise::new(1)).client_hello(&hello).unwrap();
    assert_eq!(shape(&ours), shape(OPENSSL));
}

#[test]
fn padding_reaches_the_size_asked_for() {
    for size in [600, 1_800] {
        let hello = ClientHello { size: Some(size), psk: true, ..ClientHello::default() };
        let bytes = Session::new(Noise::new(1)).client_hello(&hello).unwrap();
        assert_eq!(bytes.len(), size + 5);
        shape(&bytes);
    }
    let hello = ClientHello { size: Some(100), ..ClientHello::default() };
    let least = Session::new(Noise::new(1)).client_hello(&hello).unwrap_err();
    let hello = ClientHello { size: Some(least), ..ClientHello::default() };
    assert_eq!(Session::new(Noise::new(1)).client_hello(&hello).unwrap().len(), least + 5);
}

#[test]
fn a_hello_may_span_records() {
    let hello = ClientHello { records: 3, ..ClientHello::default() };
    let bytes = Session::new(Noise::new(1)).client_hello(&hello).unwrap();
    let mut rest = Cursor(&bytes);
    let mut records = 0;
    while !rest.0.is_empty() {
        assert_eq!(rest.take(3), [22, 3, 1]);
        rest.vector(2);
        records += 1;
    }
    assert_eq!(records, 3);
}
