//! The observer against exchanges written by hand and the heads of real servers.

use proptest::prelude::*;

use super::{Http, HttpObserver, KeepAlive, Missing, UnfinishedRequest};
use crate::limits::Limits;
use crate::types::{Moment, NotVisible, PacketNo, Side, Span, Timestamp};

fn packet(number: usize) -> Moment {
    let packet = PacketNo::new(number as u64).expect("tests number packets from 1");
    Moment { packet, at: Timestamp::from_nanos(number as i64 * 1_000_000) }
}

/// `C` or `S` and text, as packets 1, 2, 3 ...
fn observer(segments: &[(char, &str)], size: usize) -> HttpObserver {
    let mut observer = HttpObserver::new(&Limits::default());
    feed(&mut observer, segments, 1, size);
    observer
}

fn feed(observer: &mut HttpObserver, segments: &[(char, &str)], first: usize, size: usize) {
    for (index, (side, text)) in segments.iter().enumerate() {
        for piece in text.as_bytes().chunks(size) {
            observer.on_bytes(side_of(*side), piece, packet(first + index));
        }
    }
}

fn side_of(letter: char) -> Side {
    if letter == 'C' { Side::Client } else { Side::Server }
}

/// What was seen, and the same in pieces of every size.
fn observe(segments: &[(char, &str)]) -> Http {
    let whole = observer(segments, usize::MAX).finish();
    for size in [1, 2, 3, 7] {
        assert_eq!(observer(segments, size).finish(), whole, "in pieces of {size}");
    }
    whole
}

/// A request of curl 7.88 and the answer of node 20.
const REQUEST: &str =
    "GET /a HTTP/1.1\r\nHost: api.example.test:3000\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:00:00 GMT\r\nConnection: keep-alive\r\n\
                      Keep-Alive: timeout=5\r\nContent-Length: 6\r\n\r\nhello\n";
/// An answer of nginx 1.24 to a proxy that speaks HTTP/1.0.
const OLD_ANSWER: &str = "HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.24.0\r\nContent-Type: text/html\r\n\
                          Content-Length: 4\r\nConnection: close\r\n\r\nsad\n";

#[test]
fn requests_over_one_connection_that_stays() {
    let http = observe(&[('C', REQUEST), ('S', ANSWER), ('C', REQUEST), ('S', ANSWER), ('C', REQUEST)]);
    assert_eq!((http.requests, http.responses, http.incomplete), (3, 2, false));
    assert_eq!(http.first_method.as_deref(), Some("GET"));
    assert_eq!(http.host.as_deref(), Some("api.example.test:3000"));
    assert_eq!(http.last_request, Some(packet(5)));
    let last = http.last_response.unwrap();
    assert_eq!((last.at, last.status, last.closes), (packet(4), 200, false));
    assert_eq!(http.keep_alive, Some(KeepAlive { timeout: Some(Span::from_secs(5)), max: None }));
    assert_eq!((http.client_announced_close, http.server_announced_close), (None, None));
}

#[test]
fn a_server_that_closes_and_says_so() {
    let http = observe(&[('C', "GET / HTTP/1.0\r\n\r\n"), ('S', OLD_ANSWER)]);
    assert_eq!(http.client_announced_close, Some(packet(1)));
    assert_eq!(http.server_announced_close, Some(packet(2)));
    assert_eq!(http.first_error, Some((502, packet(2))));
    assert_eq!(http.server_software.as_deref(), Some("nginx/1.24.0"));
    assert!(http.last_response.unwrap().closes);
}

#[test]
fn http_1_0_with_keep_alive_stays_open() {
    let http = observe(&[
        ('C', "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
        (
            'S',
            "HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\nKeep-Alive: timeout=15, max=\"99\"\r\nContent-Length:0\r\n\r\n",
        ),
    ]);
    assert_eq!((http.client_announced_close, http.server_announced_close), (None, None));
    assert_eq!(http.keep_alive, Some(KeepAlive { timeout: Some(Span::from_secs(15)), max: Some(99) }));
}

#[test]
fn the_lowest_error_is_kept_with_its_first_packet() {
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    let (bad, unavailable, missing) = (answer("503 x"), answer("500 y"), answer("500 z"));
    let http = observe(&[('S', &bad), ('S', &unavailable), ('S', &missing), ('S', &bad)]);
    assert_eq!((http.first_error, http.responses), (Some((500, packet(2))), 4));
}

#[test]
fn pipelined_requests_and_answers_without_body() {
    let http = observe(&[
        (
            'C',
            "HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        // The length of a HEAD's and a 304's answer is that of the body it would have.
        (
            'S',
            "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 700\r\n\r\n",
        ),
        ('S', "HTTP/1.1 204 No Content\r\n\r\n"),
        ('C', "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ('S', ANSWER),
    ]);
    assert_eq!((http.requests, http.responses, http.incomplete), (4, 4, false));
    assert_eq!(http.last_response.unwrap().at, packet(5));
}

#[test]
fn bodies_are_not_taken_for_heads() {
    let trap = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{REQUEST}", REQUEST.len());
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{:X};a=b\r\n{ANSWER}\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
        ANSWER.len()
    );
    let http = observe(&[('C', &trap), ('S', &chunked), ('C', REQUEST), ('S', ANSWER)]);
    assert_eq!((http.requests, http.responses, http.incomplete), (2, 2, false));
}

#[test]
fn interim_answers_are_no_answers() {
    let http = observe(&[
        ('C', "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
        ('S', "HTTP/1.1 100 Continue\r\n\r\n"),
        ('C', "ok"),
        ('S', "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
    ]);
    assert_eq!((http.requests, http.responses, http.last_response.unwrap().status), (1, 1, 201));
}

#[test]
fn a_websocket_is_http_no_more() {
    let segments = [
        ('C', "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        (
            'S',
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\u{1}GET / HTTP/1.1\r\n\r\n",
        ),
        ('C', REQUEST),
    ];
    let http = observe(&segments);
    assert_eq!((http.switched, http.requests, http.incomplete), (Some(packet(2)), 1, false));
    let observer = observer(&segments, usize::MAX);
    assert!(!observer.wants(Side::Client) && !observer.wants(Side::Server));
}

#[test]
fn a_tunnel_is_http_no_more_when_it_is_granted() {
    let http = observe(&[
        ('C', "CONNECT shop.example.test:443 HTTP/1.1\r\nHost: shop.example.test:443\r\n\r\n"),
        ('S', "HTTP/1.1 200 Connection established\r\n\r\n"),
        ('C', "\u{16}\u{3}\u{1}"),
    ]);
    assert_eq!((http.switched, http.incomplete, http.responses), (Some(packet(2)), false, 1));
    let refused = observe(&[
        ('C', "CONNECT shop.example.test:443 HTTP/1.1\r\nHost: shop.example.test:443\r\n\r\n"),
        ('S', "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
    ]);
    assert_eq!((refused.switched, refused.first_error), (None, Some((407, packet(2)))));
}

#[test]
fn a_body_that_ends_with_the_connection() {
    let segments = [('C', REQUEST), ('S', "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHTTP/1.1 500 no\r\n\r\n")];
    let http = observe(&segments);
    assert_eq!((http.responses, http.first_error), (1, None));
    assert!(!observer(&segments, usize::MAX).wants(Side::Server));
}

#[test]
fn a_gap_inside_a_body_does_no_harm() {
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let chunk = if head.starts_with('T') { "3e8\r\n" } else { "" };
        let end = if head.starts_with('T') { "\r\n0\r\n\r\n" } else { "" };
        let mut observer =
            observer(&[('C', REQUEST), ('S', &format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{chunk}0123456789"))], 9);
        observer.on_gap(Side::Server, 980, NotVisible::NotCaptured, packet(3));
        feed(&mut observer, &[('S', &format!("0123456789{end}{ANSWER}")), ('C', REQUEST)], 4, 9);
        let http = observer.finish();
        assert_eq!((http.requests, http.responses, http.incomplete), (2, 2, false), "{head}");
    }
}

#[test]
fn after_a_gap_elsewhere_the_next_piece_that_begins_like_a_head_is_read() {
    let mut observer = observer(&[('C', REQUEST), ('S', ANSWER)], usize::MAX);
    observer.on_gap(Side::Server, 500, NotVisible::NotCaptured, packet(3));
    observer.on_gap(Side::Client, 90, NotVisible::NotCaptured, packet(3));
    feed(
        &mut observer,
        &[('S', "a rest of a body HTTP/1.1 500 no\r\n\r\n"), ('S', ANSWER), ('C', REQUEST)],
        4,
        usize::MAX,
    );
    let http = observer.finish();
    assert_eq!((http.requests, http.responses, http.incomplete), (2, 2, true));
    assert_eq!(http.first_error, None);
}

#[test]
fn the_whole_lines_of_a_cut_head_are_read() {
    let mut observer = HttpObserver::new(&Limits::default());
    observer.on_bytes(Side::Client, &REQUEST.as_bytes()[..60], packet(1));
    observer.on_gap(Side::Client, 30, NotVisible::CutBySnaplen, packet(1));
    observer.on_bytes(Side::Server, b"HTTP/1.0 503 Service Unavailable\r\nServ", packet(2));
    observer.on_gap(Side::Server, 400, NotVisible::CutBySnaplen, packet(2));
    let http = observer.finish();
    assert_eq!((http.requests, http.responses, http.incomplete), (1, 1, true));
    assert_eq!(http.host.as_deref(), Some("api.example.test:3000"));
    // HTTP/1.0 closes, but perhaps the part that is missing says otherwise.
    assert_eq!((http.first_error, http.server_announced_close), (Some((503, packet(2))), None));
}

#[test]
fn a_head_without_end_is_given_up() {
    let mut observer = HttpObserver::new(&Limits { max_http_head_bytes: 100, ..Limits::default() });
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(200));
    feed(&mut observer, &[('C', &long), ('C', REQUEST)], 1, 50);
    let http = observer.finish();
    assert_eq!((http.requests, http.incomplete), (1, true));
    assert_eq!(http.last_request, Some(packet(2)));
}

#[test]
fn other_protocols_with_such_lines_are_not_counted() {
    let http = observe(&[
        ('C', "OPTIONS rtsp://cam.example.test/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        ('C', "DESCRIBE rtsp://cam.example.test/ RTSP/1.0\r\nCSeq: 2\r\n\r\n"),
    ]);
    assert_eq!((http.requests, http.responses), (0, 0));
}

#[test]
fn an_exchange_takes_little_room() {
    assert!(size_of::<HttpObserver>() <= 488, "{}", size_of::<HttpObserver>());
}

fn pieces_of_http() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(REQUEST.as_bytes().to_vec()),
        Just(ANSWER.as_bytes().to_vec()),
        Just(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
        Just(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
        Just(b"HTTP/1.1 204 a\r\n\r\n".to_vec()),
        Just(b"5;x\r\nabcde\r\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_bytes_and_gaps_are_survived(
        events in proptest::collection::vec((any::<bool>(), pieces_of_http(), 0_u32..40), 0..10),
    ) {
        let limits = Limits { max_http_head_bytes: 128, ..Limits::default() };
        let mut observer = HttpObserver::new(&limits);
        for (index, (client, bytes, gap)) in events.into_iter().enumerate() {
            let side = if client { Side::Client } else { Side::Server };
            observer.on_bytes(side, &bytes, packet(index + 1));
            if gap < 20 {
                observer.on_gap(side, gap, NotVisible::NotCaptured, packet(index + 1));
            }
        }
        let http = observer.finish();
        prop_assert!(http.responses >= u32::from(http.last_response.is_some()));
    }

    #[test]
    fn what_is_well_formed_means_the_same_in_any_pieces(
        sides in proptest::collection::vec(any::<bool>(), 0..12),
        size in 1_usize..60,
    ) {
        let segments: Vec<(char, &str)> =
            sides.into_iter().map(|client| if client { ('C', REQUEST) } else { ('S', ANSWER) }).collect();
        prop_assert_eq!(observer(&segments, size).finish(), observer(&segments, usize::MAX).finish());
    }
}

#[test]
fn a_request_that_is_not_whole() {
    let missing = |segments: &[(char, &str)]| observe(segments).unfinished_request;
    let unfinished = |number, missing| Some(UnfinishedRequest { at: packet(number), missing, awaits_continue: false });
    let body = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
    assert_eq!(missing(&[('C', body)]), unfinished(1, Missing::Body(7)));
    assert_eq!(missing(&[('C', body), ('C', "defghij")]), None);
    // The second request on the connection.
    assert_eq!(missing(&[('C', REQUEST), ('S', ANSWER), ('C', body)]), unfinished(3, Missing::Body(7)));
    let chunked = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    assert_eq!(missing(&[('C', chunked)]), unfinished(1, Missing::LastChunk));
    assert_eq!(missing(&[('C', chunked), ('C', "0\r\n\r\n")]), None);
    assert_eq!(missing(&[('C', "GET / HTTP/1.1\r\nHost: a\r\n")]), unfinished(1, Missing::EndOfHead));
    // Until it is told to go on.
    let careful = "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let awaits = |segments: &[(char, &str)]| missing(segments).map(|request| request.awaits_continue);
    assert_eq!(awaits(&[('C', careful)]), Some(true));
    assert_eq!(awaits(&[('C', careful), ('S', "HTTP/1.1 100 Continue\r\n\r\n")]), Some(false));
    assert_eq!(awaits(&[('C', careful), ('C', "a")]), Some(false));
    // What begins like no request is none.
    assert_eq!(missing(&[('C', REQUEST), ('S', ANSWER), ('C', "GETTY")]), None);
    assert_eq!(missing(&[('C', REQUEST), ('S', ANSWER)]), None);
}

#[test]
fn a_server_that_begins_with_http2() {
    let settings = "\0\0\u{6}\u{4}\0\0\0\0\0\0\u{3}\0\0\0\u{64}";
    assert_eq!(observer(&[('C', REQUEST), ('S', settings)], usize::MAX).finish().speaks_http2, Some(packet(2)));
    // Some begin before they are asked.
    assert_eq!(observer(&[('S', settings), ('C', REQUEST)], usize::MAX).finish().speaks_http2, Some(packet(1)));
    assert_eq!(observer(&[('C', REQUEST), ('S', ANSWER), ('S', settings)], usize::MAX).finish().speaks_http2, None);
    assert_eq!(observer(&[('C', REQUEST), ('S', &settings[..8])], usize::MAX).finish().speaks_http2, None);
}

#[test]
fn the_reason_of_a_refusal_is_kept_in_any_pieces() {
    let envoy = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 19\r\n\r\nno healthy upstream";
    let http = observe(&[('C', "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ('S', envoy)]);
    assert_eq!(http.reason.expect("there is one").words, b"no healthy upstream");
    let squid = "HTTP/1.1 503 No\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\nContent-Length: 4\r\n\r\npage";
    let http = observe(&[('C', "CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n"), ('S', squid)]);
    let reason = http.reason.expect("there is one");
    assert_eq!((reason.field, reason.words.as_slice()), (Some("X-Squid-Error"), b"ERR_DNS_FAIL 0".as_slice()));
    assert_eq!(http.host.as_deref(), Some("b:443"), "the target, not the Host");
    let long = format!("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 700\r\n\r\n{}", "x".repeat(700));
    let next = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let http = observe(&[('C', "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"), ('S', &format!("{long}{next}"))]);
    assert_eq!((http.reason.expect("there is one").words.len(), http.responses), (512, 2));
}
