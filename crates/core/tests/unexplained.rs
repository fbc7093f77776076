//! Failures that no check explains are told with their packets; those that one explains are not.

use handshark::{Inspector, Limits, Report};

fn report(ladder: &str) -> Report {
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::new(Limits::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").0
}

#[test]
fn a_failure_without_a_finding_has_its_packets() {
    let asked = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.021 S ACK\n0.500 C RST kind=abort";
    let report = report(asked);
    assert_eq!((report.totals.connections, report.totals.failed), (1, 1));
    let [unexplained] = report.unexplained.as_slice() else { panic!("{:?}", report.unexplained) };
    assert_eq!(
        (unexplained.outcome.name(), unexplained.reached, unexplained.ended_by, unexplained.connections),
        ("reset", "after an HTTP request", "by a RST from the client", 1)
    );
    let packets: Vec<u64> = unexplained.evidence.packets.iter().map(|packet| packet.number()).collect();
    assert_eq!(packets, [1, 4, 6], "the first packet, the request and the RST");
    assert!(unexplained.example.contains("RST in packet 6 from the client, 500 ms after packet 1"), "{unexplained:?}");
}

#[test]
fn a_failure_with_a_finding_is_explained() {
    let report = report("0.000 C SYN\n0.010 S RST kind=refuse");
    assert_eq!((report.totals.failed, report.findings[0].code), (1, "connection-refused"));
    assert!(report.unexplained.is_empty());
}

#[test]
fn payload_that_never_got_through_is_what_is_told_of_a_connection_that_ends_by_a_fin() {
    let report = report(
        "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C data 16\n0.021 S ACK\n0.022 S data 200 lost\n0.222 S again lost\n\
         0.622 S again lost\n1.422 S again lost\n5.000 C FIN\n5.010 S ACK",
    );
    let [unexplained] = report.unexplained.as_slice() else { panic!("{:?}", report.unexplained) };
    assert_eq!((unexplained.outcome.name(), unexplained.ended_by), ("timed-out", "no answer any more"));
    let told = "what the server sent in packet 6 was not acknowledged, though sent 3 more times (last in packet 9";
    assert!(unexplained.example.contains(told), "{unexplained:?}");
}

#[test]
fn what_went_well_has_not_failed() {
    let report = report(
        "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.021 S HTTP 200\n1.000 C FIN\n1.010 S FIN\n1.010 C ACK",
    );
    assert_eq!((report.totals.failed, report.unexplained.len()), (0, 0));
}

/// A client's RST may be its way to leave, and what would tell was not captured.
#[test]
fn where_nobody_can_see_whether_anyone_waited_nobody_says_that_it_failed() {
    let flags = "only syn fin rst\n0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C data 80\n0.021 S data 400\n0.500 C RST kind=abort";
    let one_way = "0.000 C SYN\n0.010 S SYN-ACK unseen\n0.010 C ACK\n0.011 C data 80\n0.021 S data 400 unseen\n0.022 C ACK\n\
                   0.500 C RST kind=abort";
    for asked in [flags, one_way] {
        let report = report(asked);
        assert_eq!((report.totals.failed, report.totals.undecided), (0, 1), "{asked}");
        let [undecided] = report.unexplained.as_slice() else { panic!("{:?}", report.unexplained) };
        assert!(undecided.undecided && undecided.ended_by == "by a RST from the client", "{undecided:?}");
    }
    let unanswered = "0.000 C SYN\n0.010 S SYN-ACK\n0.010 C ACK\n0.011 C GET /a\n0.021 S ACK\n0.500 C RST kind=abort";
    let report = report(unanswered);
    assert_eq!((report.totals.failed, report.totals.undecided), (1, 0));
}
