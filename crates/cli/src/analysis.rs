//! The part that all commands share: read the captures, hand connections on, get the report.

use std::cell::RefCell;
use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use handshark::capture::{Captures, Interfaces};
use handshark::detect::Severity;
use handshark::record::Connection;
use handshark::{Inspector, Limits, Quality, Report, Sink};

use crate::args::Common;
use crate::failure::Failure;
use crate::follow::Stop;
use crate::limits::limits;
use crate::live::Message;
use crate::progress::Line;
use crate::{DONE, FAILED, FOUND, follow, live, say, signals};

/// What takes finished connections while the capture is read.
pub(crate) trait Taker {
    /// The next finished connection.
    fn take(&mut self, connection: &Connection, interfaces: &Interfaces);
    /// The stream is quiet: a good time to flush.
    fn idle(&mut self);
    /// Whether output failed, so that reading on is of no use.
    fn is_broken(&self) -> bool;
}

/// Keeps what connections show; nothing is written before all is read.
#[derive(Debug, Default)]
pub(crate) struct Quiet<S>(S);

impl<S: Sink> Taker for Quiet<S> {
    fn take(&mut self, connection: &Connection, interfaces: &Interfaces) {
        self.0.connection(connection, interfaces);
    }

    fn idle(&mut self) {}

    fn is_broken(&self) -> bool {
        false
    }
}

/// A taker that the inspector and the command both hold.
#[derive(Debug)]
pub(crate) struct Shared<T>(pub(crate) Rc<RefCell<T>>);

impl<T> Shared<T> {
    pub(crate) fn new(taker: T) -> Self {
        Self(Rc::new(RefCell::new(taker)))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: Taker> Sink for Shared<T> {
    fn connection(&mut self, connection: &Connection, interfaces: &Interfaces) {
        self.0.borrow_mut().take(connection, interfaces);
    }
}

impl<S: Sink + Default> Shared<Quiet<S>> {
    /// What was kept.
    pub(crate) fn kept(&self) -> S {
        std::mem::take(&mut self.0.borrow_mut().0)
    }
}

/// What is read.
#[derive(Debug)]
pub(crate) enum Input {
    /// Files and directories.
    Files(Vec<PathBuf>),
    /// Standard input, live.
    Stream,
    /// A file that grows, or a directory of such.
    Growing(PathBuf),
}

impl Input {
    /// Whether it ends only when its writer or a person ends it.
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self, Self::Stream | Self::Growing(_))
    }

    /// What the arguments name.
    pub(crate) fn of(common: &Common) -> Result<Self, Failure> {
        let names_stream = |path: &PathBuf| path.as_path() == Path::new("-");
        if common.follow {
            return match common.captures.as_slice() {
                [path] if !names_stream(path) => Ok(Self::Growing(path.clone())),
                _ => Err(Failure::Usage(
                    "--follow: name one file or directory; a pipe is followed without it".to_owned(),
                )),
            };
        }
        match common.captures.as_slice() {
            paths if !paths.is_empty() && !paths.iter().any(names_stream) => Ok(Self::Files(paths.to_vec())),
            [] | [_] if io::stdin().is_terminal() => Err(Failure::Usage(
                "no capture: name a file, or pipe a capture in, as tcpdump -U -w - | handshark (see handshark --help)"
                    .to_owned(),
            )),
            [] | [_] => Ok(Self::Stream),
            [_, _, ..] => Err(Failure::Usage("-: standard input can not be read together with files".to_owned())),
        }
    }
}

/// What the output asks of the reading.
#[derive(Debug)]
pub(crate) struct Manners {
    /// Rows go to the same terminal meanwhile: a progress line would stand between them.
    pub(crate) no_progress: bool,
    /// The file to remove if a signal ends the program.
    pub(crate) temporary: Option<PathBuf>,
}

/// Reads the input to its end. `None` where the output broke; its taker knows why.
pub(crate) fn read<T: Taker>(
    common: &Common,
    input: &Input,
    taker: &Shared<T>,
    manners: Manners,
) -> Result<Option<Report>, Failure> {
    let limits = limits(&common.way.reading.limits);
    let mut inspector = Inspector::with_sink(limits.clone(), taker.clone());
    let is_broken = || taker.0.borrow().is_broken();
    let mut unopened = Vec::new();
    match input {
        Input::Files(paths) => {
            // Without a file to remove, Ctrl-C ends the program as it does any other.
            if manners.temporary.is_some() {
                signals::install(None, manners.temporary);
            }
            let mut captures = open(paths, &limits, &mut unopened)?;
            let mut line = Line::new(!common.way.reading.no_progress && !manners.no_progress);
            inspector.read(&mut captures, &mut |progress| {
                line.tick(progress);
                if is_broken() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
        }
        Input::Stream => {
            let channel = live::channel();
            let sender = channel.0.clone();
            signals::install(Some(Box::new(move || sender.send(Message::Stop).is_ok())), manners.temporary);
            live::read(&mut inspector, channel, || taker.0.borrow_mut().idle(), is_broken)?;
        }
        Input::Growing(path) => {
            let stop = Stop::default();
            let stopped = Stop::clone(&stop);
            let end = move || {
                stopped.store(true, Ordering::Relaxed);
                true
            };
            signals::install(Some(Box::new(end)), manners.temporary);
            follow::read(&mut inspector, path, &limits, &stop, || taker.0.borrow_mut().idle(), is_broken)?;
        }
    }
    if is_broken() {
        return Ok(None);
    }
    let (mut report, _) = inspector.finish()?;
    report.capture.quality.extend(unopened);
    Ok(Some(report))
}

/// Opens what can be opened: one file that is not there does not hide what the others say.
fn open(paths: &[PathBuf], limits: &Limits, unopened: &mut Vec<Quality>) -> Result<Captures, Failure> {
    let mut left = paths.to_vec();
    loop {
        let error = match Captures::open(&left, limits) {
            Ok(captures) => return Ok(captures),
            Err(error) => error,
        };
        let before = left.len();
        left.retain(|path| error.path() != Some(path));
        if left.is_empty() || left.len() == before {
            return Err(error.into());
        }
        unopened.push(Quality { code: UNREADABLE, count: 1, note: error.to_string() });
    }
}

/// What makes a capture a damaged one: part of its bytes could not be read as packets.
const DAMAGE: [&str; 6] = ["cut-short", "damaged", "garbage-before", "garbage-after", "read-error", UNREADABLE];
/// A file of several that could not be read at all.
const UNREADABLE: &str = "unreadable-file";

/// Says what is wrong with the capture, and gives the exit code. `worst` is the highest severity that was asked for, shown
/// or not.
pub(crate) fn conclude(common: &Common, report: &Report, worst: Option<Severity>) -> i32 {
    let mut damaged = false;
    for quality in report.capture.quality.iter().filter(|quality| DAMAGE.contains(&quality.code)) {
        damaged = true;
        say(&warning(&report.capture.files, quality));
    }
    let found = common.fail_on.is_some_and(|level| worst >= Some(level.into()));
    match (damaged && common.way.reading.strict, found) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => DONE,
    }
}

/// With the name of the file, which a note names only where there are several.
fn warning(files: &[String], quality: &Quality) -> String {
    let note = &quality.note;
    match (files, quality.count) {
        (_, 1) if quality.code == UNREADABLE => format!("warning: {note}"),
        (_, count) if quality.code == UNREADABLE => {
            format!("warning: {note} ({count} files could not be read, this is the first)")
        }
        ([file], _) if file == "-" => format!("standard input: warning: {note}"),
        ([file], _) if !note.starts_with(file.as_str()) => format!("{file}: warning: {note}"),
        _ => format!("warning: {note}"),
    }
}
