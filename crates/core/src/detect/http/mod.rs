//! Findings about HTTP on a connection.

pub(super) mod answer_cut_short;
mod asked;
pub(super) mod empty_reply;
mod lost_answer;
pub(super) mod quiet_request_timeout;
mod refused_tunnel;
pub(super) mod request_limit_close;
pub(super) mod request_timeout;
pub(super) mod server_error_message;
mod server_errors;
pub(super) mod too_many_pings;
pub(super) mod unannounced_close;
mod unfinished_request;

pub(super) use refused_tunnel::{is_asked as asks_for_a_tunnel, refusal as refusal_of_a_tunnel};
