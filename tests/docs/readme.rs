//! The README's output, commands and length; its Rust example is a doctest, its Python example a test of the package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("README.md is there")
}

/// The fenced blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next().map(str::to_owned)).collect()
}

#[test]
fn the_output_that_is_shown_is_what_the_command_prints() {
    let shown = blocks(&readme(), "text").into_iter().next().expect("the README shows an output");
    let mut lines = shown.lines();
    let command = lines.next().and_then(|line| line.strip_prefix("$ handshark ")).expect("a command comes first");
    let run = Command::new(env!("CARGO_BIN_EXE_handshark"))
        .current_dir(root())
        .args(command.split(' '))
        .args(["--width", "120", "--color", "never"])
        .output()
        .expect("the command runs");
    let printed = String::from_utf8(run.stdout).expect("reports are UTF-8");
    let mut printed = printed.lines();
    for line in lines.filter(|line| *line != "...") {
        assert!(
            printed.any(|real| real == line),
            "the README shows a line that is not printed (in this place): {line:?}"
        );
    }
}

#[test]
fn every_command_that_is_shown_is_understood() {
    let text = readme();
    let commands = blocks(&text, "sh").join("\n");
    let shown: Vec<&str> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("handshark "))
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    assert!(shown.len() >= 5, "the README shows how the command is used");
    for arguments in shown {
        let arguments = arguments.replace("FILE...", "FILE").replace("FILE", "testdata/all-well.pcap");
        let run = Command::new(env!("CARGO_BIN_EXE_handshark"))
            .current_dir(root())
            .args(arguments.split(' '))
            .output()
            .expect("the command runs");
        assert_eq!(run.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&run.stderr));
        assert!(!run.stdout.is_empty(), "{arguments} prints nothing");
    }
}

#[test]
fn every_finding_is_listed_and_the_page_is_short() {
    let text = readme();
    assert!(text.lines().count() < 150, "{} lines", text.lines().count());
    for detector in handshark::detect::DETECTORS {
        assert!(text.contains(&format!("| `{}` |", detector.code())), "{} is not in the README", detector.code());
    }
}

#[test]
fn the_gate_runs_the_test_command() {
    let gate = fs::read_to_string(root().join(".ci/run")).expect(".ci/run is there");
    assert!(gate.lines().any(|line| line == "exec ./test"), ".ci/run must run what the README says");
    assert!(blocks(&readme(), "sh").iter().any(|block| block.lines().any(|line| line == "./test")));
}
