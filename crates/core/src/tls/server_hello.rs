//! A ServerHello or a HelloRetryRequest out of its bytes (RFC 8446 sections 4.1.3 and 4.1.4).

use super::cursor::{Cursor, whole};
use super::version::is_tls13;
use super::{ServerHello, extension};
use crate::types::{Moment, NotVisible, Seen};

/// A HelloRetryRequest is a ServerHello with SHA-256("HelloRetryRequest") for its random (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a message of type server_hello turned out to be.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) hello: Box<ServerHello>,
    pub(super) retry: bool,
    /// Whether the extensions were read to their end.
    pub(super) well_formed: bool,
}

/// Reads the body of a server_hello message; `None` where even its fixed fields are not there.
pub(super) fn read(body: &[u8], completed: Moment) -> Option<Answer> {
    let mut body = Cursor::new(body);
    let mut hello = unread(completed, body.u16()?);
    let random = body.take(32)?;
    let retry = *random == RETRY_RANDOM;
    hello.downgrade_mark = matches!(random, [.., b'D', b'O', b'W', b'N', b'G', b'R', b'D', 0 | 1]);
    // Up to draft 21 of TLS 1.3 the message had neither session identifier nor compression method.
    let draft = is_tls13(hello.legacy_version);
    if !draft {
        hello.session_id = body.vector8()?.to_vec();
    }
    hello.cipher_suite = body.u16()?;
    if !draft {
        body.u8()?; // compression method
    }
    let well_formed = read_extensions(&mut hello, body);
    hide_what_is_encrypted(&mut hello, well_formed);
    Some(Answer { hello: Box::new(hello), retry, well_formed })
}

/// Reads a hello_retry_request message (type 6), as it was up to draft 21 of TLS 1.3.
pub(super) fn read_draft_retry(body: &[u8], completed: Moment) -> Option<Answer> {
    let mut body = Cursor::new(body);
    let mut hello = unread(completed, body.u16()?);
    // From draft 19 on the message names the cipher suite.
    let names_suite = hello.legacy_version & 0xff >= 19;
    if names_suite {
        hello.cipher_suite = body.u16()?;
    }
    let well_formed = read_extensions(&mut hello, body);
    hide_what_is_encrypted(&mut hello, well_formed);
    Some(Answer { hello: Box::new(hello), retry: true, well_formed })
}

/// Reads the body of an SSLv2 server-hello behind its first three bytes (draft-hickman-netscape-ssl-00 section 2.6): its version
/// and three lengths that fill it. It chooses no cipher: the client does, later.
pub(super) fn read_sslv2(version: u16, body: &[u8], completed: Moment) -> Option<ServerHello> {
    let mut body = Cursor::new(body);
    let said = body.u16()?;
    let lengths = [body.u16()?, body.u16()?, body.u16()?];
    for length in lengths {
        body.take(length.into())?;
    }
    (said == version && body.is_empty()).then(|| unread(completed, version))
}

/// Whether the beginning of a server_hello body is that of a HelloRetryRequest; `None` before the random's end.
pub(super) fn begins_retry(body: &[u8]) -> Option<bool> {
    body.get(2..34).map(|random| *random == RETRY_RANDOM)
}

const fn unread(completed: Moment, legacy_version: u16) -> ServerHello {
    ServerHello {
        completed,
        legacy_version,
        version: legacy_version,
        cipher_suite: 0,
        extensions: Vec::new(),
        alpn: Seen::No,
        group: None,
        session_id: Vec::new(),
        downgrade_mark: false,
        pre_shared_key: false,
    }
}

fn read_extensions(hello: &mut ServerHello, mut body: Cursor<'_>) -> bool {
    if body.is_empty() {
        return true;
    }
    let Some(list) = body.vector16() else { return false };
    read_list(hello, Cursor::new(list)).is_some_and(|well_formed| well_formed && body.is_empty())
}

/// `None` where the list can not be followed; false where an extension's own content is wrong.
fn read_list(hello: &mut ServerHello, mut list: Cursor<'_>) -> Option<bool> {
    let mut well_formed = true;
    while !list.is_empty() {
        let number = list.u16()?;
        hello.extensions.push(number);
        let content = list.vector16()?;
        well_formed &= read_extension(hello, number, content).is_some();
    }
    Some(well_formed)
}

fn read_extension(hello: &mut ServerHello, number: u16, content: &[u8]) -> Option<()> {
    match number {
        extension::SUPPORTED_VERSIONS => hello.version = whole(content, Cursor::u16)?,
        // A HelloRetryRequest has the group alone, a ServerHello the key after it.
        extension::KEY_SHARE | extension::KEY_SHARE_DRAFT => hello.group = Some(Cursor::new(content).u16()?),
        extension::PRE_SHARED_KEY => hello.pre_shared_key = true,
        extension::ALPN => {
            let name = whole(whole(content, Cursor::vector16)?, Cursor::vector8)?;
            hello.alpn = Seen::Yes(String::from_utf8_lossy(name).into_owned());
        }
        _ => {}
    }
    Some(())
}

/// In TLS 1.3 the chosen protocol is in EncryptedExtensions (RFC 8446 section 4.3.1).
fn hide_what_is_encrypted(hello: &mut ServerHello, well_formed: bool) {
    if hello.alpn == Seen::No {
        if is_tls13(hello.version) {
            hello.alpn = Seen::NotVisible(NotVisible::Encrypted);
        } else if !well_formed {
            hello.alpn = Seen::NotVisible(NotVisible::Malformed);
        }
    }
}
