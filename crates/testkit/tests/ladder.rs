//! What ladders are played into, told by their listings: relative numbers, as Wireshark shows them.

use handshark_testkit::{Expected, Ladder, ladders};

fn played(text: &str) -> Ladder {
    Ladder::from_text(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The listing without the place and the TTL, spaces folded.
fn packets(text: &str) -> Vec<String> {
    let listing = played(&format!("{text}\nexpect none")).listing();
    let short = |line: &str| {
        let line = line.split("  (line").next().unwrap_or(line);
        line.split_whitespace().filter(|word| !word.starts_with("ttl=")).collect::<Vec<_>>().join(" ")
    };
    listing.lines().map(short).collect()
}

fn error(text: &str) -> String {
    Ladder::from_text(text).expect_err("an error").to_string()
}

#[test]
fn a_reset_answers_as_rfc_9293_asks() {
    let refused = packets("0.0 C SYN\n0.1 S RST");
    assert_eq!(refused[1], "#2 0.100000 1 S RST,ACK seq=0 (absolute) ack=1 len=0 win=0");

    let bare = packets("0.0 C SYN\n0.1 S SYN-ACK\n0.1 C ACK\n1.0 C data 10\n1.1 S RST");
    assert_eq!(bare[4], "#5 1.100000 1 S RST seq=1 len=0 win=0");

    assert_eq!(packets("0.0 S RST kind=bare"), ["#1 0.000000 1 S RST seq=1 len=0 win=0"]);

    let abort = packets("0.0 C SYN\n0.1 S SYN-ACK\n0.1 C ACK\n1.0 C data 10\n1.1 S RST kind=abort");
    assert_eq!(abort[4], "#5 1.100000 1 S RST,ACK seq=1 ack=11 len=0 win=502");
}

#[test]
fn a_late_write_crosses_the_fin_or_is_unaware_of_it() {
    let crossed = packets("0.0 C data 10\n0.1 S data 20\n0.1 C ACK\n5.0 S FIN\n5.1 C data 10 crossed\n5.2 S RST");
    assert_eq!(crossed[4], "#5 5.100000 1 C PSH,ACK seq=11 ack=21 len=10 win=502");
    assert_eq!(crossed[5], "#6 5.200000 1 S RST seq=21 len=0 win=0", "the FIN's own number");

    let unaware = packets("0.0 C data 10\n0.1 S data 20\n0.1 C ACK\n5.0 S FIN\n5.1 C data 10 unaware\n5.2 S RST");
    assert_eq!(unaware[4], "#5 5.100000 1 C PSH,ACK seq=11 ack=22 len=10 win=502");
    assert_eq!(unaware[5], "#6 5.200000 1 S RST seq=22 len=0 win=0", "one after the FIN");
}

#[test]
fn what_is_lost_is_not_acknowledged_until_it_comes_again() {
    let lost = packets("0.0 C data 2000 lost=1\n0.1 S ACK\n0.2 C again 2\n0.3 S ACK");
    assert_eq!(
        lost,
        [
            "#1 0.000000 1 C ACK seq=1 ack=1 len=1448 win=502",
            "#2 0.000000 1 C PSH,ACK seq=1449 ack=1 len=552 win=502",
            "#3 0.100000 1 S ACK seq=1 ack=1 len=0 win=502",
            "#4 0.200000 1 C ACK seq=1 ack=1 len=1448 win=502",
            "#5 0.300000 1 S ACK seq=1 ack=2001 len=0 win=502",
        ]
    );
}

#[test]
fn filtered_packets_happen_and_have_no_number() {
    let flags =
        packets("only syn fin rst\n0.0 C SYN\n0.1 S SYN-ACK\n0.1 C ACK\n0.2 C data 5\n9.0 S FIN\n9.1 end of capture");
    let numbers: Vec<_> = flags.iter().map(|line| line.split(' ').next().unwrap_or("")).collect();
    assert_eq!(numbers, ["#1", "#2", "unseen", "unseen", "#3", "#4"]);
    assert_eq!(flags[4], "#3 9.000000 1 S FIN,ACK seq=1 ack=6 len=0 win=502");
    let capture = played("drop S\nfrom 0.15\n0.0 C SYN\n0.1 S SYN-ACK\n0.2 C ACK\n0.3 S data 4\nexpect none").capture();
    assert_eq!(capture.len(), 24 + 16 + 14 + 20 + 32, "one packet: an ACK with timestamps");
}

#[test]
fn data_after_a_server_hello_travels_in_records() {
    let tls = "0.0 C ClientHello\n0.1 S ServerHello VERSION\n0.2 C Finished\nFIN0.3 C data 100\n0.4 S close_notify";
    let lengths = |version: &str, finished: &str| -> Vec<String> {
        let lines = packets(&tls.replace("VERSION", version).replace("FIN", finished));
        let length = |line: &String| line.split(' ').find_map(|word| word.strip_prefix("len=").map(str::to_owned));
        lines.iter().filter_map(length).collect()
    };
    assert_eq!(lengths("version=1.3", "")[2..], ["64", "122", "24"]);
    assert_eq!(lengths("version=1.2", "0.25 S Finished\n")[2..], ["93", "51", "129", "31"]);
}

#[test]
fn twins_are_second_copies_with_one_hop_less() {
    let listing = played("link sll2\ntwin\n0.0 C SYN\nexpect none").listing();
    assert!(listing.contains("#2     0.000015"), "{listing}");
    assert!(listing.contains("ttl=63  (line 3: SYN, twin)"), "{listing}");
    let identical = played("0.0 C SYN twin\n0.1 C SYN\nexpect none");
    assert_eq!(identical.listing().matches("ttl=64").count(), 3);
}

#[test]
fn loops_stay_on_their_connection_and_rounds_open_new_ones() {
    let lines = packets("x2 every 1.0 {\n0.0 C SYN\nloop 3 every 0.1 {\n0.1 C data 5\n}\n+0.1 C FIN\n}");
    assert_eq!(lines.len(), 10);
    assert_eq!(lines[4], "#5 0.400000 x1.1 C FIN,ACK seq=16 ack=1 len=0 win=502");
    assert_eq!(lines[9], "#10 1.400000 x2.1 C FIN,ACK seq=16 ack=1 len=0 win=502");
}

#[test]
fn a_new_initial_sequence_number_is_a_new_connection_on_the_same_port() {
    let lines = packets("0.0 C SYN\n0.1 S SYN-ACK\n0.2 C data 5\n1.0 C SYN isn=new\n1.1 S SYN-ACK\n1.2 C data 5");
    assert_eq!(lines[5], "#6 1.200000 1 C PSH,ACK seq=1 ack=1 len=5 win=502");
}

#[test]
fn expectations_are_read() {
    let text = "0.0 C SYN\nexpect a-b evidence 1,2 affected 3 of 4 severity error kind=k fact x_s=1..2 summary \"a b\"";
    let ladder = played(text);
    let Expected::Finding(finding) = &ladder.expectations()[0].expected else { panic!("a finding") };
    assert_eq!(finding.code, "a-b");
    assert_eq!(finding.evidence.as_deref(), Some(&[1, 2][..]));
    assert_eq!((finding.affected, finding.of), (Some(3), Some(4)));
    assert_eq!(finding.facts, [("x_s".to_owned(), "1..2".to_owned())]);
    assert_eq!(finding.summary, ["a b"]);
    assert_eq!(played("0.0 C SYN\nexpect no c-d").expectations()[0].expected, Expected::Absent("c-d".to_owned()));
}

#[test]
fn errors_name_the_place_and_what_would_be_right() {
    assert!(error("0.0 C SNY\nexpect none").starts_with("line 1, column 7: expected SYN, SYN-ACK, ACK"));
    assert_eq!(error("0.0 X SYN"), "line 1, column 5: expected a side: C or S, found `X`");
    assert_eq!(
        error("0.0 C"),
        "line 1, column 6: expected what the packet is: SYN, ACK, data, ClientHello ..., found the end of the line"
    );
    assert_eq!(error("0.0 C data ten"), "line 1, column 12: expected a number of bytes, found `ten`");
    assert_eq!(error("0.0 C SYN sni=a"), "line 1, column 11: expected an attribute that `SYN` can have, found `sni=a`");
    assert_eq!(error("0.0 C SYN ttl=300"), "line 1, column 11: expected `ttl=` and a number of hops, found `ttl=300`");
    assert_eq!(
        error("1.0 C SYN\n0.5 C SYN\nexpect none"),
        "line 2, column 7: expected a time not before 1, the connection's line before, found `SYN`"
    );
    assert_eq!(
        error("0.0 C SYN"),
        "line 1, column 1: expected a ladder with at least one `expect` line, found `0.0 C SYN`"
    );
    assert_eq!(error("x3 every 1 {\n0.0 C SYN"), "line 2, column 1: expected `}` after this line, found `0.0`");
    assert_eq!(error("}"), "line 1, column 1: expected a block that was opened, found `}`");
    assert_eq!(error("expect Nope"), "line 1, column 8: expected a finding's code in kebab-case, found `Nope`");
    assert_eq!(error("expect a-b evidence 0"), "line 1, column 21: expected packet numbers from 1, found `0`");
    assert!(error("sniff 3").contains("expected a time, client, server"));
    assert!(error("0.0 S RST\nexpect none").contains("kind=abort, or a packet of the other side"));
    assert!(error("0.0 S FIN\n0.1 C Finished\nexpect none").contains("a ServerHello before this line"));
    assert!(error("0.0 C data 1 unaware\nexpect none").contains("a FIN of the other side"));
    assert!(error("0.0 C again\nexpect none").contains("a segment of this side before"));
    assert!(error("client 10.0.0.1\nserver [::1]:4\n0.0 C SYN\nexpect none").contains("both with IPv6"));
    assert!(error("0.0 C ClientHello size=20\nexpect none").contains("or more"));
    assert!(error("0.0 C SYN on=eth0\nexpect none").contains("an interface that"));
    assert!(error("2.0 C SYN\n1.0 end of capture\nexpect none").contains("a time not before 2"));
}

#[test]
fn a_page_tells_the_line_of_an_error() {
    let error = ladders("# P\n\n```ladder\n0.0 C SYN\n0.1 C NO\n```\n").expect_err("an error");
    assert_eq!((error.line, error.column), (5, 7));
}

#[test]
fn the_manuals_ladders_can_be_played() {
    let manual = include_str!("../README.md");
    let ladders = ladders(manual).unwrap_or_else(|error| panic!("README.md: {error}"));
    assert!(ladders.len() >= 2);
}

#[test]
fn the_same_ladder_gives_the_same_bytes() {
    let text =
        "x5 every 0.1 jitter 0.05 {\n0.0 C SYN\n0.01 S SYN-ACK\n0.02 C ClientHello sni=a.example\n}\nexpect none";
    assert_eq!(played(text).capture(), played(text).capture());
}
