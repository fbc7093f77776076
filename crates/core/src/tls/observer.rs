//! The observer of one connection: records into messages, messages and record headers into facts.

mod messages;

use super::message::{Message, Messages, Place};
use super::record::{self, AfterGap, RecordHeader, Records, Step};
use super::tickets::Tickets;
use super::{Alert, AlertLevel, Chains, ClientHello, HelloFormat, Stage, Tls};
use crate::limits::Limits;
use crate::types::{Moment, NotVisible, Side, Sided};

/// Reads the TLS of one connection out of the in-order bytes of both its directions.
///
/// Call [`on_bytes`](Self::on_bytes) and [`on_gap`](Self::on_gap) in the order of the capture, then
/// [`finish`](Self::finish). Nothing is refused and nothing fails: what can not be read is a fact too. A side for which
/// [`wants`](Self::wants) answers false needs no more calls.
#[derive(Debug)]
pub struct TlsObserver {
    pub(super) tls: Tls,
    pub(super) flows: Sided<Flow>,
    max_handshake_bytes: usize,
    chains: Chains,
    /// Since a ServerHello in SSLv2: how often one side spoke after the other, to 4.
    pub(super) sslv2_turns: Option<u8>,
    pub(super) tickets: Tickets,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Flow {
    records: Records,
    messages: Messages,
    content: Content,
    /// Version in the header of the current record.
    record_version: u16,
    /// Pieces delivered.
    pieces: u32,
    /// ChangeCipherSpec was sent: handshake records are encrypted from here, in TLS up to 1.2.
    changed_cipher: bool,
    /// Bytes are missing that may have held a handshake message.
    pub(super) holed: bool,
    /// Nothing more can be learned from this direction.
    pub(super) done: bool,
    /// Application data records, to 255.
    pub(super) data_records: u8,
    /// Encrypted records of a TLS 1.3 client after its first, of which it is not yet known whether they are handshake.
    pub(super) undecided: Option<u8>,
    /// Whether it pads its TLS 1.3 records as JSSE does; `None` until its Finished tells.
    pub(super) padded: Option<bool>,
    /// A clear or encrypted handshake message was seen.
    pub(super) shook: bool,
}

/// What is done with the body of the current record.
#[derive(Clone, Copy, Debug, Default)]
enum Content {
    /// Stepped over.
    #[default]
    Skip,
    /// Handshake messages in clear.
    Handshake,
    /// A handshake record after ChangeCipherSpec, of this length: a hello in clear, or encrypted. In TLS 1.3 a
    /// ChangeCipherSpec changes nothing and may stand before a second hello (RFC 8446 appendix D.4).
    Uncertain(u16),
    /// An alert of two bytes, with its level once that was read.
    Alert(Option<AlertLevel>),
}

const MAX_ALERTS: usize = 8;
/// How much is kept of what is no TLS: enough for a person to know the protocol by.
const OTHER_BYTES: usize = 64;

impl TlsObserver {
    /// An observer of a connection of which nothing was seen.
    pub fn new(limits: &Limits) -> Self {
        Self::sharing(limits, &Chains::new(limits))
    }

    /// One that shares the certificate chains of other connections.
    pub(crate) fn sharing(limits: &Limits, chains: &Chains) -> Self {
        let max_handshake_bytes = limits.max_handshake_bytes;
        Self {
            tls: Tls::default(),
            flows: Sided::default(),
            max_handshake_bytes,
            chains: chains.clone(),
            sslv2_turns: None,
            tickets: Tickets::default(),
        }
    }

    /// The next in-order bytes of one side: one call for each segment, or for each piece of one that was held back.
    /// `at` is the packet that made them available.
    pub fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment) {
        if let Some(turns) = self.sslv2_turns {
            self.on_sslv2(side, turns, at);
            return;
        }
        let flow = &mut self.flows[side];
        if flow.done || (flow.records.lost() && !flow.records.resume(bytes)) {
            return;
        }
        flow.pieces = flow.pieces.wrapping_add(1);
        while let Some(step) = self.flows[side].records.next(&mut bytes) {
            match step {
                Step::Body(body) => self.on_body(side, body, at),
                Step::Record(header) => self.on_record(side, header, at),
                Step::Sslv2(header) if header.answers && !self.answers_sslv2(side) => {
                    self.on_no_record(side, header.bytes, bytes, at);
                }
                Step::Sslv2(header) => {
                    let place = self.place(side, at);
                    let flow = &mut self.flows[side];
                    flow.messages.begin_sslv2(header, Place { record_version: header.version, ..place });
                    flow.content = Content::Handshake;
                }
                Step::NotARecord { header, first } => {
                    if first {
                        self.on_no_record(side, header, bytes, at);
                    } else {
                        self.on_malformed(side, at);
                    }
                }
            }
            if self.flows[side].done || self.sslv2_turns.is_some() {
                return;
            }
        }
    }

    /// `length` bytes of this side are missing: never captured, cut by the snap length, or given up.
    pub fn on_gap(&mut self, side: Side, length: u32, why: NotVisible, at: Moment) {
        let role = self.role(side);
        let no_hello = self.tls.client_hello.is_none();
        let flow = &mut self.flows[side];
        if flow.done || length == 0 {
            return;
        }
        // A record header that is a handshake's, or its bare content type: with a client it can only be the hello.
        let hello_begun = match flow.content {
            _ if flow.records.at_boundary() => false,
            Content::Handshake => flow.messages.pending().is_none(),
            Content::Skip | Content::Uncertain(_) | Content::Alert(_) => {
                flow.records.partial_header() == Some(record::HANDSHAKE)
            }
        };
        let first_message = flow.records.begun() && !flow.shook;
        if flow.records.gap(length) == AfterGap::InStep && matches!(flow.content, Content::Skip) {
            return;
        }
        flow.holed = true;
        let (cut, in_step) = match flow.records.lost() {
            true => (flow.messages.abandon(why), false),
            false => flow.messages.gap(length, why),
        };
        if !in_step {
            flow.content = Content::Skip;
        }
        match cut {
            Some(cut) => self.on_message(side, cut, at),
            None if role == Side::Client && no_hello && hello_begun && first_message => {
                self.tls.client_hello_cut.get_or_insert((at, why));
            }
            None => {}
        }
    }

    /// Other bytes in the place of some that were read before: perhaps another ClientHello.
    #[cold]
    pub(crate) fn on_other_bytes(&mut self, side: Side, bytes: &[u8], at: Moment) {
        if self.role(side) != Side::Client || self.tls.contradicting_client_hello.is_some() {
            return;
        }
        let mut aside = Self {
            tls: Tls::default(),
            flows: Sided::default(),
            max_handshake_bytes: self.max_handshake_bytes,
            chains: self.chains.clone(),
            sslv2_turns: None,
            tickets: Tickets::default(),
        };
        aside.on_bytes(side, bytes, at);
        let other = aside.finish().client_hello;
        // The bytes that differ may lie behind a hello that is sent again.
        let is_same = |other: &ClientHello| {
            self.tls.client_hello.as_deref().is_some_and(|hello| hello.sni == other.sni && hello.length == other.length)
        };
        self.tls.contradicting_client_hello = other.filter(|other| !is_same(other));
    }

    /// Whether bytes of this side can still change what is known.
    pub fn wants(&self, side: Side) -> bool {
        !self.flows[side].done
    }

    /// Bytes that are kept.
    pub(crate) fn kept(&self) -> u32 {
        let [client, server] = [&self.flows.client, &self.flows.server].map(|flow| flow.messages.kept());
        self.tls.kept().saturating_add((client + server) as u32)
    }

    /// What was seen so far.
    pub(crate) const fn so_far(&self) -> &Tls {
        &self.tls
    }

    /// Application data records that the client began so far, those included that may still be handshake.
    pub(crate) fn client_data_records(&self) -> u32 {
        self.tls.client_data_records + u32::from(self.flows.client.undecided.unwrap_or(0))
    }

    /// Records of the server after the client's Finished, and how many of them are known to be session tickets.
    pub(crate) const fn server_records(&self) -> (u32, u32) {
        (self.tls.server_data_records, self.tickets.count())
    }

    /// What was seen. A hello that was still being read is one whose rest was not captured.
    pub fn finish(mut self) -> Tls {
        for side in [Side::Client, Side::Server] {
            if let Some(Message::Cut(cut)) = self.flows[side].messages.abandon(NotVisible::NotCaptured) {
                self.on_cut(side, cut);
            }
            if let Some(undecided) = self.flows[side].undecided.take() {
                self.tls.client_data_records += u32::from(undecided);
            }
        }
        let server = &self.flows[self.role(Side::Server)];
        self.tls.server_record_open = !server.done && server.records.stands_in_a_record();
        self.tls.session_tickets = self.tickets.count_where(self.tls.client_data_records > 0);
        let client = self.role(Side::Client);
        self.tls.client_pads = self.flows[client].padded == Some(true);
        self.tls
    }

    fn place(&self, side: Side, at: Moment) -> Place {
        let flow = &self.flows[side];
        Place {
            at,
            piece: flow.pieces,
            record_version: flow.record_version,
            max_bytes: self.max_handshake_bytes,
            more_in_record: flow.records.body_goes_on(),
            only_hello_of: match flow.content {
                Content::Uncertain(length) => Some(length),
                Content::Skip | Content::Handshake | Content::Alert(_) => None,
            },
        }
    }

    fn on_record(&mut self, side: Side, header: RecordHeader, at: Moment) {
        let below_tls13 = self.is_tls13() == Some(false);
        let flow = &mut self.flows[side];
        flow.record_version = header.version;
        flow.content = match header.content_type {
            record::HANDSHAKE if self.tls.stage == Stage::MidStream && flow.data_records > 0 => Content::Skip,
            record::HANDSHAKE if flow.changed_cipher && below_tls13 => Content::Skip,
            record::HANDSHAKE if flow.changed_cipher => Content::Uncertain(header.length),
            record::HANDSHAKE => Content::Handshake,
            // With any cipher an encrypted alert is longer than its two bytes.
            record::ALERT if header.length == 2 => Content::Alert(None),
            _ => Content::Skip,
        };
        match header.content_type {
            record::HANDSHAKE if flow.changed_cipher && below_tls13 => self.on_encrypted_handshake(side, at),
            record::CHANGE_CIPHER_SPEC => self.on_change_cipher_spec(side),
            record::APPLICATION_DATA => self.on_application_data(side, header.length, at),
            record::ALERT if header.length > 2 && flow.data_records == 0 => {
                self.tls.encrypted_alerts[side].get_or_insert(at);
            }
            _ => {}
        }
    }

    fn on_body(&mut self, side: Side, mut body: &[u8], at: Moment) {
        match self.flows[side].content {
            Content::Skip => {}
            Content::Alert(None) => {
                let Some((&level, rest)) = body.split_first() else { return };
                self.flows[side].content = Content::Alert(Some(AlertLevel(level)));
                self.on_body(side, rest, at);
            }
            Content::Alert(Some(level)) => {
                let Some(&description) = body.first() else { return };
                self.flows[side].content = Content::Skip;
                self.on_alert(Alert { by: side, at, level, description });
            }
            Content::Handshake | Content::Uncertain(_) => {
                let place = self.place(side, at);
                while let Some(message) = self.flows[side].messages.next(&mut body, place, &self.chains) {
                    self.on_message(side, message, at);
                    if matches!(self.flows[side].content, Content::Skip) {
                        return;
                    }
                }
            }
        }
    }

    fn on_alert(&mut self, alert: Alert) {
        if !matches!(alert.level, AlertLevel::WARNING | AlertLevel::FATAL) {
            if !self.flows[alert.by].changed_cipher {
                self.tls.malformed.get_or_insert((alert.by, alert.at));
            }
        } else if self.tls.alerts.len() < MAX_ALERTS {
            self.tls.alerts.push(alert);
        }
    }

    fn on_change_cipher_spec(&mut self, side: Side) {
        let full_flight_seen = self.tls.stage >= Stage::ServerFlight;
        let flow = &mut self.flows[side];
        flow.changed_cipher = true;
        let holed = flow.holed;
        // RFC 5246 section 7.3, figure 2: without certificate and key exchange the server resumes.
        if self.role(side) == Side::Server
            && self.tls.server_hello.is_some()
            && self.is_tls13() == Some(false)
            && !(holed || full_flight_seen)
        {
            self.tls.resumed.get_or_insert(true);
        }
    }

    /// A side's first bytes are no TLS.
    fn on_no_record(&mut self, side: Side, header: [u8; RecordHeader::SIZE], rest: &[u8], at: Moment) {
        if self.tls.malformed.is_none() {
            let more = rest.get(..rest.len().min(OTHER_BYTES - header.len())).unwrap_or_default();
            self.tls.other_bytes = [&header, more].concat();
        }
        self.on_malformed(side, at);
    }

    /// Whether this side may answer in SSLv2: an SSLv2 hello offers that (RFC 5246 appendix E.2).
    fn answers_sslv2(&self, side: Side) -> bool {
        let offered = self.tls.client_hello.as_deref().is_some_and(|hello| hello.format == HelloFormat::Sslv2);
        offered && self.tls.server_hello.is_none() && self.role(side) == Side::Server
    }

    /// The bytes follow no format that we read: nothing after them can be understood.
    fn on_malformed(&mut self, side: Side, at: Moment) {
        // SSLv2 has more answers to an SSLv2 hello than are read here.
        if !self.answers_sslv2(side) {
            self.tls.malformed.get_or_insert((side, at));
        }
        self.flows[side].done = true;
    }
}
