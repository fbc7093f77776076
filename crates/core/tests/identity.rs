//! What one connection is: the rules in the docs of [`Connection`], each on packets written for it.

use std::net::SocketAddr;

use handshark::capture::Interfaces;
use handshark::record::{Connection, RolesFrom};
use handshark::{Inspector, Limits, Sink};
use handshark_testkit::packets::{Crossing, Flags, Link, TcpOptions, TcpPacket, UdpPacket};
use handshark_testkit::writers::Pcap;

/// What the tests look at.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    number: u64,
    packets: u64,
    twins: u64,
    syns_sent: u32,
    roles_from: RolesFrom,
    tunnel: Option<u32>,
}

#[derive(Default)]
struct Sorted(Vec<Told>);

impl Sink for Sorted {
    fn connection(&mut self, c: &Connection, _: &Interfaces) {
        self.0.push(Told {
            number: c.number,
            packets: c.traffic.client.packets + c.traffic.server.packets,
            twins: u64::from(c.visibility.twins),
            syns_sent: c.opening.syns_sent(),
            roles_from: c.roles_from,
            tunnel: c.tunnel.and_then(|tunnel| tunnel.id),
        });
        self.0.sort_by_key(|told| told.number);
    }
}

/// A capture under way: each packet a second after the one before.
struct Tape {
    file: Pcap,
    at_ns: i64,
    id: u16,
}

const ETHERNET: Link = Link::Ethernet { vlan: None };

impl Tape {
    fn new() -> Self {
        Self { file: Pcap::new(ETHERNET, 0), at_ns: 1_700_000_000_000_000_000, id: 0 }
    }

    fn frame(&mut self, frame: &[u8], after_ns: i64) {
        self.at_ns += after_ns;
        self.file.packet(self.at_ns, frame, frame.len());
    }

    /// A packet of the one tuple that all tests have, from its client or its server.
    fn ip(&mut self, from_client: bool, flags: Flags, seq: u32) -> Vec<u8> {
        let ends: [SocketAddr; 2] = ["10.0.0.1:40000", "10.0.0.2:443"].map(|end| end.parse().expect("an address"));
        let [source, destination] = if from_client { ends } else { [ends[1], ends[0]] };
        self.id += 1;
        let packet = TcpPacket {
            source,
            destination,
            seq,
            ack: 0,
            flags,
            window: 1_000,
            options: TcpOptions::default(),
            payload: Vec::new(),
            ttl_hops: 64,
            id: self.id,
            bad_checksum: false,
        };
        packet.ip_bytes()
    }

    fn plain(&mut self, from_client: bool, flags: Flags, seq: u32) {
        let ip = self.ip(from_client, flags, seq);
        self.frame(&ETHERNET.frame(&ip, Crossing::default()), SECOND);
    }

    /// The same inside a VXLAN network.
    fn vxlan(&mut self, network: u8, from_client: bool, flags: Flags, seq: u32) {
        let inner = ETHERNET.frame(&self.ip(from_client, flags, seq), Crossing::default());
        let ends: [SocketAddr; 2] = ["192.0.2.1:50000", "192.0.2.2:4789"].map(|end| end.parse().expect("an address"));
        let [source, destination] = ends;
        let payload = [&[8, 0, 0, 0, 0, 0, network, 0][..], &inner].concat();
        let outer = UdpPacket { source, destination, payload };
        self.frame(&ETHERNET.frame(&outer.ip_bytes(), Crossing::default()), SECOND);
    }

    fn told(self) -> Vec<Told> {
        let mut inspector = Inspector::with_sink(Limits::default(), Sorted::default());
        inspector.push(&self.file.into_bytes()).expect("a capture");
        inspector.finish().expect("a capture").1.0
    }
}

const SECOND: i64 = 1_000_000_000;

fn connection(number: u64, packets: u64, syns_sent: u32, roles_from: RolesFrom) -> Told {
    Told { number, packets, twins: 0, syns_sent, roles_from, tunnel: None }
}

#[test]
fn a_syn_with_the_same_number_is_a_retry_and_one_with_another_opens_the_next() {
    let mut tape = Tape::new();
    tape.plain(true, Flags::SYN, 100);
    tape.plain(true, Flags::SYN, 100);
    tape.plain(false, Flags::RST | Flags::ACK, 0);
    tape.plain(true, Flags::SYN, 100);
    tape.plain(true, Flags::SYN, 5_000);
    tape.plain(false, Flags::SYN | Flags::ACK, 900);
    assert_eq!(tape.told(), [connection(0, 4, 3, RolesFrom::Syn), connection(1, 2, 1, RolesFrom::Syn)]);
}

#[test]
fn any_segment_opens_one_and_a_better_sign_exchanges_the_sides() {
    let mut tape = Tape::new();
    tape.plain(false, Flags::ACK, 900);
    tape.plain(true, Flags::ACK, 100);
    assert_eq!(tape.told(), [connection(0, 2, 0, RolesFrom::Guess)]);
    let mut tape = Tape::new();
    tape.plain(false, Flags::SYN | Flags::ACK, 900);
    tape.plain(true, Flags::ACK, 101);
    assert_eq!(tape.told(), [connection(0, 2, 0, RolesFrom::SynAck)]);
}

/// Two tenants with the same addresses share a tuple: each SYN opens another connection, and what comes without one counts
/// for the one opened last.
#[test]
fn two_tunnels_with_the_same_tuple_are_one_tuple() {
    let mut tape = Tape::new();
    tape.vxlan(1, true, Flags::SYN, 100);
    tape.vxlan(2, true, Flags::SYN, 7_000);
    tape.vxlan(1, false, Flags::SYN | Flags::ACK, 900);
    tape.vxlan(2, false, Flags::SYN | Flags::ACK, 800);
    let first = Told { tunnel: Some(1), ..connection(0, 1, 1, RolesFrom::Syn) };
    let last = Told { tunnel: Some(2), ..connection(1, 3, 1, RolesFrom::Syn) };
    assert_eq!(tape.told(), [first, last]);
}

/// The same packet before and inside a tunnel is one packet seen twice.
#[test]
fn inside_and_outside_of_a_tunnel_is_one_connection() {
    let mut tape = Tape::new();
    let ip = tape.ip(true, Flags::SYN, 100);
    tape.frame(&ETHERNET.frame(&ip, Crossing::default()), SECOND);
    let gre = [&[0x45, 0, 0, 64, 0, 9, 0, 0, 63, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0, 0, 8, 0][..], &ip].concat();
    tape.frame(&ETHERNET.frame(&gre, Crossing::default()), 20_000);
    assert_eq!(tape.told(), [Told { twins: 1, ..connection(0, 2, 1, RolesFrom::Syn) }]);
}

/// A header that claims fewer than five words, or more than there are, is no segment. Wireshark numbers its tuple.
#[test]
fn a_header_that_makes_no_sense_takes_a_number_and_opens_nothing() {
    for offset in [0x40, 0xf0] {
        let mut tape = Tape::new();
        let bad = |tape: &mut Tape, port: u8| {
            let mut ip = tape.ip(true, Flags::SYN, 100);
            (ip[21], ip[32]) = (port, offset);
            tape.frame(&ETHERNET.frame(&ip, Crossing::default()), SECOND);
        };
        bad(&mut tape, 1);
        bad(&mut tape, 2);
        bad(&mut tape, 1);
        tape.plain(true, Flags::SYN, 100);
        // What belongs to a connection that is there takes no number; and the tuple that had one keeps it.
        let own = tape.ip(true, Flags::SYN, 100)[21];
        bad(&mut tape, own);
        let mut late = tape.ip(true, Flags::SYN, 100);
        late[21] = 2;
        tape.frame(&ETHERNET.frame(&late, Crossing::default()), SECOND);
        tape.plain(true, Flags::SYN, 9_000);
        let told = tape.told();
        let numbers: Vec<_> = told.iter().map(|told| (told.number, told.packets)).collect();
        assert_eq!(numbers, [(1, 1), (2, 1), (3, 1)]);
        // A SYN with another number opens the next, after one that makes no sense too.
        let mut tape = Tape::new();
        bad(&mut tape, own);
        tape.plain(true, Flags::SYN, 200);
        let numbers: Vec<_> = tape.told().iter().map(|told| told.number).collect();
        assert_eq!(numbers, [1]);
    }
}
