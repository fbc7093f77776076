//! Findings about HTTP on a connection.

pub(super) mod request_limit_close;
pub(super) mod request_timeout;
