//! What a ladder says, before it is played.

use std::net::IpAddr;

use super::expectation::Expectation;
use super::words::Place;
use crate::http::{Request, Response};
use crate::packets::{Link, Unreachable};
use crate::tls::{Alert, ClientHello, ServerHello};

/// A whole ladder.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) settings: Settings,
    pub(super) scope: Scope,
    pub(super) items: Vec<Item>,
    pub(super) expectations: Vec<Expectation>,
}

/// The lines of a block that are played, and the endpoints that it sets.
#[derive(Debug)]
pub(super) enum Item {
    Line(Box<Line>),
    /// New connections in each round.
    Rounds(Rounds),
    /// The same connections in each round.
    Loop(Rounds),
}

#[derive(Debug)]
pub(super) struct Rounds {
    pub(super) times: u32,
    pub(super) every_ns: i64,
    pub(super) jitter_ns: i64,
    pub(super) scope: Scope,
    pub(super) items: Vec<Item>,
}

/// Endpoints that hold within a block.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) endpoints: Vec<EndpointSetting>,
}

#[derive(Debug)]
pub(super) struct EndpointSetting {
    pub(super) place: Place,
    /// `None`: all connections.
    pub(super) connection: Option<u32>,
    pub(super) side: Side,
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) ttl_hops: Option<u8>,
    pub(super) mss: Option<u16>,
    pub(super) ticks_per_second: Option<u32>,
    pub(super) no_timestamps: bool,
    pub(super) no_scaling: bool,
    /// The sequence numbers of this connection's side.
    pub(super) numbers_of: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 1,
        }
    }

    pub(super) const fn letter(self) -> char {
        match self {
            Self::Client => 'C',
            Self::Server => 'S',
        }
    }
}

/// One packet line.
#[derive(Debug)]
pub(super) struct Line {
    /// The word that says what happens.
    pub(super) place: Place,
    pub(super) at_ns: i64,
    pub(super) connection: u32,
    pub(super) side: Side,
    pub(super) action: Action,
    pub(super) attributes: Attributes,
}

#[derive(Debug)]
pub(super) enum Action {
    Syn,
    SynAck,
    Ack,
    Fin,
    Rst(Option<Reset>),
    /// The last segment that took sequence numbers (1), the last but one (2) ...
    Again(usize),
    KeepAlive,
    Icmp(Unreachable, Option<IpAddr>),
    Say(Speech),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Reset {
    Bare,
    Refuse,
    Abort,
}

/// What gives a segment its payload.
#[derive(Debug)]
pub(super) enum Speech {
    Data(usize),
    Bytes(Vec<u8>),
    Request(Request),
    Response(Response),
    ClientHello(ClientHello),
    ServerHello(ServerHello),
    HelloRetryRequest,
    Finished,
    EmptyCertificate,
    Tickets,
    Alert(Alert),
    EncryptedAlert,
    CloseNotify,
    Record(usize),
}

/// What any packet line can carry.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// How many lines of the other side it does not know of.
    pub(super) crossed: usize,
    pub(super) unaware: bool,
    pub(super) lost: Which,
    pub(super) unseen: Which,
    pub(super) twin: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) ttl_hops: Option<u8>,
    pub(super) window: Option<u16>,
    pub(super) seq: Option<u32>,
    pub(super) ack: Option<u32>,
    pub(super) id: Option<u16>,
    pub(super) mss: Option<u16>,
    pub(super) new_isn: bool,
    pub(super) no_timestamps: bool,
    pub(super) tso: bool,
    pub(super) bad_checksum: bool,
    /// The last bytes of the other side that a SACK block says have arrived.
    pub(super) sack: Option<u32>,
    pub(super) on: Option<(String, Place)>,
}

/// Which segments of a line.
#[derive(Debug, Default)]
pub(super) enum Which {
    #[default]
    None,
    All,
    /// From 1.
    These(Vec<usize>),
}

impl Which {
    /// Whether the segment with this index, from 0, is meant.
    pub(super) fn has(&self, index: usize) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(numbers) => numbers.contains(&(index + 1)),
        }
    }
}

/// How the capture is taken and written.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) only_syn_fin_rst: bool,
    /// Sides that are not captured; without a number in all connections.
    pub(super) drop: Vec<(Option<u32>, Side)>,
    pub(super) from_ns: Option<i64>,
    pub(super) end: Option<(i64, Place)>,
    pub(super) snaplen: u32,
    pub(super) link: Link,
    pub(super) twin: Option<Twin>,
    pub(super) interfaces: Vec<String>,
    pub(super) format: Option<Format>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only_syn_fin_rst: false,
            drop: Vec::new(),
            from_ns: None,
            end: None,
            snaplen: 262_144,
            link: Link::Ethernet { vlan: None },
            twin: None,
            interfaces: Vec::new(),
            format: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twin {
    /// Another interface, one hop later.
    Forwarded,
    /// The same bytes.
    Identical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pcap,
    PcapNanoseconds,
    PcapBig,
    Pcapng,
}
