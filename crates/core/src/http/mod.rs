//! Clear HTTP/1 heads: how many requests and answers, and what they say of the connection's life.
//!
//! In: the bytes of both directions in order, and gaps. Out: an [`Http`]. Bodies are skipped by their length.

mod facts;

pub use facts::{Http, KeepAlive, Response};
