//! Packets that are not what they say: ladders in, what is said of the capture out.

use handshark::capture::Interfaces;
use handshark::record::{Connection, timeline};
use handshark::{Inspector, Limits, Sink};

/// The codes of `capture.quality` with their counts.
fn quality(ladder: &str) -> Vec<(&'static str, u64)> {
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::new(Limits::default());
    inspector.push(&capture).expect("a capture");
    let (report, ()) = inspector.finish().expect("a whole capture");
    report.capture.quality.into_iter().map(|quality| (quality.code, quality.count)).collect()
}

const ASKED: &str = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n";

#[test]
fn an_answer_that_comes_twice_with_other_bytes_is_told() {
    let forged = "0.021 S text \"HTTP/1.1 302 Found\\r\\nContent-Length: 0\\r\\n\\r\\n\" ttl=40\n";
    let other = "0.031 S text \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\" seq=1\n0.032 C ACK";
    assert_eq!(quality(&format!("{ASKED}{forged}{other}")), [("other-bytes", 1)]);
}

#[test]
fn what_is_sent_again_is_not_forged() {
    assert_eq!(quality(&format!("{ASKED}0.021 S HTTP 200 body=4000\n0.221 S again\n0.222 S again 2\n0.232 C ACK")), []);
    let probe =
        "0.021 S HTTP 200\n0.022 C ACK\n45.00 S keep-alive\n45.01 C ACK\n45.02 S text \"X\" seq=160\n45.03 C ACK";
    assert_eq!(quality(&format!("{ASKED}{probe}")), [], "the byte of a probe means nothing");
}

/// The steps of the only connection.
fn timeline(ladder: &str) -> Vec<String> {
    #[derive(Default)]
    struct Steps(Vec<String>);
    impl Sink for Steps {
        fn connection(&mut self, connection: &Connection, _: &Interfaces) {
            self.0 = timeline::of(connection).into_iter().map(|step| step.what.into_owned()).collect();
        }
    }
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::with_sink(Limits::default(), Steps::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").1.0
}

#[test]
fn of_two_hellos_in_one_place_both_names_are_told() {
    let opened = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C ClientHello sni=a.example.org\n";
    let other = "0.012 C ClientHello sni=other.example.net seq=1\n0.031 S ServerHello\n";
    let ladder = format!("{opened}{other}");
    assert_eq!(quality(&ladder), [("other-bytes", 1)]);
    let steps = timeline(&ladder);
    assert!(steps.iter().any(|step| step == "ClientHello for a.example.org"), "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("in the place of the first, for other.example.net")), "{steps:?}");
}

#[test]
fn a_rst_that_ended_nothing_is_told() {
    let blind = "0.020 S RST kind=bare seq=900000\n0.021 S HTTP 200\n0.022 C ACK\n";
    assert_eq!(quality(&format!("{ASKED}{blind}")), [("resets-ignored", 1)]);
    assert_eq!(quality(&format!("{ASKED}0.021 S HTTP 200\n0.022 C ACK\n0.030 S RST kind=abort")), []);
}
