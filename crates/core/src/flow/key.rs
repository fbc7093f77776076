//! A tuple without its direction.

use std::net::IpAddr;

use crate::types::{Endpoint, Tuple};

/// The innermost address and port pairs of a connection, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Two IPv4 ends, packed: address and port of the lower, then of the higher.
    V4(u128),
    /// Two ends of which one is IPv6.
    V6 { low: u128, high: u128, ports: u32 },
}

/// The key of a tuple, and whether its source is the lower end.
pub(super) fn of(tuple: &Tuple) -> (Key, bool) {
    let Tuple { source, destination } = tuple;
    if let (IpAddr::V4(from), IpAddr::V4(to)) = (source.address, destination.address) {
        let a = u64::from(from.to_bits()) << 16 | u64::from(source.port);
        let b = u64::from(to.to_bits()) << 16 | u64::from(destination.port);
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        return (Key::V4(u128::from(low) << 64 | u128::from(high)), a <= b);
    }
    let a = (wide(source), source.port);
    let b = (wide(destination), destination.port);
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    (Key::V6 { low: low.0, high: high.0, ports: u32::from(low.1) << 16 | u32::from(high.1) }, a <= b)
}

fn wide(end: &Endpoint) -> u128 {
    match end.address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
