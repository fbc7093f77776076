//! What TCP did on one connection: handshake, half-streams, ranges, reassembly, segment classes, the end of life.
//!
//! In: segments with their side, number and time. Out: facts ([`Opening`], [`Traffic`], [`Ending`]) and the payload in
//! order. Sans-IO, no clock, knows nothing of TLS or HTTP.

mod assembler;
mod brief;
mod classify;
mod close;
mod completeness;
mod conn_state;
mod ending;
mod half;
mod heads;
mod history;
mod missing;
mod opening;
mod predicted;
mod ranges;
mod small_talk;
mod timestamps;
mod tracker;
mod traffic;
mod zeek;

pub use conn_state::ConnState;
pub use ending::{CloseKind, Ending, Fin, IdleSource, IdleTime, IgnoredReset, LateWrite, Reset, ResetKind};
pub use history::History;
pub use opening::Opening;
pub use traffic::{Hole, Probes, Traffic, Unanswered, ZeroWindow};

pub(crate) use assembler::{Assembler, Piece};
pub(crate) use brief::{Brief, Told};
pub(crate) use close::{GIVEN_UP_AFTER, is_flags_only};
pub(crate) use completeness::SYN as COMPLETE_SYN;
pub(crate) use half::payload_start;
pub(crate) use heads::Heads;
pub(crate) use tracker::{Tracker, Waiting};
pub(crate) use traffic::MOST_OPTION_BYTES;
