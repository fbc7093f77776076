//! What each handshake message tells.

use super::{Content, TlsObserver};
use crate::tls::message::{self, Message};
use crate::tls::{CertificateMessage, ServerHello, Stage};
use crate::types::{Moment, Side};

impl TlsObserver {
    pub(super) fn on_message(&mut self, side: Side, message: Message, at: Moment) {
        if !matches!(message, Message::Unknown) {
            self.flows[side].shook = true;
        }
        match message {
            Message::ClientHello(hello) => {
                if self.tls.client_hello.is_none() {
                    self.tls.reversed = side == Side::Server;
                    self.tls.client_hello = Some(hello);
                    if self.tls.stage == Stage::MidStream {
                        self.tls.stage = Stage::ClientHello;
                    }
                    self.reach(Stage::ClientHello);
                } else if self.tls.server_hello.is_none() {
                    self.tls.second_client_hello.get_or_insert(hello);
                }
            }
            Message::ServerHello(hello) => self.on_server_hello(side, hello),
            Message::HelloRetryRequest(hello) => {
                self.tls.hello_retry.get_or_insert(hello);
                self.reach(Stage::HelloRetry);
            }
            Message::Certificate(certificate) => self.on_certificate(side, certificate),
            Message::Cut(cut) => self.on_cut(side, cut),
            Message::Other(message_type) => self.on_other_message(side, message_type, at),
            Message::Malformed => {
                self.tls.malformed.get_or_insert((side, at));
            }
            Message::Unknown => self.on_unknown_message(side, at),
        }
    }

    fn on_server_hello(&mut self, side: Side, hello: Box<ServerHello>) {
        if self.tls.server_hello.is_some() {
            return;
        }
        if self.tls.client_hello.is_none() {
            self.tls.reversed = side == Side::Client;
        }
        self.tls.resumed = self.resumed_by(&hello);
        self.sslv2_turns = hello.is_sslv2().then_some(0);
        self.tls.server_hello = Some(hello);
        self.reach(Stage::ServerHello);
    }

    /// A Certificate message, whole or not. In a renegotiation there may be others: the first counts.
    fn on_certificate(&mut self, side: Side, certificate: Box<CertificateMessage>) {
        match self.role(side) {
            Side::Server => {
                self.tls.resumed = Some(false);
                self.tls.server_certificate.get_or_insert(certificate);
            }
            Side::Client => _ = self.tls.client_certificate.get_or_insert(certificate),
        }
    }

    /// Of the messages that are not read, the type alone tells something.
    fn on_other_message(&mut self, side: Side, message_type: u8, at: Moment) {
        match (self.role(side), message_type) {
            (Side::Server, message::SERVER_KEY_EXCHANGE) => self.tls.resumed = Some(false),
            (Side::Server, message::CERTIFICATE_REQUEST) => _ = self.tls.certificate_request.get_or_insert(at),
            (Side::Server, message::SERVER_HELLO_DONE) => {
                self.tls.resumed = Some(false);
                self.reach(Stage::ServerFlight);
            }
            _ => {}
        }
    }

    /// The handshake record does not hold a handshake message. Where the ChangeCipherSpec before it was seen or may have
    /// been missed, it is encrypted.
    fn on_unknown_message(&mut self, side: Side, at: Moment) {
        let flow = &mut self.flows[side];
        let after_change = matches!(flow.content, Content::Uncertain(_));
        let may_be_encrypted = flow.holed || !flow.shook;
        flow.content = Content::Skip;
        if after_change {
            self.on_encrypted_handshake(side, at);
        } else if !may_be_encrypted {
            self.on_malformed(side, at);
        }
    }

    pub(super) fn on_cut(&mut self, side: Side, cut: message::Cut) {
        if cut.message_type == message::CLIENT_HELLO {
            if self.tls.client_hello_cut.is_none() {
                self.tls.client_hello_cut = Some((cut.begun, cut.why));
                self.tls.client_hello_cut_after = Some(cut.captured);
                self.tls.client_hello_part = cut.part;
            }
        } else if cut.message_type == message::CERTIFICATE {
            let message::Cut { begun, last: completed, length, why, .. } = cut;
            self.on_certificate(side, Box::new(CertificateMessage { begun, completed, length, chain: Err(why) }));
        } else {
            self.tls.server_hello_cut.get_or_insert((cut.begun, cut.why));
            self.reach(if cut.retry { Stage::HelloRetry } else { Stage::ServerHello });
        }
    }
}
