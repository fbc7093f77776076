//! Follows a connection whose protocol is known: who spoke last, and what the server said.

use std::fmt::Debug;

use super::{Dialogue, KEPT_CHARACTERS, ServerMessage, Speaks};
use crate::tcp::Piece;
use crate::types::{Moment, Side, Span};

/// Whoever knows a protocol, for one connection.
pub(super) trait Tongue: Debug + Send + Sync {
    /// What is spoken, by what was said so far.
    fn speaks(&self) -> Speaks;

    /// Whether the client expects no answer to these words: it leaves by them, or says no more than who it is.
    fn is_goodbye(&self, bytes: &[u8]) -> bool;

    /// The client's next bytes.
    fn on_client(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard) {
        let _ = (bytes, at, heard);
    }

    /// As many bytes of the client are not there.
    fn on_client_gap(&mut self, length: u32) {
        let _ = length;
    }

    /// The server's next bytes.
    fn on_server(&mut self, bytes: &[u8], at: Moment, heard: &mut Heard);

    /// As many bytes of the server are not there.
    fn on_gap(&mut self, length: u32, heard: &mut Heard);

    /// Nothing more will come.
    fn finish(&mut self, heard: &mut Heard) {
        let _ = heard;
    }
}

/// Follows one connection.
#[derive(Debug)]
pub(crate) struct Listener {
    tongue: Box<dyn Tongue>,
    heard: Heard,
}

/// What was heard so far, whatever the protocol.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The client's last bytes.
    pub(super) asked: Option<Moment>,
    /// Who spoke last.
    pub(super) turn: Option<Side>,
    /// The server has spoken.
    answered: bool,
    pub(super) worked: bool,
    pub(super) said: Option<ServerMessage>,
    pub(super) unread: bool,
    pub(super) client_left: bool,
    pub(super) bears_silence: Option<Span>,
    silence: Option<(Moment, Moment)>,
    /// The rest is encrypted, or not what it seemed.
    pub(super) over: bool,
}

impl Listener {
    /// Begins with a side's first bytes; the client had spoken at `asked`.
    pub(super) fn new(tongue: Box<dyn Tongue>, asked: Option<Moment>) -> Self {
        let turn = asked.map(|_| Side::Client);
        Self { tongue, heard: Heard { asked, turn, ..Heard::default() } }
    }

    /// The protocol.
    pub(super) fn speaks(&self) -> Speaks {
        self.tongue.speaks()
    }

    /// It is another protocol than it seemed by the client's words.
    pub(super) fn speak(&mut self, tongue: Box<dyn Tongue>) {
        self.tongue = tongue;
    }

    /// Whether the server has said anything.
    pub(super) const fn is_answered(&self) -> bool {
        self.heard.answered
    }

    /// Whether anything is to be heard from what comes.
    pub(super) const fn listens(&self) -> bool {
        !self.heard.over
    }

    pub(super) fn hear(&mut self, side: Side, piece: &Piece<'_>, at: Moment) {
        let Self { tongue, heard } = self;
        if heard.over {
            return;
        }
        match (side, piece) {
            (Side::Client, Piece::Bytes(bytes)) => {
                let says_goodbye = tongue.is_goodbye(bytes);
                if let Some(said) = heard.said.as_mut().filter(|_| !says_goodbye) {
                    said.asked_after.get_or_insert(at);
                }
                tongue.on_client(bytes, at, heard);
            }
            (Side::Client, Piece::Cut(length) | Piece::Missing(length)) => tongue.on_client_gap(*length),
            (Side::Server, Piece::Bytes(bytes)) => tongue.on_server(bytes, at, heard),
            (Side::Server, Piece::Cut(length) | Piece::Missing(length)) => tongue.on_gap(*length, heard),
        }
        heard.turn = Some(side);
        heard.answered |= side == Side::Server;
        if side == Side::Client {
            let before = heard.asked.replace(at);
            let is_long = |before: &Moment| heard.bears_silence.is_some_and(|bears| at.at.since(before.at) > bears);
            heard.silence = heard.silence.or_else(|| before.filter(is_long).map(|before| (before, at)));
        }
    }

    pub(super) fn finish(mut self) -> Box<Dialogue> {
        self.tongue.finish(&mut self.heard);
        let Heard { worked, said, unread, client_left, bears_silence, silence, .. } = self.heard;
        let protocol = self.tongue.speaks();
        Box::new(Dialogue { protocol, worked, said, unread, client_left, bears_silence, silence })
    }
}

impl Heard {
    /// The server goes on: what it said before was not its last word.
    pub(super) fn goes_on(&mut self) {
        if self.said.as_ref().is_some_and(|said| !said.is_final) {
            self.said = None;
        }
    }

    /// An error that the server reports now: the first that ends the connection stands.
    pub(super) fn says(&mut self, at: Moment, code: &str, text: &str, cut: bool) -> Option<&mut ServerMessage> {
        self.goes_on();
        if self.said.is_some() {
            return None;
        }
        Some(self.said.insert(ServerMessage {
            at,
            asked: self.asked,
            asked_after: None,
            code: code.to_owned(),
            text: text.chars().take(KEPT_CHARACTERS).collect(),
            cut: cut || text.chars().nth(KEPT_CHARACTERS).is_some(),
            at_start: !self.worked,
            is_final: false,
            is_answer: self.turn == Some(Side::Client),
            declines_tls: false,
        }))
    }
}

/// Takes what is missing of a header.
pub(super) fn fill<const N: usize>(header: &mut [u8; N], have: &mut u8, bytes: &mut &[u8]) {
    let Some(open) = header.get_mut(usize::from(*have)..) else { return };
    if let Some((now, rest)) = bytes.split_at_checked(open.len().min(bytes.len()))
        && let Some(place) = open.get_mut(..now.len())
    {
        place.copy_from_slice(now);
        *have += now.len() as u8;
        *bytes = rest;
    }
}
