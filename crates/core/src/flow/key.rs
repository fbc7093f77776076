//! A tuple without its direction, and the one hash that everything looked up by it uses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::types::{Endpoint, Tuple};

/// The innermost address and port pairs of a connection, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Two IPv4 ends: address and port of each.
    V4 { low: u64, high: u64 },
    /// Two ends of which one is IPv6, the addresses in halves.
    V6 { low: [u64; 2], high: [u64; 2], ports: u32 },
}

/// What a tuple is looked up by, worked out once for each packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) key: Key,
    /// The same for both directions, and in all runs.
    pub(super) hash: u64,
    /// Whether the tuple's source is the lower end of the key: the direction.
    pub(crate) forward: bool,
}

impl Key {
    /// The two ends as a packet in this direction has them: source and destination.
    pub(crate) fn tuple(&self, forward: bool) -> Tuple {
        let v4 = |end: u64| Endpoint::new(Ipv4Addr::from_bits((end >> 16) as u32).into(), end as u16);
        let v6 = |[upper, lower]: [u64; 2], port: u32| {
            let address = u128::from(upper) << 64 | u128::from(lower);
            Endpoint::new(Ipv6Addr::from_bits(address).into(), port as u16)
        };
        let (low, high) = match *self {
            Self::V4 { low, high } => {
                // Put in order before they are ends, which are larger.
                let (source, destination) = if forward { (low, high) } else { (high, low) };
                return Tuple { source: v4(source), destination: v4(destination) };
            }
            Self::V6 { low, high, ports } => (v6(low, ports >> 16), v6(high, ports)),
        };
        if forward { Tuple { source: low, destination: high } } else { Tuple { source: high, destination: low } }
    }
}

impl Flow {
    /// The key of a tuple, its hash, and the tuple's direction.
    #[inline]
    pub(crate) fn of(tuple: &Tuple) -> Self {
        let Tuple { source, destination } = tuple;
        let (IpAddr::V4(from), IpAddr::V4(to)) = (source.address, destination.address) else {
            return Self::of_v6(source, destination);
        };
        let a = u64::from(from.to_bits()) << 16 | u64::from(source.port);
        let b = u64::from(to.to_bits()) << 16 | u64::from(destination.port);
        let forward = a <= b;
        let (low, high) = (a.min(b), a.max(b));
        Self { key: Key::V4 { low, high }, hash: hash_v4(low, high, &SEEDS), forward }
    }

    #[inline(never)]
    fn of_v6(source: &Endpoint, destination: &Endpoint) -> Self {
        let a = (wide(source), source.port);
        let b = (wide(destination), destination.port);
        let forward = a <= b;
        let (low, high) = if forward { (a, b) } else { (b, a) };
        let ports = u32::from(low.1) << 16 | u32::from(high.1);
        let (low, high) = (halves(low.0), halves(high.0));
        let hash = hash_v6(low, high, ports, &SEEDS);
        Self { key: Key::V6 { low, high, ports }, hash, forward }
    }
}

impl Key {
    /// The hash of [`Flow`].
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash_with(&SEEDS)
    }

    /// Another hash, by other digits.
    #[inline(always)]
    pub(super) fn hash_with(&self, seeds: &[u64; 4]) -> u64 {
        match *self {
            Self::V4 { low, high } => hash_v4(low, high, seeds),
            Self::V6 { low, high, ports } => hash_v6(low, high, ports, seeds),
        }
    }
}

#[inline(always)]
fn hash_v4(low: u64, high: u64, seeds: &[u64; 4]) -> u64 {
    fold(low ^ seeds[0], high ^ seeds[1])
}

#[inline]
fn hash_v6(low: [u64; 2], high: [u64; 2], ports: u32, seeds: &[u64; 4]) -> u64 {
    let networks = fold(low[0] ^ seeds[0], high[0] ^ seeds[1]);
    let hosts = fold(low[1] ^ seeds[2], high[1] ^ seeds[3]);
    fold(networks ^ u64::from(ports), hosts ^ seeds[2])
}

/// Digits of the square roots of 2, 3, 5 and 7. They are fixed so that two runs agree: for what is searched in a few steps at
/// the most, whoever chose the tuples.
///
/// An IPv4 end has 48 bits, and each constant has higher ones: neither factor of its hash is ever 0.
pub(super) const SEEDS: [u64; 4] =
    [0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1];

/// Two words to one: the halves of their product, folded, so that each bit of either may change each bit of the outcome.
#[inline(always)]
pub(super) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

fn wide(end: &Endpoint) -> u128 {
    match end.address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn halves(address: u128) -> [u64; 2] {
    [(address >> 64) as u64, address as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(from: ([u8; 4], u16), to: ([u8; 4], u16)) -> Flow {
        let end = |(address, port): ([u8; 4], u16)| Endpoint::new(IpAddr::from(address), port);
        Flow::of(&Tuple { source: end(from), destination: end(to) })
    }

    fn flow_v6(from: u16, to: u16) -> Flow {
        let end = |port| Endpoint::new(IpAddr::from([0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), port);
        Flow::of(&Tuple { source: end(from), destination: end(to) })
    }

    #[test]
    fn both_directions_have_one_key_and_one_hash() {
        let (client, server) = (([10, 0, 0, 1], 40_000), ([10, 0, 0, 2], 443));
        for (there, back) in
            [(flow(client, server), flow(server, client)), (flow_v6(40_000, 443), flow_v6(443, 40_000))]
        {
            assert_eq!((there.key, there.hash), (back.key, back.hash));
            assert_ne!(there.forward, back.forward);
        }
    }

    #[test]
    fn the_key_tells_its_tuple_again() {
        let v6 = |last| {
            Endpoint::new(
                IpAddr::from([0xfd, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, last]),
                40_000 + u16::from(last),
            )
        };
        let v4 = |last| Endpoint::new(IpAddr::from([192, 0, 2, last]), 40_000 + u16::from(last));
        for (source, destination) in [(v4(1), v4(2)), (v4(2), v4(1)), (v6(1), v6(2)), (v6(2), v6(1)), (v6(3), v6(3))] {
            let tuple = Tuple { source, destination };
            let flow = Flow::of(&tuple);
            assert_eq!(flow.key.tuple(flow.forward), tuple);
        }
    }

    #[test]
    fn neighbouring_ports_spread_over_the_table() {
        for hashes in [
            (0..4_096).map(|n| flow(([127, 0, 0, 1], 20_000 + n), ([127, 0, 0, 1], 80)).hash).collect::<Vec<_>>(),
            (0..4_096).map(|n| flow_v6(20_000 + n, 80).hash).collect(),
        ] {
            let mut used = vec![0_u32; 4_096];
            hashes.iter().for_each(|hash| used[*hash as usize & 4_095] += 1);
            // At random, 1,507 places stay empty, and the fullest has 6 or 7.
            assert!(used.iter().filter(|count| **count == 0).count() < 1_700);
            assert!(used.iter().all(|count| *count <= 12));
        }
    }
}
