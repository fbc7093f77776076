//! The requests of one connection: which streams are open, and what became of the others (RFC 9113 section 5.1).

use super::heads::KEPT_OF_TEXT;
use crate::types::{Moment, Side, Span};

/// What became of a connection's requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Http2Streams {
    /// Streams that the client opened, each a request.
    pub opened: u32,
    /// Requests, sent to their end, that the client took back before anything of an answer had come.
    pub cancelled: Option<Cancelled>,
    /// Streams that the server reset with an error.
    pub refused: Option<Refused>,
    /// Requests whose answers had not ended when the connection was last seen.
    pub open: Option<OpenStreams>,
    /// The first request that the client sent when the server had closed (its FIN): nobody reads it.
    pub asked_after_close: Option<Moment>,
    /// What gRPC said of calls that failed, one entry for each status, at most 20 of them.
    pub grpc: Vec<GrpcStatus>,
    /// Answers 502 and 504, one entry for each: who answers is a gateway, and what is behind it failed.
    pub gateway: Vec<GatewayStatus>,
    /// Heads of answers could not be read from some point on: what gRPC said then is not known.
    pub heads_unread: bool,
    /// Not all of them could be followed: frames are missing, or there were too many at once. Nothing is said of open streams then.
    pub incomplete: bool,
}

/// A request of HTTP/2.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The packet with its head.
    pub at: Moment,
    /// Its `:path`, which is the method of a call of gRPC, as sent: escape before showing. At most 200 bytes; empty where it is `/`, or was
    /// not read.
    pub path: String,
}

/// Requests that a client took back by RST_STREAM: it gave up, most often at a deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancelled {
    /// How many.
    pub count: u32,
    /// The first of these requests.
    pub asked: Request,
    /// The packet with its RST_STREAM.
    pub at: Moment,
    /// The shortest time from such a request to its RST_STREAM.
    pub shortest: Span,
    /// The longest.
    pub longest: Span,
}

/// Streams that a server ended by RST_STREAM with an error (RFC 9113 section 7).
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// How many.
    pub count: u32,
    /// The first error code.
    pub error: u32,
    /// That request.
    pub asked: Request,
    /// The packet with its RST_STREAM.
    pub at: Moment,
}

/// A status of gRPC other than 0 ("gRPC over HTTP2", Responses), and how often it came.
#[derive(Clone, Debug, PartialEq)]
pub struct GrpcStatus {
    /// The status: 14 is `UNAVAILABLE`.
    pub status: u32,
    /// How many calls ended with it.
    pub count: u32,
    /// The message of the first, as sent: escape before showing. At most 200 bytes.
    pub message: String,
    /// The first of these calls, where it was still known.
    pub asked: Option<Request>,
    /// The packet with its status.
    pub at: Moment,
}

/// An answer of a gateway (RFC 9110 sections 15.6.3 and 15.6.5), and how often it came.
#[derive(Clone, Debug, PartialEq)]
pub struct GatewayStatus {
    /// 502 or 504.
    pub status: u16,
    /// How many requests were answered so.
    pub count: u32,
    /// The first of them, where it was still known.
    pub asked: Option<Request>,
    /// The packet with its answer.
    pub at: Moment,
}

/// Requests without the end of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenStreams {
    /// How many.
    pub count: u32,
    /// How many of them the client had sent to their end, and no answer had begun.
    pub unanswered: u32,
    /// The first of those, else the first that is open.
    pub asked: Request,
}

/// Streams of a connection, while it lives.
#[derive(Debug, Default)]
pub(super) struct Streams {
    known: Http2Streams,
    open: Vec<Stream>,
    /// The highest number that was opened.
    highest: u32,
    /// The server's FIN was seen.
    closed: bool,
}

#[derive(Debug)]
struct Stream {
    number: u32,
    request: Request,
    /// The client has sent all of it (END_STREAM).
    is_whole: bool,
    answered: bool,
}

impl Stream {
    /// Whether it is the server's turn, and nothing came. Who has not asked all may be meant to go on: streams of the client.
    const fn waits(&self) -> bool {
        self.is_whole && !self.answered
    }
}

/// Streams that are followed at once; most servers allow 100 to 250.
const MOST_OPEN: usize = 256;
/// There are 16; what else comes is no status.
const MOST_STATUSES: usize = 20;
/// RFC 9113 section 7: the request was answered before it was whole, which is no error.
const NO_ERROR: u32 = 0;

impl Http2Streams {
    /// Whether all requests were answered, refused or taken back before the server closed, and none came after that: what was lost then was no
    /// request.
    pub(crate) const fn lost_nothing(&self) -> bool {
        !self.incomplete && self.open.is_none() && self.asked_after_close.is_none()
    }
}

impl Streams {
    /// HEADERS of the client: a request, or the trailers of one.
    pub(super) fn on_request(&mut self, number: u32, path: String, ends: bool, at: Moment) {
        if ends && number <= self.highest {
            self.on_request_end(number);
        }
        // Servers open even ones, which nobody uses.
        if number <= self.highest || number.is_multiple_of(2) {
            return;
        }
        self.highest = number;
        if self.closed {
            self.known.asked_after_close.get_or_insert(at);
            return;
        }
        self.known.opened = self.known.opened.saturating_add(1);
        if self.open.len() < MOST_OPEN {
            self.open.push(Stream { number, request: Request { at, path }, is_whole: ends, answered: false });
        } else {
            self.known.incomplete = true;
        }
    }

    /// The client has sent all of a request.
    pub(super) fn on_request_end(&mut self, number: u32) {
        if let Some(stream) = self.open.iter_mut().rev().find(|stream| stream.number == number) {
            stream.is_whole = true;
        }
    }

    /// HEADERS or DATA of the server, and whether they end the answer.
    pub(super) fn on_answer(&mut self, number: u32, ends: bool) {
        if ends {
            self.take(number);
        } else if let Some(stream) = self.open.iter_mut().rev().find(|stream| stream.number == number) {
            stream.answered = true;
        }
    }

    pub(super) fn on_reset(&mut self, side: Side, number: u32, error: u32, at: Moment) {
        // What is taken back when the server has closed was cut before.
        if self.closed {
            return;
        }
        let Some(stream) = self.take(number) else { return };
        let (waits, request) = (stream.waits(), stream.request);
        let waited = at.at.since(request.at.at);
        match side {
            Side::Client if waits => {
                let first = || Cancelled { count: 0, asked: request, at, shortest: waited, longest: waited };
                let known = self.known.cancelled.get_or_insert_with(first);
                known.count = known.count.saturating_add(1);
                (known.shortest, known.longest) = (known.shortest.min(waited), known.longest.max(waited));
            }
            Side::Server if error != NO_ERROR => {
                let first = || Refused { count: 0, error, asked: request, at };
                let known = self.known.refused.get_or_insert_with(first);
                known.count = known.count.saturating_add(1);
            }
            Side::Client | Side::Server => {}
        }
    }

    /// The end of a call of gRPC that failed.
    pub(super) fn on_grpc_status(&mut self, number: u32, status: u32, message: String, at: Moment) {
        if let Some(known) = self.known.grpc.iter_mut().find(|known| known.status == status) {
            known.count = known.count.saturating_add(1);
        } else if self.known.grpc.len() < MOST_STATUSES {
            let asked = self.asked(number);
            self.known.grpc.push(GrpcStatus { status, count: 1, message, asked, at });
        }
    }

    /// An answer 502 or 504.
    pub(super) fn on_gateway_status(&mut self, number: u32, status: u16, at: Moment) {
        if let Some(known) = self.known.gateway.iter_mut().find(|known| known.status == status) {
            known.count = known.count.saturating_add(1);
        } else {
            let asked = self.asked(number);
            self.known.gateway.push(GatewayStatus { status, count: 1, asked, at });
        }
    }

    fn asked(&self, number: u32) -> Option<Request> {
        self.open.iter().rev().find(|stream| stream.number == number).map(|stream| stream.request.clone())
    }

    /// The server will not look at streams above this one: the client may ask again elsewhere.
    pub(super) fn on_goaway(&mut self, last: u32) {
        self.open.retain(|stream| stream.number <= last);
    }

    /// The server closed: what is open now gets no answer any more.
    pub(super) const fn on_close(&mut self) {
        self.closed = true;
    }

    /// Bytes that it keeps at most.
    pub(super) const fn kept(&self) -> usize {
        self.open.len() * (size_of::<Stream>() + KEPT_OF_TEXT)
    }

    /// Frames are missing.
    pub(super) const fn lose(&mut self) {
        self.known.incomplete = true;
    }

    pub(super) fn finish(mut self) -> Http2Streams {
        let waiting = self.open.iter().filter(|stream| stream.waits()).count() as u32;
        if let Some(first) = self.open.iter().find(|stream| stream.waits()).or_else(|| self.open.first())
            && !self.known.incomplete
        {
            let (count, asked) = (self.open.len() as u32, first.request.clone());
            self.known.open = Some(OpenStreams { count, unanswered: waiting, asked });
        }
        self.known
    }

    /// Takes one off the list, which stays in order. Most end soon after they were opened.
    fn take(&mut self, number: u32) -> Option<Stream> {
        let place = self.open.iter().rposition(|stream| stream.number == number)?;
        Some(self.open.remove(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PacketNo, Timestamp};

    fn at(second: i64) -> Moment {
        Moment { packet: PacketNo::FIRST, at: Timestamp::from_nanos(second * 1_000_000_000) }
    }

    fn path() -> String {
        "/shop.Cart/Add".to_owned()
    }

    fn request(second: i64) -> Request {
        Request { at: at(second), path: path() }
    }

    #[test]
    fn requests_are_answered_taken_back_refused_or_open() {
        let mut streams = Streams::default();
        for number in [1, 3, 5, 7, 9, 11] {
            streams.on_request(number, path(), true, at(i64::from(number)));
        }
        streams.on_answer(1, false);
        streams.on_answer(1, true);
        streams.on_answer(3, false);
        streams.on_answer(3, true);
        streams.on_reset(Side::Client, 5, 8, at(13));
        streams.on_reset(Side::Server, 7, 7, at(13));
        streams.on_answer(9, false);
        // Twice, and one that nobody opened.
        streams.on_reset(Side::Client, 5, 8, at(14));
        streams.on_reset(Side::Client, 99, 8, at(14));
        let known = streams.finish();
        assert_eq!(known.opened, 6);
        let eight = Span::from_secs(8);
        let cancelled = Cancelled { count: 1, asked: request(5), at: at(13), shortest: eight, longest: eight };
        assert_eq!(known.cancelled, Some(cancelled));
        assert_eq!(known.refused, Some(Refused { count: 1, error: 7, asked: request(7), at: at(13) }));
        assert_eq!(known.open, Some(OpenStreams { count: 2, unanswered: 1, asked: request(11) }));
    }

    #[test]
    fn who_takes_back_what_is_being_answered_has_had_enough() {
        let mut streams = Streams::default();
        streams.on_request(1, path(), true, at(0));
        streams.on_answer(1, false);
        streams.on_reset(Side::Client, 1, 8, at(2));
        // Answered before the request was whole.
        streams.on_request(3, path(), false, at(2));
        streams.on_reset(Side::Server, 3, NO_ERROR, at(3));
        assert_eq!(streams.finish(), Http2Streams { opened: 2, ..Http2Streams::default() });
    }

    #[test]
    fn what_the_client_says_after_the_close_takes_nothing_back() {
        let mut streams = Streams::default();
        streams.on_request(1, path(), true, at(0));
        streams.on_close();
        streams.on_reset(Side::Client, 1, 7, at(1));
        streams.on_request(3, path(), true, at(1));
        let known = streams.finish();
        assert_eq!(known.open, Some(OpenStreams { count: 1, unanswered: 1, asked: request(0) }));
        assert_eq!((known.cancelled, known.asked_after_close), (None, Some(at(1))));
    }

    #[test]
    fn what_a_server_that_leaves_does_not_look_at_is_not_open() {
        let mut streams = Streams::default();
        streams.on_request(1, path(), true, at(0));
        streams.on_request(3, path(), true, at(0));
        streams.on_goaway(1);
        assert_eq!(streams.finish().open, Some(OpenStreams { count: 1, unanswered: 1, asked: request(0) }));
    }

    #[test]
    fn who_streams_to_the_server_does_not_wait_for_it() {
        let mut streams = Streams::default();
        for number in [1, 3, 5] {
            streams.on_request(number, path(), false, at(0));
        }
        streams.on_request_end(3);
        streams.on_reset(Side::Client, 1, 8, at(9));
        let known = streams.finish();
        assert_eq!(known.cancelled, None);
        assert_eq!(known.open, Some(OpenStreams { count: 2, unanswered: 1, asked: request(0) }));
    }

    #[test]
    fn of_too_many_at_once_nothing_is_said() {
        let mut streams = Streams::default();
        for number in 0..=MOST_OPEN as u32 {
            streams.on_request(2 * number + 1, path(), true, at(0));
        }
        let known = streams.finish();
        assert!(known.incomplete && known.open.is_none());
    }
}
