//! Reports and rows in every format: one file each. Formatting only; no arithmetic, no judgement.
//!
//! In: a [`Report`](handshark::Report), or finished connections one by one. Out: bytes on any writer. A report is written
//! as [`text`], [`json`] or [`html`]; connections, hellos and certificates as [`rows`] (table, JSON lines, CSV, with the feature
//! `parquet` Parquet) or, with the feature `arrow`, as record batches; a manual page by [`explain`], two captures side by side
//! by [`compare`], several capture points by [`correlate`]. [`annotate`] has the words for comments on packets, and [`pcapng`] writes
//! a capture with them.
//!
//! Strings of a report are escaped by the core; values of rows are as they were on the wire, and each format here makes
//! them safe in its own way.

#![forbid(unsafe_code)]

pub mod annotate;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod compare;
pub mod correlate;
pub mod explain;
pub mod html;
pub mod json;
pub mod pcapng;
pub mod rows;
pub mod text;

mod csv;
mod jsonl;
mod number;
mod paint;
#[cfg(feature = "parquet")]
mod parquet;
mod sheet;
mod table;

#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(test)]
mod samples;
