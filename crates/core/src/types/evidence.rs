//! What a claim rests on: packets, and whether a thing could be seen at all.

use std::fmt;
use std::num::NonZeroU64;

use serde::Serialize;

use super::Timestamp;

/// The number of a packet in the capture, from 1, as Wireshark shows it in `frame.number`.
///
/// Where several files are read as one capture, numbers go on in time order, as in a file that `mergecap` makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PacketNo(NonZeroU64);

impl PacketNo {
    /// The first packet.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// From a number that starts at 1; 0 is no packet.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, from 1.
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// The packet after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for PacketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for PacketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A packet and its time: where to look, and when it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moment {
    /// The packet.
    pub packet: PacketNo,
    /// Its time in the capture.
    pub at: Timestamp,
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.packet, self.at)
    }
}

/// A fact that the capture shows, shows to be absent, or can not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Seen<T> {
    /// It is there.
    Yes(T),
    /// The place where it would be was captured, and it is not there.
    No,
    /// The capture can not tell, for this reason.
    NotVisible(NotVisible),
}

impl<T> Seen<T> {
    /// The value, where it was seen.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No | Self::NotVisible(_) => None,
        }
    }
}

/// Why the capture can not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NotVisible {
    /// No packet that would hold it was captured: filtered out, lost, or before the capture began.
    NotCaptured,
    /// The packet was captured, but the snap length cut it before the place.
    CutBySnaplen,
    /// The protocol encrypts it.
    Encrypted,
    /// A budget of ours was reached first; see [`crate::Limits`].
    OverLimit,
    /// The bytes were there and do not follow the protocol.
    Malformed,
}

impl NotVisible {
    /// The reason in a few words, to follow "not visible: ".
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotCaptured => "not captured",
            Self::CutBySnaplen => "cut by the snap length",
            Self::Encrypted => "encrypted",
            Self::OverLimit => "over a limit of this program",
            Self::Malformed => "malformed",
        }
    }
}
