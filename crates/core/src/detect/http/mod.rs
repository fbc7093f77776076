//! Findings about HTTP on a connection.

pub(super) mod answer_cut_short;
pub(super) mod asked;
mod client_silent;
pub(super) mod empty_reply;
mod encrypted_words;
pub(super) mod first_words;
mod gateway_causes;
mod gateway_errors;
mod gateway_words;
mod grpc_status;
mod http2;
mod http2_errors;
mod lost_answer;
mod no_http;
pub(super) mod quiet_request_timeout;
mod records_cut;
mod refused_tunnel;
pub(super) mod request_limit_close;
pub(super) mod request_timeout;
pub(super) mod server_error_message;
mod server_errors;
mod streams_cancelled;
mod streams_cut;
pub(super) mod too_many_pings;
pub(super) mod unannounced_close;
mod unfinished_request;
mod websocket_close;
pub(super) mod websocket_cut;
mod without_words;

pub(crate) use gateway_errors::GATEWAY_STATUS;

use crate::record::{Connection, Dialogue};

/// Whether HTTP/2 in clear said why a request or the connection goes no further.
pub(super) fn http2_says_why(c: &Connection) -> bool {
    http2_errors::says_why(c)
}

/// Whether HTTP in clear said why what was asked for can not be had.
pub(super) fn says_why(c: &Connection) -> bool {
    refused_tunnel::refusal(c).is_some()
        || no_http::answer(c).is_some()
        || gateway_errors::last_answer(c).is_some()
        || websocket_close::says_why(c)
}

/// Whether a server closed because the client was silent for longer than both had agreed on.
pub(super) fn client_was_silent(c: &Connection, dialogue: &Dialogue) -> bool {
    client_silent::is_why(c, dialogue)
}
