//! The observer of one connection: heads are read, bodies are stepped over.

mod beginnings;
mod flow;

use self::beginnings::{is_tls_alert, may_begin_a_head, resumes, says_that_it_wants_tls, without_empty_lines};
use self::flow::{Flow, Reading, Whole, keep_words, reason};
use super::chunked::{Chunked, Outcome};
use super::head::{self, ContentLength, RequestHead, ResponseHead, TransferEncoding};
use super::outstanding::{Asked, Outstanding};
use super::probe::{Probe, is_http2_settings, probe};
use super::websocket::WebSocketObserver;
use super::{Http, Missing, OtherAnswer, Response, UnfinishedRequest};
use crate::limits::Limits;
use crate::types::{Moment, NotVisible, Side, Sided};

/// Reads the clear HTTP/1 of one connection out of the in-order bytes of both its directions.
///
/// Call [`on_bytes`](Self::on_bytes) and [`on_gap`](Self::on_gap) in the order of the capture, then
/// [`finish`](Self::finish). The client's bytes are read as requests, the server's as responses. Only a head that lies
/// across pieces is kept, up to [`Limits::max_http_head_bytes`].
#[derive(Debug)]
pub struct HttpObserver {
    http: Http,
    flows: Sided<Flow>,
    outstanding: Outstanding,
    /// Reads on where the connection became a WebSocket.
    websocket: Option<Box<WebSocketObserver>>,
    /// The last request waits to be told to go on, and nothing of its body came.
    awaits_continue: bool,
    max_head_bytes: usize,
    over_limit: bool,
}

/// Bytes that are kept of an answer in another protocol.
const SHOWN_OF_OTHER: usize = 60;

impl HttpObserver {
    /// An observer of a connection of which nothing was seen.
    pub fn new(limits: &Limits) -> Self {
        Self {
            http: Http::default(),
            flows: Sided::default(),
            outstanding: Outstanding::default(),
            websocket: None,
            awaits_continue: false,
            max_head_bytes: limits.max_http_head_bytes,
            over_limit: false,
        }
    }

    /// The next in-order bytes of one side: one call for each segment, or for each piece of one that was held back.
    /// `at` is the packet that made them available.
    pub fn on_bytes(&mut self, side: Side, mut bytes: &[u8], at: Moment) {
        if let Some(websocket) = &mut self.websocket {
            return websocket.on_bytes(side, bytes, at);
        }
        if matches!(self.flows[side].reading, Reading::Lost) && resumes(side, bytes) {
            self.flows[side].reading = Reading::Head;
            if side == Side::Server {
                self.outstanding.keep_last();
            }
        }
        if side == Side::Server && says_that_it_wants_tls(bytes) {
            self.http.wants_tls.get_or_insert(at);
        }
        while !bytes.is_empty() {
            let flow = &mut self.flows[side];
            if side == Side::Client {
                self.awaits_continue = false;
            }
            match &mut flow.reading {
                Reading::Head => self.on_head_bytes(side, &mut bytes, at),
                Reading::Body(left) => {
                    let here = (bytes.len() as u64).min(*left);
                    *left -= here;
                    bytes = bytes.get(here as usize..).unwrap_or_default();
                    if *left == 0 {
                        flow.reading = Reading::Head;
                    }
                }
                Reading::Words(left) => {
                    let here = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    let (words, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
                    let full = self.http.reason.as_mut().is_none_or(|reason| !keep_words(reason, words));
                    flow.reading = match *left - words.len() as u64 {
                        0 => Reading::Head,
                        left if full => Reading::Body(left),
                        left => Reading::Words(left),
                    };
                    bytes = rest;
                }
                Reading::Chunked(chunked) => match chunked.advance(&mut bytes) {
                    Outcome::Open => {}
                    Outcome::Ended => flow.reading = Reading::Head,
                    Outcome::Wrong => return self.lose(side),
                },
                Reading::Lost | Reading::Done => break,
            }
        }
        // A server may speak in the segment that accepts.
        if let Some(websocket) = &mut self.websocket {
            websocket.on_bytes(side, bytes, at);
        }
    }

    /// `length` bytes of this side are missing: never captured, cut by the snap length, or given up. A gap inside a body
    /// of known length does no harm.
    pub fn on_gap(&mut self, side: Side, length: u32, _why: NotVisible, _at: Moment) {
        if length == 0 {
            return;
        }
        let length = u64::from(length);
        if let Some(websocket) = &mut self.websocket {
            return websocket.on_gap(side, length);
        }
        let flow = &mut self.flows[side];
        if let Reading::Words(left) = flow.reading {
            flow.reading = Reading::Body(left);
        }
        let survived = match &mut flow.reading {
            Reading::Body(left) if length < *left => {
                *left -= length;
                true
            }
            Reading::Body(left) if length == *left => {
                flow.reading = Reading::Head;
                true
            }
            Reading::Chunked(chunked) => chunked.gap(length),
            Reading::Lost | Reading::Done => true,
            Reading::Body(_) | Reading::Words(_) => false,
            Reading::Head => {
                self.on_cut_head(side);
                self.http.switched.is_some()
            }
        };
        if !survived {
            self.lose(side);
        }
    }

    /// Whether the connection left HTTP/1: what follows is another protocol.
    pub(crate) const fn has_switched(&self) -> bool {
        self.http.switched.is_some()
    }

    /// Whether bytes of this side can still change what is known.
    pub const fn wants(&self, side: Side) -> bool {
        let flow = match side {
            Side::Client => &self.flows.client,
            Side::Server => &self.flows.server,
        };
        !matches!(flow.reading, Reading::Done)
    }

    /// How many of a side's next bytes are of a body of known length, which is stepped over.
    pub(crate) fn left_of_body(&self, side: Side) -> u64 {
        match (&self.websocket, &self.flows[side].reading) {
            (Some(websocket), _) => websocket.left_of_frame(side),
            (None, Reading::Body(left)) => *left,
            _ => 0,
        }
    }

    /// Bytes that are kept.
    pub(crate) const fn kept(&self) -> u32 {
        (self.flows.client.head.len() + self.flows.server.head.len()) as u32
    }

    /// Whether a head was longer than may be kept.
    pub(crate) const fn is_over_limit(&self) -> bool {
        self.over_limit
    }

    /// What was seen.
    pub fn finish(mut self) -> Http {
        (self.http.answer_unfinished, self.http.answer_missing) = match self.flows.server.reading {
            Reading::Body(left) | Reading::Words(left) => (true, Some(left)),
            Reading::Chunked(_) => (true, None),
            Reading::Head | Reading::Lost | Reading::Done => (false, None),
        };
        self.http.unfinished_request = self.unfinished_request();
        self.http.websocket = self.websocket.map(|websocket| Box::new(websocket.finish()));
        self.http
    }

    /// A beginning that is no head of a request is none: who speaks HTTP may go on to speak something else.
    fn unfinished_request(&self) -> Option<UnfinishedRequest> {
        let flow = &self.flows.client;
        let (at, missing) = match flow.reading {
            Reading::Head if probe(&flow.head) == Probe::Request => (flow.head_begun, Missing::EndOfHead),
            Reading::Body(left) | Reading::Words(left) => (self.http.last_request, Missing::Body(left)),
            Reading::Chunked(_) => (self.http.last_request, Missing::LastChunk),
            Reading::Head | Reading::Lost | Reading::Done => return None,
        };
        Some(UnfinishedRequest { at: at?, missing, awaits_continue: self.awaits_continue })
    }

    fn on_head_bytes(&mut self, side: Side, bytes: &mut &[u8], at: Moment) {
        let max_head_bytes = self.max_head_bytes;
        let flow = &mut self.flows[side];
        if flow.head.is_empty() {
            // RFC 9112 section 2.2: an empty line before the start line is ignored.
            *bytes = without_empty_lines(bytes);
            if bytes.is_empty() {
                return;
            }
            if let Some((head, rest)) = head::end(bytes, 0).and_then(|end| bytes.split_at_checked(end)) {
                *bytes = rest;
                return self.on_head(side, head, at, Whole::Yes);
            }
            if side == Side::Server && self.http.responses == 0 && is_tls_alert(bytes) {
                self.http.wants_tls.get_or_insert(at);
                return self.end_of_http1(side, bytes);
            }
            if side == Side::Server && self.http.responses == 0 && is_http2_settings(bytes) {
                self.http.speaks_http2.get_or_insert(at);
                return self.end_of_http1(side, bytes);
            }
            if !may_begin_a_head(side, bytes) {
                self.note_other_answer(side, bytes, at);
                return self.lose(side);
            }
            flow.head_begun = Some(at);
        }
        let begun = flow.head_begun.unwrap_or(at);
        let searched = flow.head.len();
        let room = max_head_bytes.saturating_sub(searched);
        let taken = bytes.get(..room).unwrap_or(bytes);
        flow.head.extend_from_slice(taken);
        let Some(end) = head::end(&flow.head, searched) else {
            *bytes = &[];
            if flow.head.len() >= max_head_bytes {
                self.over_limit = true;
                self.lose(side);
            }
            return;
        };
        *bytes = bytes.get(end.saturating_sub(searched)..).unwrap_or_default();
        let kept = std::mem::take(&mut flow.head);
        let head = kept.get(..end).unwrap_or_default();
        self.on_head(side, head, begun, Whole::Yes);
    }

    /// The first answer is in another protocol: nothing of the server was missed before it.
    fn note_other_answer(&mut self, side: Side, bytes: &[u8], at: Moment) {
        let http = &mut self.http;
        if side == Side::Server && http.requests == 1 && http.responses == 0 && !http.incomplete {
            let begins = bytes.get(..SHOWN_OF_OTHER.min(bytes.len())).unwrap_or_default().to_vec();
            http.other_answer = Some(Box::new(OtherAnswer { at, begins }));
        }
    }

    /// What this side says is no HTTP/1.
    fn end_of_http1(&mut self, side: Side, bytes: &mut &[u8]) {
        self.flows[side].reading = Reading::Done;
        *bytes = &[];
    }

    /// A gap cut the head: its whole lines are read all the same.
    fn on_cut_head(&mut self, side: Side) {
        let flow = &mut self.flows[side];
        let mut head = std::mem::take(&mut flow.head);
        if let (Some(line_end), Some(begun)) = (memchr::memrchr(b'\n', &head), flow.head_begun) {
            head.truncate(line_end + 1);
            head.extend_from_slice(b"\r\n");
            self.on_head(side, &head, begun, Whole::Cut);
        }
    }

    fn on_head(&mut self, side: Side, head: &[u8], begun: Moment, whole: Whole) {
        let reading = match side {
            Side::Client => head::request(head).map(|head| self.on_request(&head, begun, whole)),
            Side::Server => head::response(head).map(|head| self.on_response(&head, begun, whole)),
        };
        match reading {
            Some(reading) => self.flows[side].reading = reading,
            // Other protocols have lines like these (RTSP, SIP): if this is the first one there is no HTTP here.
            None if self.http.requests == 0 && self.http.responses == 0 => {
                self.http.incomplete = true;
                self.flows[side].reading = Reading::Done;
            }
            None => self.lose(side),
        }
    }

    fn on_request(&mut self, head: &RequestHead<'_>, begun: Moment, whole: Whole) -> Reading {
        let http = &mut self.http;
        http.requests = http.requests.saturating_add(1);
        http.last_request = Some(begun);
        http.first_method.get_or_insert_with(|| head.method.to_owned());
        let connects = (head.method == "CONNECT").then_some(head.target.as_bytes());
        if let (None, Some(host)) = (&http.host, connects.or(head.fields.host)) {
            http.host = Some(String::from_utf8_lossy(host).into_owned());
        }
        if whole.closes(&head.fields) {
            http.client_announced_close.get_or_insert(begun);
        }
        self.awaits_continue = head.fields.expects_continue;
        self.outstanding.push(match head.method {
            "HEAD" => Asked::Head,
            "CONNECT" => Asked::Connect,
            _ => Asked::Usual,
        });
        // RFC 9112 section 6.3: without a length a request has no body.
        match (head.fields.transfer_encoding, head.fields.content_length) {
            (TransferEncoding::Chunked, _) => Reading::Chunked(Chunked::START),
            (TransferEncoding::Missing, ContentLength::Missing | ContentLength::Bytes(0)) => Reading::Head,
            (TransferEncoding::Missing, ContentLength::Bytes(length)) => Reading::Body(length),
            (TransferEncoding::Other, _) | (_, ContentLength::Wrong) => {
                http.incomplete = true;
                Reading::Lost
            }
        }
    }

    fn on_response(&mut self, head: &ResponseHead<'_>, begun: Moment, whole: Whole) -> Reading {
        let asking = matches!(self.flows.client.reading, Reading::Body(_) | Reading::Chunked(_));
        let early = asking && self.outstanding.is_one();
        let http = &mut self.http;
        let status = head.status;
        if let (None, Some(server)) = (&http.server_software, head.fields.server) {
            http.server_software = Some(String::from_utf8_lossy(server).into_owned());
        }
        if status == 101 {
            self.websocket = head.fields.to_websocket.then(Box::default);
            return self.switch(begun);
        }
        if (100..200).contains(&status) {
            self.awaits_continue = false;
            return Reading::Head; // RFC 9110 section 15.2: the final response follows.
        }
        let closes = whole.closes(&head.fields);
        http.responses = http.responses.saturating_add(1);
        http.last_response = Some(Response { at: begun, status, closes, until_close: false, early });
        if status >= 400 && http.first_error.is_none_or(|(lowest, _)| status < lowest) {
            http.first_error = Some((status, begun));
        }
        if head.fields.keep_alive.is_some() {
            http.keep_alive = head.fields.keep_alive;
        }
        if closes {
            http.server_announced_close.get_or_insert(begun);
        }
        let asked = self.outstanding.pop();
        let refuses = status >= 500 || (asked == Asked::Connect && status >= 300);
        if refuses {
            http.reason = Some(Box::new(reason(&head.fields, begun)));
        }
        if asked == Asked::Connect && (200..300).contains(&status) {
            return self.switch(begun);
        }
        // RFC 9112 section 6.3, in its order.
        if asked == Asked::Head || matches!(status, 204 | 304) {
            return Reading::Head;
        }
        match (head.fields.transfer_encoding, head.fields.content_length) {
            (TransferEncoding::Chunked, _) => Reading::Chunked(Chunked::START),
            (TransferEncoding::Missing, ContentLength::Bytes(0)) => Reading::Head,
            (TransferEncoding::Missing, ContentLength::Bytes(length)) if refuses => Reading::Words(length),
            (TransferEncoding::Missing, ContentLength::Bytes(length)) => Reading::Body(length),
            (TransferEncoding::Missing, ContentLength::Wrong) => {
                http.incomplete = true;
                Reading::Lost
            }
            // The body ends with the connection.
            (TransferEncoding::Other, _) | (_, ContentLength::Missing) => {
                if let Some(response) = &mut http.last_response {
                    response.until_close = true;
                }
                Reading::Done
            }
        }
    }

    /// No more HTTP/1 after this head.
    fn switch(&mut self, at: Moment) -> Reading {
        self.http.switched = Some(at);
        self.flows.client = Flow { reading: Reading::Done, ..Flow::default() };
        Reading::Done
    }

    fn lose(&mut self, side: Side) {
        self.http.incomplete = true;
        self.flows[side] = Flow { reading: Reading::Lost, ..Flow::default() };
    }
}
