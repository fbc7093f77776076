//! `--follow`: a file that is still being written, and the files that come after it when it is rotated.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, IsTerminal as _, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use handshark::capture::{Captures, NextFile};
use handshark::types::escaped;
use handshark::{CaptureError, Inspector, Limits, Sink};

use crate::say;

/// Between two looks at a file that does not grow: well below the second in which a signal must be answered.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A request to end, set by a signal.
pub(crate) type Stop = Arc<AtomicBool>;

/// Reads what is there and what comes, until `stop` is set. `idle` is called whenever there is nothing to read; it and
/// `is_broken` belong to the output.
pub(crate) fn read<S: Sink>(
    inspector: &mut Inspector<S>,
    path: &Path,
    limits: &Limits,
    stop: &Stop,
    mut idle: impl FnMut(),
    is_broken: impl Fn() -> bool,
) -> Result<(), CaptureError> {
    let watch = Watch::begin(path, limits)?;
    if io::stderr().is_terminal() {
        say(&format!("following {}; Ctrl-C ends it with the report", shown(path)));
    }
    let mut captures = Captures::following(Box::new(files(&watch, stop)), limits);
    let is_over = || is_broken() || stop.load(Ordering::Relaxed);
    let go_on = || if is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    loop {
        match inspector.read(&mut captures, &mut |_| go_on()) {
            Err(error) if error.would_block() => {
                inspector.now(SystemTime::now().into());
                idle();
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
        if is_broken() {
            break;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    for (path, bytes) in locked(&watch).grown() {
        say(&format!(
            "{}: warning: {bytes} bytes were written after another file had followed it, and were not read",
            shown(&path)
        ));
    }
    Ok(())
}

/// Gives the next file when there is one.
fn files(watch: &Shared, stop: &Stop) -> impl FnMut() -> io::Result<Option<NextFile>> + Send + use<> {
    let (watch, stop) = (Arc::clone(watch), Arc::clone(stop));
    move || {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some((path, file, identity)) = locked(&watch).open_next()? else {
            return Err(ErrorKind::WouldBlock.into());
        };
        let followed = Followed { file, identity, read: 0, watch: Arc::clone(&watch), stop: Arc::clone(&stop) };
        Ok(Some((path, Box::new(followed))))
    }
}

/// What is followed, and how far each file was read.
#[derive(Debug)]
struct Watch {
    path: PathBuf,
    is_directory: bool,
    files: BTreeMap<Identity, Seen>,
    /// Captures that were there at the last look and are not read, in the order of their times.
    waiting: VecDeque<(PathBuf, Identity)>,
    limits: Limits,
}

/// What was read of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    bytes: u64,
    /// Another one has followed it.
    ended: bool,
}

type Shared = Arc<Mutex<Watch>>;

fn locked(watch: &Shared) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Tells at once what can not be followed: a path that is not there, a file that is no capture.
    fn begin(path: &Path, limits: &Limits) -> Result<Shared, CaptureError> {
        let failed = |source| CaptureError::Io { path: Some(path.to_path_buf()), source };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_dir() && !metadata.is_file() {
            return Err(failed(io::Error::other("neither a file nor a directory: read a pipe without --follow")));
        }
        if metadata.is_file() && metadata.len() >= WHOLE_HEADER {
            Captures::open(&[path.to_path_buf()], limits)?;
        }
        let watch = Self {
            path: path.to_path_buf(),
            is_directory: metadata.is_dir(),
            files: BTreeMap::new(),
            waiting: VecDeque::new(),
            limits: limits.clone(),
        };
        Ok(Arc::new(Mutex::new(watch)))
    }

    /// Opens the file that was written first of those that are new.
    fn open_next(&mut self) -> io::Result<Option<(PathBuf, File, Identity)>> {
        // Twice: since the first look it may have been moved away.
        for _ in 0..2 {
            if !self.has_new()? {
                return Ok(None);
            }
            let Some((path, identity)) = self.waiting.pop_front() else { return Ok(None) };
            let Ok(file) = File::open(&path) else { continue };
            if Identity::of(&path, &file.metadata()?) == identity {
                self.files.insert(identity.clone(), Seen::default());
                return Ok(Some((path, file, identity)));
            }
            self.waiting.clear();
        }
        Ok(None)
    }

    /// Whether a file waits. All are looked at only when none does, for there can be thousands of them.
    fn has_new(&mut self) -> io::Result<bool> {
        let is_there = |(path, identity): &(PathBuf, Identity)| {
            std::fs::metadata(path).is_ok_and(|metadata| Identity::of(path, &metadata) == *identity)
        };
        if !self.waiting.front().is_some_and(is_there) {
            let mut new = self.new_files()?;
            new.sort_by_cached_key(|(path, metadata)| (metadata.modified().ok(), path.clone()));
            let waiting = new.into_iter().map(|(path, metadata)| {
                let identity = Identity::of(&path, &metadata);
                (path, identity)
            });
            self.waiting = waiting.collect();
        }
        Ok(!self.waiting.is_empty())
    }

    /// Captures that were not read, and those that are shorter than what was read of them: they were begun anew.
    fn new_files(&mut self) -> io::Result<Vec<(PathBuf, Metadata)>> {
        let there = self.there()?;
        // Of what is gone nothing needs to be known.
        let identities: BTreeSet<&Identity> = there.iter().map(|(_, _, identity)| identity).collect();
        self.files.retain(|known, _| identities.contains(known));
        let mut new = Vec::new();
        for (path, metadata, identity) in there {
            let is_new = self.files.get(&identity).is_none_or(|seen| metadata.len() < seen.bytes);
            // Its writer may have just begun.
            if !is_new || metadata.len() < WHOLE_HEADER {
                continue;
            }
            match Captures::open(std::slice::from_ref(&path), &self.limits) {
                Ok(_) => new.push((path, metadata)),
                // A log beside the captures follows none of them.
                Err(_) => _ = self.files.insert(identity, Seen::default()),
            }
        }
        Ok(new)
    }

    /// Files that were written on after another one had followed them, and by how many bytes.
    fn grown(&self) -> Vec<(PathBuf, u64)> {
        let read = |identity: &Identity| self.files.get(identity).filter(|seen| seen.ended).map(|seen| seen.bytes);
        let files = self.there().unwrap_or_default().into_iter();
        let more =
            files.filter_map(|(path, metadata, identity)| Some((path, metadata.len().checked_sub(read(&identity)?)?)));
        more.filter(|(_, bytes)| *bytes > 0).collect()
    }

    /// The files that are there now; what can not be asked is none.
    fn there(&self) -> io::Result<Vec<(PathBuf, Metadata, Identity)>> {
        let paths = match self.is_directory {
            true => std::fs::read_dir(&self.path)?.flatten().map(|entry| entry.path()).collect(),
            false => vec![self.path.clone()],
        };
        let asked = |path: PathBuf| {
            let metadata = std::fs::metadata(&path).ok().filter(Metadata::is_file)?;
            let identity = Identity::of(&path, &metadata);
            Some((path, metadata, identity))
        };
        Ok(paths.into_iter().filter_map(asked).collect())
    }
}

/// A file that ends when another one follows it.
#[derive(Debug)]
struct Followed {
    file: File,
    identity: Identity,
    read: u64,
    watch: Shared,
    stop: Stop,
}

impl Followed {
    fn read_on(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.read += count as u64;
        if count > 0 {
            self.note(false);
        }
        Ok(count)
    }

    fn has_ended(&self) -> io::Result<bool> {
        let begun_anew = self.file.metadata()?.len() < self.read;
        let followed = begun_anew || locked(&self.watch).has_new()?;
        self.note(followed);
        Ok(followed || self.stop.load(Ordering::Relaxed))
    }

    fn note(&self, ended: bool) {
        locked(&self.watch).files.insert(self.identity.clone(), Seen { bytes: self.read, ended });
    }
}

impl Read for Followed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.read_on(into)? {
            // Once more: what was written between the two looks.
            0 if self.has_ended()? => self.read_on(into),
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

/// What a file is by, whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    /// Device and number on it; elsewhere than on Unix its path.
    place: Place,
    /// The number of a file that was removed is given to another one.
    created: Option<SystemTime>,
}

#[cfg(unix)]
type Place = (u64, u64);
#[cfg(not(unix))]
type Place = PathBuf;

impl Identity {
    #[cfg(unix)]
    fn of(_: &Path, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { place: (metadata.dev(), metadata.ino()), created: metadata.created().ok() }
    }

    #[cfg(not(unix))]
    fn of(path: &Path, metadata: &Metadata) -> Self {
        Self { place: path.to_path_buf(), created: metadata.created().ok() }
    }
}

/// With fewer bytes than the header of a pcap file has, its writer may have just begun.
const WHOLE_HEADER: u64 = 24;

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy()).into_owned()
}
