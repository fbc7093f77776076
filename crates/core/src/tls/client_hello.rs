//! A ClientHello out of its bytes (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).
//!
//! In: the message without its header, whole or cut. Out: a [`ClientHello`], always: what could not be read is empty
//! and the hello says so. One walk over the extensions, each looked at once.

use super::cursor::{Cursor, numbers, whole};
use super::extension;
use super::{ClientHello, HelloFormat, KeyShare, Sni};
use crate::types::{Moment, NotVisible};

/// How the message came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carriage {
    pub(super) begun: Moment,
    pub(super) completed: Moment,
    pub(super) segments: u32,
    /// With the message header.
    pub(super) length: u32,
    pub(super) record_version: u16,
}

impl ClientHello {
    /// A hello of which nothing is known but how it came.
    fn unread(carriage: Carriage, format: HelloFormat) -> Self {
        Self {
            completed: carriage.completed,
            begun: carriage.begun,
            segments: carriage.segments,
            length: carriage.length,
            format,
            record_version: carriage.record_version,
            legacy_version: 0,
            session_id: Vec::new(),
            cipher_suites: Vec::new(),
            compression: Vec::new(),
            extensions: Vec::new(),
            sni: Sni::Absent,
            alpn: Vec::new(),
            alpn_first_raw: Vec::new(),
            supported_versions: Vec::new(),
            groups: Vec::new(),
            point_formats: Vec::new(),
            signature_algorithms: Vec::new(),
            key_shares: Vec::new(),
            ech: false,
            pre_shared_key: false,
            early_data: false,
            session_ticket_len: None,
            malformed: false,
        }
    }

    /// The body was not understood to its end: what was not found may be there all the same.
    fn not_read_to_its_end(&mut self, why: NotVisible) {
        self.malformed = true;
        if self.sni == Sni::Absent {
            self.sni = Sni::NotVisible(why);
        }
    }
}

/// Reads the body of a whole ClientHello.
pub(super) fn read(body: &[u8], carriage: Carriage) -> ClientHello {
    read_until(body, carriage, NotVisible::Malformed)
}

/// Reads what there is of a ClientHello whose rest is missing.
pub(super) fn read_cut(body: &[u8], carriage: Carriage, why: NotVisible) -> ClientHello {
    let mut hello = read_until(body, carriage, why);
    // The end of the bytes can be the end of a list by chance.
    hello.not_read_to_its_end(why);
    hello
}

fn read_until(body: &[u8], carriage: Carriage, why: NotVisible) -> ClientHello {
    let mut hello = ClientHello::unread(carriage, HelloFormat::Tls);
    if read_fields(&mut hello, Cursor::new(body)).is_none() {
        hello.not_read_to_its_end(why);
    }
    hello
}

fn read_fields(hello: &mut ClientHello, mut body: Cursor<'_>) -> Option<()> {
    hello.legacy_version = body.u16()?;
    body.take(32)?; // random
    let session_id = body.vector8()?;
    hello.session_id = session_id.to_vec();
    hello.cipher_suites = numbers(body.vector16()?)?;
    hello.compression = body.vector8()?.to_vec();
    // These three are checked because a wrong length before them would end the hello early, as if without extensions.
    if session_id.len() > 32 || hello.cipher_suites.is_empty() || !is_compression_list(&hello.compression) {
        return None;
    }
    if body.is_empty() {
        // RFC 5246 section 7.4.1.2: "The presence of extensions can be detected by ... bytes following".
        return Some(());
    }
    let announced = usize::from(body.u16()?);
    let there = body.rest();
    let list = there.get(..announced).unwrap_or(there);
    // Most hellos have 8 to 18 extensions.
    hello.extensions.reserve_exact(20.min(list.len() / 4));
    let well_formed = read_extensions(hello, Cursor::new(list))?;
    (well_formed && there.len() == announced).then_some(())
}

/// null(0) must be there, DEFLATE(1) and LZS(64) may, the rest is private use (RFC 3749 section 2, RFC 3943).
fn is_compression_list(methods: &[u8]) -> bool {
    methods.contains(&0) && methods.iter().all(|method| matches!(method, 0 | 1 | 64 | 224..=255))
}

/// `None` where the list can not be followed; false where an extension's own content is wrong.
fn read_extensions(hello: &mut ClientHello, mut list: Cursor<'_>) -> Option<bool> {
    let mut well_formed = true;
    while !list.is_empty() {
        let number = list.u16()?;
        let content = list.vector16();
        // RFC 8446 section 4.2: no number twice. If it is, the first one holds.
        let first_of_its_kind = !hello.extensions.contains(&number);
        hello.extensions.push(number);
        let content = content?;
        if first_of_its_kind {
            well_formed &= read_extension(hello, number, content).is_some();
        }
    }
    Some(well_formed)
}

/// What one extension says; `None` where its content does not have its form. Beyond those that are read, the ones with
/// a simple form are checked: a wrong length must not swallow the next extension unseen.
fn read_extension(hello: &mut ClientHello, number: u16, content: &[u8]) -> Option<()> {
    match number {
        extension::SERVER_NAME => {
            hello.sni = Sni::NotVisible(NotVisible::Malformed);
            hello.sni = server_name(content)?;
        }
        extension::SUPPORTED_GROUPS => hello.groups = numbers(whole(content, Cursor::vector16)?)?,
        extension::EC_POINT_FORMATS => hello.point_formats = whole(content, Cursor::vector8)?.to_vec(),
        extension::SIGNATURE_ALGORITHMS => {
            hello.signature_algorithms = numbers(whole(content, Cursor::vector16)?)?;
        }
        extension::ALPN => protocol_names(hello, whole(content, Cursor::vector16)?)?,
        extension::SUPPORTED_VERSIONS => hello.supported_versions = numbers(whole(content, Cursor::vector8)?)?,
        extension::KEY_SHARE | extension::KEY_SHARE_DRAFT => {
            hello.key_shares = key_shares(whole(content, Cursor::vector16)?)?;
        }
        extension::SESSION_TICKET => hello.session_ticket_len = u32::try_from(content.len()).ok(),
        extension::PRE_SHARED_KEY => {
            hello.pre_shared_key = true;
            // RFC 8446 section 4.2.11: identities, then binders.
            whole(content, |list| list.vector16().and_then(|_| list.vector16()))?;
        }
        extension::EARLY_DATA => hello.early_data = true,
        extension::ENCRYPTED_CLIENT_HELLO => hello.ech = true,
        extension::ENCRYPT_THEN_MAC | extension::EXTENDED_MASTER_SECRET | extension::POST_HANDSHAKE_AUTH => {
            return content.is_empty().then_some(());
        }
        extension::PSK_KEY_EXCHANGE_MODES | extension::COMPRESS_CERTIFICATE | extension::RENEGOTIATION_INFO => {
            whole(content, Cursor::vector8)?;
        }
        extension::SIGNATURE_ALGORITHMS_CERT => {
            whole(content, Cursor::vector16)?;
        }
        extension::STATUS_REQUEST => {
            // RFC 6066 section 8: ocsp(1), responders, request extensions.
            whole(content, |request| request.u8().and_then(|_| request.vector16()).and_then(|_| request.vector16()))?;
        }
        extension::PADDING => {
            // RFC 7685 section 3: "MUST be set to all zero".
            return content.iter().all(|&byte| byte == 0).then_some(());
        }
        _ => {}
    }
    Some(())
}

/// RFC 6066 section 3: a list of names, of which only host_name(0) was ever defined.
fn server_name(content: &[u8]) -> Option<Sni> {
    if content.is_empty() {
        return Some(Sni::Empty);
    }
    let mut names = Cursor::new(whole(content, Cursor::vector16)?);
    while !names.is_empty() {
        let kind = names.u8()?;
        let name = names.vector16()?;
        if kind == 0 && !name.is_empty() {
            return Some(Sni::Present(String::from_utf8_lossy(name).into_owned()));
        }
    }
    Some(Sni::Empty)
}

fn protocol_names(hello: &mut ClientHello, list: &[u8]) -> Option<()> {
    let mut list = Cursor::new(list);
    while !list.is_empty() {
        let name = list.vector8()?;
        if hello.alpn.is_empty() {
            hello.alpn_first_raw = name.to_vec();
        }
        hello.alpn.push(String::from_utf8_lossy(name).into_owned());
    }
    Some(())
}

fn key_shares(list: &[u8]) -> Option<Vec<KeyShare>> {
    let mut list = Cursor::new(list);
    let mut shares = Vec::new();
    while !list.is_empty() {
        let group = list.u16()?;
        let key = list.vector16()?;
        shares.push(KeyShare { group, length: u16::try_from(key.len()).unwrap_or(u16::MAX) });
    }
    Some(shares)
}

/// Reads the body of an SSLv2 ClientHello after its version (RFC 5246 appendix E.2). Of its cipher specs those that are
/// TLS suites are kept; the SSLv2 kinds have numbers of three bytes and no client of today means them.
pub(super) fn read_sslv2(version: u16, body: &[u8], carriage: Carriage) -> ClientHello {
    let mut hello = ClientHello::unread(carriage, HelloFormat::Sslv2);
    hello.legacy_version = version;
    if read_sslv2_fields(&mut hello, Cursor::new(body)).is_none() {
        // The format has no place for a name: that stays true of a damaged one.
        hello.malformed = true;
    }
    hello
}

fn read_sslv2_fields(hello: &mut ClientHello, mut body: Cursor<'_>) -> Option<()> {
    let specs_length = body.u16()?;
    let session_id_length = body.u16()?;
    let challenge_length = body.u16()?;
    let (specs, left_over) = body.take(specs_length.into())?.as_chunks::<3>();
    hello.cipher_suites =
        specs.iter().filter(|spec| spec[0] == 0).map(|&[_, high, low]| u16::from_be_bytes([high, low])).collect();
    hello.session_id = body.take(session_id_length.into())?.to_vec();
    body.take(challenge_length.into())?;
    (left_over.is_empty() && body.is_empty()).then_some(())
}
