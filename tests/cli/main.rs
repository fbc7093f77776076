//! The command from outside: arguments in, bytes and exit codes out.

mod annotate;
mod captures;
mod compare;
mod correlate;
mod files;
#[cfg(target_os = "linux")]
mod follow;
mod generated;
mod hostile;
mod live;
mod output;
mod usage;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command, with nothing of the environment that could colour its output.
fn handshark(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handshark"));
    command.args(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm");
    command
}

/// What the command said, and its exit code.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("all output is UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Runs it with these bytes on standard input.
fn run(args: &[&str], stdin: &[u8]) -> Said {
    let mut child = handshark(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // The command may end before it has read all: that is its right.
    drop(child.stdin.take().map(|mut pipe| pipe.write_all(stdin)));
    child.wait_with_output().expect("the command ends").into()
}

/// A folder of one test, empty at its start.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
}

/// A file in a test's folder, and its path as an argument.
fn file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// Asserts that exactly one line was said on standard error, by the command and without its innards.
fn assert_one_line(said: &Said) {
    assert!(said.err.starts_with("handshark: "), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    assert!(!said.err.contains("panicked") && !said.err.contains("Error {"), "{said:?}");
}
