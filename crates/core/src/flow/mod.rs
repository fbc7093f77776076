//! Which connection a packet belongs to: the key, the live table, twins of a packet, and capture time as a clock.
//!
//! In: the tuple of each segment. Out: the place of its connection. Knows nothing of what a connection is made of: the
//! table holds any value. Order is that of the packets alone, never that of a hasher.

mod clock;
mod keepers;
mod key;
mod numbers;
mod places;
mod queues;
mod table;
mod tombstones;
mod twins;

pub(crate) use clock::{Clock, Now};
pub(crate) use keepers::{Keeper, Keepers};
pub(crate) use key::{Flow, Key};
pub(crate) use numbers::Numbers;
pub(crate) use places::Places;
pub(crate) use table::{Class, Gone, Table};
pub(crate) use twins::Twins;
