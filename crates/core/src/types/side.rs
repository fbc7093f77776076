//! The two ends of a connection.

use std::fmt;
use std::ops::{Index, IndexMut};

use serde::Serialize;

/// One end of a connection. The client is who sent the first SYN; if none was seen, the record says how we guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Who opened the connection (RFC 9293, active open).
    Client,
    /// Who was listening (RFC 9293, passive open).
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// `client` or `server`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One value for each end, indexed by [`Side`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Sided<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> Sided<T> {
    /// The values with the ends exchanged: used when a guess of the roles turns out wrong.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { client: self.server, server: self.client }
    }

    /// A side's value and its peer's.
    pub(crate) const fn pair(&mut self, side: Side) -> (&mut T, &mut T) {
        match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }

    /// Both values with their sides, the client's first.
    pub fn each(&self) -> [(Side, &T); 2] {
        [(Side::Client, &self.client), (Side::Server, &self.server)]
    }
}

impl<T> Index<Side> for Sided<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> IndexMut<Side> for Sided<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
