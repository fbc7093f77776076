//! Findings about HTTP on a connection.

pub(super) mod answer_cut_short;
mod asked;
pub(super) mod empty_reply;
mod lost_answer;
pub(super) mod quiet_request_timeout;
pub(super) mod request_limit_close;
pub(super) mod request_timeout;
pub(super) mod server_error_message;
mod server_errors;
pub(super) mod too_many_pings;
pub(super) mod unannounced_close;
mod unfinished_request;
