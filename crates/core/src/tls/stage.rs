//! How far the handshake came: what encrypted records tell by their type, their length and their order.
//!
//! Up to TLS 1.2 a handshake record after ChangeCipherSpec is the Finished. TLS 1.3 is dark from the ServerHello on:
//! every record is called application data, and only who sent it after what, and its length, tell.

use super::observer::TlsObserver;
use super::record::{self, RecordHeader};
use super::version::is_tls13;
use super::{ServerHello, Stage};
use crate::types::{Moment, Side};

/// After so many application data records of one direction its payload is left alone, even where the handshake could
/// not be followed: its longest flight, a chain of certificates, takes less.
const ENOUGH_RECORDS: u8 = 64;

/// How many records a TLS 1.3 client with a certificate sends before its Finished: Certificate and CertificateVerify.
const CLIENT_FLIGHT_BEFORE_FINISHED: u8 = 2;

/// Zero bytes that JSSE (Java) adds to each record of TLS 1.3 (RFC 8446 section 5.4).
const JSSE_PADDING: u16 = 16;
/// An alert of JSSE: its two bytes, the inner content type, the padding and the tag.
const PADDED_ALERT_SIZE: u16 = 2 + 1 + JSSE_PADDING + 16;

impl TlsObserver {
    /// Which end of the TLS session this end of the TCP connection is.
    pub(super) fn role(&self, side: Side) -> Side {
        if self.tls.reversed { side.peer() } else { side }
    }

    /// Whether the handshake is one of TLS 1.3; `None` as long as both are possible.
    pub(super) fn is_tls13(&self) -> Option<bool> {
        if let Some(answer) = self.tls.server_hello.as_deref().or(self.tls.hello_retry.as_deref()) {
            return Some(is_tls13(answer.version));
        }
        match self.tls.client_hello.as_deref() {
            Some(hello) if !hello.offers_tls13() && !hello.malformed => Some(false),
            Some(_) | None => None,
        }
    }

    /// A later stage holds; an earlier one is passed already.
    pub(super) fn reach(&mut self, stage: Stage) {
        self.tls.stage = self.tls.stage.max(stage);
    }

    /// Whether the session is resumed, as far as the ServerHello tells.
    pub(super) fn resumed_by(&self, answer: &ServerHello) -> Option<bool> {
        if is_tls13(answer.version) {
            return Some(answer.pre_shared_key);
        }
        // RFC 5246 section 7.4.1.3: a server that resumes answers with the client's session identifier.
        let asked = self.tls.client_hello.as_deref()?;
        (!answer.session_id.is_empty() && answer.session_id == asked.session_id).then_some(true)
    }

    /// A handshake record after ChangeCipherSpec: up to TLS 1.2 that is the Finished.
    pub(super) fn on_encrypted_handshake(&mut self, side: Side, at: Moment) {
        self.flows[side].shook = true;
        if self.is_tls13() == Some(true) {
            return;
        }
        match self.role(side) {
            Side::Client => self.tls.client_finished.get_or_insert(at),
            Side::Server => self.tls.server_finished.get_or_insert(at),
        };
        self.settle();
    }

    /// SSL 2.0 after the ServerHello (draft-hickman-netscape-ssl-00 section 1.3): the client's key, then encrypted the server's
    /// proof that it has it, the client's finish, the server's. Only who speaks after whom is looked at.
    pub(super) fn on_sslv2(&mut self, side: Side, turns: u8, at: Moment) {
        let turn = if turns.is_multiple_of(2) { Side::Client } else { Side::Server };
        if self.role(side) != turn {
            return;
        }
        self.sslv2_turns = Some(turns.saturating_add(1));
        match turns + 1 {
            ..=2 => {}
            3 => self.tls.client_finished = Some(at),
            4.. => {
                self.tls.server_finished = Some(at);
                self.flows.client.done = true;
                self.flows.server.done = true;
            }
        }
        self.settle();
    }

    /// An application data record begins: data, or (TLS 1.3) an encrypted handshake message or alert.
    pub(super) fn on_application_data(&mut self, side: Side, length: u16, at: Moment) {
        let nothing_before = self.flows.each().iter().all(|(_, flow)| !flow.shook && !flow.holed);
        self.note_padding(side, length);
        let flow = &mut self.flows[side];
        flow.data_records = flow.data_records.saturating_add(1);
        let enough = flow.data_records >= ENOUGH_RECORDS;
        if self.tls.stage == Stage::Begun && nothing_before && self.tls.alerts.is_empty() {
            self.tls.stage = Stage::MidStream;
        }
        if self.tls.stage == Stage::MidStream {
            self.count_data(side);
            self.flows[side].done = true;
            return;
        }
        match (self.role(side), self.is_tls13()) {
            // RFC 5246 section 7.4.9: data only after the Finished.
            (_, Some(false)) => self.count_data(side),
            (Side::Client, _) => self.on_dark_client_record(side, length, at),
            (Side::Server, _) => self.on_dark_server_record(side, length, at),
        }
        self.settle();
        let flowed = match self.role(side) {
            Side::Client => self.tls.client_data_records > 0,
            Side::Server => self.tls.server_data_records > 0,
        };
        let (tls13, tickets) = (self.is_tls13(), self.tickets.may_go_on());
        let server = if self.tls.reversed { Side::Client } else { Side::Server };
        let flow = &mut self.flows[side];
        let settled = side != server || tls13 != Some(true) || !tickets;
        flow.done |= enough || (flowed && settled && self.tls.stage == Stage::Established && flow.undecided.is_none());
    }

    /// TLS 1.3 or not known yet: EncryptedExtensions to Finished, then tickets and data, all alike.
    fn on_dark_server_record(&mut self, side: Side, length: u16, at: Moment) {
        let tls13 = self.is_tls13() == Some(true);
        let alert = is_alert_size(length) || self.is_padded_alert(side, length);
        if tls13 && alert && self.tls.server_data_records == 0 {
            self.tls.encrypted_alerts[side].get_or_insert(at);
        } else if tls13 && self.tls.server_finished.is_none() {
            self.tls.server_finished = Some(at);
        } else if self.tls.client_finished.is_some() {
            if tls13 {
                self.tickets.note(length);
            }
            self.count_data(side);
        }
    }

    /// TLS 1.3 or not known yet: early data, Certificate, Finished, then data, all alike.
    fn on_dark_client_record(&mut self, side: Side, length: u16, at: Moment) {
        if self.is_early_data(length) {
            return;
        }
        let alert = is_alert_size(length) || self.is_padded_alert(side, length);
        if alert && self.tls.client_data_records == 0 {
            self.tls.encrypted_alerts[side].get_or_insert(at);
            return;
        }
        if self.tls.client_finished.is_none() {
            self.tls.client_finished = Some(at);
            self.tls.client_flight = Some(at);
            // Not as long as a Finished: perhaps a Certificate, and the Finished follows in a record of its own.
            self.flows[side].undecided = (!self.is_finished_size(length)).then_some(0);
            return;
        }
        match self.flows[side].undecided {
            Some(_) if self.is_finished_size(length) => {
                self.tls.client_finished = Some(at);
                self.flows[side].undecided = None;
            }
            Some(records) if records < CLIENT_FLIGHT_BEFORE_FINISHED => self.flows[side].undecided = Some(records + 1),
            Some(records) => {
                // No Finished of its own: it was in the first record, and these were data.
                self.tls.client_data_records += u32::from(records) + 1;
                self.flows[side].undecided = None;
            }
            None => self.count_data(side),
        }
    }

    /// RFC 8446 section 4.2.10: data that the client sends at once, before the server's answer and until it ends it.
    fn is_early_data(&self, length: u16) -> bool {
        let offered = self.tls.client_hello.as_deref().is_some_and(|hello| hello.early_data);
        // A server that wants another hello has refused the early data.
        if !offered || self.tls.second_client_hello.is_some() || self.tls.client_finished.is_some() {
            return false;
        }
        match self.tls.server_hello.as_deref() {
            // With a pre-shared key there is no client certificate: the Finished is alone in its record.
            Some(answer) if answer.pre_shared_key => {
                self.tls.server_finished.is_none() || !self.is_finished_size(length)
            }
            Some(_) | None => self.tls.server_finished.is_none(),
        }
    }

    /// How long a record with a Finished alone is, without padding; `None` where the suite is not known.
    fn finished_size(&self) -> Option<u16> {
        // Inner content type and tag are added to the message (RFC 8446 sections 4.4.4 and 5.2).
        match self.tls.server_hello.as_deref()?.suite()? {
            0x1302 => Some(4 + 48 + 1 + 16),
            0x1301 | 0x1303 | 0x1304 => Some(4 + 32 + 1 + 16),
            0x1305 => Some(4 + 32 + 1 + 8),
            _ => None,
        }
    }

    fn is_finished_size(&self, length: u16) -> bool {
        matches!(length, 53 | 69 | 45) || self.finished_size().is_some_and(|size| length == size + JSSE_PADDING)
    }

    /// The length of a side's Finished says whether it pads its records: one that is not as long as it should be, but is with the padding.
    fn note_padding(&mut self, side: Side, length: u16) {
        // In a resumed handshake other messages of the server may share the Finished's record.
        let full = self.tls.server_hello.as_deref().is_some_and(|hello| !hello.pre_shared_key);
        let alone = full || self.role(side) == Side::Client;
        let Some(finished) = self.finished_size().filter(|_| alone) else { return };
        let padded = &mut self.flows[side].padded;
        match length {
            length if length == finished => *padded = Some(false),
            length if length == finished + JSSE_PADDING => _ = padded.get_or_insert(true),
            _ => {}
        }
    }

    /// An alert of a side that pads. What 35 bytes of another hold are 18 of data or, of a server, a short EncryptedExtensions: only before
    /// the client's first handshake message nothing else of it is as short.
    fn is_padded_alert(&self, side: Side, length: u16) -> bool {
        let alert = self.finished_size().filter(|size| *size > 45).map(|_| PADDED_ALERT_SIZE);
        let first_of_client = self.role(side) == Side::Client && self.tls.client_finished.is_none();
        alert == Some(length) && (first_of_client || self.flows[side].padded == Some(true))
    }

    fn count_data(&mut self, side: Side) {
        let client = matches!((side, self.tls.reversed), (Side::Client, false) | (Side::Server, true));
        if client {
            self.tickets.on_client_data();
        }
        let records = if client { &mut self.tls.client_data_records } else { &mut self.tls.server_data_records };
        *records = records.saturating_add(1);
    }

    /// Draws the conclusion from who finished and who sent data.
    fn settle(&mut self) {
        let tls = &self.tls;
        let server_side = if tls.reversed { Side::Client } else { Side::Server };
        let server = &self.flows[server_side];
        let server_unseen = server.holed || server.done || !server.shook;
        let established = match (tls.client_finished, tls.server_finished) {
            (Some(_), Some(_)) => true,
            // A server sends data (or, in TLS 1.3, what is counted as such) only after the client's Finished.
            _ if tls.server_data_records > 0 => true,
            // A client may send data before the server's Finished (false start, RFC 7918): believed only where that
            // could not be seen.
            _ => tls.client_data_records > 0 && server_unseen,
        };
        if established {
            self.reach(Stage::Established);
        } else if tls.client_finished.is_some() {
            self.reach(Stage::ClientFinished);
        } else if tls.server_finished.is_some() {
            self.reach(Stage::ServerFlight);
        }
    }
}

/// Whether a record may hold an alert: by its type, or in TLS 1.3 by its length.
pub(crate) const fn may_be_alert(header: RecordHeader) -> bool {
    match header.content_type {
        record::APPLICATION_DATA => is_alert_size(header.length) || header.length == PADDED_ALERT_SIZE,
        content_type => content_type == record::ALERT,
    }
}

/// Inner content type and tag are added to the two bytes of an alert (RFC 8446 section 5.2): 16 bytes of tag, 8 in
/// AES_128_CCM_8. No handshake message is as short.
const fn is_alert_size(length: u16) -> bool {
    matches!(length, 19 | 11)
}
