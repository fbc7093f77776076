//! What a column of a table is, and a value in one.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Connection;
use crate::capture::Interfaces;
use crate::types::{Moment, Timestamp};

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Absent: not seen, not visible, or does not apply.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction; durations are in seconds.
    Float(f64),
    /// Text; may come from the wire: escape before showing it to a person.
    Text(Cow<'a, str>),
    /// An IP address.
    Address(IpAddr),
    /// A point in capture time.
    Time(Timestamp),
    /// Several texts.
    Texts(Vec<Cow<'a, str>>),
}

/// The type of a column's values, for formats that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Yes or no.
    Bool,
    /// Signed 64-bit.
    Int,
    /// 64-bit floating point.
    Float,
    /// UTF-8; addresses too.
    Text,
    /// A point in time, UTC.
    Time,
    /// A list of UTF-8.
    Texts,
}

/// One column of the connections table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in every format.
    pub name: &'static str,
    /// The type of its values. Every column may be null.
    pub kind: ColumnType,
    /// What it means, in one sentence, with its unit.
    pub about: &'static str,
    /// Its value in one row.
    pub value: for<'a> fn(&'a Connection, &'a Interfaces) -> Value<'a>,
}

impl<'a> Value<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn count(count: impl TryInto<i64>) -> Self {
        Self::Int(count.try_into().unwrap_or(i64::MAX))
    }

    pub(super) fn packet(moment: Option<Moment>) -> Self {
        moment.map_or(Self::Null, |moment| Self::count(moment.packet.number()))
    }

    pub(super) fn at(moment: Option<Moment>) -> Self {
        moment.map_or(Self::Null, |moment| Self::Time(moment.at))
    }

    pub(super) fn seconds(span: Option<crate::types::Span>) -> Self {
        span.map_or(Self::Null, |span| Self::Float(span.as_secs_f64()))
    }
}
