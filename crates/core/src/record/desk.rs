//! Where finished connections are made, one after the other.

use super::{Connection, Protocol, RolesFrom, SeenAt, Visibility};
use crate::tcp::{ConnState, Ending, History, Opening};
use crate::types::{Endpoint, Moment, PacketNo, Sided, Timestamp};

/// The place of the finished connection at hand.
///
/// A [`Connection`] is large, and most have little to say. They are written one over the other, each only where it says
/// something, so that the rest need not be made, moved and dropped for each.
#[derive(Debug)]
pub(crate) struct Desk {
    connection: Connection,
    /// Whether nothing was written but what [`Desk::blank`] says.
    is_blank: bool,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { connection: blank(), is_blank: true }
    }

    /// A connection that has nothing but what SYN, SYN-ACK, FIN and RST alone can show, [`Brief`](crate::tcp::Brief): that is to be written,
    /// whatever stands there; all else is blank.
    #[inline]
    pub(super) fn blank(&mut self) -> &mut Connection {
        if !self.is_blank {
            self.clear();
        }
        self.connection.symptoms.clear();
        &mut self.connection
    }

    #[inline(never)]
    fn clear(&mut self) {
        self.connection = blank();
        self.is_blank = true;
    }

    /// Any connection.
    #[inline(never)]
    pub(super) fn put(&mut self, connection: Connection) {
        self.connection = connection;
        self.is_blank = false;
    }

    /// Whether the connection at hand was written to what was blank: it is SYN, SYN-ACK, FIN and RST alone, each once and where it is
    /// usual.
    pub(crate) const fn is_bare(&self) -> bool {
        self.is_blank
    }

    /// The connection at hand.
    pub(crate) const fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A connection of which nothing is known.
fn blank() -> Connection {
    let nowhere = Endpoint::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
    let never = Moment { packet: PacketNo::FIRST, at: Timestamp::MIN };
    Connection {
        number: 0,
        client: nowhere,
        server: nowhere,
        roles_from: RolesFrom::Syn,
        seen_at: SeenAt::default(),
        vlan: None,
        tunnel: None,
        first: never,
        last: never,
        opening: Opening::default(),
        traffic: Sided::default(),
        ending: Ending::default(),
        conn_state: ConnState::default(),
        history: History::default(),
        completeness: 0,
        exchanges: 0,
        shortest_request: None,
        last_exchange: None,
        goodbye: None,
        before_last_exchange: None,
        longest_survived_idle: None,
        tls: None,
        tls_end: None,
        http: None,
        http2: None,
        proxy_header: None,
        dialogue: None,
        begun_in: None,
        protocol: Protocol::None,
        visibility: Visibility::default(),
        icmp_error: None,
        symptoms: Vec::new(),
    }
}
