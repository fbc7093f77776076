//! Recorded runs at several points: what must be told, and what must not when a capture could not have shown it.

#![expect(clippy::disallowed_methods, reason = "packets are taken out of recorded files, byte by byte")]

use std::path::PathBuf;

use super::*;
use crate::{Inspector, Limits};

/// A classic capture file: its header and its records, each with the bytes of its packet behind 16 of header.
#[derive(Clone)]
struct File {
    header: Vec<u8>,
    records: Vec<Vec<u8>>,
}

impl File {
    fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name);
        Self::of(&std::fs::read(path).expect("a recorded capture"))
    }

    fn of(bytes: &[u8]) -> Self {
        let (header, mut rest) = bytes.split_at(24);
        let mut records = Vec::new();
        while !rest.is_empty() {
            let len = u32::from_le_bytes(rest[8..12].try_into().expect("four bytes")) as usize;
            let (record, behind) = rest.split_at(16 + len);
            records.push(record.to_vec());
            rest = behind;
        }
        Self { header: header.to_vec(), records }
    }

    /// Only the packets, counted from 1, that pass.
    fn keep(mut self, passes: impl Fn(usize, &[u8]) -> bool) -> Self {
        let mut number = 0;
        self.records.retain(|record| {
            number += 1;
            passes(number, &record[16..])
        });
        self
    }

    /// As captured by a machine whose clock is ahead.
    fn later(mut self, seconds: i32) -> Self {
        for record in &mut self.records {
            let at = u32::from_le_bytes(record[..4].try_into().expect("four bytes"));
            record[..4].copy_from_slice(&at.wrapping_add_signed(seconds).to_le_bytes());
        }
        self
    }

    fn point(&self) -> Point {
        let mut inspector = Inspector::with_sink(Limits::default(), Collector::default());
        inspector.push(&self.header).expect("a capture");
        self.records.iter().for_each(|record| inspector.push(record).expect("a capture"));
        let (report, collector) = inspector.finish().expect("a capture");
        Point::new(&report, collector)
    }
}

/// The flags of a packet of Ethernet, IPv4 without options and TCP.
fn flags(packet: &[u8]) -> u8 {
    packet[47]
}

fn source_port(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[34], packet[35]])
}

fn correlation(files: &[&File]) -> Correlation {
    let points: Vec<Point> = files.iter().map(|file| file.point()).collect();
    Correlation::of(&points)
}

fn three() -> [File; 3] {
    ["client", "inner", "server"].map(|place| File::read(&format!("capture-points-{place}.pcap")))
}

fn two() -> [File; 2] {
    ["rst-by-middlebox.pcap", "rst-by-middlebox-server.pcap"].map(File::read)
}

/// Each observation in short: `born rst server A-B 3/4`.
fn told(correlation: &Correlation) -> Vec<String> {
    let name = |point: Option<PointName>| point.map(|point| point.to_string()).unwrap_or_default();
    let short = |one: &Observation| {
        let Observation { fate, event, by, place, connections, of, .. } = one;
        format!("{fate:?} {event:?} {by} {}-{} {connections}/{of}", name(place.from), name(place.to)).to_lowercase()
    };
    correlation.observations.iter().map(short).collect()
}

#[test]
fn three_points_tell_where_each_thing_happened() {
    let [a, b, c] = three();
    let said = correlation(&[&a, &b, &c]);
    assert_eq!(
        told(&said),
        [
            "born rst server b-c 1/6",
            "lost syn client a-b 1/6",
            "lost syn client c- 1/6",
            "lost synack server b-c 1/6",
            "lost payload client b-c 1/6",
        ]
    );
    assert_eq!((said.connections, said.order_from), (9, OrderFrom::Ttl));
    assert!(said.not_told.is_empty(), "{:?}", said.not_told);
    let [outer, inner] = said.stretches.as_slice() else { panic!("{:?}", said.stretches) };
    let changes: Vec<String> = outer
        .changes
        .iter()
        .map(|change| {
            let Change { field, before, after, connections, of, .. } = change;
            format!("{}: {before} -> {after} {connections}/{of}", field.name())
        })
        .collect();
    assert_eq!(
        changes,
        [
            "client address: 10.0.1.1 -> 10.0.2.254 4/9",
            "server: 10.0.9.9:7000 -> 10.0.3.2:7000 4/9",
            "MSS: 1460 -> 1300 9/9",
            "MSS: 1300 -> 1460 7/7",
        ]
    );
    assert!(inner.changes.is_empty(), "{:?}", inner.changes);
    assert_eq!((outer.hops.client, outer.hops.server), (Some(1), Some(1)));
    assert_eq!(inner.retransmitted.server, [0, 4], "the SYN-ACKs that were sent again did not come to B");
}

#[test]
fn every_claim_names_packets_of_the_points() {
    let [a, b, c] = three();
    let said = correlation(&[&a, &b, &c]);
    for observation in &said.observations {
        assert!(!observation.evidence.is_empty(), "{observation:?}");
        for Proof { sightings } in &observation.evidence {
            assert!(sightings.len() > 1 && sightings.iter().any(|trace| trace.packet.is_some()), "{sightings:?}");
            let of_absence =
                |trace: &Trace| trace.packet.is_some() || trace.connection.is_none() || trace.last_packet.is_some();
            assert!(sightings.iter().all(of_absence), "{sightings:?}");
        }
    }
    let rst = &said.observations[0].evidence[0].sightings;
    let packets: Vec<Option<u64>> = rst.iter().map(|trace| trace.packet.map(PacketNo::number)).collect();
    assert!(packets[0].is_some() && packets[1].is_some() && packets[2].is_none(), "{rst:?}");
}

#[test]
fn in_which_order_the_captures_are_named_changes_names_alone() {
    let [a, b, c] = three();
    let expected = correlation(&[&a, &b, &c]);
    let texts = |said: &Correlation| {
        let mut all: Vec<(String, Vec<Option<PacketNo>>)> = said
            .observations
            .iter()
            .map(|one| {
                let packets = one.evidence[0].sightings.iter().map(|trace| trace.packet).collect();
                (format!("{:?} {:?} {} {}", one.fate, one.event, one.by, one.connections), packets)
            })
            .collect();
        all.sort();
        all
    };
    for files in [[&a, &c, &b], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]] {
        let said = correlation(&files);
        assert_eq!(texts(&said), texts(&expected));
        assert_eq!(said.stretches.len(), 2);
        assert_eq!(said.stretches[0].round_trip, expected.stretches[0].round_trip);
    }
}

#[test]
fn clocks_that_are_hours_apart_change_nothing() {
    let [a, b, c] = three();
    let expected = correlation(&[&a, &b, &c]);
    let (b, c) = (b.later(-7_200), c.later(3_600));
    let said = correlation(&[&a, &b, &c]);
    assert_eq!(said.observations, expected.observations);
    assert_eq!(said.stretches, expected.stretches);
    let ahead: Vec<i64> =
        said.points.iter().map(|point| (point.clock_ahead_s.expect("tied").as_secs_f64()).round() as i64).collect();
    assert_eq!(ahead, [0, -7_200, 3_600]);
}

#[test]
fn a_capture_beside_itself_lost_nothing() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    for entry in std::fs::read_dir(folder).expect("testdata") {
        let path = entry.expect("an entry").path();
        if !path.to_string_lossy().contains(".pcap") {
            continue;
        }
        let limits = Limits::default();
        let point = || {
            let mut captures = crate::capture::Captures::open(std::slice::from_ref(&path), &limits).expect("a capture");
            let mut inspector = Inspector::with_sink(limits.clone(), Collector::default());
            inspector.read(&mut captures, &mut |_| std::ops::ControlFlow::Continue(())).expect("a capture");
            let (report, collector) = inspector.finish().expect("a capture");
            Point::new(&report, collector)
        };
        let said = Correlation::of(&[point(), point()]);
        let between = said.observations.iter().filter(|one| one.place.from.is_some() && one.place.to.is_some());
        assert_eq!(between.count(), 0, "{path:?} {:?}", told(&said));
        assert!(said.stretches[0].changes.is_empty(), "{path:?}");
        assert_eq!(said.ambiguous, 0, "{path:?}");
    }
}

#[test]
fn a_capture_that_ended_before_says_nothing_of_what_came_after() {
    let [client, server] = two();
    let whole = correlation(&[&client, &server]);
    assert_eq!(told(&whole), ["born rst server a-b 3/4", "lost payload client a-b 3/4"]);
    // Up to packet 40 no line was rejected yet.
    let begun = server.clone().keep(|number, _| number <= 40);
    let said = correlation(&[&client, &begun]);
    assert!(told(&said).is_empty(), "{:?}", told(&said));
    // Behind the first of the three the capture still ran.
    let longer = server.keep(|number, _| number <= 70);
    let said = correlation(&[&client, &longer]);
    assert_eq!(told(&said), ["born rst server a-b 1/2", "lost payload client a-b 1/2"]);
}

#[test]
fn a_capture_of_one_direction_says_nothing_of_the_other() {
    let [client, server] = two();
    let asked = server.keep(|_, packet| source_port(packet) != 7_000);
    let said = correlation(&[&client, &asked]);
    assert_eq!(told(&said), ["lost payload client a-b 3/4"]);
}

#[test]
fn a_capture_of_flags_alone_says_nothing_of_payload() {
    let [client, server] = two();
    let flags_only = server.keep(|_, packet| flags(packet) & 7 != 0);
    let said = correlation(&[&client, &flags_only]);
    assert_eq!(told(&said), ["born rst server a-b 3/4"]);
}

#[test]
fn a_capture_of_syns_alone_says_nothing_of_the_end() {
    let [client, server] = two();
    let syns = server.keep(|_, packet| flags(packet) & 2 != 0);
    let said = correlation(&[&client, &syns]);
    assert!(told(&said).is_empty(), "{:?}", told(&said));
}

#[test]
fn a_capture_that_paused_says_nothing_of_the_pause() {
    // Three end in the pause, and three are reset in it by somebody that the server does not see.
    let begin = "0.000 C SYN\n0.001 S SYN-ACK\n0.001 C ACK\n0.010 C data 100\n0.020 S data 100\n0.030 C ACK\n";
    let end = "C FIN\n20.001 S FIN\n20.002 C ACK\n";
    let ladder = format!(
        "x3 every 1.0 {{\n{begin}20.000 {end}}}\nx3 every 1.0 {{\n{begin}STRANGER50.000 {}}}\n60.0 end of capture\nexpect none\n",
        end.replace("20.", "50.")
    );
    let played = |stranger: &str| {
        let ladder = handshark_testkit::Ladder::from_text(&ladder.replace("STRANGER", stranger)).expect("a ladder");
        File::of(&ladder.capture())
    };
    let (client, server) = (played("28.000 S RST\n"), played(""));
    let said = correlation(&[&client, &server]);
    assert_eq!(told(&said)[0], "born rst server a-b 3/6");
    let first = |file: &File| u32::from_le_bytes(file.records[0][..4].try_into().expect("four bytes"));
    let begin = first(&server);
    let mut paused = server;
    paused.records.retain(|record| {
        let at = u32::from_le_bytes(record[..4].try_into().expect("four bytes")) - begin;
        !(10..40).contains(&at)
    });
    let said = correlation(&[&client, &paused]);
    assert!(told(&said).is_empty(), "{:?}", told(&said));
}

#[test]
fn two_resets_of_one_side_are_not_taken_for_one() {
    let [client, mut server] = two();
    // The server gives up by itself, long after the RST that the client saw.
    let rst =
        client.records.iter().find(|r| flags(&r[16..]) & 4 != 0 && source_port(&r[16..]) == 7_000).expect("a RST");
    let mut late = rst.clone();
    let last = u32::from_le_bytes(server.records[server.records.len() - 1][..4].try_into().expect("four bytes"));
    late[..4].copy_from_slice(&(last + 8).to_le_bytes());
    server.records.push(late);
    let said = correlation(&[&client, &server]);
    assert!(told(&said).contains(&"born rst server a-b 2/4".to_owned()), "{:?}", told(&said));
    // Without the line that was lost nothing else keeps it from being said that the server sent what the client saw.
    let without_line = client.keep(|_, packet| source_port(packet) == 7_000 || packet.len() < 80);
    let without_rst = server.keep(|_, packet| source_port(packet) == 7_000 || flags(packet) & 4 == 0);
    let said = correlation(&[&without_line, &without_rst]);
    assert!(!told(&said).iter().any(|line| line.starts_with("born rst server b-")), "{:?}", told(&said));
}

#[test]
fn a_syn_that_came_with_another_number_is_not_lost() {
    let [a, mut b, c] = three();
    let syn = a.records.iter().find(|record| source_port(&record[16..]) == 43_903).expect("the SYN that was dropped");
    let mut other = syn.clone();
    other[16 + 38] ^= 0x55;
    let place = b.records.iter().position(|record| record[..8] > other[..8]).unwrap_or(b.records.len());
    b.records.insert(place.max(1), other);
    let said = correlation(&[&a, &b, &c]);
    assert!(!told(&said).iter().any(|line| line.starts_with("lost syn client a-b")), "{:?}", told(&said));
}

#[test]
fn a_connection_that_goes_the_other_way_round_is_left_alone() {
    let [client, server] = two();
    // The same run once more between other hosts, for which the points stand the other way round.
    let turned = |file: &File| {
        let mut file = file.clone();
        for record in &mut file.records {
            record[16 + 26 + 3] ^= 0x40;
            record[16 + 30 + 3] ^= 0x40;
            for byte in &mut record[16 + 38..16 + 46] {
                *byte ^= 0x11;
            }
        }
        file
    };
    let both = |one: &File, other: File| {
        let mut file = one.clone();
        // A quarter of the connections: the order of the points stays what it was.
        let of_one = |record: &Vec<u8>| {
            [source_port(&record[16..]), u16::from_be_bytes([record[52], record[53]])].contains(&41_802)
        };
        file.records.extend(other.records.into_iter().filter(of_one));
        file.records.sort_by_key(|record| {
            record[..8].to_vec().chunks(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<_>>()
        });
        file
    };
    let (a, b) = (both(&client, turned(&server)), both(&server, turned(&client)));
    let said = correlation(&[&a, &b]);
    assert_eq!(told(&said), ["born rst server a-b 3/4", "lost payload client a-b 3/4"]);
    assert!(
        said.not_told.iter().any(|line| line.contains("passed the points in another order")),
        "{:?}",
        said.not_told
    );
}

#[test]
fn a_point_that_never_saw_the_service_has_lost_nothing() {
    let [a, b, c] = three();
    // Without the connections of port 7001 nothing shows that those SYNs would have come to B and C.
    let is_other =
        |_: usize, packet: &[u8]| source_port(packet) != 7_001 && u16::from_be_bytes([packet[36], packet[37]]) != 7_001;
    let said = correlation(&[&a, &b.keep(is_other), &c.keep(is_other)]);
    assert!(told(&said).is_empty(), "{:?}", told(&said));
    assert!(said.not_told.iter().any(|line| line.starts_with("3 attempts without an answer")), "{:?}", said.not_told);
}

#[test]
fn other_captures_have_nothing_in_common() {
    let said = correlation(&[&File::read("all-well.pcap"), &File::read("connection-refused.pcap")]);
    assert!(said.observations.is_empty() && said.connections == 0);
    assert!(said.not_told[0].starts_with("No connection was found at two points"), "{:?}", said.not_told);
}

#[test]
fn what_one_capture_alone_misses_is_its_hole() {
    let [client, server] = two();
    let halfway = server.clone().keep(|_, packet| flags(packet) & 4 == 0);
    let said = correlation(&[&client, &halfway, &server]);
    assert!(told(&said).contains(&"missed rst client b-b 3/4".to_owned()), "{:?}", told(&said));
    assert!(!told(&said).iter().any(|line| line.starts_with("lost rst") || line.starts_with("born rst client a")));
}

#[test]
fn a_capture_with_holes_is_no_witness() {
    let [a, b, c] = three();
    // A FIN and a line that came through: their acknowledgments say so.
    for flag in [1, 8] {
        let number = b.records.iter().position(|record| flags(&record[16..]) & flag != 0).expect("a packet") + 1;
        let holed = b.clone().keep(|at, _| at != number);
        let said = correlation(&[&a, &holed, &c]);
        assert_eq!(said.observations.len(), 5, "{:?}", told(&said));
        assert!(said.not_told.iter().any(|line| line.starts_with("The capture B has holes")), "{:?}", said.not_told);
    }
}

#[test]
fn connections_that_began_before_are_known_by_their_addresses() {
    let [client, server] = two();
    let late = server.keep(|number, packet| number > 30 || flags(packet) & 2 == 0);
    let said = correlation(&[&client, &late]);
    assert_eq!(said.connections, 4);
    let rst = said.observations.iter().find(|one| one.event == Event::Rst && one.fate == Fate::Born).expect("the RSTs");
    assert_eq!(rst.connections, 3);
}

#[test]
fn the_same_port_at_another_time_is_another_connection() {
    let [client, server] = two();
    let late = server.keep(|_, packet| flags(packet) & 2 == 0).later(86_400);
    let said = correlation(&[&client, &late]);
    assert_eq!((said.connections, said.observations.len()), (0, 0));
}

#[test]
fn whatever_packets_a_capture_lacks_the_claims_hold_together() {
    let mut random = 1_u64;
    let mut chance = move |of: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33).is_multiple_of(of)
    };
    for round in 0..60 {
        let files = three().map(|file| {
            let left_out: Vec<bool> = file.records.iter().map(|_| chance(2 + round % 7)).collect();
            file.keep(|number, _| !left_out[number - 1])
        });
        let [a, b, c] = &files;
        let said = correlation(&[a, b, c]);
        for one in &said.observations {
            assert!(one.connections > 0 && one.of >= one.connections && !one.evidence.is_empty(), "{one:?}");
            assert!(one.place.from.is_some() || one.place.to.is_some(), "{one:?}");
        }
    }
}

#[test]
fn connections_that_are_made_alike_cost_little_and_are_told_of_nothing() {
    // 20,000 SYNs of one sequence number from as many ports.
    let [client, _] = two();
    let syn = client.records[0].clone();
    let mut file = File { records: Vec::new(), ..client };
    for port in 20_000_u16..40_000 {
        let mut record = syn.clone();
        record[16 + 34..16 + 36].copy_from_slice(&port.to_be_bytes());
        file.records.push(record);
    }
    let said = correlation(&[&file, &file]);
    assert_eq!((said.connections, said.observations.len()), (0, 0));
    assert_eq!(said.ambiguous, 20_000);
}
