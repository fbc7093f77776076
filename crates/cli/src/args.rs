//! Arguments.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use handshark::detect::Severity;
use handshark::types::escaped;
use handshark_output::rows::RowFormat;

use crate::failure::Failure;
use crate::limits::Limit;

/// Parses the arguments; `diagnose` is what a capture without a command means.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    match Cli::try_parse_from(args) {
        Ok(Cli { command: Some(command), .. }) => Ok(command),
        Ok(Cli { command: None, diagnose }) => match mistyped(&diagnose.common.captures) {
            Some(line) => Err(Failure::Usage(line)),
            None => Ok(Command::Diagnose(diagnose)),
        },
        Err(error) if !error.use_stderr() => {
            let mut out = anstream::stdout().lock();
            let written = write!(out, "{}", error.render().ansi()).and_then(|()| out.flush());
            Err(written.map_or_else(|source| Failure::write("standard output", source), |()| Failure::Answered))
        }
        Err(error) => Err(Failure::Usage(one_line(&error.render().to_string()))),
    }
}

/// A first word that is neither a file nor a command, and nearly a command: to diagnose the rest is not what was meant.
fn mistyped(captures: &[PathBuf]) -> Option<String> {
    let word = captures.first().filter(|first| !first.exists())?.to_str()?;
    if word.contains(['/', '\\', '.']) {
        return None;
    }
    let commands = definition();
    let near = commands.get_subcommands().map(clap::Command::get_name).find(|name| is_near(word, name))?;
    Some(format!("{word}: no such file, and no command; there is a command '{near}' (see handshark --help)"))
}

/// One or two letters are wrong, missing, too many, or stand the other way round.
fn is_near(word: &str, name: &str) -> bool {
    strsim::osa_distance(word, name) <= 2.min(name.len() / 3)
}

/// clap's message without its `error:`, its usage and its advice to read the help.
fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information")).collect();
    // Each sentence begins as clap's own line does; a list goes on in the line before it.
    let text = lines.iter().fold(String::new(), |text, line| match text.as_str() {
        "" => (*line).to_owned(),
        before if line.starts_with("tip: ") => format!("{before}; {line}"),
        before => format!("{before} {line}"),
    });
    format!("{} (see handshark --help)", text.strip_prefix("error: ").unwrap_or(&text))
}

#[derive(Debug, Parser)]
#[command(
    name = "handshark",
    version,
    about = "Says why TCP and TLS connections fail, from a packet capture",
    after_help = "Without a command the captures are diagnosed. A file that is named like a command needs a path: \
                  ./explain\nExit code: 0 done, 1 a finding at or above --fail-on, 2 usage or nothing readable.",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    diagnose: Diagnose,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The verdict: findings first, then services, then what was not assessed
    Diagnose(Diagnose),
    /// One row for each connection
    Connections(Rows),
    /// One row for each ClientHello
    Hellos(Rows),
    /// One row for each certificate in clear, which TLS 1.3 has none of
    Certificates(Rows),
    /// What differs from one capture to another: findings, outcomes and rates by service, ClientHellos
    Compare(Compare),
    /// The same connections at several capture points: where packets were lost, made or changed
    Correlate(Correlate),
    /// The capture again, as pcapng, with the findings as comments on its packets
    Annotate(Annotate),
    /// The manual page of a finding; without a code the list of all
    Explain(Explain),
    /// A completion script for a shell, on standard output
    Completions {
        /// The shell it is for
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The man page, on standard output: `handshark man | man -l -`
    Man {
        /// The page of this command instead
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
}

/// The definition of the command line, for what is generated from it.
pub(crate) fn definition() -> clap::Command {
    use clap::CommandFactory as _;
    Cli::command()
}

#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
    /// Show findings of this severity and above alone
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) min_severity: Option<Level>,
}

#[derive(Debug, Args)]
pub(crate) struct Rows {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How the rows are written; a table shows a choice of the columns
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: RowsFormat,
    /// In CSV put an apostrophe before what a spreadsheet would take for a formula
    #[arg(long)]
    pub(crate) csv_safe: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The capture to compare with: where it works, or before a change. A file, or a directory, which is one capture
    #[arg(value_name = "GOOD")]
    pub(crate) a: PathBuf,
    /// The capture that is compared: where it fails, or after the change
    #[arg(value_name = "BAD")]
    pub(crate) b: PathBuf,
    /// How the comparison is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: LaidFormat,
    /// Exit with 1 if a finding of this severity or above is new or grew
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Level>,
    #[command(flatten)]
    pub(crate) way: Way,
}

#[derive(Debug, Args)]
pub(crate) struct Correlate {
    /// Captures of the same time at different points of the way, best from the client to the server. Each is a file, or a
    /// directory, which is one capture
    #[arg(value_name = "CAPTURE", num_args = 2..=MOST_POINTS, required = true)]
    pub(crate) captures: Vec<PathBuf>,
    /// How the correlation is written
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: LaidFormat,
    /// Exit with 1 if something of this severity or above happened between the points
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Level>,
    #[command(flatten)]
    pub(crate) way: Way,
}

/// Points have letters for names.
const MOST_POINTS: usize = 26;

#[derive(Debug, Args)]
#[command(
    after_help = "In Wireshark, frame.comment contains \"handshark\" shows the packets with comments. Everything else \
                        of a pcapng file stays as it is: names, secrets, comments."
)]
pub(crate) struct Annotate {
    /// The capture: one file, because it is read twice
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The file to write, replaced at the end or left as it was; - for standard output
    #[arg(value_name = "OUT.pcapng")]
    pub(crate) output: PathBuf,
    /// A small file: the packets of example connections alone; of more than 1,000 the first and the last 500
    #[arg(long)]
    pub(crate) only_evidence: bool,
    /// Write of these findings alone; `handshark explain` lists the codes
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = code)]
    pub(crate) only: Vec<&'static str>,
    /// Write of findings of this severity and above alone
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) min_severity: Option<Level>,
    /// Exit with 1 if there is a finding of this severity or above
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Level>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The finding's code, as `missing-sni`
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) look: Look,
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Captures: files, directories, or - for a live stream. Several are one capture in time order
    #[arg(value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// Look at these findings alone; `handshark explain` lists the codes
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = code)]
    pub(crate) only: Vec<&'static str>,
    /// Read on as the file grows or is rotated, until Ctrl-C; of a directory, the files that come
    #[arg(long)]
    pub(crate) follow: bool,
    /// Exit with 1 if there is a finding of this severity or above
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Level>,
    #[command(flatten)]
    pub(crate) way: Way,
}

/// How captures are read, and where the output goes.
#[derive(Debug, Args)]
pub(crate) struct Way {
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Write to this file; it is replaced at the end, or left as it was
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// How captures are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Exit with 2 if a capture is cut short or damaged
    #[arg(long)]
    pub(crate) strict: bool,
    /// No progress on standard error
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// A budget of the analysis, as max-connections=200000; durations in seconds
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub(crate) limits: Vec<Limit>,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Look {
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Columns of text; without it those of the terminal, between 60 and 120
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub(crate) width: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
    /// A page to attach to a ticket
    Html,
}

/// Of captures that are laid side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LaidFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsFormat {
    Table,
    Jsonl,
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

impl RowsFormat {
    /// Whether it is bytes that no person reads.
    pub(crate) const fn is_binary(self) -> bool {
        !matches!(self, Self::Table | Self::Jsonl | Self::Csv)
    }
}

impl From<RowsFormat> for RowFormat {
    fn from(format: RowsFormat) -> Self {
        match format {
            RowsFormat::Table => Self::Table,
            RowsFormat::Jsonl => Self::Jsonl,
            RowsFormat::Csv => Self::Csv,
            #[cfg(feature = "parquet")]
            RowsFormat::Parquet => Self::Parquet,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    Info,
    Warning,
    Error,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

/// The registry's own code, or why it is none, with those that look like it.
pub(crate) fn code(text: &str) -> Result<&'static str, String> {
    let word = text.to_ascii_lowercase();
    if let Some(detector) = handshark::detect::by_code(&word) {
        return Ok(detector.code());
    }
    let codes = handshark::detect::DETECTORS.iter().map(|detector| detector.code());
    let mut near: Vec<&str> =
        codes.filter(|code| is_near(&word, code) || !word.is_empty() && code.contains(&word)).collect();
    near.sort_by_key(|code| strsim::osa_distance(&word, code));
    near.truncate(3);
    let hint = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    Err(format!("no finding has the code '{}'{hint}; handshark explain lists all", escaped(text)))
}

#[cfg(test)]
mod tests;
