//! From a script to packets: rounds are laid out in time, and each connection speaks in turn.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::connection::Connection;
use super::peer::Peer;
use super::script::{EndpointSetting, Item, Line, Scope, Script, Side};
use super::tap;
use super::words::{LadderError, Place};
use crate::packets::TcpPacket;

/// One packet that happened, captured or not.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) at_ns: i64,
    /// The connection's name in listings: `1`, or `x3.1` for connection 1 of the third round.
    pub(super) connection: String,
    /// Its number in the ladder; 0 for packets of nobody.
    pub(super) number: u32,
    pub(super) side: Side,
    pub(super) body: Body,
    /// Index of the interface, from 0.
    pub(super) interface: usize,
    pub(super) outgoing: bool,
    pub(super) captured: bool,
    pub(super) twin: bool,
    /// The word of the page that it comes from.
    pub(super) place: Place,
    /// Flags, relative numbers and length, for listings.
    pub(super) note: String,
}

/// What is in a packet.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Tcp(TcpPacket),
    /// A whole IP packet of something else.
    Other(Vec<u8>),
}

impl Body {
    /// ` ttl=64` for listings.
    pub(super) fn ttl(&self) -> String {
        match self {
            Self::Tcp(packet) => format!(" ttl={}", packet.ttl_hops),
            Self::Other(_) => String::new(),
        }
    }

    pub(super) fn ip_bytes(&self) -> Vec<u8> {
        match self {
            Self::Tcp(packet) => packet.ip_bytes(),
            Self::Other(bytes) => bytes.clone(),
        }
    }
}

/// All packets in order of time, with what the capture sees of them.
pub(super) fn play(script: &Script) -> Result<Vec<Packet>, LadderError> {
    let mut stage =
        Stage { cues: Vec::new(), casts: vec![Cast { name: String::new(), scope: None }], last: BTreeMap::new() };
    stage.lay_out(&script.items, 0, 0)?;
    let Stage { mut cues, casts, .. } = stage;
    cues.sort_by_key(|cue| cue.at_ns);

    let mut connections: BTreeMap<(usize, u32), Connection> = BTreeMap::new();
    let mut next_port = 41_000;
    let mut packets = Vec::new();
    for cue in &cues {
        let key = (cue.cast, cue.line.connection);
        let connection = match connections.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(open(script, &casts[cue.cast], cue, &mut next_port)?),
        };
        connection.play(cue.at_ns, cue.line, &script.settings.interfaces, &mut packets)?;
    }
    tap::watch(&script.settings, packets)
}

/// A line at its time, for one set of connections.
struct Cue<'a> {
    at_ns: i64,
    cast: usize,
    line: &'a Line,
}

/// A set of connections: those of the ladder itself, or those of one round of a block.
struct Cast<'a> {
    /// `x3` for the third round, empty for the ladder itself.
    name: String,
    scope: Option<&'a Scope>,
}

struct Stage<'a> {
    cues: Vec<Cue<'a>>,
    casts: Vec<Cast<'a>>,
    /// The last time of each connection.
    last: BTreeMap<(usize, u32), i64>,
}

impl<'a> Stage<'a> {
    fn lay_out(&mut self, items: &'a [Item], cast: usize, offset_ns: i64) -> Result<(), LadderError> {
        for item in items {
            match item {
                Item::Line(line) => self.cue(line, cast, offset_ns + line.at_ns)?,
                Item::Loop(rounds) => {
                    for round in 0..i64::from(rounds.times) {
                        self.lay_out(&rounds.items, cast, offset_ns + round * rounds.every_ns)?;
                    }
                }
                Item::Rounds(rounds) => {
                    for round in 0..i64::from(rounds.times) {
                        let offset = offset_ns + round * rounds.every_ns + jitter(round, rounds.jitter_ns);
                        let name = format!("x{}.", self.casts.len());
                        self.casts.push(Cast { name, scope: Some(&rounds.scope) });
                        self.lay_out(&rounds.items, self.casts.len() - 1, offset)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn cue(&mut self, line: &'a Line, cast: usize, at_ns: i64) -> Result<(), LadderError> {
        let last = self.last.entry((cast, line.connection)).or_insert(at_ns);
        if at_ns < *last {
            let seconds = *last as f64 / 1e9;
            return Err(line.place.error(format!("a time not before {seconds}, the connection's line before")));
        }
        *last = at_ns;
        self.cues.push(Cue { at_ns, cast, line });
        Ok(())
    }
}

/// Spread over 0 to `within_ns` by the golden ratio: even, and the same on every run.
fn jitter(round: i64, within_ns: i64) -> i64 {
    let fraction = (round as f64 * 0.618_033_988_749_895).fract();
    (fraction * within_ns as f64) as i64
}

/// A connection at its first line.
fn open(script: &Script, cast: &Cast<'_>, cue: &Cue<'_>, next_port: &mut u16) -> Result<Connection, LadderError> {
    let number = cue.line.connection;
    let settings = settings_for(script, cast, number);
    let mut sides = [Draft::new(Side::Client), Draft::new(Side::Server)];
    for setting in &settings {
        sides[setting.side.index()].take(setting);
    }
    let v6 = sides.iter().any(|side| side.address.is_some_and(|address| address.is_ipv6()));
    let client_port = match sides[0].port {
        Some(port) => port,
        None if cast.scope.is_none() => {
            u16::try_from(40_000 + number).map_err(|_| cue.line.place.error("a connection number below 25536"))?
        }
        None => {
            *next_port =
                next_port.checked_add(1).ok_or_else(|| cue.line.place.error("fewer rounds: ports are used up"))?;
            *next_port
        }
    };
    let server_port = sides[1].port.unwrap_or(443);
    let seed_of = |number: u32| (cue.cast as u64) << 40 | u64::from(number) << 8;
    let seed = seed_of(number);
    let [client_numbers, server_numbers] = [0, 1].map(|side: usize| sides[side].numbers_of.unwrap_or(number));
    let [client, server] = sides;
    let client = client.peer(v6, client_port, seed_of(client_numbers) | 1)?;
    let server = server.peer(v6, server_port, seed_of(server_numbers) | 2)?;
    let name = format!("{}{number}", cast.name);
    Ok(Connection::new(name, number, client, server, seed | 3, cue.at_ns))
}

/// The settings that hold for a connection, the most general first.
fn settings_for<'a>(script: &'a Script, cast: &Cast<'a>, number: u32) -> Vec<&'a EndpointSetting> {
    let own = cast.scope.unwrap_or(&script.scope);
    let for_all = script.scope.endpoints.iter().filter(|setting| setting.connection.is_none());
    let in_block = cast.scope.iter().flat_map(|scope| &scope.endpoints).filter(|setting| setting.connection.is_none());
    let for_this = own.endpoints.iter().filter(|setting| setting.connection == Some(number));
    for_all.chain(in_block).chain(for_this).collect()
}

/// An endpoint as its settings describe it.
struct Draft {
    side: Side,
    address: Option<IpAddr>,
    place: Place,
    port: Option<u16>,
    ttl_hops: u8,
    mss: u16,
    ticks_per_second: u32,
    timestamps: bool,
    scaling: bool,
    numbers_of: Option<u32>,
}

impl Draft {
    fn new(side: Side) -> Self {
        let ttl_hops = match side {
            Side::Client => 64,
            Side::Server => 60,
        };
        let (mss, ticks_per_second) = (1_460, 1_000);
        let place = Place::default();
        Self {
            side,
            address: None,
            place,
            port: None,
            ttl_hops,
            mss,
            ticks_per_second,
            timestamps: true,
            scaling: true,
            numbers_of: None,
        }
    }

    fn take(&mut self, setting: &EndpointSetting) {
        self.place = setting.place.clone();
        self.address = setting.address.or(self.address);
        self.port = setting.port.or(self.port);
        self.ttl_hops = setting.ttl_hops.unwrap_or(self.ttl_hops);
        self.mss = setting.mss.unwrap_or(self.mss);
        self.ticks_per_second = setting.ticks_per_second.unwrap_or(self.ticks_per_second);
        self.timestamps &= !setting.no_timestamps;
        self.scaling &= !setting.no_scaling;
        self.numbers_of = setting.numbers_of.or(self.numbers_of);
    }

    fn peer(self, v6: bool, port: u16, seed: u64) -> Result<Peer, LadderError> {
        let last = match self.side {
            Side::Client => 9,
            Side::Server => 5,
        };
        let default = if v6 {
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)))
        } else {
            IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
        };
        let address = self.address.unwrap_or(default);
        if address.is_ipv6() != v6 {
            return Err(self.place.error("both ends of a connection with IPv4, or both with IPv6"));
        }
        let mut peer = Peer::new(SocketAddr::new(address, port), self.ttl_hops, seed);
        peer.mss = self.mss;
        peer.ticks_per_second = self.ticks_per_second;
        peer.timestamps = self.timestamps;
        peer.scaling = self.scaling;
        Ok(peer)
    }
}
