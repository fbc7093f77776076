//! The words that every layer speaks: times, packet numbers, sides, addresses, evidence.
//!
//! Nothing here knows a protocol or a file format. Numbers that mean something have a type of their own, so that a
//! duration can not be added to a packet number and a sequence number can not be compared with `<`.

mod endpoint;
mod escape;
mod evidence;
mod packets;
mod seq;
mod side;
mod time;

pub use endpoint::{Endpoint, Tuple};
pub use escape::escaped;
pub(crate) use escape::is_plain;
pub use evidence::{Moment, NotVisible, PacketNo, Seen};
pub use packets::Packets;
pub use seq::Seq;
pub use side::{Side, Sided};
pub use time::{Span, Timestamp};
