//! Last words: what a side says when it leaves and to which it expects no answer.

use super::{Connection, LateWrite, Protocol, Reset};
use crate::net::Segment;
use crate::tcp::GIVEN_UP_AFTER;
use crate::tls::{ALERT, Tls};
use crate::types::{Moment, Seen, Side, Span};

/// TLS 1.3 close_notify is a record of 24 bytes (RFC 8446 sections 5.1 and 6.1); a request of HTTP takes 49 or more.
const CLOSE_NOTIFY_BYTES: u32 = 40;
/// Requests of other protocols than HTTP may be as short in TLS 1.3 (Redis `PING`, PostgreSQL `SELECT 1`); what is shorter, or as long as an alert
/// that JSSE pads, is none.
const SHORT_REQUEST_BYTES: std::ops::Range<u32> = 33..40;
/// What answers the server's close comes sooner.
const NO_ECHO_AFTER: Span = Span::from_millis(100);
/// As many bytes in a record of TLS 1.2 (AES-GCM) are no request: QUIT, the ping of a pool.
const OLD_SMALL_TALK_BYTES: u32 = 45;
/// The content type of application data (RFC 5246 section 6.2.1).
const APPLICATION_DATA: u8 = 23;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
/// JSSE (Java) says goodbye by two alerts, user_canceled and close_notify, each padded to a record of 40 bytes.
const JSSE_GOODBYE_BYTES: u32 = 2 * JSSE_ALERT_BYTES;
const JSSE_ALERT_BYTES: u32 = 40;
/// close_notify up to TLS 1.2: 31 bytes with AES-GCM, up to 85 with CBC and a long MAC.
const OLD_CLOSE_NOTIFY_BYTES: u32 = 90;
/// close_notify where TLS began inside another protocol (STARTTLS) and is not read: ChaCha20, TLS 1.3, AES-GCM.
const USUAL_CLOSE_NOTIFY: [u32; 3] = [23, 24, 31];
/// In protocols that are not read, a write this short is no request: QUIT, the ping of a pool, a terminal's keystrokes.
const SMALL_TALK_BYTES: u32 = 16;
/// Last words before the writer's own FIN, after which it expects no answer: close_notify, an HTTP/2 GOAWAY, QUIT.
const FAREWELL_BYTES: u32 = 100;
/// A client that answers the close itself, by a close_notify or a QUIT, does so within this and a round trip.
const ANSWERS_CLOSE_WITHIN: Span = Span::from_millis(50);
/// After this long without payload an exchange is taken to be over, where nothing else tells.
const EXCHANGE_OVER: Span = Span::from_millis(50);

/// Whether a segment of a client of TLS asks for nothing: it looks like one close_notify, by what is in clear of it, or is as short.
pub(super) fn asks_nothing(s: &Segment<'_>, tls: &Tls) -> bool {
    let version = tls.server_hello.as_ref().map(|hello| hello.version);
    match (version, s.payload.first()) {
        _ if s.payload_len > CLOSE_NOTIFY_BYTES => {}
        // The content type is in clear.
        (Some(..=TLS_1_2), Some(&APPLICATION_DATA)) => return false,
        (Some(TLS_1_3), _) if !offered_http(tls) => return !SHORT_REQUEST_BYTES.contains(&s.payload_len),
        _ => return true,
    }
    // Up to TLS 1.2 the content type is not encrypted (RFC 5246 section 6.2.1).
    s.payload_len <= OLD_CLOSE_NOTIFY_BYTES && s.payload.first() == Some(&ALERT)
}

/// Whether a segment of a TLS connection is an alert and nothing else: up to TLS 1.2 by its type, in TLS 1.3 by its length.
pub(super) fn is_alert(s: &Segment<'_>) -> bool {
    const OF_TLS_1_3: u32 = 24;
    s.payload_len == OF_TLS_1_3 || s.payload_len <= OLD_CLOSE_NOTIFY_BYTES && s.payload.first() == Some(&ALERT)
}

/// Whether HTTP was offered under TLS.
fn offered_http(tls: &Tls) -> bool {
    let hello = tls.client_hello.as_ref();
    hello.is_some_and(|hello| hello.alpn.iter().any(|name| name == "h2" || name.starts_with("http/")))
}

impl Connection {
    /// Whether a write that a RST answered is the client's last words, such as TLS close_notify: that RST hurts nobody.
    pub(crate) fn is_farewell(&self, write: &LateWrite, reset: &Reset) -> bool {
        let closes_itself = self.ending.fin.client.is_some_and(|fin| fin.at.packet < reset.at.packet);
        let Some(bytes) = write.bytes else {
            // The payload was not captured; the client's own FIN says that it was on its way out.
            return closes_itself;
        };
        match self.protocol {
            // What was read of it may be a proxy's answer to a CONNECT that was not captured.
            Protocol::Http1 => {
                let unsure = self.http.as_ref().is_some_and(|http| http.incomplete || http.requests == 0);
                unsure && USUAL_CLOSE_NOTIFY.contains(&bytes)
            }
            Protocol::Http2 if self.asked_nothing_in_vain() => true,
            Protocol::Tls => {
                let newest = self.tls.as_ref().and_then(|tls| tls.server_hello.as_ref()).map(|hello| hello.version);
                let is_old = newest.is_some_and(|version| version <= 0x0303);
                // Where the server answered what was as short, and not of HTTP, it may be a request.
                let http = self.tls.as_ref().is_some_and(|tls| offered_http(tls));
                let as_short = !http && self.shortest_request.is_some_and(|shortest| shortest <= bytes);
                let may_ask = as_short && write.after_fin >= NO_ECHO_AFTER && SHORT_REQUEST_BYTES.contains(&bytes);
                let close_notify = match write.first_byte {
                    _ if newest == Some(0x0304) && may_ask => 0,
                    _ if newest == Some(0x0304) => CLOSE_NOTIFY_BYTES,
                    // The content type is in clear: this is no alert.
                    Some(APPLICATION_DATA) if is_old && (as_short || http) => 0,
                    Some(APPLICATION_DATA) if is_old => OLD_SMALL_TALK_BYTES,
                    _ => OLD_CLOSE_NOTIFY_BYTES,
                };
                let of_java = bytes == JSSE_GOODBYE_BYTES && self.tls.as_ref().is_some_and(|tls| tls.client_pads);
                of_java || bytes <= if closes_itself { FAREWELL_BYTES } else { close_notify }
            }
            Protocol::None | Protocol::Http2 | Protocol::OpenVpn | Protocol::Other => {
                // Where the server answered what was as short, or nothing was said before, it is no goodbye but by its words.
                let is_first = self.traffic.client.first_payload.is_some_and(|first| Some(first) == write.at);
                let as_short = self.shortest_request.is_some_and(|shortest| shortest <= bytes);
                let asks = !write.is_small_talk && (as_short || is_first);
                (bytes <= SMALL_TALK_BYTES && !asks)
                    || USUAL_CLOSE_NOTIFY.contains(&bytes)
                    || (closes_itself && bytes <= FAREWELL_BYTES)
            }
        }
    }

    /// Whether frames of HTTP/2 in clear show that nothing was lost with the connection: what a client writes after the close is a GOAWAY then,
    /// the ACK of a PING or a RST_STREAM.
    pub(crate) fn asked_nothing_in_vain(&self) -> bool {
        let readable = self.http2.as_ref().filter(|http2| http2.in_clear && http2.answered_in_http1.is_none());
        self.visibility.gaps.client == 0 && readable.is_some_and(|http2| http2.streams.lost_nothing())
    }

    /// Whether a RST refused what the client wrote after the server had closed. What a client does not want to hear any
    /// more once it has closed is no loss, nor are its last words.
    pub(crate) fn lost_a_write(&self) -> bool {
        let (Some(write), Some(reset)) = (&self.ending.late_write, &self.ending.reset) else { return false };
        let by_client = self.ending.closed_by == Some(Side::Server) && write.by == Side::Client;
        by_client && reset.by == Side::Server && !self.is_farewell(write, reset)
    }

    /// The side whose payload did not get through, sent again and again, until the other gave up: with a FIN that still does not
    /// acknowledge it.
    pub(crate) fn unheard(&self) -> Option<Side> {
        [Side::Client, Side::Server].into_iter().find(|side| {
            let (Some(lost), Some(fin)) = (&self.traffic[*side].unanswered, &self.ending.fin[side.peer()]) else {
                return false;
            };
            // A FIN that crosses the first of them does not say that anybody waited.
            let waited = lost.second.packet < fin.at.packet && self.ending.closed_by == Some(side.peer());
            lost.length > 0 && lost.retransmissions >= GIVEN_UP_AFTER && waited
        })
    }

    /// Whether the server refused something that the client had written before it knew of the close, of which nothing more was captured:
    /// the client closed as well, so that it may have been a request or a goodbye.
    pub(crate) fn refused_unseen(&self) -> bool {
        let (Some(reset), Some(closed), Some(own)) =
            (self.ending.reset, self.ending.fin.server, self.ending.fin.client)
        else {
            return false;
        };
        let by_server = self.ending.closed_by == Some(Side::Server) && reset.by == Side::Server && !reset.ack;
        // The client's FIN acknowledges that of the server, and so is not what a RST with the number of the server's FIN answers.
        let knew = closed.acknowledged.is_some_and(|known| known.packet == own.at.packet);
        let before = own.at.packet < reset.at.packet && reset.seq == closed.seq;
        self.visibility.flags_only && self.ending.late_write.is_none() && by_server && knew && before
    }

    /// Whether what the client wrote after the close was not captured, or cut, and came as soon after the FIN, which the client's host had
    /// acknowledged, as a goodbye does.
    pub(crate) fn answered_the_close_unseen(&self) -> bool {
        let took =
            self.opening.syn.zip(self.opening.syn_ack).map_or(Span::ZERO, |(syn, answer)| answer.at.since(syn.at));
        self.ending.late_write.is_some_and(|write| {
            let unread = write.at.is_none() || self.visibility.cut_by_snaplen > 0;
            unread && write.had_acknowledged && write.after_fin < ANSWERS_CLOSE_WITHIN.plus(took)
        })
    }

    /// Whether a RST is one side's way to leave: all that the client had asked was answered, or it had said goodbye.
    pub(super) fn left_by_reset(&self) -> bool {
        use super::ResetKind::{Abort, Unclear};
        let Some(reset) = self.ending.reset.filter(|_| self.ending.late_write.is_none()) else { return false };
        if self.exchanges == 0 {
            return reset.by == Side::Client && matches!(reset.kind, Abort | Unclear) && self.was_not_used();
        }
        let over = self.ending.idle.is_some_and(|idle| idle.span >= EXCHANGE_OVER);
        match (reset.by, reset.kind, self.last_exchange) {
            (Side::Client, Abort | Unclear, Some((_, answered))) => {
                answered.is_some() && (over || self.answers_are_whole() || self.took_all(&reset))
            }
            // The last that it sent is no request, though it had sent some: a TLS alert.
            (Side::Client, Abort | Unclear, None) => self.protocol == Protocol::Tls,
            // Right after an answer it may be that answer which tells why: an error, a refusal.
            (Side::Server, Abort, Some((_, Some(_)))) => {
                let whole = self.protocol != Protocol::Http1 || self.answers_are_whole();
                over && whole && reset.nothing_in_flight && reset.followed_by_data == 0
            }
            // The last that was answered is no request: the ping of a pool.
            (Side::Server, Abort, None) => {
                let had_the_word = self.traffic.server.last_payload > self.traffic.client.last_payload;
                let quiet = over && reset.nothing_in_flight && reset.followed_by_data == 0;
                self.protocol == Protocol::Tls && (had_the_word && quiet || self.took_leave())
            }
            _ => false,
        }
    }

    /// Whether a RST may have been a side's way to leave though it counts as a failure: what would tell is not in the capture.
    pub(crate) fn may_have_left(&self) -> bool {
        use super::ResetKind::FromThePath;
        let Some(reset) = self.ending.reset else { return false };
        if let Some(write) = self.ending.late_write {
            return write.at.is_none();
        }
        // Headers alone: whether more was to come, or who had said goodbye, is in what was cut.
        let waited = self.traffic.client.last_payload > self.traffic.server.last_payload;
        let cut = self.visibility.cut_by_snaplen > 0 && (reset.by == Side::Client || !waited);
        let unseen = self.misses_payload() || self.opening.syn.is_none() || self.opening.syn_ack.is_none();
        unseen && reset.kind != FromThePath || cut || self.refused_unseen()
    }

    /// Whether TLS was set up and then not used: by a health check, or kept spare. A client that closes with session tickets unread resets.
    fn was_not_used(&self) -> bool {
        let whole = self.visibility.is_whole_of(Side::Client) && self.visibility.is_whole_of(Side::Server);
        whole && self.tls.as_ref().is_some_and(|tls| tls.was_not_used())
    }

    /// Whether the client's last word was a close_notify, after the answer to all that it had asked.
    pub(crate) fn took_leave(&self) -> bool {
        let (Some(tls), Some(goodbye)) = (&self.tls, self.goodbye.filter(|goodbye| goodbye.answer_before.is_some()))
        else {
            return false;
        };
        // Up to TLS 1.2 the content type told.
        let was_clear = tls.server_hello.as_ref().is_some_and(|hello| hello.version <= TLS_1_2);
        let of_java = tls.client_pads && matches!(goodbye.bytes, JSSE_ALERT_BYTES | JSSE_GOODBYE_BYTES);
        was_clear || of_java || USUAL_CLOSE_NOTIFY.contains(&goodbye.bytes)
    }

    /// Whether the client had all that was sent to it, and that ended as a message does. HTTP/1 says itself where an answer ends; that of
    /// HTTP/2 has parts.
    fn took_all(&self, reset: &Reset) -> bool {
        let in_one_part = match self.protocol {
            Protocol::Other => true,
            // A request can come while an earlier answer is on its way, and under TLS nobody sees which of them is answered.
            Protocol::Tls => !self.may_speak_http2() && self.answer_had_time(),
            _ => false,
        };
        in_one_part && reset.nothing_in_flight && reset.message_ended
    }

    /// Whether the server's last bytes came as long after the request as it is away, by its SYN-ACK: else they were sent before that arrived.
    fn answer_had_time(&self) -> bool {
        let took = |(from, to): (Moment, Moment)| to.at.since(from.at).as_nanos();
        let away = self.opening.syn.zip(self.opening.syn_ack).map(took);
        let answer = self.last_exchange.map(|(asked, _)| asked).zip(self.traffic.server.last_payload).map(took);
        away.zip(answer).is_some_and(|(away, answer)| answer >= away / 2)
    }

    /// Whether HTTP/2 was offered under TLS, and the choice is that or can not be read (TLS 1.3).
    fn may_speak_http2(&self) -> bool {
        let Some(tls) = &self.tls else { return false };
        let offered = tls.client_hello.as_ref().is_none_or(|hello| hello.alpn.iter().any(|name| name == "h2"));
        let chosen = tls.server_hello.as_ref().map(|hello| &hello.alpn);
        offered && !matches!(chosen, Some(Seen::No)) && !matches!(chosen, Some(Seen::Yes(name)) if name != "h2")
    }

    /// Whether clear HTTP/1 was read to the end of the last answer. HAProxy leaves its servers like this: a RST at once.
    fn answers_are_whole(&self) -> bool {
        let Some(http) = self.http.as_ref().filter(|http| !http.incomplete && http.switched.is_none()) else {
            return false;
        };
        // An answer that crossed the RST was not waited for.
        let came_before = |answer: Moment| self.ending.reset.is_some_and(|reset| answer.packet < reset.at.packet);
        let whole =
            http.last_response.is_some_and(|answer| !answer.until_close && !answer.early && came_before(answer.at));
        whole && !http.answer_unfinished && http.responses >= http.requests
    }
}
