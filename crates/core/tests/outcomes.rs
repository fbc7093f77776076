//! What became of a connection, in one word, where a RST makes it hard to tell: ladders in, outcomes out.

use handshark::capture::Interfaces;
use handshark::record::{COLUMNS, Connection, Value};
use handshark::{Inspector, Limits, Sink};

#[derive(Default)]
struct Outcomes(Vec<&'static str>);

impl Sink for Outcomes {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.push(connection.outcome().name());
    }
}

fn outcome(ladder: &str) -> Vec<&'static str> {
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::with_sink(Limits::default(), Outcomes::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").1.0
}

/// The `events` column, as every output writes it.
fn events(ladder: &str) -> Vec<String> {
    #[derive(Default)]
    struct Events(Vec<String>);
    impl Sink for Events {
        fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
            let column = COLUMNS.iter().find(|column| column.name == "events").expect("the column");
            match (column.value)(connection, interfaces) {
                Value::Text(text) => self.0.push(text.into_owned()),
                other => panic!("{other:?}"),
            }
        }
    }
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::with_sink(Limits::default(), Events::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").1.0
}

/// ACKs of what was not captured, by the side that sent it.
fn gaps(ladder: &str) -> (u32, u32) {
    #[derive(Default)]
    struct Gaps((u32, u32));
    impl Sink for Gaps {
        fn connection(&mut self, connection: &Connection, _: &Interfaces) {
            let gaps = connection.visibility.gaps;
            self.0 = (gaps.client, gaps.server);
        }
    }
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::with_sink(Limits::default(), Gaps::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").1.0
}

#[test]
fn a_fin_that_was_captured_before_the_last_bytes_leaves_no_gap() {
    let open = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C data 100\n";
    let answer = "0.021 S data 340 seq=1\n";
    let acknowledged = "0.022 C ACK ack=342\n0.030 C FIN ack=342";
    assert_eq!(gaps(&format!("{open}0.020 S FIN seq=341\n{answer}{acknowledged}")), (0, 0));
    assert_eq!(gaps(&format!("{open}0.020 S FIN seq=341\n{acknowledged}")), (0, 1), "the bytes were not captured");
    assert_eq!(gaps(&format!("{open}{answer}0.0215 S FIN seq=341\n{acknowledged}")), (0, 0));
}

#[test]
fn events_tell_times_and_repeats() {
    let retried = "0.000 C SYN\n1.003 C SYN\n3.007 C SYN\n3.020 S SYN-ACK\n3.021 C ACK\n3.022 C data 100\n3.030 S data 900\n\
                   3.031 C data 50\n9.080 S FIN\n9.080 C ACK\n9.500 C data 40\n9.501 S RST";
    assert_eq!(events(retried), ["S@0 S@1.003 S@3.007 h@3.02 A@3.021 D*3@3.022-9.5 d@3.03 f@9.08 D@9.5 r@9.501"]);
    assert_eq!(events("0.000 C SYN\n0.001 S RST"), ["S@0 r@0.001"]);
}

const EXCHANGE: &str = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.021 S HTTP 200\n0.021 C ACK\n";
const TLS: &str = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C ClientHello sni=a.example.org\n0.021 S ServerHello\n\
                   0.022 C Finished\n0.023 C data 100\n0.030 S data 900\n";

#[test]
fn a_client_that_leaves_after_the_answer_has_not_failed() {
    assert_eq!(outcome(&format!("{EXCHANGE}1.000 C RST kind=abort")), ["established"]);
}

#[test]
fn once_an_answer_in_clear_is_whole_its_client_may_leave_at_once() {
    // HAProxy to its servers: no FIN, and no pause that would tell that the exchange is over.
    assert_eq!(outcome(&format!("{EXCHANGE}0.0215 C RST kind=abort")), ["established"]);
    assert_eq!(outcome(&format!("{EXCHANGE}0.0215 C GET /b\n0.022 C RST kind=abort")), ["reset"]);
    let crossed =
        "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.020 C RST kind=abort\n0.021 S HTTP 200 crossed";
    assert_eq!(outcome(crossed), ["reset"]);
    // In protocols that are not read a full segment may be one of several.
    let unread = EXCHANGE.replace("GET /a", "data 100");
    let answered = |bytes: u32| unread.replace("HTTP 200", &format!("data {bytes}"));
    assert_eq!(outcome(&format!("{}0.0215 C RST kind=abort", answered(900))), ["established"]);
    assert_eq!(outcome(&format!("{}0.0215 C RST kind=abort", answered(1448))), ["reset"]);
    assert_eq!(outcome(&format!("{}0.0215 S data 90\n0.022 C RST kind=abort ack=991", answered(990))), ["reset"]);
}

#[test]
fn under_tls_an_answer_without_parts_is_whole_too() {
    assert_eq!(outcome(&format!("{TLS}0.0305 C RST kind=abort")), ["established"]);
    let http2 = TLS.replace("sni=a.example.org", "sni=a.example.org alpn=h2,http/1.1");
    assert_eq!(outcome(&format!("{http2}0.0305 C RST kind=abort")), ["reset"], "HTTP/2 has parts");
    let early = TLS.replace("0.030", "0.024");
    assert_eq!(outcome(&format!("{early}0.0245 C RST kind=abort")), ["reset"], "sent before the request arrived");
    // A full segment that is sent again does not end it: the rest of it came before.
    let lost = TLS.replace("data 900", "data 2000 lost=1 unseen=1");
    assert_eq!(outcome(&format!("{lost}0.050 S again 2\n0.051 C RST kind=abort")), ["established"]);
}

#[test]
fn what_was_lost_before_the_capture_and_is_sent_again_is_an_answer() {
    let asked = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C data 100\n";
    let answered = "0.021 S ACK seq=201\n0.040 S data 200\n0.0405 C RST kind=abort";
    assert_eq!(outcome(&format!("{asked}{answered}")), ["established"]);
}

#[test]
fn a_rst_before_the_answer_or_right_after_it_by_the_server_is_a_failure() {
    let asked = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n";
    assert_eq!(outcome(&format!("{asked}5.000 C RST kind=abort")), ["reset"]);
    assert_eq!(outcome(&format!("{asked}0.021 S RST kind=abort")), ["reset"]);
    assert_eq!(outcome(&format!("{EXCHANGE}0.0215 S RST kind=abort")), ["reset"]);
    assert_eq!(outcome(&format!("{EXCHANGE}1.000 S RST kind=abort")), ["established"], "nobody waited any more");
    let unacknowledged = EXCHANGE.replace("0.021 C ACK\n", "");
    assert_eq!(outcome(&format!("{unacknowledged}1.000 S RST kind=abort")), ["reset"]);
}

#[test]
fn a_server_of_tls_may_reset_who_has_only_pinged_it() {
    let ping = "0.050 C hex 1703030016abcdefabcdefabcdefabcdefabcdefabcdefabcdefab\n";
    let pinged = format!("{TLS}{ping}0.060 S data 10\n0.070 C ACK\n");
    assert_eq!(outcome(&format!("{pinged}3.000 S RST kind=abort")), ["established"]);
    assert_eq!(outcome(&format!("{TLS}{ping}0.060 S ACK\n3.000 S RST kind=abort")), ["reset"], "it did not answer");
    assert_eq!(outcome(&format!("{pinged}0.071 S RST kind=abort")), ["reset"], "right after it spoke");
}

#[test]
fn what_a_client_that_has_closed_refuses_is_no_loss() {
    let late = "1.000 C FIN\n1.005 S data 500 crossed\n1.006 C RST kind=bare";
    assert_eq!(outcome(&format!("{EXCHANGE}{late}")), ["established"]);
}

#[test]
fn a_request_on_a_connection_that_the_server_had_closed_is_lost() {
    assert_eq!(outcome(&format!("{EXCHANGE}6.000 S FIN\n6.001 C GET /b crossed\n6.011 S RST kind=bare")), ["reset"]);
}

#[test]
fn last_words_of_tls_that_nobody_hears_are_no_loss() {
    assert_eq!(
        outcome(&format!("{TLS}1.000 S FIN\n1.010 C ACK\n1.011 C close_notify\n1.012 C FIN\n1.021 S RST kind=bare")),
        ["established"]
    );
    assert_eq!(outcome(&format!("{TLS}1.000 C close_notify\n1.001 C RST kind=abort")), ["established"]);
}

#[test]
fn a_client_that_says_goodbye_in_the_middle_of_an_answer_has_left() {
    // TLS 1.2 with CBC: close_notify has 53 bytes, and its content type is not encrypted.
    let tls12 = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C ClientHello sni=a.example.org versions=1.2\n\
                 0.021 S ServerHello version=1.2\n0.022 C Finished\n0.032 S Finished\n0.033 C data 100\n0.043 S data 900\n";
    let record = |content_type: &str| format!("hex {content_type}03030030{}", "ab".repeat(48));
    let left = |record: String| outcome(&format!("{tls12}0.053 C {record}\n0.054 S data 900\n0.055 C RST kind=abort"));
    assert_eq!(left(record("15")), ["established"]);
    assert_eq!(left(record("17")), ["reset"], "a request, and its answer may have had more parts");
}

#[test]
fn a_rst_that_nobody_took_for_one_ends_nothing() {
    let asked = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n";
    // Blind: the number is far out of the window, and both go on.
    let blind = format!("{asked}0.020 S RST kind=bare seq=900000\n0.021 S HTTP 200\n0.022 C ACK\n");
    assert_eq!(outcome(&format!("{blind}2.000 C FIN\n2.010 S FIN\n2.010 C ACK")), ["established"]);
    assert_eq!(outcome(&blind), ["open"]);
    assert_eq!(outcome(&format!("{blind}2.000 C GET /b\n3.000 S RST kind=abort")), ["reset"], "the next one was meant");
    // In the client's name.
    let other = format!("{EXCHANGE}0.030 C RST kind=bare seq=900000\n0.031 C GET /b\n0.041 S HTTP 200\n");
    assert_eq!(outcome(&format!("{other}2.000 C FIN\n2.010 S FIN\n2.010 C ACK")), ["established"]);
    // What was on its way proves nothing, nor does an acknowledgment of what came before.
    assert_eq!(outcome(&format!("{asked}0.020 S RST kind=abort\n0.021 S HTTP 200 crossed\n")), ["reset"]);
    let before =
        format!("{asked}0.021 S HTTP 200\n0.022 S RST kind=bare\n0.023 S data 100 crossed\n0.024 C ACK ack=161");
    assert_eq!(outcome(&before), ["reset"]);
}

#[test]
fn a_rst_that_answers_a_challenge_ack_ends_nothing() {
    let challenged = "0.000 C SYN\n0.010 S ACK seq=70000 ack=90000\n0.011 C RST kind=bare\n1.011 C SYN\n";
    let opened =
        "1.021 S SYN-ACK\n1.021 C ACK\n1.022 C GET /a\n1.032 S HTTP 200\n2.000 C FIN\n2.010 S FIN\n2.010 C ACK";
    assert_eq!(outcome(&format!("{challenged}{opened}")), ["established"]);
}

#[test]
fn an_attempt_at_the_end_of_the_capture_has_not_failed_yet() {
    assert_eq!(outcome("0.000 C SYN\n0.500 end of capture"), ["open"]);
    assert_eq!(outcome("0.000 C SYN\n3.500 end of capture"), ["unanswered"]);
}

/// Ports that are asked with data in the SYN (TCP Fast Open, RFC 7413), 5 s before the capture ends.
#[test]
fn who_gives_up_without_having_got_what_was_sent_again_and_again_has_not_been_served() {
    let asked = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C data 16\n0.021 S ACK\n";
    let lost = "0.022 S data 200 lost\n0.222 S again lost\n0.622 S again lost\n";
    let third = "1.422 S again lost\n";
    assert_eq!(outcome(&format!("{asked}{lost}{third}5.000 C FIN\n5.010 S ACK")), ["timed-out"]);
    // Two losses in a row happen.
    assert_eq!(outcome(&format!("{asked}{lost}1.000 C FIN\n1.010 S ACK")), ["established"]);
    // It did not wait: its FIN crosses the answer.
    let crossing = "0.022 S data 200 lost\n0.023 C FIN\n0.222 S again lost\n0.622 S again lost\n1.422 S again lost";
    assert_eq!(outcome(&format!("{asked}{crossing}")), ["established"]);
    // It had left before: what comes after that it does not want to hear.
    assert_eq!(outcome(&format!("{asked}0.021 C FIN\n{lost}{third}")), ["established"]);
    // It got it after all.
    assert_eq!(
        outcome(&format!("{asked}{lost}{third}3.022 S again\n3.030 C ACK\n5.000 C FIN\n5.010 S ACK")),
        ["established"]
    );
}

#[test]
fn data_in_a_syn_that_nobody_accepts_is_no_connection() {
    use handshark_testkit::packets::{Flags, TcpOptions, TcpPacket};
    use handshark_testkit::writers::{Order, Pcap};
    let packet = |from: &str, to: &str, seq, ack, flags, payload: &[u8]| {
        let end = |text: &str| text.parse().expect("an address and a port");
        let packet = TcpPacket {
            source: end(from),
            destination: end(to),
            seq,
            ack,
            flags,
            window: 1_000,
            options: TcpOptions::default(),
            payload: payload.to_vec(),
            ttl_hops: 64,
            id: 1,
            bad_checksum: false,
        };
        packet.ip_bytes()
    };
    let both = Flags::RST | Flags::ACK;
    let packets = [
        (0, packet("10.0.0.1:40001", "10.0.0.2:81", 100, 0, Flags::SYN, b"GET / HTTP/1.1\r\n\r\n")),
        (1, packet("10.0.0.2:81", "10.0.0.1:40001", 0, 119, both, b"")),
        (2, packet("10.0.0.1:40002", "10.0.0.2:82", 100, 0, Flags::SYN, b"GET / HTTP/1.1\r\n\r\n")),
        // It is repeated without data.
        (1_002, packet("10.0.0.1:40002", "10.0.0.2:82", 100, 0, Flags::SYN, b"")),
        (6_000, packet("10.0.0.1:40003", "10.0.0.2:83", 100, 0, Flags::SYN, b"")),
        (6_001, packet("10.0.0.2:83", "10.0.0.1:40003", 0, 101, both, b"")),
    ];
    let mut capture = Pcap::with(Order::Little, false, 101, 0);
    for (millis, bytes) in &packets {
        capture.packet(1_795_257_241_000_000_000 + millis * 1_000_000, bytes, bytes.len());
    }
    let mut inspector = Inspector::with_sink(Limits::default(), Outcomes::default());
    inspector.push(&capture.into_bytes()).expect("a capture");
    let (report, outcomes) = inspector.finish().expect("a whole capture");
    let mut outcomes = outcomes.0;
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["refused", "refused", "unanswered"]);
    let of_port = |port: u16| {
        let about = |finding: &&handshark::report::Finding| finding.hits([10, 0, 0, 2].into(), port).is_some();
        report.findings.iter().filter(about).map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!((of_port(81), of_port(82)), (vec!["connection-refused"], vec!["syn-unanswered"]));
    assert!(report.unexplained.is_empty(), "{:?}", report.unexplained);
}

#[test]
fn a_client_that_asked_for_nothing_may_leave_with_session_tickets_unread() {
    let set_up = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C ClientHello sni=a.example.org\n0.021 S ServerHello\n0.022 C Finished\n";
    let ticket = format!("1703030064{}", "ab".repeat(100));
    let tickets = format!("0.032 S hex {ticket}{ticket}\n");
    let left = "0.033 C RST kind=abort";
    assert_eq!(outcome(&format!("{set_up}{tickets}{left}")), ["established"]);
    assert_eq!(outcome(&format!("{set_up}0.032 S hex {ticket}\n{left}")), ["established"], "one alone is one as well");
    assert_eq!(outcome(&format!("{set_up}{tickets}6.000 C RST kind=abort")), ["established"], "kept spare");
    let data = format!("0.032 S hex 1703030020{}\n", "ab".repeat(32));
    assert_eq!(outcome(&format!("{set_up}{data}{left}")), ["reset"], "the server speaks first");
    let asked = format!("0.0225 C hex 1703030040{}\n", "ab".repeat(64));
    assert_eq!(outcome(&format!("{set_up}{asked}{tickets}{left}")), ["reset"], "a request without an answer");
    assert_eq!(outcome(&format!("{set_up}{tickets}0.033 S RST kind=abort")), ["reset"], "the server's doing");
}
