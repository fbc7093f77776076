//! The connections of an analysis, in the order of their numbers.

use std::net::SocketAddr;

use handshark::Sink;
use handshark::capture::Interfaces;
use handshark::record::Connection;

#[derive(Default)]
pub(crate) struct Gathered(pub(crate) Vec<Connection>);

impl Sink for Gathered {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.push(connection.clone());
        self.0.sort_by_key(|connection| connection.number);
    }
}

/// An end, as in `10.0.0.1:80`.
pub(crate) fn end(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
