//! Clear HTTP/1 heads: how many requests and answers, and what they say of the connection's life.
//!
//! In: the bytes of both directions in order, and gaps. Out: an [`Http`]. Bodies are skipped by their length.
//!
//! Of clear HTTP/2 the frames are stepped over, and an [`Http2`] tells of its pings, of GOAWAY and of what became of its requests; so are those of a [`WebSocket`].
//!
//! [`probe`] says whether the first bytes of a side are HTTP at all, [`HttpObserver`] reads the rest.

mod chunked;
mod facts;
mod head;
mod http2;
mod observer;
mod outstanding;
mod probe;
#[cfg(test)]
mod tests;
mod websocket;

pub use facts::{Http, KeepAlive, Missing, OtherAnswer, Reason, Response, UnfinishedRequest};
pub(crate) use http2::Http2Observer;
pub use http2::{Cancelled, GatewayStatus, GoAway, GrpcStatus, Http2, Http2Streams, OpenStreams, Refused, Request};
pub use observer::HttpObserver;
pub(crate) use probe::is_http2_settings;
pub use probe::{Probe, probe};
pub use websocket::{CloseFrame, WebSocket};
