//! Captures whose every word was chosen by an attacker, in every format; and streams that behave badly.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::captures::{self, ACK, Packet, SYN};
use crate::{Said, assert_one_line, file, folder, handshark, run};

/// Names that move a cursor, turn the direction of text, leave a table, or begin a formula.
pub(crate) const NAMES: [&str; 8] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}.example.test",
    "a\r\nb\t.example.test",
    "\u{202e}gro.elpmaxe\u{2066}",
    "=HYPERLINK(\"http://x\",\"y\")",
    "@SUM(1)|cmd",
    "</script><img src=x onerror=alert(1)>",
    "| a | b |\n|---|---|",
    "x\u{9b}31m\u{7f}\u{0}.example.test",
];

/// One connection for each name, with a ClientHello that asks for it.
pub(crate) fn capture_of(names: &[&[u8]]) -> Vec<u8> {
    let hellos: Vec<Vec<u8>> = names.iter().map(|name| hello(name)).collect();
    let mut packets = Vec::new();
    for (port, hello) in (40_000..).zip(&hellos) {
        let packet = |millis, from_client, flags, seq, ack, payload| Packet {
            millis: u32::from(port - 40_000) * 100 + millis,
            client_port: port,
            from_client,
            flags,
            seq,
            ack,
            payload,
        };
        packets.push(packet(0, true, SYN, 100, 0, b"".as_slice()));
        packets.push(packet(1, false, SYN | ACK, 500, 101, b""));
        packets.push(packet(2, true, ACK, 101, 501, b""));
        packets.push(packet(3, true, ACK, 101, 501, hello.as_slice()));
    }
    captures::pcap(&packets)
}

/// A ClientHello whose server_name holds these bytes, whatever they are.
fn hello(name: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).expect("a small hello").to_be_bytes();
    let entry = [&[0][..], &length(name), name].concat();
    let list = [&length(&entry)[..], &entry].concat();
    let mut extensions = [&[0, 0][..], &length(&list), &list].concat();
    // ALPN with one protocol of the same bytes.
    let short = &name[..name.len().min(200)];
    let protocol = [&[u8::try_from(short.len()).expect("short")][..], short].concat();
    let protocols = [&length(&protocol)[..], &protocol].concat();
    extensions.extend([&[0, 16][..], &length(&protocols), &protocols].concat());
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    body.extend(length(&extensions));
    body.extend(&extensions);
    let message = [&[1, 0][..], &length(&body), &body].concat();
    [&[22, 3, 1][..], &length(&message), &message].concat()
}

/// What can do harm on a terminal.
fn harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Everything that a person may look at.
const VIEWS: [&[&str]; 8] = [
    &["diagnose"],
    &["diagnose", "--format", "json"],
    &["connections"],
    &["connections", "--format", "jsonl"],
    &["connections", "--format", "csv"],
    &["hellos"],
    &["hellos", "--format", "jsonl"],
    &["hellos", "--format", "csv"],
];

#[test]
fn hostile_names_harm_no_terminal_in_any_format() {
    let folder = folder("hostile-names");
    let mut names: Vec<&[u8]> = NAMES.iter().map(|name| name.as_bytes()).collect();
    names.extend([&b"\xff\xfe\x80.example.test"[..], b"", &[b'a'; 2_000]]);
    let path = file(&folder, "names.pcap", &capture_of(&names));
    for view in VIEWS {
        let said = run(&[view, &[path.as_str()]].concat(), b"");
        assert_eq!(said.code, Some(0), "{view:?} {said:?}");
        let harm = said.out.chars().chain(said.err.chars()).find(|c| harmful(*c));
        assert_eq!(harm, None, "{view:?}");
        if view.contains(&"json") {
            serde_json::from_str::<Value>(&said.out).expect("one JSON document");
        }
        if view.contains(&"jsonl") {
            assert_eq!(said.out.lines().count(), names.len(), "{view:?}");
            said.out.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).expect("a line of JSON")));
        }
        if view.contains(&"csv") {
            assert_eq!(said.out.lines().count(), names.len() + 1, "{view:?}: an embedded line end began a row");
        }
    }
}

#[test]
fn the_name_on_the_wire_can_be_read_back_from_json() {
    let folder = folder("hostile-back");
    let path = file(&folder, "names.pcap", &capture_of(&[NAMES[0].as_bytes(), NAMES[5].as_bytes()]));
    let said = run(&["connections", "--format", "jsonl", &path], b"");
    let mut rows: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    rows.sort_by_key(|row| row["connection"].as_u64());
    let names: Vec<&str> = rows.iter().filter_map(|row| row["server_name"].as_str()).collect();
    assert_eq!(names, [NAMES[0], NAMES[5]]);
}

#[test]
fn formulas_are_defused_on_request() {
    let folder = folder("hostile-formulas");
    let path = file(&folder, "names.pcap", &capture_of(&[NAMES[3].as_bytes(), NAMES[4].as_bytes()]));
    let kept = run(&["connections", "--format", "csv", &path], b"");
    assert!(kept.out.contains("\"=HYPERLINK") && kept.out.contains("\"@SUM"), "{}", kept.out);
    let safe = run(&["connections", "--format", "csv", "--csv-safe", &path], b"");
    assert_eq!(safe.code, Some(0), "{safe:?}");
    assert!(safe.out.contains("\"'=HYPERLINK") && safe.out.contains("\"'@SUM"), "{}", safe.out);
}

#[test]
fn every_cut_of_a_capture_gives_its_whole_packets_and_says_so() {
    let whole = captures::refused_and_without_sni();
    // Ends of records: only there nothing is cut.
    let mut ends = vec![24];
    while let Some(length) = whole.get(ends[ends.len() - 1] + 8..).and_then(|rest| rest.first_chunk()) {
        ends.push(ends[ends.len() - 1] + 16 + u32::from_le_bytes(*length) as usize);
    }
    for length in (24..whole.len()).step_by(7).chain(ends.iter().copied()) {
        let said = run(&["--format", "json", "-"], &whole[..length]);
        let packets = ends.iter().filter(|end| **end <= length).count() - 1;
        let report: Value = serde_json::from_str(&said.out).unwrap_or_default();
        if packets > 0 || ends.contains(&length) {
            assert_eq!(
                (said.code, &report["capture"]["packets"]),
                (Some(0), &Value::from(packets)),
                "{length}: {said:?}"
            );
        }
        assert_eq!(said.err.is_empty(), ends.contains(&length), "{length}: {said:?}");
    }
}

#[test]
fn a_header_in_single_bytes_and_a_sender_that_dies() {
    let whole = captures::refused_and_without_sni();
    for (step, cut) in [(1, 0), (7, 0), (23, 0), (23, 5)] {
        let mut child = handshark(&["--format", "json", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        for piece in whole[..whole.len() - cut].chunks(step) {
            pipe.write_all(piece).expect("the command reads");
            pipe.flush().expect("the command reads");
        }
        drop(pipe);
        let said: Said = child.wait_with_output().expect("it ends").into();
        let report: Value = serde_json::from_str(&said.out).expect("a report");
        assert_eq!((said.code, &report["capture"]["packets"]), (Some(0), &Value::from(if cut > 0 { 9 } else { 10 })));
        assert_eq!(said.err.is_empty(), cut == 0, "{said:?}");
    }
}

#[test]
fn text_before_the_magic_is_no_silent_success() {
    let said = run(&["-"], b"Defaulted container \"app\" out of: app, sidecar\n");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_one_line(&said);
}

#[test]
fn a_record_that_claims_four_gigabytes_costs_nothing() {
    let mut bytes = captures::refused_and_without_sni();
    bytes[24 + 8..24 + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let begun = Instant::now();
    let said = run(&["-"], &bytes);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(!said.err.is_empty() && !said.err.contains("panicked"), "{said:?}");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn an_output_that_is_a_symlink_never_harms_what_it_points_to() {
        let folder = folder("symlink");
        let path = file(&folder, "two.pcap", &captures::refused_and_without_sni());
        let precious = file(&folder, "precious.txt", b"precious");
        let link = folder.join("report.json");
        symlink(&precious, &link).expect("a link");
        let said = run(&[&path, "--format", "json", "--output", link.to_str().expect("UTF-8")], b"");
        assert_eq!(said.code, Some(2), "{said:?}");
        assert_one_line(&said);
        assert_eq!(fs::read(&precious).expect("still there"), b"precious");
        assert!(fs::symlink_metadata(&link).expect("still there").is_symlink());
    }

    #[test]
    fn odd_inputs_are_one_line_each() {
        let folder = folder("odd-inputs");
        let looped = folder.join("loop.pcap");
        symlink(&looped, &looped).expect("a link");
        let empty = folder.join("empty");
        fs::create_dir(&empty).expect("a folder");
        for input in [looped.as_path(), empty.as_path(), "/dev/null".as_ref(), "/proc/self/status".as_ref()] {
            let said = run(&[input.to_str().expect("UTF-8")], b"");
            assert_eq!(said.code, Some(2), "{said:?}");
            assert_one_line(&said);
        }
    }

    #[test]
    fn the_name_of_a_file_is_escaped_once() {
        let folder = folder("odd-name");
        let path = file(&folder, "a\u{1b}[31m.pcap", &captures::refused_and_without_sni());
        let report: Value = serde_json::from_str(&run(&[&path, "--format", "json"], b"").out).expect("JSON");
        let name = report["capture"]["files"][0].as_str().expect("a name");
        assert!(name.ends_with(r"/a\x1b[31m.pcap"), "{name}");
    }

    #[test]
    fn names_from_the_wire_make_no_files() {
        let folder = folder("no-files");
        let names: [&[u8]; 3] = [b"../../../../tmp/handshark-owned", b"/etc/handshark-owned", b"..\\..\\owned"];
        let path = file(&folder, "names.pcap", &capture_of(&names));
        let report = folder.join("report.txt");
        let said = run(&[&path, "--output", report.to_str().expect("UTF-8")], b"");
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2, "the capture and the report");
        assert!(!std::path::Path::new("/tmp/handshark-owned").exists());
    }
}
