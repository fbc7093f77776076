//! One cause that hit several services is one finding.

use handshark::detect::Severity;
use handshark::{Inspector, Limits, Report};

fn report(ladder: &str) -> Report {
    let capture = handshark_testkit::played(ladder).expect("the ladder is well written");
    let mut inspector = Inspector::new(Limits::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").0
}

/// Refused at several ports of one address.
const REFUSED: &str = "1 server 10.0.0.5:81\n2 server 10.0.0.5:82\n3 server 10.0.0.5:82\n0.000 1 C SYN\n0.010 1 S RST kind=refuse\n\
                       1.000 2 C SYN\n1.010 2 S RST kind=refuse\n1.100 3 C SYN\n1.110 3 S RST kind=refuse\n";

#[test]
fn ports_of_one_address_are_told_together() {
    let report = report(REFUSED);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!((finding.code, finding.severity), ("connection-refused", Severity::Error));
    assert_eq!((finding.affected, finding.of), (3, 3), "numbers are added up");
    let hits: Vec<(u16, u64)> = finding.also_at.iter().map(|hit| (hit.service.port, hit.affected)).collect();
    assert_eq!(hits, [(82, 2), (81, 1)], "the one that was hit most comes first");
    assert_eq!(finding.service.as_ref().map(|service| service.port), Some(82));
    assert_eq!(finding.evidence.len(), 3, "an example of each");
    assert!(finding.summary.starts_with("The SYN was answered with a RST in 3 attempts to 2 ports of 10.0.0.5. "));
    for service in &report.services {
        assert_eq!(service.findings, ["connection-refused"], "{service:?}");
    }
    assert_eq!(report.totals.failed, 3);
}

/// One attempt of each client at each of so many ports, all refused; then some at another port that are answered.
fn scan(ports: u16, answered: u16) -> String {
    let (mut servers, mut packets) = (String::new(), String::new());
    for n in 1..=ports + answered {
        servers += &format!("{n} server 10.0.0.5:{}\n", 1_000 + n);
        let answer = if n <= ports { "S RST kind=refuse" } else { "S SYN-ACK" };
        packets += &format!("{n}.000 {n} C SYN\n{n}.001 {n} {answer}\n");
    }
    servers + &packets
}

#[test]
fn very_many_ports_that_one_client_asks_once_each_are_a_scan() {
    let report = report(&scan(120, 2));
    let refused: Vec<_> = report.findings.iter().filter(|finding| finding.code == "connection-refused").collect();
    let [finding] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((finding.severity, finding.affected), (Severity::Warning, 120));
    assert!(
        finding
            .summary
            .starts_with("10.0.0.9 asked 120 ports of 10.0.0.5 once each and was refused 120 times, 2 ports answered")
    );
    assert!(finding.summary.contains("port scan"), "{}", finding.summary);
    assert_eq!(report.unexplained.len(), 0, "{:?}", report.unexplained);
}

#[test]
fn few_ports_or_many_that_answer_are_no_scan() {
    for ladder in [scan(60, 0), scan(120, 30)] {
        let report = report(&ladder);
        let refused = report.findings.iter().find(|finding| finding.code == "connection-refused");
        assert_eq!(refused.map(|finding| finding.severity), Some(Severity::Error));
    }
}

#[test]
fn other_addresses_are_told_apart() {
    let report = report(&REFUSED.replace("1 server 10.0.0.5:81", "1 server 10.0.0.6:81"));
    let ports: Vec<u16> =
        report.findings.iter().filter_map(|finding| finding.service.as_ref()).map(|s| s.port).collect();
    assert_eq!(ports, [82, 81]);
    assert!(report.findings.iter().all(|finding| finding.also_at.is_empty()));
}

#[test]
fn many_services_that_one_client_can_not_reach_point_to_the_client() {
    let servers: String = (1..=5).map(|n| format!("{n} server 10.0.{n}.5:443\n")).collect();
    let tries: String =
        [0.0, 1.0, 3.0, 7.0].iter().flat_map(|at| (1..=5).map(move |n| format!("{at} {n} C SYN\n"))).collect();
    let report = report(&format!("{servers}{tries}20.0 end of capture"));
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!((finding.code, finding.affected, finding.also_at.len()), ("syn-unanswered", 5, 5));
    assert!(
        finding
            .summary
            .starts_with("No answer to the SYN was captured for COUNT attempts".replace("COUNT", "5").as_str())
    );
    assert!(finding.remedy[0].starts_with("What these services have in common is the client"), "{:?}", finding.remedy);
}

/// A connection to each of these hosts that is closed after these milliseconds of silence.
fn idle(hosts: &[(u8, u32)]) -> String {
    let (mut servers, mut packets) = (String::new(), Vec::new());
    for (n, (host, quiet)) in hosts.iter().enumerate() {
        let (number, begin) = (n + 1, n as f64 * 0.1);
        servers += &format!("{number} server 10.0.0.{host}:80\n");
        let steps = [(0.0, "C SYN"), (0.001, "S SYN-ACK"), (0.002, "C GET /"), (0.003, "S HTTP 200"), (0.004, "C ACK")];
        packets.extend(steps.map(|(at, step)| (begin + at, number, step)));
        let end = begin + 0.003 + f64::from(*quiet) / 1_000.0;
        packets.extend([(end, number, "S FIN"), (end + 0.001, number, "C FIN")]);
    }
    packets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lines = packets.iter().map(|(at, number, step)| format!("{at:.3} {number} {step}\n"));
    servers + &lines.collect::<String>()
}

#[test]
fn services_with_one_idle_timeout_are_told_together() {
    let three = |host, quiet| [(host, quiet); 3];
    let hosts = [three(1, 60_010), three(2, 60_020), three(3, 60_030), three(4, 5_010), three(1, 5_020)].concat();
    let report = report(&idle(&hosts));
    let told: Vec<_> = report.findings.iter().filter(|finding| finding.code == "idle-close").collect();
    let [minute, first, fourth] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((minute.affected, minute.also_at.len()), (9, 3));
    assert!(minute.summary.starts_with("3 services close idle connections after about 60.0 s (9 connections)."));
    assert_eq!((first.affected, fourth.affected), (3, 3), "two services are not enough");
    // What is shown is what is told, also of the second timer of a service.
    for finding in told {
        let expected = if finding.affected == 9 { "after 60.0 s idle" } else { "after 5.0" };
        for example in &finding.evidence {
            let steps = format!("{:?}", example.ladder);
            assert!(steps.contains(expected), "{}: {steps}", finding.summary);
        }
        assert!(!finding.evidence.is_empty());
    }
}
