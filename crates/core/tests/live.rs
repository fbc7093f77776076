//! A live stream: packets fed one by one, and what is told of them while nothing comes.

use handshark::capture::{Captures, Frame, Interfaces};
use handshark::record::Connection;
use handshark::types::{Span, Timestamp};
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

/// A stream that comes in at once, by a clock that shows the time of its first packet.
struct Stream {
    inspector: Inspector<Told>,
    begun: Timestamp,
}

impl Stream {
    fn of(ladder: &str) -> Self {
        let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
        let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
        inspector.push(&capture).expect("a capture");
        let seconds = u32::from_le_bytes(capture[24..28].try_into().expect("the time of the first record"));
        let begun = Timestamp::from_nanos(i64::from(seconds) * 1_000_000_000);
        inspector.now(begun);
        Self { inspector, begun }
    }

    /// What is told so many seconds later.
    fn after(&mut self, seconds: i64) -> Vec<String> {
        self.inspector.now(Timestamp::from_nanos(self.begun.as_nanos() + seconds * 1_000_000_000));
        std::mem::take(&mut self.inspector.sink().0)
    }
}

#[test]
fn what_ended_is_told_while_nothing_comes() {
    let mut stream = Stream::of(REFUSED);
    assert!(stream.after(14).is_empty(), "late packets may come");
    assert_eq!(stream.after(16), ["0 refused connection-refused at interface 0"]);
    let (report, told) = stream.inspector.finish().expect("a capture");
    assert_eq!((report.totals.connections, told.0.len()), (1, 0), "it is told once");
}

#[test]
fn an_attempt_is_given_up_when_no_more_syns_come() {
    let mut stream = Stream::of("0.000 C SYN\n1.000 C again\n");
    assert!(stream.after(69).is_empty(), "the next SYN may come after 64 s");
    assert_eq!(stream.after(71), ["0 unanswered syn-unanswered at interface 0"]);
}

#[test]
fn what_is_open_stays_open() {
    let mut stream =
        Stream::of("0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.021 S HTTP 200\n0.022 C FIN\n");
    assert!(stream.after(100_000).is_empty());
    let (report, _) = stream.inspector.finish().expect("a capture");
    assert_eq!(report.capture.duration_s, Some(Span::from_millis(22)), "waiting is no part of the capture");
}

#[test]
fn without_packets_nothing_is_told() {
    let mut inspector = Inspector::with_sink(Limits::default(), Told::default());
    for seconds in [0, 1, 1_000] {
        inspector.now(Timestamp::from_nanos(seconds * 1_000_000_000));
    }
    assert!(inspector.sink().0.is_empty());
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
