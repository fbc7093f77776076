//! A finished connection as plain data, and the one registry of its columns.
//!
//! In: what the TCP tracker and the protocol observers gathered. Out: a [`Connection`]. Holds no behaviour besides
//! arithmetic on its own fields, and no judgement.

mod columns;
mod community_id;
mod connection;
mod ending;
mod hello_columns;
mod history;
mod outcome;
pub mod timeline;
mod traffic;

pub use columns::{COLUMNS, Column, ColumnType, Value};
pub use connection::{ConnState, Connection, IcmpNote, Opening, Outcome, Protocol, RolesFrom, SeenAt, Visibility};
pub use ending::{CloseKind, Ending, Fin, IdleSource, IdleTime, LateWrite, Reset, ResetKind};
pub use hello_columns::{HELLO_COLUMNS, HelloColumn, HelloRow};
pub use history::History;
pub use traffic::{Traffic, Unanswered};
