//! One segment as it was seen.

use crate::capture::InterfaceId;
use crate::net::Segment;
use crate::types::Moment;

/// A segment of a connection, and where and when it was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting<'a> {
    /// What was sent.
    pub(crate) segment: &'a Segment<'a>,
    /// Whether it went from the lower to the higher end of the connection's key.
    pub(crate) forward: bool,
    /// Its packet.
    pub(crate) at: Moment,
    /// Where it was seen.
    pub(crate) interface: InterfaceId,
    /// Whether it is another sighting of a packet already seen.
    pub(crate) is_twin: bool,
}
