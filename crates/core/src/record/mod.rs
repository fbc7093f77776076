//! A finished connection as plain data, and the one registry of its columns.
//!
//! In: what the TCP tracker and the protocol observers gathered. Out: a [`Connection`]. Holds no behaviour besides
//! arithmetic on its own fields, and no judgement.

mod builder;
mod certificate_columns;
mod circles;
mod column;
mod columns;
mod community_id;
mod connection;
mod desk;
mod dialogue;
mod events;
mod exchanges;
mod farewell;
mod framing;
mod ftp;
mod hello_columns;
mod live;
mod means;
mod notes;
mod openvpn;
mod outcome;
mod ping_sized;
mod proxy_header;
mod reader;
mod roles;
mod sighting;
mod streams;
mod tds;
pub mod timeline;

pub use certificate_columns::{CERTIFICATE_COLUMNS, CertificateColumn, CertificateRow};
pub use column::{Column, ColumnType, Value};
pub use columns::COLUMNS;
pub use connection::{Circled, Connection, IcmpNote, Protocol, SeenAt, Visibility};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use dialogue::Ear;
pub use dialogue::{Dialogue, ServerMessage, Speaks};
pub use exchanges::Goodbye;
pub use framing::{CutRecord, StreamEnd};
pub use hello_columns::{HELLO_COLUMNS, HelloColumn, HelloRow};
pub use outcome::Outcome;
pub use proxy_header::ProxyHeader;
pub use roles::RolesFrom;

use builder::Builder;
pub(crate) use desk::Desk;
pub(crate) use live::Live;
pub(crate) use means::Means;
pub(crate) use notes::Notes;
pub(crate) use outcome::ANSWER_WAIT;
pub(crate) use sighting::Sighting;

pub use crate::tcp::{
    CloseKind, ConnState, Ending, Fin, History, Hole, IdleSource, IdleTime, IgnoredReset, LateWrite, Opening, Probes,
    Reset, ResetKind, Traffic, Unanswered, ZeroWindow,
};
