//! Recorded captures side by side: what may be claimed, and what not.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;
use crate::capture::Captures;
use crate::{Inspector, Limits};

fn profile(name: &str) -> Profile {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name);
    let limits = Limits::default();
    let mut inspector = Inspector::with_sink(limits.clone(), Tally::default());
    let mut captures = Captures::open(&[path], &limits).expect("a recorded capture");
    inspector.read(&mut captures, &mut |_| ControlFlow::Continue(())).expect("it can be read");
    let (report, tally) = inspector.finish().expect("it was read");
    Profile::new(&report, tally)
}

fn changes(comparison: &Comparison) -> Vec<(&str, Change)> {
    comparison.findings.iter().map(|finding| (finding.code.as_str(), finding.change)).collect()
}

#[test]
fn a_capture_is_like_itself() {
    for name in ["node-keepalive-race.pcap", "missing-sni-silent.pcapng", "mid-stream.pcap", "one-way.pcap"] {
        let profile = profile(name);
        let comparison = Comparison::of(&profile, &profile);
        assert!(comparison.findings.iter().all(|finding| finding.change == Change::Alike), "{name} {comparison:#?}");
        assert!(comparison.services.iter().all(|service| !service.is_changed()), "{name}");
        assert_eq!(comparison.worst(), None);
    }
}

#[test]
fn the_other_way_round_new_is_gone() {
    let (a, b) = (profile("connection-refused.pcap"), profile("retry-storm.pcap"));
    assert!(changes(&Comparison::of(&a, &b)).contains(&("retry-storm", Change::New)));
    assert!(changes(&Comparison::of(&b, &a)).contains(&("retry-storm", Change::Gone)));
}

#[test]
fn what_the_second_capture_could_not_show_is_not_gone() {
    let (a, mut b) = (profile("retry-storm.pcap"), profile("connection-refused.pcap"));
    b.not_assessed.push(("retry-storm".to_owned(), "the SYNs were filtered".to_owned()));
    let comparison = Comparison::of(&a, &b);
    let change = comparison.findings.iter().find(|finding| finding.code == "retry-storm").expect("it is in A");
    assert_eq!(change.change, Change::Unclear);
    assert_eq!(change.why.as_deref(), Some("the second capture could not show it: the SYNs were filtered"));
    assert!(!change.evidence_a.is_empty());
}

#[test]
fn few_connections_make_no_claim() {
    let shares = |a, b| Change::of(Share { count: a, of: 6 }, Share { count: b, of: 6 }).0;
    assert_eq!(shares(0, 1), Change::Unclear);
    assert_eq!(shares(2, 0), Change::Unclear);
    assert_eq!(shares(0, 6), Change::New);
    assert_eq!(shares(6, 0), Change::Gone);
    assert_eq!(shares(2, 3), Change::Alike);
    assert_eq!(shares(0, 0), Change::Alike);
}

#[test]
fn a_service_is_found_again_under_another_address() {
    let a = profile("missing-sni-silent.pcapng");
    let mut b = a.clone();
    for (endpoint, _) in &mut b.services {
        endpoint.address = "192.0.2.7".parse().expect("an address");
    }
    for told in &mut b.findings {
        told.services.iter_mut().for_each(|(endpoint, _)| endpoint.address = "192.0.2.7".parse().expect("an address"));
    }
    let comparison = Comparison::of(&a, &b);
    assert!(comparison.services.iter().all(|service| service.matched_by == MatchedBy::Name), "{comparison:#?}");
    assert!(changes(&comparison).iter().all(|(_, change)| *change == Change::Alike), "{comparison:#?}");
    // Without names the port is left, as long as there is one service at it.
    b.services.iter_mut().for_each(|(_, dealings)| dealings.names.clear());
    let comparison = Comparison::of(&a, &b);
    assert!(comparison.services.iter().all(|service| service.matched_by == MatchedBy::Port), "{comparison:#?}");
}

#[test]
fn hellos_that_were_cut_are_not_called_hellos_without_a_name() {
    let (whole, cut) = (profile("tls-version.pcap"), profile("snaplen-96.pcap"));
    for comparison in [Comparison::of(&whole, &cut), Comparison::of(&cut, &whole)] {
        let services = comparison.services.iter().chain([&comparison.whole]);
        let offers = services.filter_map(|service| service.hellos.as_ref()).flat_map(|hellos| &hellos.only);
        assert!(offers.into_iter().all(|offer| offer.value != "not-visible"), "{comparison:#?}");
    }
}

#[test]
fn a_profile_survives_being_written() {
    let profile = profile("node-keepalive-race.pcap");
    let text = serde_json::to_string(&profile).expect("JSON");
    let again: Profile = serde_json::from_str(&text).expect("a profile");
    assert_eq!(Comparison::of(&profile, &again), Comparison::of(&profile, &profile));
}
