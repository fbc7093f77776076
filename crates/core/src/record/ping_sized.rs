//! Payload of the sizes that HTTP/2 pings have under TLS 1.3: all that can be seen of them there.

use crate::http::{GoAway, Http2};
use crate::tls::Tls;
use crate::types::{Moment, Side};

/// The client's last row of payload as large as a ping, and what the server sent that is no answer to one.
#[derive(Clone, Debug, Default)]
pub(super) struct PingSized {
    row: u32,
    first: Option<Moment>,
    last: Option<Moment>,
    /// The server's last payload that is larger than a ping, its length included.
    goaway_sized: Option<Moment>,
}

/// A record of TLS 1.3 around a frame: header, content type and tag (RFC 8446 section 5.2).
const RECORD: u32 = 5 + 1 + 16;
/// A PING frame (RFC 9113 section 6.7).
const PING: u32 = RECORD + 9 + 8;
/// A GOAWAY frame (section 6.8) with the words that gRPC's servers give as the reason, `too_many_pings`.
const GOAWAY: u32 = RECORD + 9 + 8 + 14;
/// `close_notify`.
const CLOSE_NOTIFY: u32 = RECORD + 2;
/// gRPC's servers bear two pings that come too early.
const PINGS_LEAST: u32 = 3;

impl PingSized {
    /// New payload of one segment.
    #[inline]
    pub(super) const fn on_payload(&mut self, side: Side, length: u32, at: Moment) {
        match side {
            Side::Client if length == PING => {
                if self.row == 0 {
                    self.first = Some(at);
                }
                self.row = self.row.saturating_add(1);
                self.last = Some(at);
            }
            // A client that is told to go says goodbye.
            Side::Client if length == CLOSE_NOTIFY => {}
            Side::Client => self.row = 0,
            Side::Server if length == PING || length == CLOSE_NOTIFY => {}
            Side::Server => {
                let fits = length == GOAWAY || length == GOAWAY + CLOSE_NOTIFY;
                self.goaway_sized = if fits { Some(at) } else { None };
            }
        }
    }

    /// The hint, where a client that offered HTTP/2 sent nothing but what is as large as pings, and then the server what is as
    /// large as that GOAWAY.
    pub(super) fn looks_like_pings(&self, tls: &Tls) -> Option<Box<Http2>> {
        const TLS_1_3: u16 = 0x0304;
        let (Some(first), Some(last), Some(goaway)) = (self.first, self.last, self.goaway_sized) else { return None };
        let offers = tls.client_hello.as_ref().is_some_and(|hello| hello.alpn.iter().any(|name| name == "h2"));
        let version = tls.server_hello.as_ref().is_some_and(|hello| hello.version == TLS_1_3);
        if self.row < PINGS_LEAST || goaway.packet < last.packet || !offers || !version {
            return None;
        }
        Some(Box::new(Http2 {
            in_clear: false,
            pings: self.row,
            first_ping: Some(first),
            last_ping: Some(last),
            goaway: Some(GoAway { at: goaway, by: Side::Server, error: None, debug: String::new() }),
            ..Http2::default()
        }))
    }
}
