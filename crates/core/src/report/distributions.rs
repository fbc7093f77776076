//! How the times and numbers of one service's connections are spread.

use serde::Serialize;

use crate::types::Span;

/// What the findings of a service stand on, in bounded memory. Each is absent where no connection showed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Distributions {
    /// What connecting took, of connections whose SYN-ACK was captured.
    pub connect_s: Option<Quantiles<Span>>,
    /// What the TLS handshake took, from the ClientHello until both sides had finished.
    pub handshake_s: Option<Quantiles<Span>>,
    /// From the last payload to the first FIN or RST, as far as either can be seen.
    pub idle_before_close_s: Option<Quantiles<Span>>,
    /// From the SYN to the first FIN or RST.
    pub age_s: Option<Quantiles<Span>>,
    /// Bursts of the client that the server answered, of connections on which both sides spoke: for HTTP/1 about the requests.
    pub exchanges: Option<Quantiles<i64>>,
    /// Attempts per second, of each second that had any and in which it could be told how they opened; of longer spans where a capture has more
    /// than 512 such seconds. `count` is the spans.
    pub attempts_per_second: Option<Quantiles<f64>>,
}

/// Values at which so many of a hundred are below. They are within 1.6 %; the least, the most and all rates are exact.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles<T> {
    /// How many values there were.
    pub count: u64,
    /// The least.
    pub least: T,
    /// The median.
    pub p50: T,
    /// Nine of ten are not above it.
    pub p90: T,
    /// Ninety-nine of a hundred are not above it.
    pub p99: T,
    /// The most.
    pub most: T,
}

impl<T> Quantiles<T> {
    /// The same in another unit.
    pub(crate) fn map<U>(self, to: impl Fn(T) -> U) -> Quantiles<U> {
        let Self { count, least, p50, p90, p99, most } = self;
        Quantiles { count, least: to(least), p50: to(p50), p90: to(p90), p99: to(p99), most: to(most) }
    }
}
