//! What is told in brief is what following the packets tells.

use proptest::prelude::*;

use super::*;
use crate::Limits;
use crate::capture::InterfaceId;
use crate::net::Options;
use crate::record::notes::MOST;
use crate::types::{Endpoint, PacketNo};

/// A packet without payload. Its numbers count from the initial sequence numbers.
#[derive(Clone, Copy, Debug)]
struct Packet {
    from_client: bool,
    flags: u8,
    seq: u32,
    ack: u32,
    ttl: u8,
    window: u16,
    timestamps: Option<(u32, u32)>,
}

const SYN: Packet = Packet {
    from_client: true,
    flags: Flags::SYN,
    seq: 0,
    ack: 0,
    ttl: 64,
    window: 1_000,
    timestamps: Some((1_000, 0)),
};
const SYN_ACK: Packet =
    Packet { from_client: false, flags: Flags::SYN | Flags::ACK, ack: 1, timestamps: Some((9_000, 1_000)), ..SYN };
const FIN: Packet = Packet { flags: Flags::FIN | Flags::ACK, seq: 1, ack: 1, timestamps: None, ..SYN };
const RST: Packet = Packet { flags: Flags::RST, window: 0, ..FIN };

/// Numbers that ordinary peers use, and others near to them.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![6 => Just(1), 1 => Just(0), 2 => Just(2), 4 => Just(501), 2 => Just(502), 1 => Just(u32::MAX)]
}

fn packet() -> impl Strategy<Value = Packet> {
    let flags = prop_oneof![
        4 => Just(FIN.flags),
        2 => Just(SYN_ACK.flags),
        2 => Just(Flags::RST | Flags::ACK),
        2 => Just(Flags::RST),
        1 => Just(Flags::FIN | Flags::PSH | Flags::ACK),
        1 => 0_u8..=255,
    ];
    let ttl = prop_oneof![4 => Just(64_u8), 1 => Just(50)];
    let window = prop_oneof![Just(0_u16), Just(1_000)];
    let timestamps = proptest::option::of((9_000_u32..13_000, 0_u32..4_000));
    (any::<bool>(), flags, number(), number(), ttl, window, timestamps).prop_map(
        |(from_client, flags, seq, ack, ttl, window, timestamps)| Packet {
            from_client,
            flags,
            seq,
            ack,
            ttl,
            window,
            timestamps,
        },
    )
}

/// The initial sequence numbers of client and server.
const NUMBERS: [Seq; 2] = [Seq(7_000), Seq(u32::MAX - 100)];

/// What is told of these packets in brief, and what at length.
fn told(packets: &[Packet]) -> (Option<Connection>, Connection) {
    let client = Endpoint::new(std::net::Ipv4Addr::new(10, 0, 0, 1).into(), 40_000);
    let server = Endpoint::new(std::net::Ipv4Addr::new(10, 0, 0, 2).into(), 443);
    let key = crate::flow::Flow::of(&Tuple { source: client, destination: server }).key;
    let (mut notes, limits) = (Notes::default(), Means::new(Limits::default()));
    let mut live: Option<Live> = None;
    for (count, packet) in packets.iter().enumerate() {
        let &Packet { from_client, flags, seq, ack, ttl, window, timestamps } = packet;
        let [mine, peers] = if from_client { NUMBERS } else { [NUMBERS[1], NUMBERS[0]] };
        let (source, destination) = if from_client { (client, server) } else { (server, client) };
        let options = Options { timestamps, any: timestamps.is_some(), mss: Some(1_460), ..Options::default() };
        let segment = Segment {
            tuple: Tuple { source, destination },
            seq: mine.plus(seq),
            ack: peers.plus(ack),
            flags: Flags(flags),
            window,
            options,
            payload: &[],
            payload_len: 0,
            ttl,
            ip_id: 0,
            place: Place::default(),
        };
        let at = Moment {
            packet: PacketNo::new(count as u64 + 1).expect("it is above 0"),
            at: Timestamp::from_nanos(250_000_000 * count as i64),
        };
        let sighting =
            Sighting { segment: &segment, forward: from_client, at, interface: InterfaceId(0), is_twin: false };
        match &mut live {
            None => live = Some(Live::new(3, &sighting, &mut notes, &limits)),
            Some(live) => assert!(live.on_bare_segment(&sighting, &mut notes).is_some(), "it has room"),
        }
    }
    let Some(Live::Young(young)) = live else { panic!("nothing carried payload") };
    let end = Timestamp::from_nanos(9_000_000_000);
    let mut desk = Desk::new();
    let is_usual = young.in_brief(&key, &notes, false, end, desk.blank());
    let in_brief = is_usual.then(|| desk.connection().clone());
    (in_brief, young.at_length(&key, &notes, false, end, &limits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_is_told_in_brief_is_what_following_tells(then in proptest::collection::vec(packet(), 0..MOST)) {
        for opening in [&[SYN][..], &[SYN, SYN_ACK]] {
            let packets: Vec<Packet> = opening.iter().chain(&then).copied().take(MOST).collect();
            if let (Some(brief), long) = told(&packets) {
                prop_assert_eq!(brief, long);
            }
        }
    }
}

#[test]
fn usual_connections_are_told_in_brief() {
    let from_server = |packet: Packet| Packet { from_client: false, ..packet };
    let refused = Packet { seq: 0_u32.wrapping_sub(NUMBERS[1].0), flags: Flags::RST | Flags::ACK, ..from_server(RST) };
    let (sent, answered) = (Packet { seq: 501, ack: 801, ..FIN }, Packet { seq: 801, ack: 502, ..from_server(FIN) });
    for course in [
        &[SYN][..],
        &[SYN, refused],
        &[SYN, SYN_ACK, RST],
        &[SYN, SYN_ACK, sent, answered],
        &[SYN, SYN_ACK, sent, from_server(RST)],
        &[SYN, SYN_ACK, sent, answered, Packet { seq: 502, ..RST }],
    ] {
        assert!(told(course).0.is_some(), "{course:?}");
    }
    for course in [&[SYN, SYN][..], &[SYN, SYN_ACK, RST, RST], &[SYN_ACK, SYN], &[SYN, FIN]] {
        assert!(told(course).0.is_none(), "{course:?}");
    }
}
