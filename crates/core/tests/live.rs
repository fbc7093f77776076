//! A live stream: packets fed one by one, and what is told of them while nothing comes.

use handshark::capture::{Captures, Frame, Interfaces};
use handshark::record::Connection;
use handshark::types::Span;
use handshark::{Inspector, Limits, Report, Sink};

#[derive(Default)]
struct Told(Vec<String>);

impl Sink for Told {
    fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
        let codes: Vec<_> = connection.symptoms.iter().map(|symptom| symptom.code).collect();
        let seen: Vec<_> = connection.seen_at.ids().iter().map(|at| interfaces.label(*at)).collect();
        let (number, outcome) = (connection.number, connection.outcome().name());
        self.0.push(format!("{number} {outcome} {} at {}", codes.join(" "), seen.join(" ")));
    }
}

const REFUSED: &str = "0.000 C SYN\n0.010 S RST kind=refuse\n";

fn pushed(ladder: &str) -> Inspector<Told> {
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
    inspector.push(&capture).expect("a capture");
    inspector
}

fn told(inspector: &mut Inspector<Told>) -> Vec<String> {
    std::mem::take(&mut inspector.sink().0)
}

fn seconds(seconds: i64) -> Span {
    Span::from_secs(seconds)
}

#[test]
fn what_ended_is_told_while_nothing_comes() {
    let mut inspector = pushed(REFUSED);
    inspector.settle(seconds(14));
    assert!(told(&mut inspector).is_empty(), "late packets may come");
    inspector.settle(seconds(16));
    assert_eq!(told(&mut inspector), ["0 refused connection-refused at interface 0"]);
    let (report, told) = inspector.finish().expect("a capture");
    assert_eq!((report.totals.connections, told.0.len()), (1, 0), "it is told once");
}

#[test]
fn an_attempt_is_given_up_when_no_more_syns_come() {
    let mut inspector = pushed("0.000 C SYN\n1.000 C again\n");
    inspector.settle(seconds(69));
    assert!(told(&mut inspector).is_empty(), "the next SYN may come after 64 s");
    inspector.settle(seconds(71));
    assert_eq!(told(&mut inspector), ["0 unanswered syn-unanswered at interface 0"]);
}

#[test]
fn what_is_open_stays_open() {
    let mut inspector =
        pushed("0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.021 S HTTP 200\n0.022 C FIN\n");
    inspector.settle(seconds(100_000));
    assert!(told(&mut inspector).is_empty());
    let (report, _) = inspector.finish().expect("a capture");
    assert_eq!(report.capture.duration_s, Some(Span::from_millis(22)), "waiting is no part of the capture");
}

#[test]
fn without_packets_there_is_nothing_to_settle() {
    let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
    inspector.settle(seconds(1_000));
    assert_eq!((inspector.times(), told(&mut inspector).len()), (None, 0));
}

/// Packets fed one by one say what the file says from which they are.
#[test]
fn packets_are_taken_one_by_one() {
    for name in ["node-keepalive-race.pcap", "proxy-legs.pcapng", "health-checks.pcapng"] {
        let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name);
        let mut captures = Captures::open(std::slice::from_ref(&path), &Limits::default()).expect("it is there");
        let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
        let mut frames: Vec<(Frame<'static>, Interfaces)> = Vec::new();
        while let Some(frame) = captures.next_frame().expect("a capture") {
            let data: &'static [u8] = Box::leak(frame.data.to_vec().into_boxed_slice());
            frames.push((Frame { data, ..frame }, captures.interfaces().clone()));
        }
        for (frame, interfaces) in &frames {
            inspector.packet(frame, interfaces);
        }
        let (fed, fed_told) = inspector.finish().expect("packets");
        let (read, read_told) = read(&path);
        assert_eq!(fed_told.0, read_told.0, "{name}");
        assert_eq!(fed.findings, read.findings, "{name}");
        assert_eq!(fed.totals, read.totals, "{name}");
    }
}

fn read(path: &std::path::Path) -> (Report, Told) {
    let mut captures = Captures::open(&[path.to_path_buf()], &Limits::default()).expect("it is there");
    let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
    inspector.read(&mut captures, &mut |_| std::ops::ControlFlow::Continue(())).expect("a capture");
    inspector.finish().expect("a capture")
}
