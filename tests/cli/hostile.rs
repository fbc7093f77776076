//! Captures whose every word was chosen by an attacker, in every format; and streams that behave badly.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use handshark_testkit::tls::ClientHello;
use serde_json::Value;

use crate::captures::{self, ACK, Packet, SYN};
use crate::{Said, assert_one_line, file, folder, handshark, run};

/// Names that move a cursor, turn the direction of text, leave a table, or begin a formula.
const NAMES: [&str; 8] = [
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
fn capture_of(names: &[&[u8]]) -> Vec<u8> {
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
    const STANDS_FOR: &str = "placeholder.example.test";
    let bytes = ClientHello::to(STANDS_FOR).record();
    let place = bytes.windows(STANDS_FOR.len()).position(|at| at == STANDS_FOR.as_bytes()).expect("its name");
    let mut padded = name.to_vec();
    padded.resize(STANDS_FOR.len(), b'x');
    [&bytes[..place], &padded[..STANDS_FOR.len()], &bytes[place + STANDS_FOR.len()..]].concat()
}

/// What can do harm on a terminal.
fn harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
