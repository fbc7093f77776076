//! From a frame to the network layer: one file for each link type, one row for each in the table.
//!
//! In: a [`Frame`](crate::capture::Frame). Out: [`Decoded`](crate::net::Decoded). Knows nothing of connections.
