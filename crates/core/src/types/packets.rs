//! A few packet numbers in one place, without memory of their own.

use std::fmt;
use std::ops::Deref;

use super::PacketNo;

/// Packet numbers in rising order, each once: at most [`Packets::MOST`], the first ones.
#[derive(Clone, Copy)]
pub struct Packets {
    numbers: [PacketNo; Self::MOST],
    len: u8,
}

impl Packets {
    /// How many are kept: as many as a SYN and its retries.
    pub const MOST: usize = 12;

    /// None.
    pub const fn new() -> Self {
        Self { numbers: [PacketNo::FIRST; Self::MOST], len: 0 }
    }

    /// Forgets them all.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds one in its place.
    #[inline]
    pub fn add(&mut self, packet: PacketNo) {
        if self.last().is_some_and(|last| packet <= *last) {
            self.add_before_last(packet);
        } else if let Some(next) = self.numbers.get_mut(usize::from(self.len)) {
            *next = packet;
            self.len += 1;
        }
    }

    #[cold]
    fn add_before_last(&mut self, packet: PacketNo) {
        let place = self.iter().rposition(|known| *known <= packet).map_or(0, |before| before + 1);
        if place > 0 && self.get(place - 1) == Some(&packet) {
            return;
        }
        let end = usize::from(self.len).min(Self::MOST - 1);
        let Some(from_place) = self.numbers.get_mut(place..=end) else { return };
        from_place.rotate_right(1);
        if let Some(first) = from_place.first_mut() {
            *first = packet;
            self.len = end as u8 + 1;
        }
    }
}

impl Default for Packets {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Packets {
    type Target = [PacketNo];

    fn deref(&self) -> &[PacketNo] {
        self.numbers.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl FromIterator<PacketNo> for Packets {
    fn from_iter<I: IntoIterator<Item = PacketNo>>(numbers: I) -> Self {
        let mut packets = Self::new();
        numbers.into_iter().for_each(|packet| packets.add(packet));
        packets
    }
}

impl PartialEq for Packets {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Packets {}

impl fmt::Debug for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let packets: Packets = numbers.into_iter().filter_map(PacketNo::new).collect();
        packets.iter().map(|packet| packet.number()).collect()
    }

    #[test]
    fn in_order_and_each_once() {
        assert_eq!(kept([]), Vec::<u64>::new());
        assert_eq!(kept([7, 3, 7, 9, 3, 1]), [1, 3, 7, 9]);
    }

    #[test]
    fn the_first_ones_are_kept() {
        let twelve: Vec<u64> = (1..=12).collect();
        assert_eq!(kept(1..=20), twelve);
        assert_eq!(kept((1..=20).rev()), twelve);
        assert_eq!(kept([5, 5].into_iter().chain((1..=20).rev())), twelve);
    }
}
