//! `handshark annotate`: the capture again, with comments.

use std::path::Path;

use handshark_testkit::packets::Link;
use handshark_testkit::writers::{Order, Pcapng};
use serde_json::Value;

use crate::captures::{self, ACK, Packet, RST, SYN};
use crate::hostile::{NAMES, capture_of};
use crate::{Said, assert_one_line, file, folder, run};

fn testdata(name: &str) -> String {
    format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Annotates `input` into `OUT` of a folder; gives what was said, and the bytes where there are some.
fn annotate(folder: &Path, input: &str, more: &[&str]) -> (Said, Vec<u8>) {
    let out = folder.join("out.pcapng").to_string_lossy().into_owned();
    drop(std::fs::remove_file(&out));
    let said = run(&[&["annotate", input, &out], more].concat(), b"");
    (said, std::fs::read(&out).unwrap_or_default())
}

fn report(path: &str) -> Value {
    let said = run(&[path, "--format", "json"], b"");
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).expect("a report")
}

/// A block as it stands in a file, found by this test's own reading of the format.
#[derive(Debug)]
struct Found {
    kind: u32,
    bytes: Vec<u8>,
    comments: Vec<String>,
    /// Number of the packet, where it is one.
    packet: Option<u64>,
}

fn blocks(bytes: &[u8]) -> Vec<Found> {
    let (mut found, mut at, mut number, mut big) = (Vec::new(), 0, 0, false);
    while at < bytes.len() {
        if bytes[at..].starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            big = bytes[at + 8] == 0x1a;
        }
        let u32_at = |at: usize| {
            let word = bytes[at..at + 4].try_into().expect("4 bytes");
            if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        };
        let u16_at = |at: usize| {
            let word = bytes[at..at + 2].try_into().expect("2 bytes");
            usize::from(if big { u16::from_be_bytes(word) } else { u16::from_le_bytes(word) })
        };
        let (kind, len) = (u32_at(at), u32_at(at + 4) as usize);
        assert_eq!(u32_at(at + len - 4) as usize, len, "both lengths of the block at {at}");
        let options_at = match kind {
            0x0a0d_0d0a => 24,
            6 => 28 + (u32_at(at + 20) as usize).next_multiple_of(4),
            _ => len - 4,
        };
        let mut comments = Vec::new();
        let (mut option, end) = (at + options_at, at + len - 4);
        while option < end && u16_at(option) != 0 {
            let (code, size) = (u16_at(option), u16_at(option + 2));
            if code == 1 {
                let text = bytes[option + 4..option + 4 + size].to_vec();
                comments.push(String::from_utf8(text).expect("a comment in UTF-8"));
            }
            option += 4 + size.next_multiple_of(4);
        }
        assert!(option == end || option + 4 == end, "options end where they should");
        let is_packet = matches!(kind, 3 | 6);
        number += u64::from(is_packet);
        found.push(Found { kind, bytes: bytes[at..at + len].to_vec(), comments, packet: is_packet.then_some(number) });
        at += len;
    }
    found
}

/// The comments of packets, each with its number.
fn told(bytes: &[u8]) -> Vec<(u64, String)> {
    let each = blocks(bytes).into_iter().filter_map(|block| Some((block.packet?, block.comments)));
    each.flat_map(|(packet, comments)| comments.into_iter().map(move |comment| (packet, comment))).collect()
}

#[test]
fn findings_stand_on_the_packets_that_prove_them() {
    let input = testdata("missing-sni-silent.pcapng");
    let (said, bytes) = annotate(&folder("annotate-told"), &input, &[]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    let told = told(&bytes);
    let on = |packet| told.iter().filter(|(of, _)| *of == packet).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
    assert_eq!(on(1), ["handshark: connection 0, client -> server: SYN"]);
    let title = "handshark: missing-sni (error, confidence high) 10.0.0.2:443 (api.example), 3 of 6 connections: The \
                 ClientHello to 10.0.0.2:443 carries no server name (SNI)";
    assert!(on(17)[0].starts_with(title), "{:?}", on(17));
    let step = "handshark: connection 0, client -> server: ClientHello (no SNI), 11.1 ms after its first packet; \
                evidence of missing-sni";
    assert_eq!(on(17)[1], step);
    // Every packet that the report names.
    for example in report(&input)["findings"][0]["evidence"].as_array().expect("examples") {
        for packet in example["packets"].as_array().expect("packets") {
            let packet = packet.as_u64().expect("a number");
            assert!(on(packet).iter().any(|text| text.ends_with("; evidence of missing-sni")), "{packet}");
        }
    }
    let about = &blocks(&bytes)[0].comments[0];
    assert!(about.contains("missing-sni-silent.pcapng") && !about.contains("testdata"), "{about}");
    assert!(about.ends_with("\nmissing-sni (error, confidence high) 10.0.0.2:443 (api.example), 3 of 6 connections"));
}

#[test]
fn the_report_of_the_copy_is_that_of_the_capture() {
    let folder = folder("annotate-same");
    let out = folder.join("out.pcapng").to_string_lossy().into_owned();
    let mut compared = 0;
    for entry in std::fs::read_dir(testdata("")).expect("testdata") {
        let path = entry.expect("testdata").path();
        if matches!(path.extension().and_then(|e| e.to_str()), None | Some("golden" | "txt")) {
            continue;
        }
        let input = path.to_string_lossy().into_owned();
        let (said, bytes) = annotate(&folder, &input, &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{input}: {}", said.err);
        let (of_input, of_copy) = (report(&input), report(&out));
        for key in ["findings", "unexplained", "totals", "services", "not_assessed"] {
            assert_eq!(of_input[key], of_copy[key], "{input}: {key}");
        }
        for key in ["packets", "bytes", "tcp_packets", "skipped", "link_types", "first", "last"] {
            assert_eq!(of_input["capture"][key], of_copy["capture"][key], "{input}: {key}");
        }
        let explained = told(&bytes).iter().any(|(_, text)| text.starts_with("handshark: "));
        let empty = |key: &str| of_input[key].as_array().is_none_or(Vec::is_empty);
        assert_eq!(explained, !(empty("findings") && empty("unexplained")), "{input}");
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

/// One frame, without the headers of its file.
fn frame(millis: u32, from_client: bool, flags: u8, ack: u32) -> Vec<u8> {
    let packet = Packet { millis, client_port: 40_000, from_client, flags, seq: 100, ack, payload: b"" };
    captures::pcap(&[packet])[40..].to_vec()
}

/// A refused connection in pcapng, among blocks of other kinds; its second packet has a comment already.
fn refused(order: Order) -> Vec<u8> {
    let (syn, rst) = (frame(0, true, SYN, 0), frame(1, false, RST | ACK, 101));
    let start = 1_795_257_241_000_000_000;
    let mut file = Pcapng::new(order);
    file.block(10, b"TLSK\x08\0\0\0secrets!");
    let eth = file.interface(Link::Ethernet { vlan: None }, 0, Some("eth0"), Some(9));
    file.block(0xbad, &[1; 24]);
    file.packet(eth, start, &syn, syn.len());
    file.block(4, &[0; 4]);
    file.packet_with_comment(eth, start + 1_000_001, &rst, rst.len(), Some("theirs"));
    file.block(5, &[0; 12]);
    file.into_bytes()
}

#[test]
fn what_is_no_packet_stays_as_it_is_in_both_byte_orders() {
    let folder = folder("annotate-blocks");
    for order in [Order::Little, Order::Big] {
        let mut before = refused(order);
        // A section that says how long it is.
        let length = before.len() as u64 - 28;
        let field = if order == Order::Big { length.to_be_bytes() } else { length.to_le_bytes() };
        before[16..24].copy_from_slice(&field);
        let input = file(&folder, "in.pcapng", &before);
        let (said, after) = annotate(&folder, &input, &[]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
        let (before, after) = (blocks(&before), blocks(&after));
        assert_eq!(before.len(), after.len());
        assert_eq!(after[0].bytes[16..24], [0xff; 8], "the section's length is no longer said");
        for (before, after) in before.iter().zip(&after).skip(1) {
            match before.packet {
                None => assert_eq!(before.bytes, after.bytes),
                Some(_) => {
                    assert_eq!(before.kind, after.kind);
                    assert_eq!(before.bytes[8..28 + 54], after.bytes[8..28 + 54], "times, lengths and data");
                    assert!(after.comments.len() > before.comments.len());
                }
            }
        }
        let last = after.iter().rfind(|block| block.packet.is_some()).expect("a packet");
        assert_eq!(last.comments.last().map(String::as_str), Some("theirs"));
        assert!(last.comments[0].starts_with("handshark: "), "{last:?}");
    }
}

#[test]
fn comments_of_simple_packets_are_left_out_and_that_is_said() {
    let folder = folder("annotate-simple");
    let mut capture = Pcapng::new(Order::Little);
    capture.interface(Link::Ethernet { vlan: None }, 0, None, None);
    for (from_client, flags, ack) in [(true, SYN, 0), (false, RST | ACK, 101)] {
        let frame = frame(0, from_client, flags, ack);
        capture.simple_packet(&frame, frame.len());
    }
    let bytes = capture.into_bytes();
    let (said, after) = annotate(&folder, &file(&folder, "in.pcapng", &bytes), &[]);
    assert_eq!(said.code, Some(0));
    assert_one_line(&said);
    assert!(said.err.contains("comments are left out") && said.err.contains(": 2 packets"), "{}", said.err);
    let (before, after) = (blocks(&bytes), blocks(&after));
    assert!(after[0].comments[0].contains("connection-refused"), "{after:?}");
    assert!((1..4).all(|block| before[block].bytes == after[block].bytes));
}

#[test]
fn an_excerpt_is_small_and_still_shows_the_evidence() {
    let folder = folder("annotate-excerpt");
    for name in ["churn.pcap.gz", "new-flow-drop.pcap.gz", "retry-storm.pcap", "health-checks.pcapng"] {
        let input = testdata(name);
        let (_, whole) = annotate(&folder, &input, &[]);
        let (said, bytes) = annotate(&folder, &input, &["--only-evidence"]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{name}");
        let numbered: Vec<(u64, u64)> = told(&bytes)
            .iter()
            .map(|(packet, text)| {
                let rest = text.strip_prefix("handshark: packet ").expect("the number in the capture");
                let (number, rest) = rest.split_once(' ').expect("words");
                assert!(rest.starts_with(&format!("of {name}: ")), "{text}");
                (*packet, number.parse().expect("a number"))
            })
            .collect();
        assert!(numbered.iter().all(|(here, there)| here <= there), "{name}");
        // Each packet that proves something is there, and is the same.
        let (whole, excerpt) = (blocks(&whole), blocks(&bytes));
        let data = |blocks: &[Found], number: u64| {
            let block = blocks.iter().find(|block| block.packet == Some(number)).expect("a packet");
            block.bytes[12..28 + 40].to_vec()
        };
        assert!(numbered.iter().all(|(here, there)| data(&excerpt, *here) == data(&whole, *there)), "{name}");
        let report = report(&input);
        let examples = report["findings"].as_array().expect("findings").iter().flat_map(|f| f["evidence"].as_array());
        for packet in examples.flatten().flat_map(|example| example["packets"].as_array().expect("packets")) {
            assert!(numbered.iter().any(|(_, there)| Some(*there) == packet.as_u64()), "{name}: {packet}");
        }
        let packets = |blocks: &[Found]| blocks.iter().filter(|block| block.packet.is_some()).count();
        assert!(packets(&excerpt) < packets(&whole), "{name}: {} of {}", packets(&excerpt), packets(&whole));
    }
}

#[test]
fn what_can_not_be_read_twice_or_would_be_overwritten_is_one_line() {
    let folder = folder("annotate-refused");
    let input = file(&folder, "in.pcap", &std::fs::read(testdata("connection-refused.pcap")).expect("testdata"));
    let out = folder.join("out.pcapng").to_string_lossy().into_owned();
    let directory = folder.to_string_lossy().into_owned();
    for (input, output, why) in [
        ("-", out.as_str(), "can not be read twice"),
        (directory.as_str(), &out, "mergecap -w joined.pcapng"),
        (&input, &input, "it is not overwritten"),
        ("nowhere.pcap", &out, "nowhere.pcap"),
        (&input, "nowhere/out.pcapng", "nowhere/out.pcapng"),
        #[cfg(unix)]
        ("/dev/null", &out, "no regular file"),
    ] {
        let said = run(&["annotate", input, output], b"");
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{input} {output}: {said:?}");
        assert_one_line(&said);
        assert!(said.err.contains(why), "{}", said.err);
        assert!(!Path::new(&out).exists());
    }
    let text = file(&folder, "text", b"this is no capture at all");
    let said = run(&["annotate", &text, &out], b"");
    assert_eq!(said.code, Some(2));
    assert_one_line(&said);
    assert!(!Path::new(&out).exists());
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left.len(), 2, "no temporary file stays behind: {left:?}");
}

#[test]
fn damage_is_passed_by_as_in_the_analysis() {
    let folder = folder("annotate-damaged");
    let mut bytes = std::fs::read(testdata("connection-refused.pcap")).expect("testdata");
    let third = bytes.len() / 3;
    bytes[third..third + 40].fill(0xff);
    bytes.truncate(bytes.len() - 7);
    let input = file(&folder, "in.pcap", &bytes);
    let (said, after) = annotate(&folder, &input, &[]);
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("are damaged") && said.err.contains("the capture ends at byte"), "{}", said.err);
    let out = folder.join("out.pcapng").to_string_lossy().into_owned();
    let (before, copy) = (report(&input), report(&out));
    assert_eq!(before["findings"], copy["findings"]);
    assert_eq!(before["capture"]["packets"], blocks(&after).iter().filter(|block| block.packet.is_some()).count());
    assert_eq!(copy["capture"]["quality"], Value::Array(Vec::new()), "the copy is whole");
    let (said, after) = annotate(&folder, &input, &["--strict"]);
    assert_eq!(said.code, Some(2));
    assert!(!after.is_empty(), "the copy is written all the same");
}

#[test]
fn choices_standard_output_and_exit_codes() {
    let input = testdata("retry-storm.pcap");
    let folder = folder("annotate-choices");
    let (_, all) = annotate(&folder, &input, &[]);
    let (said, some) = annotate(&folder, &input, &["--only", "retry-storm"]);
    assert_eq!(said.code, Some(0));
    assert!(told(&all).iter().any(|(_, text)| text.contains("connection-refused")));
    assert!(told(&some).iter().all(|(_, text)| !text.contains("connection-refused")));
    assert!(told(&some).iter().any(|(_, text)| text.contains("handshark: retry-storm (warning")));
    let (said, errors) = annotate(&folder, &input, &["--min-severity", "error", "--fail-on", "warning"]);
    assert_eq!(said.code, Some(1));
    assert!(told(&errors).iter().all(|(_, text)| !text.contains("retry-storm")));
    // The same bytes each time, and on standard output.
    assert_eq!(annotate(&folder, &input, &[]).1, all);
    let output = crate::handshark(&["annotate", &input, "-"]).output().expect("the command ends");
    assert_eq!((output.status.code(), output.stdout), (Some(0), all));
}

#[test]
fn names_of_the_wire_and_of_files_are_escaped() {
    let folder = folder("annotate-hostile");
    let names: Vec<&[u8]> = NAMES.iter().map(|name| name.as_bytes()).collect();
    // Each is then reset, so that there is something to tell.
    let reset = |client_port| Packet {
        millis: 2_000,
        client_port,
        from_client: false,
        flags: RST | ACK,
        seq: 501,
        ack: 101,
        payload: b"",
    };
    let resets: Vec<Packet<'_>> = (40_000..).take(names.len()).map(reset).collect();
    let capture = [&capture_of(&names)[..], &captures::pcap(&resets)[24..]].concat();
    let input = file(&folder, "in\u{1b}[31m\u{202e}.pcap", &capture);
    for more in [&[][..], &["--only-evidence"]] {
        let (said, bytes) = annotate(&folder, &input, more);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
        let told = told(&bytes);
        assert!(told.iter().any(|(_, text)| text.contains("\\x1b[2J")), "{told:?}");
        let file = blocks(&bytes)[0].comments[0].replace('\n', " ");
        for text in told.iter().map(|(_, text)| text).chain([&file]) {
            assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text}");
        }
    }
}
