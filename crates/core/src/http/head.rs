//! One head (RFC 9112 sections 2 to 6): start line and the few fields that say how a connection lives on.
//!
//! In: the bytes of a head to its empty line. Out: what it says, with texts still borrowed.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use super::KeepAlive;
use crate::types::Span;

/// Fields of one head that are looked at; a head with more is read again with room for `MANY_FIELDS`.
const FIELDS: usize = 64;
const MANY_FIELDS: usize = 1_024;

/// A request head.
#[derive(Debug)]
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a str,
    /// As it stands in the request line (RFC 9112 section 3.2).
    pub(super) target: &'a str,
    pub(super) fields: Fields<'a>,
}

/// A response head.
#[derive(Debug)]
pub(super) struct ResponseHead<'a> {
    pub(super) status: u16,
    pub(super) fields: Fields<'a>,
}

/// What the fields of a head say.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    /// HTTP/1.0.
    old: bool,
    pub(super) content_length: ContentLength,
    pub(super) transfer_encoding: TransferEncoding,
    connection_close: bool,
    connection_keep_alive: bool,
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) server: Option<&'a [u8]>,
    /// A field with which gateways say why they failed, and its value.
    pub(super) reason: Option<(&'static str, &'a [u8])>,
    /// `Expect: 100-continue` (RFC 9110 section 10.1.1).
    pub(super) expects_continue: bool,
    /// `Upgrade: websocket` (RFC 6455 section 4.2.2).
    pub(super) to_websocket: bool,
}

/// RFC 9112 section 6.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ContentLength {
    #[default]
    Missing,
    Bytes(u64),
    /// No number, or two that differ.
    Wrong,
}

/// RFC 9112 section 6.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TransferEncoding {
    #[default]
    Missing,
    /// chunked is the last one.
    Chunked,
    /// Something else is: the length is not in the message.
    Other,
}

impl Fields<'_> {
    /// Whether the sender closes after this message (RFC 9112 section 9.3).
    pub(super) const fn closes(&self) -> bool {
        self.connection_close || (self.old && !self.connection_keep_alive)
    }

    /// Whether it says so in as many words.
    pub(super) const fn says_close(&self) -> bool {
        self.connection_close
    }
}

/// Reads a request head; `None` where it is none.
pub(super) fn request(bytes: &[u8]) -> Option<RequestHead<'_>> {
    request_with::<FIELDS>(bytes).or_else(|| request_with::<MANY_FIELDS>(bytes))
}

fn request_with<const N: usize>(bytes: &[u8]) -> Option<RequestHead<'_>> {
    let mut headers = [const { MaybeUninit::uninit() }; N];
    let mut request = httparse::Request::new(&mut []);
    let mut tolerant = ParserConfig::default();
    tolerant.ignore_invalid_headers_in_requests(true).allow_multiple_spaces_in_request_line_delimiters(true);
    match tolerant.parse_request_with_uninit_headers(&mut request, bytes, &mut headers) {
        Ok(Status::Complete(_)) => {
            let fields = fields(request.headers, request.version == Some(0));
            Some(RequestHead { method: request.method?, target: request.path?, fields })
        }
        Ok(Status::Partial) | Err(_) => None,
    }
}

/// Reads a response head; `None` where it is none.
pub(super) fn response(bytes: &[u8]) -> Option<ResponseHead<'_>> {
    response_with::<FIELDS>(bytes).or_else(|| response_with::<MANY_FIELDS>(bytes))
}

fn response_with<const N: usize>(bytes: &[u8]) -> Option<ResponseHead<'_>> {
    let mut headers = [const { MaybeUninit::uninit() }; N];
    let mut response = httparse::Response::new(&mut []);
    let mut tolerant = ParserConfig::default();
    tolerant
        .ignore_invalid_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true);
    match tolerant.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(Status::Complete(_)) => {
            let fields = fields(response.headers, response.version == Some(0));
            Some(ResponseHead { status: response.code?, fields })
        }
        Ok(Status::Partial) | Err(_) => None,
    }
}

fn fields<'a>(headers: &[Header<'a>], old: bool) -> Fields<'a> {
    let mut fields = Fields { old, ..Fields::default() };
    for header in headers {
        let value = header.value;
        // The length decides most names without a comparison.
        match header.name.len() {
            4 if header.name.eq_ignore_ascii_case("host") => fields.host = fields.host.or(Some(value)),
            6 if header.name.eq_ignore_ascii_case("expect") => {
                fields.expects_continue = has_token(value, b"100-continue");
            }
            6 if header.name.eq_ignore_ascii_case("server") => fields.server = fields.server.or(Some(value)),
            7 if header.name.eq_ignore_ascii_case("upgrade") => fields.to_websocket = has_token(value, b"websocket"),
            10 if header.name.eq_ignore_ascii_case("connection") => {
                fields.connection_close |= has_token(value, b"close");
                fields.connection_keep_alive |= has_token(value, b"keep-alive");
            }
            10 if header.name.eq_ignore_ascii_case("keep-alive") => fields.keep_alive = Some(keep_alive(value)),
            12 | 13 | 15 => fields.reason = fields.reason.or_else(|| Some((reason(header.name)?, value))),
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                fields.content_length = content_length(fields.content_length, value);
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                let last = tokens(value).last().unwrap_or_default();
                fields.transfer_encoding = match last.eq_ignore_ascii_case(b"chunked") {
                    true => TransferEncoding::Chunked,
                    false => TransferEncoding::Other,
                };
            }
            _ => {}
        }
    }
    fields
}

/// The name of a field that says why a gateway failed: RFC 9209, Squid, Linkerd.
fn reason(name: &str) -> Option<&'static str> {
    ["Proxy-Status", "X-Squid-Error", "l5d-proxy-error"].into_iter().find(|known| name.eq_ignore_ascii_case(known))
}

/// RFC 9110 section 8.6: several equal values, as fields or as a list, count as one.
fn content_length(before: ContentLength, value: &[u8]) -> ContentLength {
    let mut length = before;
    for token in tokens(value) {
        let now = number(token);
        length = match (length, now) {
            (ContentLength::Missing, Some(now)) => ContentLength::Bytes(now),
            (ContentLength::Bytes(before), Some(now)) if before == now => length,
            _ => ContentLength::Wrong,
        };
    }
    if length == ContentLength::Missing { ContentLength::Wrong } else { length }
}

/// `timeout=5, max=100`; what is no number is left out.
fn keep_alive(value: &[u8]) -> KeepAlive {
    let mut announced = KeepAlive::default();
    for token in tokens(value) {
        let mut halves = token.splitn(2, |&byte| byte == b'=');
        let name = halves.next().unwrap_or_default().trim_ascii();
        let value = halves.next().unwrap_or_default().trim_ascii();
        let value = number(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value));
        if name.eq_ignore_ascii_case(b"timeout") {
            announced.timeout = value.and_then(|seconds| i64::try_from(seconds).ok()).map(Span::from_secs);
        } else if name.eq_ignore_ascii_case(b"max") {
            announced.max = value.and_then(|max| u32::try_from(max).ok());
        }
    }
    announced
}

fn has_token(list: &[u8], token: &[u8]) -> bool {
    tokens(list).any(|candidate| candidate.eq_ignore_ascii_case(token))
}

/// The members of a comma-separated list (RFC 9110 section 5.6.1), empty ones left out.
fn tokens(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Decimal digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// The length of the head with its empty line, where that is there; bytes before `from` were searched before.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    // An empty line lies across what was searched by three bytes at most.
    let from = from.saturating_sub(3);
    for line_end in memchr::memchr_iter(b'\n', bytes.get(from..)?) {
        let next = from + line_end + 1;
        match bytes.get(next..)? {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => {}
        }
    }
    None
}
