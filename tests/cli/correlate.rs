//! `handshark correlate`: several capture points.

use super::{folder, run};

fn testdata(name: &str) -> String {
    format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn points() -> [String; 3] {
    ["client", "inner", "server"].map(|place| testdata(&format!("capture-points-{place}.pcap")))
}

#[test]
fn the_text_says_where_and_with_which_packets() {
    let [a, b, c] = points();
    let said = run(&["correlate", &a, &b, &c, "--width", "110"], b"");
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    // From the third line on: before it stand the names of the files.
    let golden = include_str!("correlate.golden");
    let shown: Vec<&str> = said.out.lines().filter(|line| !line.contains(".pcap: ")).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = format!("{}/../../tests/cli/correlate.golden", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, shown.join("\n") + "\n").expect("the golden can be written");
        return;
    }
    assert_eq!(shown.join("\n"), golden.trim_end_matches('\n'), "UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn json_names_its_schema_and_the_points_in_the_order_of_the_way() {
    let [a, b, c] = points();
    let said = run(&["correlate", &c, &a, &b, "--format", "json"], b"");
    assert_eq!(said.code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(json["schema"], "handshark.correlation/1");
    let names: Vec<&str> =
        json["points"].as_array().expect("points").iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!(names, ["B", "C", "A"]);
    assert_eq!(json["observations"][0]["event"], "rst");
    assert_eq!(json["observations"][0]["place"]["from"], "C");
    assert_eq!(json["observations"][0]["place"]["to"], "A");
}

#[test]
fn the_exit_code_follows_what_happened_between_the_points() {
    let [a, b, _] = points();
    let well = testdata("all-well.pcap");
    for (captures, level, code) in [([&a, &b], "error", 1), ([&well, &well], "info", 0), ([&a, &well], "info", 0)] {
        let said = run(&["correlate", captures[0], captures[1], "--fail-on", level], b"");
        assert_eq!(said.code, Some(code), "{captures:?} {level}: {}", said.out);
    }
}

#[test]
fn a_damaged_capture_is_read_as_far_as_it_goes() {
    let (cut, well) = (testdata("cut-short.pcap"), testdata("all-well.pcap"));
    let said = run(&["correlate", &well, &cut], b"");
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("cut-short.pcap: warning: the capture ends at byte"), "{}", said.err);
    assert_eq!(run(&["correlate", &well, &cut, "--strict"], b"").code, Some(2));
}

#[test]
fn wrong_arguments_are_one_line() {
    let a = testdata("all-well.pcap");
    let many: Vec<&str> = std::iter::once("correlate").chain(std::iter::repeat_n(a.as_str(), 27)).collect();
    for arguments in [
        vec!["correlate"],
        vec!["correlate", &a],
        vec!["correlate", &a, "-"],
        vec!["correlate", &a, "nowhere.pcap"],
        vec!["correlate", &a, &a, "--output", &a],
        many,
    ] {
        let said = run(&arguments, b"");
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    }
}

#[test]
fn it_writes_a_file_whole() {
    let [a, b, _] = points();
    let folder = folder("correlate-output");
    let target = folder.join("said.json");
    let target = target.to_str().expect("a path");
    let said = run(&["correlate", &a, &b, "--format", "json", "-o", target], b"");
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    assert!(std::fs::read_to_string(target).expect("it was written").contains("handshark.correlation/1"));
}
