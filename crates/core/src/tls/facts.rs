//! The public facts of a handshake.

use super::CertificateMessage;
use super::version::is_tls13;
use crate::types::{Moment, NotVisible, Seen, Side, Sided};

/// What was seen of TLS on one connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tls {
    /// How far the handshake came, as far as a passive observer can tell.
    pub stage: Stage,
    /// The first ClientHello; after a HelloRetryRequest see `second_client_hello`.
    pub client_hello: Option<Box<ClientHello>>,
    /// The ClientHello that answered a HelloRetryRequest (RFC 8446 section 4.1.2).
    pub second_client_hello: Option<Box<ClientHello>>,
    /// Another ClientHello in the place of the first in the stream, whole in one segment: one of the two is forged. All else tells of the
    /// one that was captured first.
    pub contradicting_client_hello: Option<Box<ClientHello>>,
    /// A ClientHello whose start was seen and whose rest was not, and why: nothing in it may be called missing.
    pub client_hello_cut: Option<(Moment, NotVisible)>,
    /// How many bytes of that ClientHello were captured, its four bytes of header included; `None` where not even its type was.
    pub client_hello_cut_after: Option<u32>,
    /// What could be read of the ClientHello that was cut. A name in it was really sent; whatever is not in it may have
    /// been. Its `completed` is the last packet that brought bytes of it.
    pub client_hello_part: Option<Box<ClientHello>>,
    /// The ServerHello that is not a HelloRetryRequest.
    pub server_hello: Option<Box<ServerHello>>,
    /// The HelloRetryRequest (RFC 8446 section 4.1.4).
    pub hello_retry: Option<Box<ServerHello>>,
    /// A ServerHello whose start was seen and whose rest was not, and why. The server did answer.
    pub server_hello_cut: Option<(Moment, NotVisible)>,
    /// Alerts in clear, in the order of the capture; at most 8.
    pub alerts: Vec<Alert>,
    /// The first encrypted alert of each sender, as long as it sent no application data. Up to TLS 1.2 the record type
    /// tells. TLS 1.3 hides the type: there it is a record as long as an alert and no other handshake message (19 bytes,
    /// 11 with a short tag, 35 of a side that pads as JSSE does), which two bytes of early data would be too. What it says is not visible: before the sender's
    /// Finished it refuses the peer, after it it is most often close_notify.
    pub encrypted_alerts: Sided<Option<Moment>>,
    /// The server's Certificate message, visible up to TLS 1.2 and absent in a resumed handshake.
    pub server_certificate: Option<Box<CertificateMessage>>,
    /// Where the server asked for a client certificate; visible up to TLS 1.2.
    pub certificate_request: Option<Moment>,
    /// The client's Certificate message, visible up to TLS 1.2.
    pub client_certificate: Option<Box<CertificateMessage>>,
    /// When the client's Finished was sent (its first encrypted record after ChangeCipherSpec, or after the server's
    /// flight in TLS 1.3): the client accepted the server. With a client certificate in TLS 1.3 it is the record that has
    /// the length of a Finished, or the first one where none has.
    pub client_finished: Option<Moment>,
    /// TLS 1.3: the client's first handshake message after the server's flight. It is the Finished, or a Certificate before it.
    pub client_flight: Option<Moment>,
    /// Whether the client pads its TLS 1.3 records by 16 bytes as JSSE (Java) does, as the length of its Finished shows.
    pub client_pads: bool,
    /// The server's Finished in TLS 1.2, or its first encrypted record in TLS 1.3.
    pub server_finished: Option<Moment>,
    /// Application data records begun by the client after the handshake. A mark of presence, not a count of what was
    /// sent: nothing is read any more once the handshake is over and data flowed.
    pub client_data_records: u32,
    /// Application data records begun by the server after the handshake; see `client_data_records`. In TLS 1.3 a session
    /// ticket looks the same.
    pub server_data_records: u32,
    /// How many of `server_data_records` are session tickets by their lengths (RFC 8446 section 4.6.1): what a server sends unasked. One
    /// alone counts only where the client sent no data, for which it would be an answer.
    pub session_tickets: u32,
    /// Whether the last record of the server is not whole, up to the end of the handshake: the rest of it was not sent, or not captured.
    pub server_record_open: bool,
    /// Bytes that did not follow the record or handshake format, by sender: the first place.
    pub malformed: Option<(Side, Moment)>,
    /// Where the side in `malformed` sent no TLS from its first byte on: these bytes, of its segment alone and at most 64, as sent. A server that
    /// speaks something else says here what.
    pub other_bytes: Vec<u8>,
    /// Whether a session was resumed (RFC 5246 section 7.3, RFC 8446 section 2.2); `None` where it can not be told.
    pub resumed: Option<bool>,
    /// Whether the TLS client was the TCP server, as for the data connections of active FTP over TLS. "Client" and
    /// "server" in this record are those of TLS, [`Side`]s are those of TCP.
    pub reversed: bool,
}

/// A length can be claimed; more of a message is never kept by far.
const MOST_OF_A_HELLO: u32 = 1 << 20;

impl Tls {
    /// Whether something was not read because a limit was reached.
    pub(crate) fn is_over_limit(&self) -> bool {
        let hellos = [self.client_hello_cut, self.server_hello_cut].into_iter().flatten().map(|(_, why)| why);
        let messages = [&self.server_certificate, &self.client_certificate].into_iter().flatten();
        let chains = messages.filter_map(|message| message.chain.as_ref().err().copied());
        hellos.chain(chains).any(|why| why == NotVisible::OverLimit)
    }

    /// Bytes that the hellos of the client take, by their length: those of servers are small, and chains are counted apart.
    pub(crate) fn kept(&self) -> u32 {
        let hellos =
            [&self.client_hello, &self.second_client_hello, &self.contradicting_client_hello, &self.client_hello_part];
        hellos.into_iter().flatten().fold(0, |sum, hello| sum.saturating_add(hello.length.min(MOST_OF_A_HELLO)))
    }

    /// The ClientHello that the ServerHello answers: the second, where there was a HelloRetryRequest and an answer to it.
    pub(crate) fn last_client_hello(&self) -> Option<&ClientHello> {
        self.second_client_hello.as_deref().or(self.client_hello.as_deref())
    }

    /// The first fatal alert in clear.
    pub fn fatal_alert(&self) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.level == AlertLevel::FATAL)
    }

    /// Whether the handshake was completed as far as can be seen: application data flowed, or both sides finished.
    pub fn is_established(&self) -> bool {
        self.stage == Stage::Established
    }

    /// Whether all went well and the client then asked for nothing, nor did the server say anything but session tickets.
    pub(crate) fn was_not_used(&self) -> bool {
        let silent_server = self.server_data_records <= self.session_tickets;
        self.is_established()
            && !self.reversed
            && self.client_data_records == 0
            && silent_server
            && self.alerts.is_empty()
    }

    /// Whether the client has not done its part of a handshake of which everything so far is known.
    pub(crate) fn waits_for_client(&self) -> bool {
        (Stage::ClientHello..=Stage::ServerFlight).contains(&self.stage) && self.client_finished.is_none()
    }

    /// Whether the client has done its part, and the server's ChangeCipherSpec and Finished are due: TLS 1.2 and older (RFC 5246 section 7.3),
    /// of TLS 1.3 the server finishes first.
    pub(crate) fn waits_for_server(&self) -> bool {
        let is_old = self.server_hello.as_deref().is_some_and(|hello| !is_tls13(hello.version) && !hello.is_sslv2());
        self.stage == Stage::ClientFinished && is_old && !self.reversed
    }
}

/// How far a handshake came. Each stage holds until something of a later one is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// TLS was recognised, no whole ClientHello was seen.
    #[default]
    Begun,
    /// A whole ClientHello was seen.
    ClientHello,
    /// The server asked for another ClientHello.
    HelloRetry,
    /// A ServerHello was seen.
    ServerHello,
    /// The server's flight was seen to its end (TLS 1.2: ServerHelloDone), or its first encrypted record (TLS 1.3).
    ServerFlight,
    /// The client finished its side of the handshake.
    ClientFinished,
    /// Both sides finished, or application data was seen.
    Established,
    /// The capture began inside the encrypted part: nothing can be said of the handshake.
    MidStream,
}

impl Stage {
    /// The stage as in the `tls_stage` column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::ClientHello => "client-hello",
            Self::HelloRetry => "hello-retry",
            Self::ServerHello => "server-hello",
            Self::ServerFlight => "server-flight",
            Self::ClientFinished => "client-finished",
            Self::Established => "established",
            Self::MidStream => "mid-stream",
        }
    }
}

/// The server name that the client asked for (RFC 6066 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sni {
    /// The extension names a host. Raw bytes as sent, lossily decoded: escape before showing.
    Present(String),
    /// The extension is there without a host name.
    Empty,
    /// The hello was parsed to its end and has no such extension.
    Absent,
    /// The hello could not be parsed to its end.
    NotVisible(NotVisible),
}

/// How the hello was framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HelloFormat {
    /// TLS records.
    #[default]
    Tls,
    /// The SSLv2-compatible format of RFC 5246 appendix E.2: has no extensions at all.
    Sslv2,
}

/// A ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).
#[derive(Clone, Debug, PartialEq)]
pub struct ClientHello {
    /// The packet that completes it.
    pub completed: Moment,
    /// The packet with its first byte.
    pub begun: Moment,
    /// Segments that carry bytes of it.
    pub segments: u32,
    /// Length of the handshake message with its 4-byte header, without record headers; of an SSLv2 hello without its
    /// 2-byte header.
    pub length: u32,
    /// Record or SSLv2 framing.
    pub format: HelloFormat,
    /// Version in the first record header.
    pub record_version: u16,
    /// `legacy_version`.
    pub legacy_version: u16,
    /// The legacy session identifier.
    pub session_id: Vec<u8>,
    /// Cipher suites in wire order, GREASE included; of an SSLv2 hello those that are TLS suites.
    pub cipher_suites: Vec<u16>,
    /// Compression methods.
    pub compression: Vec<u8>,
    /// Extension numbers in wire order, GREASE included.
    pub extensions: Vec<u16>,
    /// server_name.
    pub sni: Sni,
    /// ALPN protocol names (RFC 7301), lossily decoded: escape before showing.
    pub alpn: Vec<String>,
    /// The first ALPN value's raw bytes, for JA4.
    pub alpn_first_raw: Vec<u8>,
    /// supported_versions in wire order, GREASE included; empty where the extension is absent.
    pub supported_versions: Vec<u16>,
    /// supported_groups in wire order, GREASE included.
    pub groups: Vec<u16>,
    /// ec_point_formats.
    pub point_formats: Vec<u8>,
    /// signature_algorithms in wire order.
    pub signature_algorithms: Vec<u16>,
    /// key_share entries.
    pub key_shares: Vec<KeyShare>,
    /// Whether encrypted_client_hello (0xfe0d) is there: a real hidden name, or GREASE; the two look the same.
    pub ech: bool,
    /// Whether pre_shared_key is there.
    pub pre_shared_key: bool,
    /// Whether early_data is there.
    pub early_data: bool,
    /// Length of the session ticket (RFC 5077), where the extension is there.
    pub session_ticket_len: Option<u32>,
    /// Whether the extension list was cut or malformed: what is missing can then not be called absent.
    pub malformed: bool,
}

/// One key_share entry (RFC 8446 section 4.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShare {
    /// Named group.
    pub group: u16,
    /// Length of the key.
    pub length: u16,
}

/// A ServerHello or a HelloRetryRequest (RFC 8446 sections 4.1.3 and 4.1.4).
#[derive(Clone, Debug, PartialEq)]
pub struct ServerHello {
    /// The packet that completes it.
    pub completed: Moment,
    /// `legacy_version`.
    pub legacy_version: u16,
    /// The version that holds: supported_versions, else `legacy_version`.
    pub version: u16,
    /// The cipher suite; see [`suite`](Self::suite).
    pub cipher_suite: u16,
    /// Extension numbers in wire order.
    pub extensions: Vec<u16>,
    /// The chosen ALPN protocol, visible up to TLS 1.2.
    pub alpn: Seen<String>,
    /// The group of the key share, or the group asked for in a HelloRetryRequest.
    pub group: Option<u16>,
    /// The session identifier that the server sent.
    pub session_id: Vec<u8>,
    /// Whether the random ends in the downgrade mark of RFC 8446 section 4.1.3.
    pub downgrade_mark: bool,
    /// Whether a pre-shared key was accepted (RFC 8446 section 4.2.11).
    pub pre_shared_key: bool,
}

impl ServerHello {
    /// The cipher suite that the server chose; `None` in SSL 2.0, where the client chooses one later.
    pub fn suite(&self) -> Option<u16> {
        (!self.is_sslv2()).then_some(self.cipher_suite)
    }

    /// Whether what follows is SSL 2.0, which has no records.
    pub(crate) const fn is_sslv2(&self) -> bool {
        self.version == 0x0002
    }
}

/// An alert level on the wire (RFC 8446 section 6); unknown values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertLevel(pub u8);

impl AlertLevel {
    /// warning(1).
    pub const WARNING: Self = Self(1);
    /// fatal(2).
    pub const FATAL: Self = Self(2);

    /// `warning`, `fatal`, or the number.
    pub fn name(self) -> String {
        match self {
            Self::WARNING => "warning".to_owned(),
            Self::FATAL => "fatal".to_owned(),
            Self(other) => other.to_string(),
        }
    }
}

/// An alert in clear (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it, as an end of the TCP connection.
    pub by: Side,
    /// The packet that completes it.
    pub at: Moment,
    /// Its level.
    pub level: AlertLevel,
    /// Its description, see [`names::alert`](super::names::alert).
    pub description: u8,
}
