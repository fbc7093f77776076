//! Another reader's opinion: tshark must find no fault in what the testkit writes, and read out of it what was put in.

use std::path::PathBuf;
use std::process::Command;

use handshark_testkit::Ladder;

/// The fields of every packet as tshark sees them; `None` where it is not installed.
fn tshark(name: &str, capture: &[u8], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, capture).expect("the target directory can be written");
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields", "-r"]);
    command.arg(&path);
    for field in fields {
        command.args(["-e", field]);
    }
    let Ok(output) = command.output() else {
        println!("skipped: tshark is not installed");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    Some(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

fn played(text: &str) -> Ladder {
    Ladder::from_text(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const TLS_1_3: &str = "
0.000  C SYN
0.020  S SYN-ACK
0.020  C ACK
0.021  C ClientHello sni=example.org alpn=h2,http/1.1 groups=x25519mlkem768,x25519
0.041  S ACK
0.042  S ServerHello
0.043  C Finished
0.044  C GET /
0.065  S HTTP 200
0.065  C ACK
6.070  S close_notify
6.070  S FIN
6.0702 C GET / crossed=2
6.090  S RST
expect none
";

const TLS_1_2: &str = "
server [2001:db8::5]:8443
0.000  C SYN
0.020  S SYN-ACK
0.020  C ACK
0.021  C ClientHello sni=example.org versions=1.2
0.042  S ServerHello version=1.2 alpn=h2
0.043  C Finished
0.063  S Finished
0.064  C data 10
0.070  S alert fatal internal_error
0.071  S RST kind=abort
expect none
";

const CLEAR: &str = "
server 10.0.0.5:8080
0.000  C SYN
0.001  S SYN-ACK
0.002  C ACK
0.003  C GET /a?b=c header=\"X-A: b\"
0.004  S HTTP 200 keep-alive timeout=5 max=99 server=nginx body=4000
0.005  C ACK
0.010  C SYN isn=new
0.011  S RST
0.012  2 C SYN
0.013  2 S ICMP admin-prohibited by=10.0.0.1
expect none
";

#[test]
fn checksums_are_right_and_nothing_is_malformed_on_every_link() {
    let fields = ["_ws.malformed", "tcp.checksum.status", "ip.checksum.status", "frame.protocols"];
    let links = ["ethernet", "sll", "sll2", "null", "raw", "ethernet"];
    let formats = ["pcap", "pcap-ns", "pcap-big", "pcapng", "pcap", "pcapng"];
    let bodies = [TLS_1_3, TLS_1_2, CLEAR];
    for (index, (link, format)) in links.into_iter().zip(formats).enumerate() {
        let text = format!("link {link}\nformat {format}\n{}", bodies[index % 3]);
        let Some(packets) = tshark("checksums", &played(&text).capture(), &fields) else { return };
        assert!(packets.len() > 8, "{text}");
        for packet in packets {
            assert_eq!(packet[0], "", "{text}\n{packet:?}");
            for status in packet[1..3].iter().flat_map(|status| status.split(',')) {
                // 1 is good, 2 is unverified: the packet quoted by ICMP.
                assert!(matches!(status, "" | "1" | "2"), "{text}\n{packet:?}");
            }
            assert!(packet[3].contains(":ip"), "{text}\n{packet:?}");
        }
    }
}

#[test]
fn a_bad_checksum_is_seen_as_one() {
    let ladder = played("0.0 C SYN bad-checksum\nexpect none");
    let Some(packets) = tshark("bad-checksum", &ladder.capture(), &["tcp.checksum.status"]) else { return };
    assert_eq!(packets, [["0"]]);
}

#[test]
fn tshark_reads_the_hellos() {
    let fields = [
        "tls.handshake.type",
        "tls.handshake.extensions_server_name",
        "tls.handshake.extensions_alpn_str",
        "tls.handshake.extensions.supported_version",
        "x509sat.uTF8String",
        "tls.alert_message.desc",
    ];
    let Some(packets) = tshark("hellos-1.3", &played(TLS_1_3).capture(), &fields) else { return };
    let seen = |wanted: &str| packets.iter().find(|packet| packet[0] == wanted).expect("a hello");
    assert_eq!(seen("1")[1..4], ["example.org", "h2,http/1.1", "0x0304,0x0303"]);
    assert_eq!(seen("2")[3], "0x0304");

    let Some(packets) = tshark("hellos-1.2", &played(TLS_1_2).capture(), &fields) else { return };
    assert_eq!(packets[3][..2], ["1", "example.org"]);
    assert_eq!(packets[4][0], "2,11,12,14");
    assert_eq!(packets[4][2], "h2");
    assert_eq!(packets[4][4], "example.org,example.org");
    assert_eq!(packets[8][5], "80");
}

#[test]
fn a_crossed_request_leaves_the_fin_unacknowledged_and_the_reset_copies_its_ack() {
    let fields = ["tcp.flags", "tcp.seq", "tcp.ack", "tcp.window_size_value", "tcp.len"];
    let Some(packets) = tshark("crossed", &played(TLS_1_3).capture(), &fields) else { return };
    let [.., close_notify, fin, request, reset] = packets.as_slice() else { panic!("{packets:?}") };
    assert_eq!(fin[0], "0x0011");
    assert_eq!(request[2], close_notify[1], "acknowledges neither");
    assert_eq!(reset[0], "0x0004");
    assert_eq!(reset[1], request[2]);
    assert_eq!(reset[3], "0");
}

#[test]
fn repeated_lines_are_retransmissions_for_tshark() {
    let text =
        "0.0 C SYN\n1.0 C SYN\n1.1 S SYN-ACK\n1.1 C ACK\n1.2 C data 100 lost\n1.5 C again\n1.6 S ACK\nexpect none";
    let fields = ["tcp.analysis.retransmission", "tcp.stream", "tcp.ack"];
    let Some(packets) = tshark("again", &played(text).capture(), &fields) else { return };
    let retransmitted: Vec<bool> = packets.iter().map(|packet| !packet[0].is_empty()).collect();
    assert_eq!(retransmitted, [false, true, false, false, false, true, false]);
    assert_eq!(packets[6][2], "101");
    assert!(packets.iter().all(|packet| packet[1] == "0"));
}

#[test]
fn rounds_are_streams_of_their_own_with_ports_counting_up() {
    let text = "x3 every 0.5 {\n0.0 C SYN\n0.1 S SYN-ACK\nloop 2 every 0.01 {\n0.2 C data 5\n}\n}\nexpect none";
    let fields = ["tcp.stream", "tcp.srcport", "frame.time_relative", "tcp.len", "tcp.seq"];
    let Some(packets) = tshark("rounds", &played(text).capture(), &fields) else { return };
    assert_eq!(packets.len(), 12);
    assert_eq!(packets[4], ["1", "41002", "0.500000000", "0", "0"]);
    assert_eq!(packets[3], ["0", "41001", "0.210000000", "5", "6"]);
}

#[test]
fn timestamps_run_at_one_kilohertz_and_echo_what_has_arrived() {
    let fields = ["tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr"];
    let text = "0.0 C SYN\n0.0 S SYN-ACK\n0.0 C ACK\n1.0 C data 5\n1.0 S data 5\n1.5 C ACK\n7.5 S FIN\nexpect none";
    let Some(packets) = tshark("timestamps", &played(text).capture(), &fields) else { return };
    let number = |packet: usize, field: usize| packets[packet][field].parse::<u32>().unwrap();
    assert_eq!(number(6, 0).wrapping_sub(number(1, 0)), 7_500, "the server's clock");
    assert_eq!(number(6, 1), number(5, 0), "the FIN echoes the client's last packet");
    assert_eq!(number(5, 0).wrapping_sub(number(0, 0)), 1_500, "the client's clock");
}
