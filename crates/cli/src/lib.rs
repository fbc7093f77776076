//! The command `handshark` as a library: [`run`] is shared by the native binary and the Python console script.
//!
//! In: arguments, files or standard input. Out: standard output or a file, short lines on standard error, an exit code.
//! Knows how to read and where to write; what it means is the core's, how it looks is `handshark-output`'s.

#![forbid(unsafe_code)]

mod analysis;
mod annotate;
mod apart;
mod args;
mod compare;
mod correlate;
mod destination;
mod diagnose;
mod explain;
mod failure;
mod follow;
mod generated;
pub mod limits;
mod live;
mod progress;
mod rows;
mod signals;

use std::ffi::OsString;

use args::Command;

/// Runs the command; the first argument is its own name, as in `std::env::args_os`. Returns the exit code:
///
/// - 0: done;
/// - 1: there is a finding at or above `--fail-on`;
/// - 2: wrong usage, nothing readable, output refused, or a damaged capture with `--strict`.
pub fn run(args: impl IntoIterator<Item = OsString>) -> i32 {
    let done = args::parse(args).and_then(|command| match command {
        Command::Diagnose(job) => diagnose::run(&job),
        Command::Connections(job) => rows::run(&job, handshark_output::rows::RowKind::Connections),
        Command::Hellos(job) => rows::run(&job, handshark_output::rows::RowKind::Hellos),
        Command::Certificates(job) => rows::run(&job, handshark_output::rows::RowKind::Certificates),
        Command::Compare(job) => compare::run(job),
        Command::Correlate(job) => correlate::run(job),
        Command::Annotate(job) => annotate::run(job),
        Command::Explain(job) => explain::run(&job),
        Command::Completions { shell } => generated::completions(shell),
        Command::Man { of } => generated::man(of.as_deref()),
    });
    done.unwrap_or_else(|failure| failure.report())
}

/// Writes one line on standard error; there is nobody to tell if that fails.
fn say(line: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr().lock(), "handshark: {line}"));
}

/// Exit code: done.
const DONE: i32 = 0;
/// Exit code: a finding at or above `--fail-on`.
const FOUND: i32 = 1;
/// Exit code: usage, nothing readable, or output refused.
const FAILED: i32 = 2;
