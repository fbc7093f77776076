//! The README is true: its output, its commands, its Rust example, its list of findings and the captures that it asks for.
//!
//! Its Python example is run by `tests/python/test_readme.py`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use handshark_testkit::{Expected, Ladder};

/// The README's Rust example: a copy of its block, so that it is compiled as a whole program and run.
mod example {
    include!("readme/example.rs");

    pub(super) fn run() -> Result<(), Box<dyn std::error::Error>> {
        main()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let text = file("README.md");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next().map(str::to_owned)).collect()
}

/// The lines of all shell blocks, without their comments.
fn shell_lines() -> Vec<String> {
    let lines = blocks("sh").join("\n");
    lines.lines().map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

fn handshark(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handshark"));
    command.current_dir(root()).args(arguments).output().expect("the command runs")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("it is UTF-8")
}

#[test]
fn the_output_that_is_shown_is_what_the_command_prints() {
    let shown = blocks("text").into_iter().next().expect("the README shows an output");
    let (command, shown) = shown.split_once('\n').expect("a command and its output");
    let capture = command.strip_prefix("$ handshark ").expect("a command comes first");
    let output = handshark(&[capture, "--width", "120", "--color", "never"]);
    let mut printed = text(output.stdout);
    for marker in shown.lines().filter_map(|line| line.strip_prefix("  [left out here: ")) {
        for heading in marker.trim_end_matches(']').split(", ") {
            printed = without_section(&printed, heading);
        }
    }
    let left: Vec<&str> = shown.lines().filter(|line| !line.starts_with("  [left out here: ")).collect();
    assert_eq!(left, printed.lines().collect::<Vec<_>>(), "the README shows another output than the command prints");
}

/// A report without the section under this heading, which ends at the next empty line.
fn without_section(report: &str, heading: &str) -> String {
    let lines: Vec<&str> = report.lines().collect();
    let start = lines.iter().position(|line| line.trim() == heading);
    let start = start.unwrap_or_else(|| panic!("the report has no section {heading:?} to be left out"));
    let length = lines[start..].iter().position(|line| line.is_empty()).expect("a section ends with an empty line") + 1;
    [&lines[..start], &lines[start + length..]].concat().join("\n")
}

#[test]
fn every_use_of_the_command_that_is_shown_works() {
    let capture = "testdata/node-keepalive-race.pcap";
    let mut tried = 0;
    for line in shell_lines() {
        let arguments = if line == "cat FILE | handshark" {
            vec![]
        } else if let Some(arguments) =
            line.strip_prefix("handshark ").or_else(|| line.strip_prefix("cargo run --release -- "))
        {
            arguments.split(' ').map(|word| if word.starts_with("FILE") { capture } else { word }).collect()
        } else {
            continue;
        };
        tried += 1;
        let stdin = fs::File::open(root().join(capture)).expect("the capture is there");
        let output = Command::new(env!("CARGO_BIN_EXE_handshark"))
            .current_dir(root())
            .args(&arguments)
            .stdin(stdin)
            .output()
            .expect("the command runs");
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(output.stderr));
        assert!(text(output.stdout).contains("stale-reuse"), "{line} does not say what is in the capture");
    }
    assert!(tried >= 6, "the README shows how the command is used: {tried}");
}

#[test]
fn the_rust_example_is_its_copy_and_runs() {
    let shown = blocks("rust");
    assert_eq!(shown.len(), 1, "one copy, one block");
    assert_eq!(shown[0].trim_end(), file("tests/docs/readme/example.rs").trim_end());
    // No other test of this file depends on where it runs.
    std::env::set_current_dir(root()).expect("the repository is there");
    example::run().expect("the example runs");
}

#[test]
fn the_gate_runs_the_test_command() {
    assert!(shell_lines().iter().any(|line| line == "./test"));
    assert!(file(".ci/run").lines().any(|line| line == "exec ./test"), ".ci/run must run what the README says");
}

#[test]
fn the_page_is_short_and_what_it_links_to_exists() {
    let page = file("README.md");
    assert!(page.lines().count() < 150, "{} lines", page.lines().count());
    for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(link.starts_with("https://") || root().join(link).exists(), "README.md links to {link}");
    }
}

/// The rows of the table of findings: what to capture, and the codes that it shows.
fn rows() -> Vec<(String, Vec<String>)> {
    let page = file("README.md");
    let table = page.split("## What it finds").nth(1).expect("the section is there");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")).skip(1);
    rows.map(|(capture, codes)| {
        (capture.to_owned(), codes.split(", ").map(|code| code.trim_matches('`').to_owned()).collect())
    })
    .collect()
}

#[test]
fn every_finding_is_listed_once_and_nothing_else() {
    let mut listed: Vec<String> = rows().into_iter().flat_map(|(_, codes)| codes).collect();
    let mut exist: Vec<String> = handshark::detect::DETECTORS.iter().map(|each| each.code().to_owned()).collect();
    listed.sort();
    exist.sort();
    assert_eq!(listed, exist);
}

/// Recorded incidents of findings that the smaller captures are said to show; others are played from their pages.
const INCIDENTS: [(&str, &str); 11] = [
    ("connection-churn", "churn.pcap.gz"),
    ("connection-refused", "connection-refused.pcap"),
    ("health-check", "health-checks.pcapng"),
    ("idle-close", "node-keepalive-race.pcap"),
    ("stale-reuse", "node-keepalive-race.pcap"),
    ("syn-unanswered", "syn-dropped.pcap"),
    ("injected-reset", "rst-by-middlebox.pcap"),
    ("state-loss-drop", "flow-dropped-midway.pcap"),
    ("state-loss-reset", "state-lost-reset.pcap"),
    ("tls-alert", "tls-unknown-ca.pcap"),
    ("tls-version-mismatch", "tls-version.pcap"),
];

#[test]
fn the_smaller_captures_show_what_they_are_said_to_show() {
    if Command::new("tcpdump").arg("--version").output().is_err() {
        println!("left out: tcpdump is not installed, the README's filters can not be tried");
        return;
    }
    let flags =
        shell_lines().into_iter().find_map(|line| Some(line.strip_prefix("F='")?.strip_suffix('\'')?.to_owned()));
    let flags = flags.expect("the README shows the filter for SYN, FIN and RST");
    for (capture, codes) in rows() {
        let (filter, snap) = match capture.as_str() {
            "SYN, FIN, RST" => (flags.as_str(), usize::MAX),
            "headers, `-s 128`" => ("tcp", 128),
            _ => continue,
        };
        for code in codes {
            let incident = INCIDENTS.iter().find(|(of, _)| *of == code);
            let whole = match incident {
                Some((_, name)) => recorded(name),
                None => played(&code),
            };
            let report = report(&filtered(whole, filter, snap));
            assert!(
                report.contains(&format!("\"code\":\"{code}\"")),
                "{code} is not seen in {incident:?} by: {capture}"
            );
        }
    }
    // Without its second half the filter would leave IPv6 out.
    let both = report(&filtered(recorded("connection-refused.pcap"), &flags, usize::MAX));
    assert!(both.contains("fd00::2"), "the filter misses IPv6");
    let first = flags.split(" or ").next().expect("the filter has two halves");
    let alone = report(&filtered(recorded("connection-refused.pcap"), first, usize::MAX));
    assert!(!alone.contains("fd00::2"), "tcp[tcpflags] sees IPv6 after all: the README need not warn");
}

/// A recorded incident.
fn recorded(name: &str) -> Vec<u8> {
    let path = root().join("testdata").join(name);
    match name.rsplit('.').next() {
        Some("gz") => Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs").stdout,
        _ => fs::read(&path).expect("the incident is there"),
    }
}

/// The first ladder of a finding's page that expects it.
fn played(code: &str) -> Vec<u8> {
    let detector = handshark::detect::by_code(code).expect("the finding exists");
    let ladders = handshark_testkit::ladders(detector.page()).expect("its page can be read");
    let expects = |expected: &Expected| matches!(expected, Expected::Finding(finding) if finding.code == code);
    let fires = |ladder: &&Ladder| ladder.expectations().iter().any(|expectation| expects(&expectation.expected));
    ladders.iter().find(fires).unwrap_or_else(|| panic!("no ladder shows {code}")).capture()
}

/// What tcpdump would have captured of this with a filter and a snap length.
fn filtered(whole: Vec<u8>, filter: &str, snap: usize) -> Vec<u8> {
    let kept = piped(Command::new("tcpdump").args(["-r", "-", "-w", "-", filter]), whole).stdout;
    let (header, mut rest) = kept.split_at_checked(24).expect("tcpdump writes a pcap header");
    let mut cut = header.to_vec();
    while let Some((record, after)) = rest.split_at_checked(16) {
        let word: [u8; 4] = record[8..12].try_into().expect("four bytes");
        let (packet, after) = after.split_at(u32::from_ne_bytes(word) as usize);
        let packet = &packet[..packet.len().min(snap)];
        cut.extend_from_slice(&record[..8]);
        cut.extend_from_slice(&u32::try_from(packet.len()).expect("it is short").to_ne_bytes());
        cut.extend_from_slice(&record[12..]);
        cut.extend_from_slice(packet);
        rest = after;
    }
    cut
}

fn report(capture: &[u8]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handshark"));
    let output = piped(command.args(["-", "--format", "json"]), capture.to_vec());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    report["findings"].to_string()
}

/// Runs a command with these bytes on its standard input.
fn piped(command: &mut Command, bytes: Vec<u8>) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || pipe.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    output
}
