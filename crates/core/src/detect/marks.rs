//! Where addresses stand in a list.

use std::net::IpAddr;

/// Four bytes of each address of a list, side by side: what stands at its places is large, and to read through all of it for
/// one address would take most of the time that counting it does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks(Vec<u32>);

impl Marks {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The next place is for this address.
    pub(super) fn push(&mut self, address: IpAddr) {
        self.0.push(mark(address));
    }

    /// The places at which it may stand, in order. For IPv6 some may be for others.
    #[inline]
    pub(super) fn places(&self, address: IpAddr) -> impl Iterator<Item = usize> {
        let wanted = mark(address);
        self.0.iter().enumerate().filter(move |(_, known)| **known == wanted).map(|(place, _)| place)
    }
}

#[inline]
const fn mark(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits ^ bits >> 32 ^ bits >> 64 ^ bits >> 96) as u32
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn an_address_is_found_at_its_places() {
        let v4 = |host: u8| IpAddr::from(Ipv4Addr::new(10, 0, 0, host));
        let v6 = |host: u16| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host));
        let mut marks = Marks::default();
        [v4(1), v6(1), v4(2), v4(1)].into_iter().for_each(|address| marks.push(address));
        assert_eq!(marks.places(v4(1)).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(marks.places(v6(1)).collect::<Vec<_>>(), [1]);
        assert_eq!(marks.places(v4(3)).count() + marks.places(v6(2)).count(), 0);
    }
}
