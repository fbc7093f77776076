//! Which service it is: the key of the table of services.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// A server address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceKey {
    /// Server address.
    pub address: IpAddr,
    /// Server port.
    pub port: u16,
}

/// In one or two words: it is looked up for each connection.
impl Hash for ServiceKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.address {
            IpAddr::V4(address) => state.write_u64(u64::from(address.to_bits()) << 16 | u64::from(self.port)),
            IpAddr::V6(address) => {
                state.write_u128(address.to_bits());
                state.write_u16(self.port);
            }
        }
    }
}
