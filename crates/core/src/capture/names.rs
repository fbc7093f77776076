//! Names of addresses that the capture brings along: name resolution blocks of pcapng.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::bytes::Order;

/// Addresses with the name that the capturing program knew; the first one where it knew several. Text of the file: escape it
/// before showing it. What is beyond 4,096 addresses is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<IpAddr, String>);

const MOST_ADDRESSES: usize = 4_096;
/// A domain name has at most 255 octets (RFC 1035 section 2.3.4).
const MOST_NAME: usize = 255;

const END: u16 = 0;
const IPV4: u16 = 1;
const IPV6: u16 = 2;

impl Names {
    /// The name of an address.
    pub fn of(&self, address: IpAddr) -> Option<&str> {
        self.0.get(&address).map(String::as_str)
    }

    /// All, in order of address.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &str)> {
        self.0.iter().map(|(address, name)| (*address, name.as_str()))
    }

    /// Takes over those of another file.
    pub(super) fn join(&mut self, other: &Self) {
        for (address, name) in other.iter() {
            self.add(address, name);
        }
    }

    /// A whole name resolution block (draft-ietf-opsawg-pcapng section 4.5): records of type, length and value, padded.
    pub(super) fn note(&mut self, order: Order, block: &[u8]) {
        let mut rest = block.get(8..block.len().saturating_sub(4)).unwrap_or_default();
        while let (Some(kind), Some(len)) = (order.u16(rest, 0), order.u16(rest, 2)) {
            let len = usize::from(len);
            let Some(value) = rest.get(4..4 + len) else { return };
            match kind {
                END => return,
                IPV4 => self.note_record::<4>(value),
                IPV6 => self.note_record::<16>(value),
                _ => {}
            }
            rest = rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        }
    }

    /// An address and its names, each ended by a zero byte.
    fn note_record<const N: usize>(&mut self, value: &[u8])
    where
        IpAddr: From<[u8; N]>,
    {
        let Some((&address, names)) = value.split_first_chunk::<N>() else { return };
        let name = names.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = name.get(..MOST_NAME).unwrap_or(name);
        if !name.is_empty() {
            self.add(address.into(), &String::from_utf8_lossy(name));
        }
    }

    fn add(&mut self, address: IpAddr, name: &str) {
        if self.0.len() < MOST_ADDRESSES || self.0.contains_key(&address) {
            self.0.entry(address).or_insert_with(|| name.to_owned());
        }
    }
}
