//! On which leg of a proxy a failure began is said where the order of packets shows it, and nowhere else.

use handshark::detect::Severity;
use handshark::{Inspector, Limits, Report};

const ENDPOINTS: &str = "1 client 10.0.0.9:40001\n1 server 10.0.0.7:8080\n2 client 10.0.0.7:41000\n2 server 10.0.0.5:9000\n\
                         3 client 10.0.0.7:41001\n3 server 10.0.0.6:9000\n";

fn report(ladder: &str) -> Report {
    let capture = handshark_testkit::played(&format!("{ENDPOINTS}{ladder}")).expect("the ladder is well written");
    let mut inspector = Inspector::new(Limits::default());
    inspector.push(&capture).expect("a capture");
    inspector.finish().expect("a whole capture").0
}

/// What the finding about the refusal says of the proxy.
fn told(ladder: &str) -> Option<String> {
    let report = report(ladder);
    let refused = report.findings.iter().find(|finding| finding.code == "connection-refused").expect("a refusal");
    let (_, told) = refused.summary.split_once("it began on this leg: ")?;
    Some(told.to_owned())
}

/// The proxy's client asks, and is answered with a status after what lies between.
fn asked(status: u16, between: &str) -> String {
    format!(
        "0.000 1 C SYN\n0.001 1 S SYN-ACK\n0.001 1 C ACK\n0.010 1 C GET /a\n{between}0.030 1 S HTTP {status}\n0.031 1 C ACK\n\
         1.000 1 C FIN\n1.001 1 S FIN\n1.001 1 C ACK\n"
    )
}

const REFUSED: &str = "0.020 2 C SYN\n0.021 2 S RST\n";

#[test]
fn a_refusal_between_the_request_and_its_502_is_where_it_began() {
    let told = told(&asked(502, REFUSED)).expect("it is told");
    assert_eq!(
        told,
        "the proxy 10.0.0.7:8080 answered 502 to its own client after it (for example request in packet 4, this leg's \
         packets 5 to 6, answer in packet 7)."
    );
}

#[test]
fn an_answer_that_blames_no_upstream_says_nothing() {
    assert_eq!(told(&asked(200, REFUSED)), None);
    assert_eq!(told(&asked(500, REFUSED)), None);
}

#[test]
fn what_failed_before_the_request_or_after_the_answer_says_nothing() {
    let later = format!("{}2.000 2 C SYN\n2.001 2 S RST\n", asked(502, ""));
    assert_eq!(told(&later), None);
    let earlier = format!("0.000 2 C SYN\n0.001 2 S RST\n{}", asked(502, "").replace("0.0", "0.1"));
    assert_eq!(told(&earlier.replace("0.100 2", "0.000 2")), None);
}

#[test]
fn two_upstreams_that_failed_meanwhile_say_nothing() {
    let both = format!("{REFUSED}0.022 3 C SYN\n0.023 3 S RST\n");
    assert_eq!(told(&asked(502, &both)), None);
}

#[test]
fn another_address_than_the_proxys_says_nothing() {
    let other = asked(502, REFUSED).replace("0.020 2", "0.020 4").replace("0.021 2", "0.021 4");
    let ladder = format!("4 client 10.0.0.8:41000\n4 server 10.0.0.5:9000\n{other}");
    assert_eq!(told(&ladder), None);
}

#[test]
fn what_a_gateway_says_of_a_failure_in_the_capture_is_no_second_cause() {
    let severity = |ladder: &str| {
        let report = report(ladder);
        let gateway = report.findings.into_iter().find(|finding| finding.code == "server-error-message");
        gateway.map(|finding| (finding.severity, finding.summary.contains("connection-refused at 10.0.0.5:9000")))
    };
    assert_eq!(severity(&asked(502, REFUSED)), Some((Severity::Info, true)));
    // Nothing that failed between the two, or something else.
    assert_eq!(severity(&asked(502, "")), Some((Severity::Warning, false)));
    let later = format!("{}2.000 2 C SYN\n2.001 2 S RST\n", asked(502, ""));
    assert_eq!(severity(&later), Some((Severity::Warning, false)));
}
