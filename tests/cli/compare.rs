//! `handshark compare`: two captures side by side.

use super::{folder, run};

fn testdata(name: &str) -> String {
    format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_new_is_told_with_its_packets() {
    let said = run(&["compare", &testdata("connection-refused.pcap"), &testdata("retry-storm.pcap")], b"");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let new = said.out.lines().position(|line| line.trim_start().starts_with("new ")).expect("something is new");
    let lines: Vec<&str> = said.out.lines().skip(new).collect();
    assert!(lines[0].contains("WARNING retry-storm  10.0.0.2:9000  0 of 5 -> 24 of 24"), "{}", said.out);
    assert!(lines.iter().any(|line| line.trim() == "B: connection 0, packets 1, 2"), "{}", said.out);
}

#[test]
fn a_service_that_one_capture_never_saw_is_neither_new_nor_gone() {
    let said = run(&["compare", &testdata("no-sni-works.pcap"), &testdata("missing-sni-silent.pcapng")], b"");
    assert_eq!(said.code, Some(0));
    assert!(
        said.out.contains("Nothing is claimed: the first capture has no connection to this service."),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("server name present  only in B: 3 of 6 hellos (connection 3, packet 15)"),
        "{}",
        said.out
    );
}

#[test]
fn the_exit_code_follows_what_became_worse() {
    let (a, b) = (testdata("connection-refused.pcap"), testdata("retry-storm.pcap"));
    for (first, second, level, code) in [
        (&a, &b, "warning", 1), // retry-storm is new
        (&a, &b, "error", 0),   // connection-refused was there before
        (&b, &a, "info", 0),    // nothing is new: what is in the first alone is gone or unclear
        (&a, &a, "info", 0),
    ] {
        let said = run(&["compare", first, second, "--fail-on", level], b"");
        assert_eq!(said.code, Some(code), "{first} {second} {level}: {}", said.out);
    }
}

#[test]
fn wrong_arguments_are_one_line() {
    let a = testdata("all-well.pcap");
    for arguments in
        [vec!["compare"], vec!["compare", &a], vec!["compare", &a, "-"], vec!["compare", &a, "nowhere.pcap"]]
    {
        let said = run(&arguments, b"");
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    }
}

#[test]
fn json_goes_to_a_file_and_neither_capture_is_overwritten() {
    let folder = folder("compare-json");
    let out = folder.join("c.json").to_string_lossy().into_owned();
    let (a, b) = (testdata("all-well.pcap"), testdata("churn.pcap.gz"));
    let said = run(&["compare", &a, &b, "--format", "json", "-o", &out], b"");
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    let text = std::fs::read_to_string(&out).expect("it was written");
    let json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["schema"], "handshark.comparison/1");
    let copy = folder.join("copy.pcap");
    std::fs::copy(&a, &copy).expect("a copy");
    let copy = copy.to_string_lossy().into_owned();
    let said = run(&["compare", &copy, &b, "-o", &copy], b"");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("it is not overwritten"), "{}", said.err);
}
