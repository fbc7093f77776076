//! Every recorded incident against the report that a person would read.
//!
//! `testdata/NAME.pcap` (or .pcapng, .gz, .zst) has `testdata/NAME.txt` (how it was made, what it shows) and
//! `testdata/NAME.golden` (the report). `UPDATE_GOLDEN=1 cargo test -p handshark-cli --test golden` writes the goldens
//! anew; their difference is then to be read line by line.

mod acceptance;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// The captures, in order of name.
fn captures() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(testdata())
        .expect("testdata is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.contains(".pcap")
        })
        .collect();
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn report(path: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_handshark"))
        .current_dir(testdata())
        .args(["diagnose", "--color", "never", "--width", "110"])
        .arg(path.file_name().expect("a file has a name"))
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("reports are UTF-8")
}

#[test]
fn every_incident_is_told_as_its_golden_says() {
    let captures = captures();
    assert!(captures.len() >= 10, "the recorded incidents are missing");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    for path in captures {
        let golden = testdata().join(format!("{}.golden", stem(&path)));
        let now = report(&path);
        if update {
            fs::write(&golden, &now).expect("the golden can be written");
            continue;
        }
        let before = fs::read_to_string(&golden).unwrap_or_default();
        if now != before {
            different.push(format!("== {}\n{}", golden.display(), difference(&before, &now)));
        }
    }
    assert!(different.is_empty(), "reports differ from their goldens:\n{}", different.join("\n"));
}

/// The lab's table of findings and the captures that show them is what the goldens say.
#[test]
fn the_labs_table_says_which_findings_are_recorded() {
    let readme = testdata().join("../tests/lab/README.md");
    let readme = fs::read_to_string(readme).expect("the lab has a README");
    let (_, table) = readme.split_once("| finding | told in |").expect("it has the table");
    let told = |stem: &str, code: &str| {
        let golden = fs::read_to_string(testdata().join(format!("{stem}.golden"))).unwrap_or_default();
        golden.lines().any(|line| {
            let mut words = line.split_whitespace().skip_while(|word| word.ends_with('.'));
            matches!(words.next(), Some("ERROR" | "WARNING" | "INFO")) && words.next() == Some(code)
        })
    };
    let mut recorded = 0;
    let rows: Vec<_> = table.lines().skip(2).map_while(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    for (code, captures) in &rows {
        let stems: Vec<&str> = captures.split('`').skip(1).step_by(2).collect();
        recorded += usize::from(!stems.is_empty());
        for stem in &stems {
            assert!(told(stem, code), "{code} is not told in {stem}");
        }
        let all = captures_stems();
        let somewhere = all.iter().find(|stem| told(stem, code));
        assert!(!stems.is_empty() || somewhere.is_none(), "{code} is told in {somewhere:?}");
    }
    assert_eq!(rows.len(), handshark::detect::DETECTORS.len(), "a row for each finding");
    assert!(readme.contains(&format!("\n{recorded} of the {}", rows.len())), "it is {recorded} of {}", rows.len());
}

fn captures_stems() -> Vec<String> {
    captures().iter().map(|path| stem(path)).collect()
}

/// The lines that changed, around the first one.
fn difference(before: &str, now: &str) -> String {
    let (before, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let same = before.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let show = |lines: &[&str], sign: &str| {
        lines.iter().skip(same).take(6).map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    format!("line {}:\n{}{}", same + 1, show(&before, "-"), show(&now, "+"))
}

#[test]
fn every_packet_that_proves_a_finding_is_a_row_of_its_example() {
    for path in captures() {
        let output = Command::new(env!("CARGO_BIN_EXE_handshark"))
            .args(["diagnose", "--format", "json"])
            .arg(&path)
            .output()
            .expect("the command runs");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        let text = report(&path);
        let marked = |line: &str| line.strip_prefix("  >").and_then(|row| row.split_whitespace().next()?.parse().ok());
        let told: Vec<u64> = text.lines().filter_map(marked).collect();
        let findings = json["findings"].as_array().expect("findings are a list");
        let examples = findings.iter().filter_map(|finding| finding["evidence"].get(0));
        let proofs: Vec<u64> = examples
            .flat_map(|example| example["packets"].as_array().cloned().unwrap_or_default())
            .filter_map(|packet| packet.as_u64())
            .collect();
        assert_eq!(told, proofs, "{}", path.display());
        let unknown = text.lines().filter(|line| line.starts_with("  >") && line.contains("packet of the connection"));
        assert!(unknown.count() <= 1, "{text}");
        let too_wide = text.lines().filter(|line| line.contains("client <---- server") && line.chars().count() > 100);
        assert_eq!(too_wide.count(), 0, "{text}");
    }
}

#[test]
fn every_capture_has_a_description() {
    for path in captures() {
        let text = testdata().join(format!("{}.txt", stem(&path)));
        assert!(text.exists(), "{} is missing: say how the capture was made and what it shows", text.display());
    }
}

#[test]
fn where_nothing_fails_nothing_is_said_to_fail() {
    for name in ["all-well", "no-sni-works", "health-checks"] {
        let Some(path) = captures().into_iter().find(|path| stem(path) == name) else {
            panic!("testdata/{name}.pcap is missing")
        };
        let output = Command::new(env!("CARGO_BIN_EXE_handshark"))
            .args(["diagnose", "--fail-on", "warning"])
            .arg(&path)
            .output()
            .expect("the command runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name} raises an alarm:\n{text}");
    }
}
